/**
 * The share of one level, such as errors, against the reference's, by the z-test of two proportions with a pooled variance.
 *
 * p ≈ normal: about right where 5 of each are expected on both sides, and too small far out for rare events (a share of 0.1 %
 * at 1,000 rows): `fisher` is exact there. Effective rows by Kish.
 *
 * A worked example: 80 of 1,000 against 1,000 of 20,000: 3 points, z = 4.2, p = 3e-5.
 *
 * When not to use it: for rare events; for a share that has a limit of its own (share_limit) or an error budget.
 *
 * Source: any text; golden rows by scipy.
 */
import { z } from 'zod';
import { levelRates } from './counters/level-rate.ts';
import { rateExamples, rateFinding, rateOptions, rawRate } from './counters/rate-test.ts';
import { defineDetector } from './detector.ts';
import { pooledZ } from './exact/proportions.ts';

const options = rateOptions(200).extend({
  level: z.string().min(1).default('error').describe('The level whose share is compared.'),
});

export const twoProportion = defineDetector<z.output<typeof options>>({
  type: 'two_proportion',
  title: 'Two-proportion test',
  stability: 'beta',
  description:
    'Breaches when the share of one level, such as errors, moved from the reference by more than chance. Calibrated by ' +
    'default, p ≈ normal. Not for rare events, which want fisher.',
  class: 'error',
  scales: ['levels'],
  needsReference: true,
  options,
  shorthand: 'threshold',
  raw: rawRate('the share'),
  examples: rateExamples,
  judge: (input) => {
    const { level } = input.options;
    const rates = levelRates(input, 'The two-proportion test', level);
    if ('finding' in rates) return rates.finding;
    return rateFinding(input, {
      ...rates,
      name: `Share of '${level}' in ${input.signal}`,
      side: 'both',
      pValue: (current, reference) => pooledZ(current, reference)?.twoSided ?? 1,
    });
  },
});
