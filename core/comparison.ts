/**
 * What a window may be compared with.
 *
 * - `pinned`: the reference in force: pinned by a person, from a file, or learned. The default.
 * - `rolling`: the last weeks of the signal itself, less the last day and the time of open alerts.
 * - `seasonal`: of these weeks the same hours of the week.
 * - `previous_version`: what the version before this one showed in the same hours.
 * - `segment_peer`: the rest of the traffic, for a window of one segment.
 */
export const comparisons = ['pinned', 'rolling', 'seasonal', 'previous_version', 'segment_peer'] as const;
export type Comparison = (typeof comparisons)[number];

/** A kind, or one reference by its name. */
export type Against = { readonly kind: Comparison } | { readonly name: string };

/** Of what a rule says: a kind of comparison, else the name of a reference; nothing: the reference in force. */
export function againstOf(text: string | undefined): Against {
  if (text === undefined) return { kind: 'pinned' };
  const kind = comparisons.find((one) => one === text);
  return kind === undefined ? { name: text } : { kind };
}

/** Does the comparison need counts of past hours, by version? */
export function needsHours(text: string | undefined): boolean {
  const against = againstOf(text);
  return 'kind' in against && ['rolling', 'seasonal', 'previous_version'].includes(against.kind);
}
