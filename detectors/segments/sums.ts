/**
 * What is kept of one outcome over the rows of a slice: Σw, Σw², Σwy and Σwy², of y less a centre that all slices share, so
 * that squares lose no digits. Sums of disjoint rows add up, in any order; those of a part can be taken off again.
 */
export interface Sums {
  readonly weight: number;
  readonly weightSquared: number;
  readonly sum: number;
  readonly squares: number;
}

export const noSums: Sums = { weight: 0, weightSquared: 0, sum: 0, squares: 0 };

/** Sums of several outcomes lie one after the other in a block of so many numbers each. */
export const sumsSize = 4;

export function addToBlock(block: Float64Array, outcome: number, y: number, weight: number): void {
  const at = outcome * sumsSize;
  block[at] = (block[at] as number) + weight;
  block[at + 1] = (block[at + 1] as number) + weight * weight;
  block[at + 2] = (block[at + 2] as number) + weight * y;
  block[at + 3] = (block[at + 3] as number) + weight * y * y;
}

export function addBlock(target: Float64Array, source: Float64Array): void {
  for (let i = 0; i < source.length; i++) target[i] = (target[i] as number) + (source[i] as number);
}

export function sumsAt(block: Float64Array | undefined, outcome: number): Sums {
  if (block === undefined) return noSums;
  const at = outcome * sumsSize;
  const [weight, weightSquared, sum, squares] = [block[at], block[at + 1], block[at + 2], block[at + 3]];
  return { weight: weight ?? 0, weightSquared: weightSquared ?? 0, sum: sum ?? 0, squares: squares ?? 0 };
}

/** Never below nothing: a part that was kept for longer than the whole can be larger than it. */
export function minus(a: Sums, b: Sums): Sums {
  if (b.weight >= a.weight) return noSums;
  return {
    weight: a.weight - b.weight,
    weightSquared: Math.max(0, a.weightSquared - b.weightSquared),
    sum: a.sum - b.sum,
    squares: Math.max(0, a.squares - b.squares),
  };
}

/** Effective rows (Kish). */
export function rowsOf({ weight, weightSquared }: Sums): number {
  return weightSquared > 0 ? (weight * weight) / weightSquared : 0;
}

/** 0 of nothing. */
export function meanOf({ weight, sum }: Sums): number {
  return weight > 0 ? sum / weight : 0;
}

/** Of a row, with the n − 1 of a sample. */
export function varianceOf(sums: Sums): number {
  const n = rowsOf(sums);
  if (n <= 1) return 0;
  const mean = meanOf(sums);
  return Math.max(0, sums.squares / sums.weight - mean * mean) * (n / (n - 1));
}
