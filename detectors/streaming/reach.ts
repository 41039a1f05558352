/** Values beyond this count as this: their squares, times any number of windows, stay finite. */
const reach = 1e100;

/** A value that arithmetic can bear; undefined where it is no number at all, which a chart passes over. */
export function withinReach(value: number): number | undefined {
  if (Number.isNaN(value)) return undefined;
  return Math.min(reach, Math.max(-reach, value));
}
