/** Days are of event time, in UTC. */
export const dayMs = 86_400_000;

export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / dayMs);
}
