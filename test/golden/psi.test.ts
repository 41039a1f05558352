import { expect, test } from 'vitest';
import { psiOfCounts, psiStatistics, psiThreshold } from '../../detectors/psi.ts';
import {
  expectAllNamed,
  expectGolden,
  type GoldenFile,
  type GoldenNumber,
  readGolden,
  toleranceOf,
} from './golden.ts';

interface Case {
  readonly name: string;
  readonly input: {
    readonly count_ref: readonly number[];
    readonly count_cur: readonly number[];
    readonly inner_edges?: readonly number[];
    readonly x_ref?: readonly number[];
    readonly x_cur?: readonly number[];
  };
  readonly expected: {
    readonly psi: Readonly<Record<string, GoldenNumber>>;
    readonly bins_nonempty: number;
    readonly null_mean: number;
    readonly p_chi2_asymptotic: number;
    readonly psi_debiased: number;
    readonly threshold_alpha_0_05: number;
    readonly threshold_alpha_1e_6: number;
  };
}

const file = readGolden<GoldenFile<Case>>('04_psi.json');

test('04: every zero rule and key is checked or listed as not in this issue', () => {
  const otherZeroRules = ['naive', 'evidently_0_7', 'floor_1e-4', 'deepchecks_floor_0.01'];
  expectAllNamed(
    file.cases.flatMap((one) => Object.keys(one.expected.psi)),
    ['jeffreys_half', 'laplace_one'],
    otherZeroRules,
  );
  const keys = ['psi', 'bins_nonempty', 'null_mean', 'p_chi2_asymptotic', 'psi_debiased'];
  expectAllNamed(
    file.cases.flatMap((one) => Object.keys(one.expected)),
    [...keys, 'threshold_alpha_0_05', 'threshold_alpha_1e_6'],
    [],
  );
});

test.each(file.cases)('04 PSI: $name', ({ name, input, expected }) => {
  const groups = input.count_ref.map((reference, i) => ({ reference, current: input.count_cur[i] ?? 0 }));
  const statistics = psiStatistics(groups);
  const psi = toleranceOf(file, 'psi');
  expectGolden(name, statistics.psi, expected.psi['jeffreys_half'] as number, psi);
  const laplace = psiOfCounts(input.count_ref, input.count_cur, 1);
  expectGolden(`${name}, add one`, laplace, expected.psi['laplace_one'] as number, psi);
  expect(statistics.degreesOfFreedom).toBe(expected.bins_nonempty - 1);
  expectGolden(`${name} null mean`, statistics.psi - statistics.excess, expected.null_mean, psi);
  expectGolden(`${name} debiased`, Math.max(0, statistics.excess), expected.psi_debiased, psi);
  expectGolden(
    `${name} p`,
    statistics.pValue,
    expected.p_chi2_asymptotic,
    toleranceOf(file, 'p_chi2_asymptotic'),
  );
  // Without a floor on the effect (one that excess always passes) the threshold is the chi-square's.
  const floor = -statistics.degreesOfFreedom * statistics.scale;
  const thresholds = toleranceOf(file, 'thresholds');
  expectGolden(
    `${name} at 0.05`,
    psiThreshold(statistics, 0.05, floor),
    expected.threshold_alpha_0_05,
    thresholds,
  );
  expectGolden(
    `${name} at 1e-6`,
    psiThreshold(statistics, 1e-6, floor),
    expected.threshold_alpha_1e_6,
    thresholds,
  );
});
