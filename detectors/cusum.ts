/**
 * CUSUM of the mean, or of a level's share, against the reference: for small shifts that last.
 *
 * The idea: each look's distance from the reference, in standard errors, less an allowance k, adds up while it lasts, up
 * and down apart; what chance adds it takes away again. A shift of half a standard error of a look, which no single look
 * can show, is found after a dozen.
 *
 * 1. z of streaming/chart.ts; k grows by two standard errors of the reference's own mean, as that error stands in every
 *    look alike and would add up.
 * 2. Breach when a sum passes h. Neither grows beyond 2h, so that it comes back about as fast as it rose. Nothing begins
 *    anew: the breach lasts as long as the shift.
 * 3. Without h it follows from the false-alarm budget (streaming/thresholds.ts), and the shift of the latest looks must also
 *    reach min_effect, in sd of a row.
 *
 * When not to use it: for series with a season, or whose mean wanders by itself (each wander is a shift that lasts); for
 * changes of spread or shape at the same mean (psi, ks).
 *
 * Source: E. S. Page, Biometrika 41 (1954) 100; D. C. Montgomery, Introduction to Statistical Quality Control.
 */
import { z } from 'zod';
import type { Finding } from '../core/verdict.ts';
import { numberText } from './counters/finding.ts';
import { type DetectorInput, defineDetector } from './detector.ts';
import { type ChartValue, chartValueOf, findingOfChart, referenceErrors } from './streaming/chart.ts';
import { cusumStep } from './streaming/cusum.ts';
import { extendRun, runSchema, runText } from './streaming/run.ts';
import { cusumAlarmRate, cusumThreshold } from './streaming/thresholds.ts';

const options = z.strictObject({
  h: z
    .number()
    .positive()
    .max(1e6)
    .optional()
    .describe(
      'Breach when a sum is over this, in standard errors of a look. No default: without it h follows from the ' +
        'false-alarm budget.',
    ),
  k: z
    .number()
    .positive()
    .max(100)
    .default(0.5)
    .describe('Allowance: half the shift worth finding, in standard errors of the mean of one look.'),
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

const stateSchema = z.object({ up: z.number(), down: z.number(), rising: runSchema, falling: runSchema });

function judge(input: DetectorInput<Options>): Finding {
  const chart = chartValueOf(input, 'CUSUM');
  return 'finding' in chart ? chart.finding : judgeValue(input, chart.value);
}

function judgeValue(input: DetectorInput<Options>, value: ChartValue): Finding {
  const before = stateSchema.safeParse(input.state).data;
  const isRaw = input.options.h !== undefined;
  const k = input.options.k + referenceErrors * value.referenceError;
  const h = input.options.h ?? cusumThreshold(k, input.alpha);
  const step = cusumStep(before, value.z, { mu0: 0, sigma0: 1, k, h, cap: 2 * h });
  const rising = extendRun(before?.rising, step.up > 0, value.shift);
  const falling = extendRun(before?.falling, step.down > 0, value.shift);
  const run = step.up >= step.down ? rising : falling;
  const isBreach = step.alarm && (isRaw || Math.abs(run.shift) >= input.options.min_effect);
  const place = `${isBreach || step.alarm ? 'over' : 'within'} ${numberText(h)}`;
  const change = run.looks > 0 ? `: ${runText(run.looks, run.shift)}` : '';
  return findingOfChart(input, {
    isBreach,
    statistic: step.statistic,
    threshold: h,
    shift: run.shift,
    reason: `CUSUM of ${value.subject} is ${numberText(step.statistic)}, ${place}${change}, with ${value.rowsText}.`,
    state: { up: step.up, down: step.down, rising, falling },
  });
}

export const cusum = defineDetector<Options>({
  type: 'cusum',
  title: 'CUSUM of the mean or of a share',
  stability: 'alpha',
  description:
    'Adds up what the mean, or the share of a level, is off the reference from look to look: finds small shifts that last. ' +
    'Not for signals with a season or a mean that wanders.',
  class: 'drift',
  scales: ['numeric', 'levels'],
  needsReference: true,
  sequential: true,
  options,
  shorthand: 'h',
  raw: {
    textOf: ({ h }) => (h === undefined ? undefined : `CUSUM > ${h}`),
    tailOf: ({ h, k }, { n, m }) =>
      h === undefined ? undefined : cusumAlarmRate(k + referenceErrors * Math.sqrt(n / m), h),
  },
  examples: [{}, { h: 8 }, { k: 1, min_effect: 0.2 }],
  judge,
});
