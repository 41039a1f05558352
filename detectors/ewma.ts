/**
 * EWMA of the mean, or of a level's share, against the reference: a moving mean that forgets, with limits.
 *
 * The idea: each look's distance from the reference, in standard errors, enters a mean with weight lambda; that mean is
 * normal with a known sd while nothing changed. Small lambda finds small shifts that last; lambda 1 is each look alone.
 *
 * 1. z of streaming/chart.ts. The limits have their final width from the first look, and are wider by two standard errors
 *    of the reference's own mean, as that error stands in every look alike.
 * 2. Breach when the distance, in sd of the moving mean, is over the limit; it lasts as long as the moving mean is out.
 * 3. Without a limit it follows from the false-alarm budget (streaming/thresholds.ts), and the moving mean of the shift must
 *    also reach min_effect, in sd of a row.
 *
 * When not to use it: for series with a season, or whose mean wanders by itself; for changes of spread or shape.
 *
 * Source: S. W. Roberts, Technometrics 1 (1959) 239.
 */
import { z } from 'zod';
import type { Finding } from '../core/verdict.ts';
import { numberText } from './counters/finding.ts';
import { type DetectorInput, defineDetector } from './detector.ts';
import { type ChartValue, chartValueOf, findingOfChart, referenceErrors } from './streaming/chart.ts';
import { ewmaStep } from './streaming/ewma.ts';
import { ewmaAlarmRate, ewmaWidth } from './streaming/thresholds.ts';

const options = z.strictObject({
  limit: z
    .number()
    .positive()
    .max(1e6)
    .optional()
    .describe(
      'L: breach when the moving mean is off by more, in its standard deviations. No default: without it L follows ' +
        'from the false-alarm budget.',
    ),
  lambda: z.number().gt(0).max(1).default(0.2).describe('Weight of the newest look in the moving mean.'),
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

const stateSchema = z.object({ z: z.number(), decay: z.number().min(0).max(1), shift: z.number() });

/** Limits of their final width from the first look on: narrow ones at the start would have false alarms of their own. */
const start = { z: 0, decay: 0, shift: 0 };

function judge(input: DetectorInput<Options>): Finding {
  const chart = chartValueOf(input, 'EWMA');
  return 'finding' in chart ? chart.finding : judgeValue(input, chart.value);
}

function judgeValue(input: DetectorInput<Options>, value: ChartValue): Finding {
  const { lambda, limit, min_effect } = input.options;
  const before = stateSchema.safeParse(input.state).data ?? start;
  const step = ewmaStep(before, value.z, { mu0: 0, sigma0: 1, lambda, width: 1 });
  const patience = (referenceErrors * value.referenceError) / step.halfWidth;
  const threshold = (limit ?? ewmaWidth(lambda, input.alpha)) + patience;
  const shift = before.shift + lambda * (value.shift - before.shift);
  const isOver = step.statistic > threshold;
  const isBreach = isOver && (limit !== undefined || Math.abs(shift) >= min_effect);
  const place = `${isOver ? 'over' : 'within'} ${numberText(threshold)}`;
  const off = `${numberText(Math.abs(shift))} sd ${shift < 0 ? 'down' : 'up'}`;
  return findingOfChart(input, {
    isBreach,
    statistic: step.statistic,
    threshold,
    shift,
    reason: `EWMA of ${value.subject} is off by ${numberText(step.statistic)}, ${place}: ${off}, with ${value.rowsText}.`,
    state: { ...step.state, shift },
  });
}

export const ewma = defineDetector<Options>({
  type: 'ewma',
  title: 'EWMA of the mean or of a share',
  stability: 'alpha',
  description:
    'Follows the mean, or the share of a level, by a moving mean that forgets, with limits around the reference. Not for ' +
    'signals with a season or a mean that wanders.',
  class: 'drift',
  scales: ['numeric', 'levels'],
  needsReference: true,
  sequential: true,
  options,
  shorthand: 'limit',
  raw: {
    textOf: ({ limit }) => (limit === undefined ? undefined : `EWMA off by > ${limit}`),
    // What its patience with the reference's own error adds is left out: it is a little quieter than this.
    tailOf: ({ limit, lambda }) => (limit === undefined ? undefined : ewmaAlarmRate(lambda, limit)),
  },
  examples: [{}, { limit: 4 }, { lambda: 0.1, min_effect: 0.2 }],
  judge,
});
