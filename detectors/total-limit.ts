/**
 * A limit on the sum over a window, such as "at most 50 USD a day": the window's length is the period.
 *
 * The total is Σ weight · value of the rows in the window, from mean and weight. It is what was spent, not an estimate, so
 * there is no confidence bound and no least number of rows: the first window over the limit is over it. With sampled
 * telemetry it is extrapolated by the sampling weights, and is then an estimate whose error is not judged.
 *
 * A window without rows is inconclusive: no telemetry is not the same as no spending.
 */
import { z } from 'zod';
import type { Finding } from '../core/verdict.ts';
import { amountText, inconclusive, limitFinding, notApplicable } from './counters/finding.ts';
import { type DetectorInput, defineDetector } from './detector.ts';

const options = z.strictObject({
  max: z
    .number()
    .positive()
    .describe(
      'The most for one window, in the unit of the signal: USD for cost_usd. No default: only you know it.',
    ),
});

type Options = z.output<typeof options>;

function judge(input: DetectorInput<Options>): Finding {
  const { scale, current, signal } = input;
  const { max } = input.options;
  if (scale.kind !== 'log') return notApplicable(input, 'A total limit');
  if (current.rows === 0) {
    return inconclusive('too_few', `There are 0 rows of ${signal} in this window to add up.`, {
      reference: 0,
      current: 0,
    });
  }
  const total = Math.min(Number.MAX_VALUE, Math.max(-Number.MAX_VALUE, current.mean * current.weight));
  const verdict = total > max ? 'over' : 'within';
  const sampled = current.weight === current.rows ? '' : `, which stand for ${Math.round(current.weight)}`;
  const said = `Total ${signal} of this window is ${amountText(signal, total)}, ${verdict} ${amountText(signal, max)}`;
  return limitFinding(
    input,
    { value: total, bound: total, max },
    `${said}, from ${current.rows} rows${sampled}.`,
  );
}

export const totalLimit = defineDetector<Options>({
  type: 'total_limit',
  title: 'Total over a limit',
  stability: 'beta',
  description:
    'Breaches when the sum over a window, such as the cost of a day, is over a limit. It looks back only: a forecast of ' +
    'the month is another matter.',
  class: 'cost',
  scales: ['log'],
  needsReference: false,
  versionsTogether: true,
  options,
  shorthand: 'max',
  examples: [{ max: 50 }],
  judge,
});
