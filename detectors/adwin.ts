/**
 * ADWIN on the mean, or on a level's share, from look to look: a window of its own past that grows while it has one mean
 * and is cut where it has two.
 *
 * 1. The shift of streaming/chart.ts through streaming/adwin.ts, times √rows of the first look: the unit stays, as with one
 *    that followed the rows a lasting distance from the reference would look like a change whenever traffic changes.
 *    Values then have a spread of about 1, for which ADWIN's bound is a little short, while it is long by its nature: far
 *    fewer false alarms than delta come in simulation.
 * 2. The statistic is the largest difference of the two sides of any cut, over its bound: breach above 1. The past
 *    before the cut is dropped; the alarm is said for `hold` looks in all.
 * 3. Without delta it is the alpha of the false-alarm budget, and the sides must also differ by min_effect, in sd of a row.
 *
 * When not to use it: where the size of a change matters from the first look on (it takes five looks on each side, and
 * some more); for series with a season.
 *
 * Source: A. Bifet and R. Gavaldà, SIAM Data Mining (2007).
 */
import { z } from 'zod';
import type { Finding } from '../core/verdict.ts';
import { numberText } from './counters/finding.ts';
import { type DetectorInput, defineDetector } from './detector.ts';
import { type AdwinStep, adwinStep, rowsMax } from './streaming/adwin.ts';
import { type ChartValue, chartValueOf, findingOfChart } from './streaming/chart.ts';
import { heldSchema, holdAlarm } from './streaming/hold.ts';

const bucketsPerRow = 5;

const options = z.strictObject({
  delta: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe(
      'Bound of the chance of a false cut at a look. No default: without it it is taken from the false-alarm budget.',
    ),
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

const bucket = z.tuple([z.number(), z.number().min(0)]);
const stateSchema = z.object({
  unit: z.number().positive(),
  adwin: z.object({
    rows: z.array(z.array(bucket).max(bucketsPerRow)).max(rowsMax),
    ticks: z.int().min(0),
  }),
  held: heldSchema.optional(),
});

function judge(input: DetectorInput<Options>): Finding {
  const chart = chartValueOf(input, 'ADWIN');
  return 'finding' in chart ? chart.finding : judgeValue(input, chart.value);
}

function judgeValue(input: DetectorInput<Options>, value: ChartValue): Finding {
  const { hold, min_effect } = input.options;
  const delta = input.options.delta ?? input.alpha;
  const before = stateSchema.safeParse(input.state).data;
  const unit = before?.unit ?? Math.sqrt(value.rows);
  const step = adwinStep(before?.adwin, value.shift * unit, { delta, clock: 1, bucketsPerRow });
  const shift = step.cut === undefined ? 0 : (step.cut.after - step.cut.before) / unit;
  const isRaw = input.options.delta !== undefined;
  const isAlarm = step.alarm && (isRaw || Math.abs(shift) >= min_effect);
  const alarm = isAlarm ? { statistic: step.ratio, threshold: 1, shift } : undefined;
  const { said, next } = holdAlarm(before?.held, alarm, hold);
  const shown = said ?? { statistic: step.ratio, threshold: 1, shift };
  return findingOfChart(input, {
    isBreach: said !== undefined,
    statistic: shown.statistic,
    threshold: 1,
    shift: shown.shift,
    reason: sentence(value, shown, step, said !== undefined && !isAlarm),
    state: {
      unit,
      adwin: step.state ?? { rows: [], ticks: 0 },
      ...(next === undefined ? {} : { held: next }),
    },
  });
}

function sentence(
  { subject, rowsText }: ChartValue,
  shown: { readonly statistic: number; readonly shift: number },
  step: AdwinStep,
  isHeld: boolean,
): string {
  const when = isHeld ? 'was shortly before' : 'is';
  const moved = `${numberText(Math.abs(shown.shift))} sd ${shown.shift < 0 ? 'down' : 'up'}`;
  const change = shown.shift === 0 ? '' : `: ${moved}`;
  const place = `${shown.statistic > 1 ? 'over' : 'within'} 1`;
  const window = `in ${step.width} look${step.width === 1 ? '' : 's'}`;
  return `ADWIN of ${subject} ${when} ${numberText(shown.statistic)}, ${place}${change} ${window}, with ${rowsText}.`;
}

export const adwin = defineDetector<Options>({
  type: 'adwin',
  title: 'ADWIN on the mean or on a share',
  stability: 'alpha',
  description:
    'Keeps as much of the past as has one mean, or one share of a level, and breaches where it must drop some. Not for ' +
    'finding a change within its first looks, nor for signals with a season.',
  class: 'drift',
  scales: ['numeric', 'levels'],
  needsReference: true,
  sequential: true,
  options,
  shorthand: 'delta',
  raw: {
    textOf: ({ delta }) => (delta === undefined ? undefined : `ADWIN with delta ${delta}`),
    // A bound: ADWIN cuts less often.
    tailOf: ({ delta }) => delta,
  },
  examples: [{}, { delta: 0.002 }, { hold: 1, min_effect: 0.2 }],
  judge,
});
