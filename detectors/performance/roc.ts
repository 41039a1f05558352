/**
 * The area under the ROC curve, with ties in the score counted as half (Mann and Whitney).
 *
 * Rows may be of both classes in part: `positive` and `negative` are weights ≥ 0, as confidence-based estimation has
 * them; labels are weights of 0 and 1. Undefined where a class has no weight at all.
 */
export interface ScoredRow {
  readonly score: number;
  readonly positive: number;
  readonly negative: number;
}

/** Rows of equal score added up, highest score first. */
export function groupByScore(rows: readonly ScoredRow[]): readonly ScoredRow[] {
  const sorted = [...rows].sort((a, b) => b.score - a.score);
  const groups: { score: number; positive: number; negative: number }[] = [];
  for (const { score, positive, negative } of sorted) {
    const last = groups.at(-1);
    if (last === undefined || last.score !== score) groups.push({ score, positive, negative });
    else {
      last.positive += positive;
      last.negative += negative;
    }
  }
  return groups;
}

export function rocAuc(rows: readonly ScoredRow[]): number | undefined {
  let positives = 0;
  let negatives = 0;
  let area = 0;
  for (const { positive, negative } of groupByScore(rows)) {
    area += negative * (positives + positive / 2);
    positives += positive;
    negatives += negative;
  }
  return positives > 0 && negatives > 0 ? area / positives / negatives : undefined;
}
