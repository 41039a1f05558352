/**
 * Many tests at once: p-values adjusted so that "adjusted ≤ q" keeps a promise over all of them.
 *
 * | method | promise | holds for |
 * |---|---|---|
 * | Bonferroni, Holm | any false rejection with chance ≤ q | any dependence; Holm is never worse |
 * | Benjamini–Hochberg | expected share of false rejections ≤ q | independent or positively dependent |
 * | Benjamini–Yekutieli | the same | any dependence, at the price of ln m |
 * | e-BH | the same | e-values of any dependence |
 *
 * For the report "which of 200 moved today"; not for alarms, as each spends q at every look. Results are in the order of the
 * input. Storey's π₀ estimates the share of true nulls from the p-values over λ.
 *
 * Sources: Holm (1979); Benjamini and Hochberg, JRSS B 57 (1995); Benjamini and Yekutieli (2001); Storey (2002); Wang and
 * Ramdas, JRSS B 84 (2022).
 */
export function bonferroni(pValues: readonly number[]): number[] {
  return pValues.map((p) => Math.min(1, p * pValues.length));
}

export function holm(pValues: readonly number[]): number[] {
  const order = rising(pValues);
  const adjusted = new Array<number>(pValues.length).fill(1);
  let largest = 0;
  order.forEach((index, rank) => {
    largest = Math.max(largest, (pValues[index] as number) * (pValues.length - rank));
    adjusted[index] = Math.min(1, largest);
  });
  return adjusted;
}

export function benjaminiHochberg(pValues: readonly number[]): number[] {
  return stepUp(pValues, 1);
}

export function benjaminiYekutieli(pValues: readonly number[]): number[] {
  const harmonic = pValues.reduce((sum, _, i) => sum + 1 / (i + 1), 0);
  return stepUp(pValues, harmonic);
}

function stepUp(pValues: readonly number[], factor: number): number[] {
  const order = rising(pValues);
  const adjusted = new Array<number>(pValues.length).fill(1);
  let smallest = 1;
  for (let rank = order.length; rank >= 1; rank--) {
    const index = order[rank - 1] as number;
    smallest = Math.min(smallest, ((pValues[index] as number) * factor * pValues.length) / rank);
    adjusted[index] = smallest;
  }
  return adjusted;
}

/** Storey's estimate of the share of true nulls, (1 + #{p > λ}) / (m (1 − λ)), at most 1. */
export function nullShare(pValues: readonly number[], lambda = 0.5): number {
  if (pValues.length === 0) return 1;
  const over = pValues.filter((p) => p > lambda).length;
  return Math.min(1, (1 + over) / (pValues.length * (1 - lambda)));
}

/** Indices of what is rejected, rising. */
export function atMost(adjusted: readonly number[], level: number): number[] {
  return adjusted.flatMap((p, index) => (p <= level ? [index] : []));
}

/** e-BH: the k* largest e-values are rejected, k* = max{k: e_(k) ≥ m / (alpha k)}; their indices, rising. */
export function eBenjaminiHochberg(eValues: readonly number[], alpha: number): number[] {
  const order = rising(eValues).reverse();
  let rejected = 0;
  order.forEach((index, rank) => {
    if ((eValues[index] as number) >= eValues.length / (alpha * (rank + 1))) rejected = rank + 1;
  });
  return order.slice(0, rejected).sort((a, b) => a - b);
}

function rising(values: readonly number[]): number[] {
  return values.map((_, index) => index).sort((a, b) => (values[a] as number) - (values[b] as number));
}
