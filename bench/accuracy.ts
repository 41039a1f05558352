import { freezeNumeric } from '../detectors/counters/freeze.ts';
import { groupsOf } from '../detectors/counters/groups.ts';
import { ksDistances } from '../detectors/ks.ts';
import { psiStatistics } from '../detectors/psi.ts';
import { wasserstein } from '../detectors/wasserstein.ts';
import { plainKsSorted, plainPsi, plainWasserstein } from '../test/support/plain-statistics.ts';
import type { KernelAnswer } from './kernel-answer.ts';
import { counted, sha256 } from './kernel-signals.ts';
import type { Chance } from './payload-records.ts';

const referenceRows = 20_000;
const windowRows = 5_000;
const draws = 20;

interface Shape {
  readonly draw: (chance: Chance) => number;
  /** Of windows, moved a little, so that there is something to be read. */
  readonly isContinuous: boolean;
  readonly isLightTailed: boolean;
}

/** Normal, far from zero, uniform, two humps, lognormal, whole numbers, and two thirds zeros. */
const shapes: readonly Shape[] = [
  { draw: (chance) => chance.normal(), isContinuous: true, isLightTailed: true },
  { draw: (chance) => 1e6 + chance.normal(), isContinuous: true, isLightTailed: true },
  { draw: (chance) => chance.real(0, 1), isContinuous: true, isLightTailed: true },
  {
    draw: (chance) => chance.normal() + (chance.real(0, 1) < 0.5 ? 0 : 6),
    isContinuous: true,
    isLightTailed: true,
  },
  { draw: (chance) => Math.exp(2 * chance.normal()), isContinuous: true, isLightTailed: false },
  { draw: (chance) => chance.whole(0, 99), isContinuous: false, isLightTailed: true },
  {
    draw: (chance) => (chance.real(0, 1) < 0.66 ? 0 : chance.normal()),
    isContinuous: false,
    isLightTailed: true,
  },
];
const shift = 0.1;

/**
 * Statistics from counters against those of the raw values, 7 distributions × 20 draws, edges cut from the whole
 * reference. PSI is compared where deciles have no ties, W1 (in sd of the reference) where tails are light.
 */
export function measureAccuracy(rounds: number, chance: Chance): KernelAnswer {
  const all = Array.from({ length: rounds }, () => round(chance));
  const of = (key: keyof Round) => all.map((one) => one[key]);
  const isNegative = all.some((one) => one.ksLowMin < -1e-9);
  return {
    unequal: isNegative ? 'D from counters is over that of the raw values' : '',
    figures: {
      'accuracy.ks_low_by_max': of('ksLowMax'),
      'accuracy.ks_low_by_mean': of('ksLowMean'),
      'accuracy.psi_abs_max': of('psiAbsMax'),
      'accuracy.w1_rel_median': of('w1RelMedian'),
    },
  };
}

interface Round {
  readonly ksLowMax: number;
  readonly ksLowMean: number;
  readonly ksLowMin: number;
  readonly psiAbsMax: number;
  readonly w1RelMedian: number;
}

function round(chance: Chance): Round {
  const low: number[] = [];
  const psi: number[] = [];
  const w1: number[] = [];
  for (const shape of shapes) {
    for (let i = 0; i < draws; i++) {
      const found = compare(shape, chance);
      low.push(found.low);
      if (shape.isContinuous) psi.push(found.psi);
      if (shape.isLightTailed) w1.push(found.w1);
    }
  }
  w1.sort((a, b) => a - b);
  return {
    ksLowMax: Math.max(...low),
    ksLowMin: Math.min(...low),
    ksLowMean: low.reduce((sum, one) => sum + one, 0) / low.length,
    psiAbsMax: Math.max(...psi),
    w1RelMedian: w1[w1.length >> 1] ?? Number.NaN,
  };
}

function compare({ draw }: Shape, chance: Chance): { low: number; psi: number; w1: number } {
  const before = Array.from({ length: referenceRows }, () => draw(chance));
  const now = Array.from({ length: windowRows }, () => draw(chance) + (chance.real(0, 1) < shift ? 1 : 0));
  const scale = freezeNumeric(Float64Array.from(before), sha256);
  const reference = counted(scale, before);
  const current = counted(scale, now);
  const { psi } = psiStatistics(groupsOf(scale, reference, current).groups);
  const found = wasserstein.judge({
    scale,
    reference,
    current,
    options: wasserstein.options.parse({ threshold: 1 }),
    alpha: 0.01,
    signal: '',
  });
  const plain = plainWasserstein(before, now) / Math.sqrt(reference.m2 / reference.weight);
  return {
    low: plainKsSorted(before, now) - ksDistances(reference.counts, current.counts).d,
    psi: Math.abs(psi - plainPsi(before, now)),
    w1: Math.abs((found.statistic ?? Number.NaN) - plain) / plain,
  };
}
