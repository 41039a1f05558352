/**
 * Pearson's chi-square test of the shares of deciles or levels: Σ (O − E)² / E over both samples, E what each group would hold
 * if both had the same shares.
 *
 * The reference counts as a sample too: taking its shares as known, as some tools do, overstates the statistic by 1 + n/m.
 * About chi-square with B' − 1 degrees of freedom; the smallest false rates far out in the tail of all tests on shares.
 *
 * A worked example: 30 and 70 against 45 and 55 is 4.8, p = 0.028.
 *
 * When not to use it: with levels of which none is frequent; to say how large a change is (the statistic grows with rows:
 * the finding's effect does not).
 *
 * Source: K. Pearson (1900).
 */
import { defineGroupDetector } from './counters/group-test.ts';
import { testTable } from './exact/chi-square-table.ts';

export const chiSquare = defineGroupDetector({
  type: 'chi_square',
  title: 'Chi-square test',
  stability: 'beta',
  description:
    'Compares the shares of deciles or levels with the reference by the test of Pearson. Calibrated by default; p ≈ ' +
    'chi-square. A raw threshold on it means another change at every number of rows: leave it to the budget.',
  name: 'Chi-square',
  thresholdText: 'Breach when chi-square is over this.',
  exampleThreshold: 60,
  halfRows: 'never',
  statisticOf: (reference, current) =>
    testTable([reference, current], { statistic: 'pearson', correction: 'none' }).statistic,
  toChiSquare: (statistic) => statistic,
  fromChiSquare: (chiSquareVariable) => chiSquareVariable,
});
