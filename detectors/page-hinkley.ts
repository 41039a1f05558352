/**
 * Page–Hinkley on the mean, or on a level's share, from look to look: has it moved against its own past?
 *
 * The idea: what each look is above the mean of all looks so far, less an allowance delta, adds up; the statistic is how
 * far that sum has risen from its lowest, and the same downwards. The reference gives only the unit, its standard
 * error, so a level that differs from the reference's and stays there is no alarm: use cusum for that.
 *
 * 1. The shift of streaming/chart.ts, weighed by its rows, through streaming/page-hinkley.ts, both directions, alpha 1
 *    (nothing is forgotten).
 * 2. Breach when a statistic passes the threshold; then all begins anew, and the alarm is said for `hold` looks in all.
 * 3. Without a threshold it follows from the false-alarm budget (streaming/thresholds.ts), and the latest looks must also
 *    be off the mean of all by min_effect, in sd of a row.
 *
 * When not to use it: for drifts as slow as the mean follows (a ramp over all looks); for series with a season.
 *
 * Source: E. S. Page, Biometrika 41 (1954) 100; D. Hinkley, Biometrika 58 (1971) 509.
 */
import { z } from 'zod';
import type { Finding } from '../core/verdict.ts';
import { numberText } from './counters/finding.ts';
import { type DetectorInput, defineDetector } from './detector.ts';
import { type ChartValue, chartValueOf, findingOfChart } from './streaming/chart.ts';
import { heldSchema, holdAlarm } from './streaming/hold.ts';
import { pageHinkleyStep } from './streaming/page-hinkley.ts';
import { extendRun, type Run, runSchema, runText } from './streaming/run.ts';
import { cusumAlarmRate, cusumThreshold } from './streaming/thresholds.ts';

const options = z.strictObject({
  threshold: z
    .number()
    .positive()
    .max(1e6)
    .optional()
    .describe(
      'Breach when the statistic is over this, in standard errors of a look. No default: without it it follows from ' +
        'the false-alarm budget.',
    ),
  delta: z
    .number()
    .positive()
    .max(100)
    .default(0.25)
    .describe('Allowance: moves of this size are none, in standard errors of the mean of one look.'),
  min_looks: z
    .int()
    .min(1)
    .default(20)
    .describe('Looks before the first alarm: the mean is learned in them.'),
  hold: z.int().min(1).max(1000).default(3).describe('Looks for which an alarm is said.'),
  level: z
    .string()
    .min(1)
    .optional()
    .describe('Levels only: whose share is followed. Default: the most frequent of the reference.'),
  min_rows: z.int().min(2).default(30).describe('Effective rows needed in a look and in the reference.'),
  min_effect: z
    .number()
    .min(0)
    .default(0.1)
    .describe('Calibrated only: the least shift, in standard deviations of the reference.'),
});

type Options = z.output<typeof options>;

const sumsSchema = z.object({
  n: z.number().min(0),
  weight: z.number().min(0),
  mean: z.number(),
  sum: z.number(),
  lowest: z.number(),
  run: runSchema,
});
type Sums = z.output<typeof sumsSchema>;

/** Means are of the shift, in sd of a row. Absent sums: to begin anew. */
const stateSchema = z.object({
  up: sumsSchema.optional(),
  down: sumsSchema.optional(),
  held: heldSchema.optional(),
});

interface Side {
  readonly sums: Sums;
  readonly run: Run;
  readonly statistic: number;
  readonly alarm: boolean;
}

function judge(input: DetectorInput<Options>): Finding {
  const chart = chartValueOf(input, 'Page–Hinkley');
  return 'finding' in chart ? chart.finding : judgeValue(input, chart.value);
}

function judgeValue(input: DetectorInput<Options>, value: ChartValue): Finding {
  const { delta, hold, min_effect } = input.options;
  const before = stateSchema.safeParse(input.state).data ?? {};
  const threshold = input.options.threshold ?? cusumThreshold(delta, input.alpha);
  const up = stepSide(before.up, value, input.options, threshold, 'increase');
  const down = stepSide(before.down, value, input.options, threshold, 'decrease');
  const side = up.statistic >= down.statistic ? up : down;
  const shift = side.run.looks > 0 ? side.run.shift - side.sums.mean : 0;
  const isRaw = input.options.threshold !== undefined;
  const isAlarm = side.alarm && (isRaw || Math.abs(shift) >= min_effect);
  const alarm = isAlarm ? { statistic: side.statistic, threshold, shift } : undefined;
  const { said, next } = holdAlarm(before.held, alarm, hold);
  const sums = isAlarm ? {} : { up: up.sums, down: down.sums };
  const shown = said ?? { statistic: side.statistic, threshold, shift };
  return findingOfChart(input, {
    isBreach: said !== undefined,
    statistic: shown.statistic,
    threshold: shown.threshold,
    shift: shown.shift,
    reason: sentence(value, shown, side, said !== undefined && !isAlarm),
    state: { ...sums, ...(next === undefined ? {} : { held: next }) },
  });
}

function stepSide(
  before: Sums | undefined,
  value: ChartValue,
  { delta, min_looks }: Options,
  lambda: number,
  direction: 'increase' | 'decrease',
): Side {
  const chart = { delta, lambda, alpha: 1, min: min_looks, direction };
  const step = pageHinkleyStep(before, value.shift, chart, value.rows);
  const run = extendRun(before?.run, step.statistic > 0, value.shift);
  return { sums: { ...step.sums, run }, run, statistic: step.statistic, alarm: step.alarm };
}

function sentence(
  { subject, rowsText }: ChartValue,
  shown: { readonly statistic: number; readonly threshold: number; readonly shift: number },
  { run }: Side,
  isHeld: boolean,
): string {
  const when = isHeld ? 'was shortly before' : 'is';
  const place = `${shown.statistic > shown.threshold ? 'over' : 'within'} ${numberText(shown.threshold)}`;
  const change = isHeld
    ? `: ${runText(1, shown.shift)}`
    : run.looks > 0
      ? `: ${runText(run.looks, shown.shift)}`
      : '';
  return `Page–Hinkley of ${subject} ${when} ${numberText(shown.statistic)}, ${place}${change}, with ${rowsText}.`;
}

export const pageHinkley = defineDetector<Options>({
  type: 'page_hinkley',
  title: 'Page–Hinkley on the mean or on a share',
  stability: 'alpha',
  description:
    'Finds when the mean, or the share of a level, moves against its own past, from look to look. Not for a level that is ' +
    'off the reference from the start (cusum), nor for signals with a season.',
  class: 'drift',
  scales: ['numeric', 'levels'],
  needsReference: true,
  sequential: true,
  options,
  shorthand: 'threshold',
  raw: {
    textOf: ({ threshold }) => (threshold === undefined ? undefined : `Page–Hinkley > ${threshold}`),
    tailOf: ({ threshold, delta }) =>
      threshold === undefined ? undefined : cusumAlarmRate(delta, threshold),
  },
  examples: [{}, { threshold: 20 }, { delta: 0.5, min_looks: 30, hold: 1 }],
  judge,
});
