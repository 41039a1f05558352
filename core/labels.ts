/** Names and values that identify something: never a measured value, never a time. */
export type Labels = Readonly<Record<string, string>>;

/**
 * The same text for equal labels, whatever the order of their keys.
 * JSON and not a joined string, so that `{ab: 'c'}` and `{a: 'bc'}` differ.
 */
export function canonicalLabels(labels: Labels): string {
  const entries = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(entries);
}
