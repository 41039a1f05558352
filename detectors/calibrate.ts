/**
 * From a promise users understand, "one false alarm per month", to the alpha of a single look.
 *
 * The idea: with no change, each look at each signal breaches with probability alpha. Σ over signals and looks in the
 * period of P(this look completes an alarm) must not exceed the promised count. The sum of expectations needs no
 * independence between signals or looks, so the promise holds however the signals correlate.
 *
 * What confirmation buys. An alarm needs k breaches in a row, so P(alarm at a look) = P(k breaches in a row).
 * 1. Windows that overlap share rows: a chance excursion fills all of them. Nothing is bought: P = alpha.
 * 2. Windows that do not overlap still share the reference, whose own error stands in all of them: two window statistics
 *    correlate by ρ = (1/m) / (1/n + 1/m), at most 1/2 while the window is no larger than the reference. k normal
 *    variables with correlation ρ exceed a far threshold together with probability about alpha^(k / (1 + (k − 1)ρ)),
 *    which at ρ = 1/2 is alpha^(2k / (k + 1)): never taken as alpha^k, never better than alpha².
 *
 * A worked example: 1 per 30 days, 20 signals, an hour's hop, no confirmation: alpha = 1 / (20 · 720) = 6.9e-5. With two
 * disjoint windows in a row 6.9e-5^(3/4) = 7.6e-4.
 *
 * Rows are taken as independent: wander and seasons of real traffic are not in this alpha (the effect floor of each
 * detector is what keeps them quiet).
 */

/** No look takes more than this, however large the promise: five in a hundred is the loosest anyone calls evidence. */
export const alphaMax = 0.05;
/** Below this the tails of our approximations mean nothing; it also keeps thresholds finite. */
export const alphaMin = 1e-15;

/**
 * `confirmations`: breaches in a row that make an alarm, 1 for none. `lengthMs`: the window's length; where it is left out
 * the windows are taken to overlap, the cautious case. A promise of 0 gives `alphaMin`.
 */
export function alphaPerLook(
  falseAlarms: { readonly count: number; readonly perMs: number },
  signals: number,
  hopMs: number,
  confirmations: number,
  lengthMs: number = Number.POSITIVE_INFINITY,
): number {
  const looks = Math.max(1, signals) * Math.max(1, falseAlarms.perMs / hopMs);
  const perLook = Math.max(0, falseAlarms.count) / looks;
  const inARow = Math.max(1, Math.floor(confirmations));
  const exponent = lengthMs <= hopMs ? (2 * inARow) / (inARow + 1) : 1;
  const alpha = Math.min(1, perLook) ** (1 / exponent);
  return Math.min(alphaMax, Math.max(alphaMin, alpha));
}
