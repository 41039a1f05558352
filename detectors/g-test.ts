/**
 * The G test (likelihood ratio) of the shares of deciles or levels: 2 Σ O ln(O / E) over both samples, a group that is empty
 * on one side adding nothing for it.
 *
 * About chi-square with B' − 1 degrees of freedom, as Pearson's; it weighs a group that is new or gone more, and counts of
 * several groups add up exactly.
 *
 * A worked example: 30 and 70 against 45 and 55 is 4.82, p = 0.028.
 *
 * When not to use it: with many groups of few rows, where it is too loud (chi_square is better there).
 *
 * Sources: Wilks (1938); Sokal and Rohlf, Biometry, §17.
 */
import { defineGroupDetector } from './counters/group-test.ts';
import { testTable } from './exact/chi-square-table.ts';

export const gTest = defineGroupDetector({
  type: 'g_test',
  title: 'G test',
  stability: 'beta',
  description:
    'The likelihood-ratio test of the shares of deciles or levels against the reference. Calibrated by default; p ≈ ' +
    'chi-square. Weighs new and vanished groups more than chi_square; not for many groups of few rows.',
  name: 'G',
  thresholdText: 'Breach when G is over this.',
  exampleThreshold: 60,
  halfRows: 'never',
  statisticOf: (reference, current) =>
    testTable([reference, current], { statistic: 'g', correction: 'none' }).statistic,
  toChiSquare: (statistic) => statistic,
  fromChiSquare: (chiSquareVariable) => chiSquareVariable,
});
