/**
 * Did the share of some event (missing, malformed, error, refusal) change? Exact, both sides.
 *
 * K ~ Bin(k₁ + k₂, n/(n + m)): of all events of window and reference together, those that fall into the window, given that
 * the rate is the same. p is the doubled smaller tail (Przyborowski and Wilenski 1940). With learned variance both counts
 * are divided by the rate's inflation; where the reference's windows surely vary more than independent rows would, a normal
 * tail with the degrees of freedom of that fit is asked as well, and the larger p counts (as in max-bin.ts).
 *
 * It asks for 5 events in both together; and for an effect of half a point or by half as much again (up or down), as in a
 * large window everything is significant. No number of expected events is asked for: the test is exact, and of what the
 * reference never had nothing is expected.
 */
import { binomialLower, binomialUpper } from '../math/binomial.ts';
import { fisherUpper } from '../math/fisher-f.ts';
import type { Certainty } from './smooth-test.ts';

const eventsMin = 5;
export const pointsMin = 0.005;
export const ratioMin = 1.5;

export interface RateInput {
  /** Effective events and rows of the window. */
  readonly events: number;
  readonly n: number;
  /** Of the reference. */
  readonly referenceEvents: number;
  readonly m: number;
  /** Of the rate in windows of the reference; 1 or absent: rows are independent. */
  readonly inflation?: number;
  /** Of that inflation, where it is surely more than 1. */
  readonly certainty?: Certainty | undefined;
  /** `higher`: a smaller share is never a breach. */
  readonly side?: 'both' | 'higher';
  readonly alpha: number;
  /** Least effect, one of the two; absent: half a point, half as much again. */
  readonly minPoints?: number;
  readonly minRatio?: number;
}

export interface RateFinding {
  readonly status: 'ok' | 'breach' | 'inconclusive';
  readonly cause?: 'too_few';
  readonly p: number;
  /** Current share less reference share, 0.01 is a point. */
  readonly difference: number;
  /** Current over reference share; Infinity where the reference had none. */
  readonly ratio: number;
}

export function ratePValue(input: RateInput): number {
  const { events, n, referenceEvents, m, inflation = 1, certainty, side = 'both' } = input;
  const total = (events + referenceEvents) / inflation;
  const seen = events / inflation;
  const share = n / (n + m);
  const upper = binomialUpper(seen, total, share);
  const exact =
    side === 'higher' ? upper : Math.min(1, 2 * Math.min(upper, binomialLower(seen, total, share)));
  if (certainty === undefined) return exact;
  const pooled = (events + referenceEvents) / (n + m);
  const variance = (1 / n + 1 / m) * inflation;
  const s = deviationOf(events / n, referenceEvents / m, { pooled, variance });
  return Math.max(exact, fisherUpper(s / certainty.guard, 1, certainty.nu));
}

/**
 * The squared deviation over its variance: of the shares, or of their logarithms where that is less, as a rate that wanders does
 * so by factors.
 */
function deviationOf(
  now: number,
  before: number,
  { pooled, variance }: { readonly pooled: number; readonly variance: number },
): number {
  const spread = pooled * (1 - pooled);
  if (!(spread > 0)) return 0;
  const linear = (now - before) ** 2 / (spread * variance);
  if (!(now > 0 && before > 0)) return linear;
  return Math.min(linear, Math.log(now / before) ** 2 / (((1 - before) / before) * variance));
}

export function judgeRate(input: RateInput): RateFinding {
  const { events, n, referenceEvents, m, alpha } = input;
  const now = n > 0 ? events / n : 0;
  const before = m > 0 ? referenceEvents / m : 0;
  const difference = now - before;
  const ratio = before > 0 ? now / before : now > 0 ? Number.POSITIVE_INFINITY : 1;
  if (!(n > 0) || !(m > 0) || events + referenceEvents < eventsMin)
    return { status: 'inconclusive', cause: 'too_few', p: 1, difference, ratio };
  const p = ratePValue(input);
  const { minPoints = pointsMin, minRatio = ratioMin } = input;
  const isLarge = Math.abs(difference) >= minPoints || ratio >= minRatio || ratio <= 1 / minRatio;
  const isWatched = input.side !== 'higher' || difference > 0;
  return {
    status: p <= alpha && isLarge && isWatched ? 'breach' : 'ok',
    p,
    difference,
    ratio,
  };
}
