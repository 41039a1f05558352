/**
 * Agreement of two raters beyond chance: a judge model with a person, or the candidate with the incumbent.
 *
 * κ = 1 − Σ w·seen / Σ w·expected over pairs of categories, w the disagreement: 1 for any (`none`), the distance of the
 * categories in their order (`linear`), or its square (`quadratic`). 1 is full agreement, 0 what chance gives; undefined
 * where both raters know one category only.
 *
 * Source: J. Cohen, Psychological Bulletin 70 (1968) 213.
 */
export type KappaWeights = 'none' | 'linear' | 'quadratic';

/** Categories looked at, at most: the rest is one category. */
export const categoriesMax = 1_000;

export interface Agreement {
  readonly kappa: number | undefined;
  /** Share of rows on which both agree; 0 for no rows. */
  readonly agreement: number;
}

/** Ratings in the order of the rows, as many by each rater. Numbers are ordered by value. */
export function kappaOf(
  first: readonly number[],
  second: readonly number[],
  weights: KappaWeights = 'none',
): Agreement {
  const n = first.length;
  if (n === 0) return { kappa: undefined, agreement: 0 };
  const categories = [...new Set([...first, ...second])].sort((a, b) => a - b);
  const places = new Map(categories.map((one, place) => [one, Math.min(place, categoriesMax - 1)]));
  const size = Math.min(categories.length, categoriesMax);
  const ours = new Float64Array(size);
  const theirs = new Float64Array(size);
  let seen = 0;
  let agreed = 0;
  for (let i = 0; i < n; i++) {
    const a = places.get(first[i] as number) ?? 0;
    const b = places.get(second[i] as number) ?? 0;
    ours[a] = (ours[a] as number) + 1;
    theirs[b] = (theirs[b] as number) + 1;
    seen += disagreement(a, b, weights);
    if (a === b) agreed++;
  }
  let expected = 0;
  for (const [a, mine] of ours.entries())
    for (const [b, other] of theirs.entries()) expected += (mine * other * disagreement(a, b, weights)) / n;
  return { kappa: expected > 0 ? 1 - seen / expected : undefined, agreement: agreed / n };
}

function disagreement(a: number, b: number, weights: KappaWeights): number {
  switch (weights) {
    case 'none':
      return a === b ? 0 : 1;
    case 'linear':
      return Math.abs(a - b);
    case 'quadratic':
      return (a - b) ** 2;
  }
}
