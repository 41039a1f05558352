/**
 * Cramér–von Mises distance: nm/(n+m) times the mean squared difference of the two distribution functions, over the pooled
 * rows. Where Kolmogorov's D looks at one place, it gathers small differences over all of them.
 *
 * 1. Read at the edges of the cells: Σ h (F − G)², h the pooled share of a cell.
 * 2. p ≈ from the distribution of that very sum (counters/squared-distance.ts); for many cells it is the textbook's, 0.461 at
 *    5 % and 0.743 at 1 %.
 * 3. The effect is the mean squared difference beyond chance: 0.00092 for a normal shifted by 0.1 sd, 0.0057 by 0.25.
 *
 * When not to use it: for tails and spread, which it hardly weighs (anderson_darling); for levels.
 *
 * Sources: Cramér (1928), von Mises (1931); T. W. Anderson (1962) for two samples.
 */
import { defineSquaredDistance } from './counters/squared-distance.ts';

export const cramerVonMises = defineSquaredDistance({
  type: 'cramer_von_mises',
  title: 'Cramér–von Mises test',
  stability: 'alpha',
  description:
    'The squared difference of the distribution functions of a number and its reference, gathered over all rows. Calibrated ' +
    'by default, p ≈. Strong for shifts, blunt in the tails; not for levels.',
  name: 'Cramér–von Mises statistic',
  thresholdText: 'Breach when the statistic is over this.',
  exampleThreshold: 3,
  minEffect: 0.001,
  minEffectText:
    'the least mean squared difference beyond chance. 0.001 is a shift by a little over 0.1 sd of a normal.',
  weightOf: ({ step }) => step,
  toStatistic: (integral, x) => integral / x,
  fromStatistic: (statistic, x) => statistic * x,
  toEffect: (integral) => integral,
  fromEffect: (effect) => effect,
});
