/**
 * The share of one level, such as errors, against the reference's, by Fisher's exact test: given how many of all rows are errors,
 * those in the window are a draw without replacement. It holds for any share and any number of rows.
 *
 * Two-sided p is the sum of all tables no more likely than the one seen. Effective rows are rounded to whole ones.
 *
 * A worked example: 3 of 200 against 10 of 20,000: 1.45 points, p = 2.5e-4; the z-test says 9e-16.
 *
 * When not to use it: for a share that has a limit of its own (share_limit) or an error budget.
 *
 * Source: R. A. Fisher (1935).
 */
import { z } from 'zod';
import { levelRates } from './counters/level-rate.ts';
import { rateExamples, rateFinding, rateOptions, rawRate } from './counters/rate-test.ts';
import { defineDetector } from './detector.ts';
import { fisherExact, type Proportion } from './exact/proportions.ts';

const options = rateOptions(50).extend({
  level: z.string().min(1).default('error').describe('The level whose share is compared.'),
});

function whole({ k, n }: Proportion): Proportion {
  return { k: Math.min(Math.round(k), Math.round(n)), n: Math.round(n) };
}

export const fisher = defineDetector<z.output<typeof options>>({
  type: 'fisher',
  title: "Fisher's exact test",
  stability: 'beta',
  description:
    'Breaches when the share of one level, such as errors, moved from the reference by more than chance. Exact, so also for ' +
    'rare events and few rows. Not for an error budget over weeks, which wants a burn rate.',
  class: 'error',
  scales: ['levels'],
  needsReference: true,
  options,
  shorthand: 'threshold',
  raw: rawRate('the share'),
  examples: rateExamples,
  judge: (input) => {
    const { level } = input.options;
    const rates = levelRates(input, "Fisher's test", level);
    if ('finding' in rates) return rates.finding;
    return rateFinding(input, {
      ...rates,
      name: `Share of '${level}' in ${input.signal}`,
      side: 'both',
      pValue: (current, reference) => fisherExact(whole(current), whole(reference)).twoSided,
    });
  },
});
