/**
 * Anderson–Darling distance: the squared difference of the two distribution functions over its own variance, H(1 − H), so that
 * the tails count as much as the middle.
 *
 * 1. Read at the edges of the cells: nm/(n+m) · Σ h (F − G)² / (H(1 − H)), h the pooled share of a cell and H that up to its
 *    edge. How a tail looks inside its outer cell is not in the counters.
 * 2. p ≈ from the distribution of that very sum (counters/squared-distance.ts); for many cells it is the textbook's, 2.49 at
 *    5 % and 3.86 at 1 %. It has no cap, other than the usual tables that end at 0.001.
 * 3. The effect is the weighted squared difference beyond chance: 0.0048 for a normal shifted by 0.1 sd.
 *
 * When not to use it: for levels; where every row in a tail is of no interest.
 *
 * Sources: Anderson and Darling (1952); Pettitt, Biometrika 63 (1976) 161 for two samples.
 */
import { defineSquaredDistance } from './counters/squared-distance.ts';

export const andersonDarling = defineSquaredDistance({
  type: 'anderson_darling',
  title: 'Anderson–Darling test',
  stability: 'alpha',
  description:
    'As Cramér–von Mises, with the tails weighted up to count as much as the middle. Calibrated by default, p ≈. Not for ' +
    'levels.',
  name: 'Anderson–Darling statistic',
  thresholdText: 'Breach when the statistic is over this.',
  exampleThreshold: 15,
  minEffect: 0.005,
  minEffectText:
    'the least weighted squared difference beyond chance. 0.005 is a shift by 0.1 sd of a normal.',
  weightOf: ({ step, pooled }) => step / (pooled * (1 - pooled)),
  toStatistic: (integral, x) => integral / x,
  fromStatistic: (statistic, x) => statistic * x,
  toEffect: (integral) => integral,
  fromEffect: (effect) => effect,
});
