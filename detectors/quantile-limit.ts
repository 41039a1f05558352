/**
 * A limit on a quantile, such as "p95 of latency_ms at most 800 ms".
 *
 * The idea: the quantile of the rows in one window is itself uncertain. Its lower confidence bound is the value at a rank
 * taken from the binomial distribution, whatever the distribution of the values; a breach is a bound over the limit, so
 * that the quantile is over it with 97.5 % confidence and not by a few unlucky rows.
 *
 * 1. rank = the smallest k with P(Bin(n, quantile) ≤ k) ≥ 2.5 % (n effective rows, rounded down); the value at that rank
 *    is read as the start of its cell, which it cannot be below. The limit is judged to within a cell: 1.6 to 3 %.
 * 2. The quantile shown is off by at most 1.6 % (log-histogram.ts).
 * 3. Fewer than ln 0.05 / ln quantile rows (59 for p95, 299 for p99) would, one time in 20, hold none beyond the
 *    quantile: inconclusive.
 *
 * The 2.5 % is per look, not from the false-alarm budget: hovering at the limit is meant to be found. Rows are taken as
 * independent. When not to use it: for a share of slow calls agreed as an SLO (a burn rate is better).
 *
 * Source: Hahn and Meeker, Statistical Intervals (1991), §5.2.
 */
import { z } from 'zod';
import type { Finding } from '../core/verdict.ts';
import { effectiveSize } from './counters/counters.ts';
import {
  amountText,
  boundedText,
  inconclusive,
  limitFinding,
  limitTail,
  notApplicable,
  numberText,
  rowsText,
  tooFew,
} from './counters/finding.ts';
import { type DetectorInput, defineDetector } from './detector.ts';
import { quantileRanks } from './math/binomial.ts';
import { logLowerBound, logQuantile } from './sketches/log-histogram.ts';

const options = z.strictObject({
  quantile: z.number().gt(0).lt(1).default(0.95).describe('Which quantile: 0.95 is p95.'),
  max: z
    .number()
    .positive()
    .describe(
      'The limit in the unit of the signal: ms for latency_ms, USD for cost_usd. No default: only you know it.',
    ),
  min_rows: z
    .int()
    .min(1)
    .optional()
    .describe('Effective rows needed. Default by quantile, ln 0.05 / ln quantile: 59 for p95, 299 for p99.'),
});

type Options = z.output<typeof options>;

function judge(input: DetectorInput<Options>): Finding {
  const { scale, current, signal } = input;
  const { quantile, max } = input.options;
  if (scale.kind !== 'log') return notApplicable(input, 'A quantile limit');
  const minRows = input.options.min_rows ?? Math.ceil(Math.log(0.05) / Math.log(quantile));
  const few = tooFew({ ...input, reference: undefined }, minRows);
  if (few !== undefined) return few;
  const rows = Math.max(1, Math.floor(effectiveSize(current) + 1e-6));
  const rank = quantileRanks(rows, quantile, limitTail).low;
  const value = logQuantile(current, quantile);
  const bound = rank === undefined ? undefined : logLowerBound(current, rank / rows);
  const name = `p${numberText(quantile * 100)} of ${signal}`;
  if (value === undefined || bound === undefined) {
    const reason = `${rowsText(current)} of ${signal} are too few to bound ${name} from below.`;
    return inconclusive('too_few', reason, { reference: 0, current: rows });
  }
  const bounded = { value, bound, max };
  const said = boundedText(bounded, (amount) => amountText(signal, amount));
  return limitFinding(input, bounded, `${name} is ${said}, with ${rowsText(current)}.`);
}

export const quantileLimit = defineDetector<Options>({
  type: 'quantile_limit',
  title: 'Quantile over a limit',
  stability: 'beta',
  description:
    'Breaches when a quantile, such as p95 of the latency, is over a limit with 97.5 % confidence. Not for an agreed ' +
    'share of slow calls, which wants a burn rate.',
  class: 'latency',
  scales: ['log'],
  needsReference: false,
  options,
  shorthand: 'max',
  examples: [{ max: 800 }, { quantile: 0.99, max: 2000, min_rows: 500 }],
  judge,
});
