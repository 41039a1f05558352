/** What the comparisons of means need of a set of numbers; counters give the same. */
export interface Sample {
  readonly n: number;
  readonly mean: number;
  /** With n − 1 in the divisor; 0 for fewer than two. */
  readonly sd: number;
}

export function sampleOf(values: readonly number[]): Sample {
  const n = values.length;
  if (n === 0) return { n, mean: 0, sd: 0 };
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { n, mean, sd: n > 1 ? Math.sqrt(squares / (n - 1)) : 0 };
}

/** Third central moment over the cube of the standard deviation (both with n); 0 for values that do not vary. */
export function skewnessOf(values: readonly number[]): number {
  const n = values.length;
  const { mean, sd } = sampleOf(values);
  const spread = sd * Math.sqrt((n - 1) / Math.max(1, n));
  if (!(spread > 0)) return 0;
  return values.reduce((sum, value) => sum + ((value - mean) / spread) ** 3, 0) / n;
}

/** An estimate with the two ends of its interval. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}
