/**
 * Performance of a regression whose true values are known.
 *
 * `bias` is the mean of predicted less true: above 0 the model says too much. `r2` is undefined where the true values do
 * not vary. `mape` divides by the true value, and by 2⁻⁵² where that is 0: it is of no use where values near 0 occur.
 * `pinball` at q weighs a prediction that is too low q times, one too high 1 − q times.
 */
import { quantileSorted } from 'simple-statistics';

const pinballQuantile = 0.9;
const leastTruth = 2 ** -52;

export interface RegressionMetrics {
  readonly mae: number;
  readonly mse: number;
  readonly rmse: number;
  readonly r2: number | undefined;
  readonly bias: number;
  readonly medianAbsoluteError: number;
  readonly mape: number;
  readonly pinball: number;
}

/** As many predictions as true values, at least one; undefined for none. */
export function regressionMetrics(
  truths: readonly number[],
  predictions: readonly number[],
  quantile: number = pinballQuantile,
): RegressionMetrics | undefined {
  const n = truths.length;
  if (n === 0) return undefined;
  const errors = truths.map((truth, i) => (predictions[i] ?? 0) - truth);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / n;
  const absolute = errors.map(Math.abs);
  const mse = mean(errors.map((error) => error * error));
  const centre = mean(truths);
  const variance = mean(truths.map((truth) => (truth - centre) ** 2));
  return {
    mae: mean(absolute),
    mse,
    rmse: Math.sqrt(mse),
    r2: variance > 0 ? 1 - mse / variance : undefined,
    bias: mean(errors),
    medianAbsoluteError: quantileSorted(
      absolute.toSorted((a, b) => a - b),
      0.5,
    ),
    mape: mean(absolute.map((error, i) => error / Math.max(Math.abs(truths[i] as number), leastTruth))),
    pinball: mean(errors.map((error) => Math.max(-quantile * error, (1 - quantile) * error))),
  };
}
