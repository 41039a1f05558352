/**
 * Evidence against fixed shares, e-processes both: P(e ever ≥ 1/alpha) ≤ alpha however often one looks.
 *
 * - `dirichletLogE`: the chance of the counts under a Dirichlet prior over that under the fixed shares; with two cells the
 *   Beta mixture (`betaLogE`). It finds any change of shares.
 * - `shortfallLogE`: the mean over a grid of lower alternatives p of (p/p₀)^K ((1 − p)/(1 − p₀))^(n − K). It finds a share
 *   below its target, such as adoption, and nothing else.
 *
 * The fixed shares must really be fixed (a target, an agreed limit): against shares that were estimated themselves none of
 * this holds, as their own error grows into evidence.
 */
import { logGamma } from '../math/log-gamma.ts';

/** ln e of successes in n rows against share p0, under a Beta(a, b) prior. */
export function betaLogE(
  successes: number,
  n: number,
  p0: number,
  prior: readonly [a: number, b: number] = [0.5, 0.5],
): number {
  return dirichletLogE([successes, n - successes], [p0, 1 - p0], prior);
}

/** ln e of counts against shares p0 that add up to 1. Infinity where a cell of share 0 has rows. */
export function dirichletLogE(
  counts: readonly number[],
  p0: readonly number[],
  prior: readonly number[],
): number {
  let n = 0;
  let priorSum = 0;
  let logE = 0;
  for (const [cell, count] of counts.entries()) {
    const own = prior[cell] ?? 0.5;
    n += count;
    priorSum += own;
    // 0 rows in a cell of share 0 say nothing.
    if (count > 0) logE += logGamma(own + count) - logGamma(own) - count * Math.log(p0[cell] ?? 0);
  }
  return logE + logGamma(priorSum) - logGamma(priorSum + n);
}

const alternatives = 66;
const lowestAlternative = 0.02;
const leastShortfall = 0.005;

/** ln e of K successes in n rows against a share of at least `target`, which is over 2.5 %; 0 at and under that. */
export function shortfallLogE(successes: number, n: number, target: number): number {
  const highest = target - leastShortfall;
  if (!(highest > lowestAlternative && target < 1)) return 0;
  const logs = Array.from({ length: alternatives }, (_, i) => {
    const p = lowestAlternative + ((highest - lowestAlternative) * i) / (alternatives - 1);
    return successes * Math.log(p / target) + (n - successes) * Math.log((1 - p) / (1 - target));
  });
  // The largest is taken out, so that the sum neither overflows nor vanishes.
  const most = Math.max(...logs);
  const sum = logs.reduce((total, one) => total + Math.exp(one - most), 0);
  return most + Math.log(sum / alternatives);
}
