/**
 * What a month will cost in all, from its days so far: their sum and their mean for each day left.
 *
 * The error of the sum to come is that of the days themselves and of the mean they were foretold by: sd·√(left + left²/D).
 * Days of the week that differ make the interval wide (it covers 99 % for 80 % promised, at three times the width): take
 * day-of-week ratios out first where there are two weeks or more.
 */
import { studentQuantile } from '../math/student-t.ts';
import { type Interval, sampleOf } from './sample.ts';

export interface Forecast extends Interval {
  readonly total: number;
  readonly standardError: number;
}

/** Undefined for fewer than two days. */
export function forecastRunRate(
  daily: readonly number[],
  daysLeft: number,
  confidence: number,
): Forecast | undefined {
  const { n, mean, sd } = sampleOf(daily);
  if (n < 2) return undefined;
  const left = Math.max(0, daysLeft);
  const total = mean * (n + left);
  const standardError = sd * Math.sqrt(left + (left * left) / n);
  const half = studentQuantile((1 + confidence) / 2, n - 1) * standardError;
  return { total, standardError, low: total - half, high: total + half };
}
