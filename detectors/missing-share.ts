/**
 * The share of rows without a value against the reference's: missing / (rows + missing).
 *
 * p is the exact conditional binomial: of all missing rows of window and reference together, those in the window, given one
 * rate, are Bin(k₁ + k₂, n/(n+m)); the smaller tail doubled. Missing rows count by the effective weight of the others.
 *
 * A worked example: with 100 of 10,000 rows missing in the reference, 71 of 2,350 in the window (3 %) give p = 2e-11.
 *
 * When not to use it: where the reference was made from rows that were cleaned first: every missing one is news there.
 *
 * Source: Przyborowski and Wilenski, Biometrika 31 (1940) 313.
 */
import { absentFinding } from './counters/absent-rate.ts';
import { type RateOptions, rateExamples, rateOptions, rawRate } from './counters/rate-test.ts';
import { defineDetector } from './detector.ts';

export const missingShare = defineDetector<RateOptions>({
  type: 'missing_share',
  title: 'Share of missing values',
  stability: 'beta',
  description:
    'Breaches when the share of rows without a value moved from the reference by more than chance; exact, calibrated by ' +
    'default. Not with a reference whose rows were cleaned first.',
  class: 'drift',
  scales: ['numeric', 'levels', 'log'],
  needsReference: true,
  options: rateOptions(200),
  shorthand: 'threshold',
  raw: rawRate('the share of missing rows'),
  examples: rateExamples,
  judge: (input) => absentFinding(input, 'missing'),
});
