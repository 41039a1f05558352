/**
 * Detectors on one share, such as that of errors or of missing values, against the reference's. They differ in what they count
 * and in the test; what they share is here.
 *
 * 1. Calibrated: breach when p ≤ alpha, the two have 5 events together, and the share moved by `min_points` or by a factor of
 *    `min_ratio`: in a large window everything is significant. With a threshold: when the share moved by more than it.
 * 2. The statistic is the distance of the two shares; the threshold shown is the least distance, in the direction seen, that
 *    would breach.
 * 3. The sentence gives the distance in points (0.01 is one point) with Newcombe's 95 % interval.
 *
 * Rows are taken as independent.
 */
import { z } from 'zod';
import type { Finding } from '../../core/verdict.ts';
import type { DetectorInput, RawThreshold } from '../detector.ts';
import { newcombe } from '../exact/proportion-intervals.ts';
import type { Proportion } from '../exact/proportions.ts';
import { lastWhere } from '../math/bisect.ts';
import { normalUpper } from '../math/normal.ts';
import { inconclusive, numberText, percentText, probabilityText } from './finding.ts';

const eventsMin = 5;

export function rateOptions(minRows: number) {
  return z.strictObject({
    threshold: z
      .number()
      .positive()
      .lt(1)
      .optional()
      .describe(
        'Breach when the share moved by more than this; 0.05 is 5 points. No default: without it the test is calibrated.',
      ),
    min_rows: z
      .int()
      .min(1)
      .default(minRows)
      .describe('Effective rows needed in the window and in the reference.'),
    min_points: z
      .number()
      .min(0)
      .lt(1)
      .default(0.005)
      .describe('Calibrated only: the least move of the share that matters; 0.005 is half a point.'),
    min_ratio: z
      .number()
      .gt(1)
      .default(1.5)
      .describe('Calibrated only: or it became so many times as large or small, however few points that is.'),
  });
}

export type RateOptions = z.output<ReturnType<typeof rateOptions>>;

/** Of those that are judged on the ladder: there is no raw threshold. */
export const ladderRateOptions = () => rateOptions(50).omit({ threshold: true });

export type LadderRateOptions = z.output<ReturnType<typeof ladderRateOptions>>;

export const ladderRateExamples: readonly unknown[] = [{}, { min_points: 0.01 }];

/** Of a share that moved by more than so many points: a normal tail, one-sided where only more is looked for. */
export function rawRate(name: string, side: 'both' | 'higher' = 'both'): RawThreshold<RateOptions> {
  return {
    textOf: ({ threshold }) =>
      threshold === undefined ? undefined : `${name} moved by > ${numberText(threshold * 100)} points`,
    tailOf: ({ threshold }, { n, m, share, inflation }) => {
      if (threshold === undefined) return undefined;
      const error = Math.sqrt(share * (1 - share) * (1 / n + 1 / m) * inflation);
      return error > 0 ? (side === 'both' ? 2 : 1) * normalUpper(threshold / error) : 0;
    },
  };
}

/** Effective rows, and how many of them count. */
export interface Rates {
  /** "Share of 'error' in output.label". */
  readonly name: string;
  readonly current: Proportion;
  readonly reference: Proportion;
  /** `higher`: a smaller share is never a breach. */
  readonly side: 'both' | 'higher';
  pValue(current: Proportion, reference: Proportion): number;
}

export const rateExamples: readonly unknown[] = [
  {},
  { threshold: 0.05 },
  { min_rows: 500, min_points: 0.02 },
];

export function rateFinding(input: DetectorInput<RateOptions>, rates: Rates): Finding {
  const few = tooFewRows(input, rates);
  if (few !== undefined) return few;
  const { current, reference } = rates;
  const now = current.k / current.n;
  const before = reference.k / reference.n;
  const difference = now - before;
  const direction = difference < 0 ? ('low' as const) : ('high' as const);
  const pValue = rates.pValue(current, reference);
  const isBreach = breaches(input, rates, current.k);
  const threshold = input.options.threshold ?? leastDistance(input, rates, direction);
  const evidence = isBreach ? [{ label: rates.name, reference: before, current: now }] : [];
  return {
    status: isBreach ? 'breach' : 'ok',
    statistic: Math.abs(difference),
    effect: difference,
    threshold,
    pValue,
    ...(isBreach ? { direction } : {}),
    size: { reference: reference.n, current: current.n },
    reason: sentence(rates, { difference, threshold, pValue, isBreach }),
    evidence,
  };
}

function tooFewRows({ options, signal }: DetectorInput<RateOptions>, rates: Rates): Finding | undefined {
  const size = { reference: rates.reference.n, current: rates.current.n };
  const slack = 1e-6;
  if (size.current + slack < options.min_rows) {
    const rows = Math.round(size.current);
    return inconclusive(
      'too_few',
      `${signal} has only ${rows} rows in this window; ${options.min_rows} are needed.`,
      size,
    );
  }
  if (size.reference + slack >= options.min_rows) return undefined;
  const rows = Math.round(size.reference);
  return inconclusive(
    'too_few',
    `The reference of ${signal} has only ${rows} rows; ${options.min_rows} are needed.`,
    size,
  );
}

/** Would the window breach with k events? */
function breaches({ options, alpha }: DetectorInput<RateOptions>, rates: Rates, k: number): boolean {
  const { reference, side } = rates;
  const current = { k, n: rates.current.n };
  const difference = k / current.n - reference.k / reference.n;
  if (side === 'higher' && difference <= 0) return false;
  if (options.threshold !== undefined) return Math.abs(difference) > options.threshold;
  if (k + reference.k < eventsMin) return false;
  const [less, more] = [k / current.n, reference.k / reference.n].sort((a, b) => a - b) as [number, number];
  const isLarge = Math.abs(difference) >= options.min_points || more >= options.min_ratio * less;
  return isLarge && difference !== 0 && rates.pValue(current, reference) <= alpha;
}

/** The least distance that breaches, in one direction; 1 where no number of events would. */
function leastDistance(input: DetectorInput<RateOptions>, rates: Rates, direction: 'high' | 'low'): number {
  const { n } = rates.current;
  const before = rates.reference.k / rates.reference.n;
  const rows = Math.floor(n);
  // Counted from the far end: there it breaches, and toward the reference's share it ceases to.
  const countAt = (step: number) => (direction === 'high' ? rows - step : step);
  const steps = Math.floor(direction === 'high' ? rows - before * n : before * n);
  const last = lastWhere((step) => breaches(input, rates, countAt(step)), 0, Math.max(0, steps));
  return last === undefined ? 1 : Math.min(1, Math.abs(countAt(last) / n - before));
}

interface Told {
  readonly difference: number;
  readonly threshold: number;
  readonly pValue: number;
  readonly isBreach: boolean;
}

function sentence(rates: Rates, { difference, threshold, pValue, isBreach }: Told): string {
  const { name, current, reference } = rates;
  const points = (share: number) => numberText(share * 100);
  const [low, high] = newcombe(current, reference, 0.95);
  const moved = difference < 0 ? 'lower' : 'higher';
  const shares = `${name} is ${percentText(current.k / current.n)}, ${points(Math.abs(difference))} points ${moved} than`;
  const interval = `(95 % interval ${points(low)} to ${points(high)})`;
  const verdict = `${isBreach ? 'over' : 'within'} ${points(threshold)} points (${probabilityText(pValue)})`;
  const rows = `${Math.round(current.n)} rows against ${Math.round(reference.n)} rows in the reference`;
  return `${shares} the reference's ${percentText(reference.k / reference.n)} ${interval}, ${verdict}, with ${rows}.`;
}
