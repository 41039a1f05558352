/**
 * A limit on the mean of a window, such as "at most 0.02 USD per call".
 *
 * The idea: breach when the lower confidence bound, mean − z·sd/√n, is over the limit; mean and sd are of the raw numbers,
 * not of cells, and n is Kish's effective size.
 *
 * What the bound is worth: it supposes that the mean of n rows is normal. Costs have heavy right tails, and then the
 * sample mean is mostly too low: at 1,000 rows a 95 % interval covers 91 % (lognormal, σ 1.5) and the truth is always
 * above. So a breach is late rather than false, and an overrun made by a few dear calls can stay "not surely over" for
 * long. One enormous row raises mean and sd alike and does not breach by itself.
 *
 * When not to use it: for what a period costs in all (total_limit); for the dear calls themselves (quantile_limit).
 */
import { z } from 'zod';
import type { Finding } from '../core/verdict.ts';
import { effectiveSize } from './counters/counters.ts';
import {
  amountText,
  boundedText,
  limitFinding,
  limitTail,
  notApplicable,
  rowsText,
  tooFew,
} from './counters/finding.ts';
import { type DetectorInput, defineDetector } from './detector.ts';
import { normalQuantile } from './math/normal.ts';

const options = z.strictObject({
  max: z
    .number()
    .positive()
    .describe('The limit in the unit of the signal: USD for cost_usd. No default: only you know it.'),
  min_rows: z
    .int()
    .min(2)
    .default(100)
    .describe('Effective rows needed: a mean of fewer is far from normal.'),
});

type Options = z.output<typeof options>;

function judge(input: DetectorInput<Options>): Finding {
  const { scale, current, signal } = input;
  const { max, min_rows } = input.options;
  if (scale.kind !== 'log') return notApplicable(input, 'A mean limit');
  const few = tooFew({ ...input, reference: undefined }, min_rows);
  if (few !== undefined) return few;
  const size = effectiveSize(current);
  const variance = current.m2 / current.weight;
  // n − 1 in the divisor, as the mean was estimated too.
  const error = Math.sqrt(variance / Math.max(1, size - 1));
  const bounded = { value: current.mean, bound: current.mean - normalQuantile(1 - limitTail) * error, max };
  const said = boundedText(bounded, (amount) => amountText(signal, amount));
  return limitFinding(input, bounded, `Mean ${signal} is ${said}, with ${rowsText(current)}.`);
}

export const meanLimit = defineDetector<Options>({
  type: 'mean_limit',
  title: 'Mean over a limit',
  stability: 'beta',
  description:
    'Breaches when the mean of a window, such as the cost per call, is over a limit with 97.5 % confidence. Heavy tails ' +
    'make it late rather than false; not for totals.',
  class: 'cost',
  scales: ['log'],
  needsReference: false,
  options,
  shorthand: 'max',
  examples: [{ max: 0.02 }, { max: 0.5, min_rows: 1000 }],
  judge,
});
