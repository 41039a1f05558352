/**
 * Hellinger distance of the shares of deciles or levels: √(½ Σ (√p − √q)²), 0 for equal shares and 1 for disjoint ones.
 *
 * Under no change 8·H² / x is about chi-square with B' − 1 degrees of freedom, x = 1/n + 1/m: roots of counts all have the same
 * variance, so that rare groups weigh as much as frequent ones. Calibrated without a threshold, with half a row added to each
 * group (Jeffreys), as nearly empty groups are too loud otherwise.
 *
 * When not to use it: with levels of which none is frequent; a fixed threshold means another change at every number of rows.
 *
 * Sources: Hellinger (1909); Freeman and Tukey (1950) for the null, which is 4 Σ (√O − √E)², ≈.
 */
import { defineGroupDetector } from './counters/group-test.ts';
import { hellinger as hellingerDistance, sharesOf } from './exact/divergences.ts';

export const hellinger = defineGroupDetector({
  type: 'hellinger',
  title: 'Hellinger distance',
  stability: 'beta',
  description:
    'The Hellinger distance (0 to 1) of the shares of deciles or levels from the reference. Calibrated by default, p ≈ ' +
    'chi-square; not for levels of which none is frequent.',
  name: 'Hellinger distance',
  thresholdText: 'Breach when the distance is over this; 0.1 is usual.',
  exampleThreshold: 0.1,
  halfRows: 'calibrated',
  statisticOf: (reference, current) => hellingerDistance(sharesOf(reference), sharesOf(current)),
  toChiSquare: (statistic, x) => (8 * statistic ** 2) / x,
  fromChiSquare: (chiSquare, x) => Math.min(1, Math.sqrt((chiSquare * x) / 8)),
});
