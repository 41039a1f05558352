/**
 * Jensen–Shannon distance (base 2) of the shares of deciles or levels: the root of the mean divergence of both sides from
 * their middle. 0 for equal shares, 1 for disjoint ones. Calibrated, half a row is added to each group (Jeffreys).
 *
 * Under no change 8·JSD / x is about chi-square with B' − 1 degrees of freedom, JSD in nats, x = 1/n + 1/m (from JSD ≈
 * Σ d²/(8π)). By chance alone the distance is about √((B' − 1)x / (8 ln 2)): 0.09 for 200 rows and ten groups, so the usual
 * fixed threshold of 0.1 floods there and is blind at 10,000. Without one it is calibrated.
 *
 * When not to use it: with levels of which none is frequent. Many tools show its square, the divergence, or use nats.
 *
 * Sources: Lin (1991); the null from the second-order expansion, ≈.
 */
import { defineGroupDetector } from './counters/group-test.ts';
import { jensenShannonDistance, sharesOf } from './exact/divergences.ts';

export const jensenShannon = defineGroupDetector({
  type: 'jensen_shannon',
  title: 'Jensen–Shannon distance',
  stability: 'beta',
  description:
    'The Jensen–Shannon distance (base 2, 0 to 1) of the shares of deciles or levels from the reference. Calibrated by ' +
    'default, p ≈ chi-square; not for levels of which none is frequent.',
  name: 'Jensen–Shannon distance',
  thresholdText: 'Breach when the distance is over this; 0.1 is usual.',
  exampleThreshold: 0.1,
  halfRows: 'calibrated',
  statisticOf: (reference, current) => jensenShannonDistance(sharesOf(reference), sharesOf(current), 2),
  toChiSquare: (statistic, x) => (8 * statistic ** 2 * Math.LN2) / x,
  fromChiSquare: (chiSquare, x) => Math.min(1, Math.sqrt((chiSquare * x) / (8 * Math.LN2))),
});
