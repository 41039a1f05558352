/**
 * From the false alarms one accepts to the threshold of a chart, for standard normal values that are independent.
 *
 * `alpha` is the chance of an alarm per value: one in 1 / alpha values on average (the average run length).
 *
 * - CUSUM and Page–Hinkley, both sides: by Siegmund's approximation, ARL = (e^(2kb) − 2kb − 1) / (2k²) with b = h + 1.166,
 *   halved for two sides. Page–Hinkley of which the mean is learned on the way has residuals that are independent, too,
 *   and a little smaller, so the same h holds it.
 * - EWMA: tables of L by the Markov chain of Brook and Evans (Biometrika 59 (1972) 539) with 201 states, for limits
 *   of their final width from the start. L² is nearly straight in ln alpha, and read so between entries; of lambda the next
 *   larger entry is taken, as L grows with it. Beyond the table it is the normal quantile, which L never passes.
 *
 * What they are worth is simulated in test/unit/detectors/streaming.test.ts.
 *
 * Source: D. Siegmund, Sequential Analysis (1985), §2.
 */
import { bisectFalling } from '../math/bisect.ts';
import { normalQuantile } from '../math/normal.ts';

/** Siegmund's correction for the overshoot on both ends. */
const overshoot = 1.166;
const thresholdMax = 1e6;

/** h of a two-sided CUSUM with allowance k > 0, at the usual start at 0. */
export function cusumThreshold(k: number, alpha: number): number {
  return bisectFalling((h) => cusumAlarmRate(k, h), alpha, { low: 0, high: thresholdMax });
}

/** False alarms per value of such a chart, both sides: the reverse of `cusumThreshold`. */
export function cusumAlarmRate(k: number, h: number): number {
  const x = 2 * k * (h + overshoot);
  // expm1(x) − x, without losing the digits of a small x.
  const grown = x < 1e-3 ? (x * x) / 2 : Math.expm1(x) - x;
  return Math.min(1, (2 * 2 * k * k) / grown);
}

/** False alarms per value of an EWMA chart with limits of L: the reverse of `ewmaWidth`; within its table. */
export function ewmaAlarmRate(lambda: number, width: number): number {
  const logarithm = bisectFalling((log) => ewmaWidth(lambda, Math.exp(log)), width, { low: -40, high: 0 });
  return Math.exp(logarithm);
}

/** L for 1 / alpha = 10², 10³ … 10⁸ values between false alarms. */
const ewmaTable: readonly (readonly [lambda: number, widths: readonly number[]])[] = [
  [0.05, [1.879, 2.885, 3.629, 4.232, 4.753, 5.22, 5.647]],
  [0.1, [2.148, 3.059, 3.75, 4.324, 4.826, 5.279, 5.696]],
  [0.2, [2.36, 3.187, 3.835, 4.384, 4.871, 5.314, 5.723]],
  [0.3, [2.453, 3.238, 3.866, 4.405, 4.885, 5.323, 5.729]],
  [0.5, [2.534, 3.277, 3.886, 4.415, 4.891, 5.327, 5.731]],
];
const firstPower = 2;

/** L of a two-sided EWMA chart. */
export function ewmaWidth(lambda: number, alpha: number): number {
  const widths = ewmaTable.find(([known]) => lambda <= known)?.[1];
  // Larger alpha than the table has take its first entry.
  const power = Math.max(firstPower, -Math.log10(alpha));
  const column = Math.floor(power) - firstPower;
  const [low, high] = [widths?.[column], widths?.[column + 1] ?? widths?.[column]];
  const isInside = power - firstPower <= (widths?.length ?? 0) - 1;
  if (low === undefined || high === undefined || !isInside) return -normalQuantile(alpha / 2);
  const part = power - Math.floor(power);
  return Math.sqrt(low * low + (high * high - low * low) * part);
}
