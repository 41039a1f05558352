/**
 * Kullback–Leibler divergence of the reference's shares from the window's, Σ p ln(p/q) in nats, p the reference's. It is not
 * symmetric, and infinite where the window lacks a group; so each group gets half a row on both sides (Jeffreys), as with PSI,
 * of which it is about half.
 *
 * Under no change 2·KL / x is about chi-square with B' − 1 degrees of freedom, x = 1/n + 1/m. Calibrated without a threshold.
 *
 * When not to use it: where one wants a bounded number (jensen_shannon), or with levels of which none is frequent.
 *
 * Sources: Kullback and Leibler (1951); Kullback, Information Theory and Statistics (1959) §5 for the null, ≈.
 */
import { defineGroupDetector } from './counters/group-test.ts';
import { kullbackLeibler, sharesOf } from './exact/divergences.ts';

export const klDivergence = defineGroupDetector({
  type: 'kl_divergence',
  title: 'Kullback–Leibler divergence',
  stability: 'beta',
  description:
    "The divergence, in nats, of the reference's shares of deciles or levels from the window's, with half a row added to " +
    'each group. Calibrated by default, p ≈ chi-square; not bounded, and not symmetric.',
  name: 'KL divergence',
  thresholdText: 'Breach when the divergence is over this; 0.1 is usual.',
  exampleThreshold: 0.1,
  halfRows: 'always',
  statisticOf: (reference, current) => kullbackLeibler(sharesOf(reference), sharesOf(current)),
  toChiSquare: (statistic, x) => (2 * statistic) / x,
  fromChiSquare: (chiSquare, x) => (chiSquare * x) / 2,
});
