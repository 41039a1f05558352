/**
 * The two-sided normal mixture: evidence on a mean that may be looked at as often as one likes.
 *
 * With S the sum of n values less the mean supposed, and V = n·variance, e = √(ρ/(ρ + V))·exp(S²/(2(V + ρ))) is an
 * e-process: P(e ever ≥ 1/alpha) ≤ alpha. Turned round, the mean lies within ± √((V + ρ)·ln((V + ρ)/(ρ·alpha²)))/n at
 * all n at once. ρ says for which n it is tightest (`mixtureScale`).
 *
 * Exact for normal values of known variance; for others it holds as n grows (asymptotic), hence a least n where used.
 *
 * Source: Howard, Ramdas, McAuliffe and Sekhon, Annals of Statistics 49 (2021) 1055.
 */
export interface MixtureSum {
  /** Σ (x − mean supposed). */
  readonly sum: number;
  readonly n: number;
  /** Of one value. */
  readonly variance: number;
}

/** ln e; 0 for no values. */
export function normalMixtureLogE({ sum, n, variance }: MixtureSum, rho: number): number {
  const v = n * variance;
  // ½ ln(ρ/(ρ + V)) as ln1p, which keeps its digits while V is small.
  return -Math.log1p(v / rho) / 2 + (sum / (v + rho) / 2) * sum;
}

/** Half the width of the confidence sequence of the mean at n values; Infinity for none. */
export function normalMixtureHalfWidth(n: number, variance: number, rho: number, alpha: number): number {
  if (!(n > 0)) return Number.POSITIVE_INFINITY;
  const v = n * variance;
  return Math.sqrt((v + rho) * (Math.log1p(v / rho) - 2 * Math.log(alpha))) / n;
}

/** The ρ at which the sequence is tightest after `n` values of this variance. */
export function mixtureScale(n: number, variance: number, alpha: number): number {
  const twice = -2 * Math.log(alpha);
  return (n * variance) / (twice + Math.log1p(twice));
}
