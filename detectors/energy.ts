/**
 * Energy distance: √(2 ∫ (F − G)² dt), in units of the reference's standard deviation. Between Cramér–von Mises, which counts
 * ranks, and Wasserstein, which counts ways: far values weigh more than near ones.
 *
 * 1. Read at the edges of the cells: √(2 Σ (F − G)² Δ), Δ the way to the next edge; what is outside the reference's range counts
 *    as one standard deviation beyond it.
 * 2. p ≈ from the distribution of that very sum (counters/squared-distance.ts).
 * 3. The effect is the distance beyond chance: 0.075 for a normal shifted by 0.1 sd, 0.19 by 0.25.
 *
 * When not to use it: for heavy tails, whose outer cells are wide and whose standard deviation is a few rows' (cramer_von_mises
 * or psi are better); for levels.
 *
 * Source: Székely and Rizzo (2013); Baringhaus and Franz (2004) for the null.
 */
import { defineSquaredDistance } from './counters/squared-distance.ts';

export const energy = defineSquaredDistance({
  type: 'energy',
  title: 'Energy distance',
  stability: 'alpha',
  description:
    'The energy distance of a number from its reference, in standard deviations of the reference. Calibrated by default, p ≈. ' +
    'Not for heavy tails, nor for levels.',
  name: 'Energy distance',
  thresholdText: 'Breach when the distance is over this.',
  exampleThreshold: 0.2,
  minEffect: 0.07,
  minEffectText: 'the least distance beyond chance. 0.075 is a shift by 0.1 sd of a normal.',
  weightOf: ({ width }) => width,
  toStatistic: (integral) => Math.sqrt(2 * integral),
  fromStatistic: (statistic) => (statistic * statistic) / 2,
  toEffect: (integral) => Math.sqrt(2 * integral),
  fromEffect: (effect) => (effect * effect) / 2,
});
