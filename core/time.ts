/** ISO 8601 in UTC with ms: `2026-11-21T21:00:00.000Z`; '' for a time that no calendar has. */
export function isoTime(ms: number): string {
  // A date is made from a number given: no clock is read here.
  // biome-ignore lint/style/noRestrictedGlobals: formatting only
  return Number.isFinite(ms) && Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : '';
}
