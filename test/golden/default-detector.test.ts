import { expect, test } from 'vitest';
import type { LevelsScale } from '../../core/scale.ts';
import { alphaPerLook } from '../../detectors/calibrate.ts';
import { countLevel, newCounters } from '../../detectors/counters/counters.ts';
import { groupsOf } from '../../detectors/counters/groups.ts';
import { ksDistances, ksPValue } from '../../detectors/ks.ts';
import { psiOfCounts, psiStatistics } from '../../detectors/psi.ts';
import { expectAllNamed, expectGolden, type GoldenFile, readGolden, toleranceOf } from './golden.ts';

interface Case {
  readonly name: string;
  readonly kind: string;
  readonly input: Readonly<Record<'ref_share' | 'count' | 'ref' | 'cur' | 'windows', readonly number[]>> &
    Readonly<Record<'m' | 'false_alarms_per_month' | 'features' | 'ticks_per_month', number>>;
  readonly expected: Readonly<Record<string, number>> &
    Readonly<Record<'merged_ref' | 'merged_cur', readonly number[]>> & {
      readonly rows: readonly {
        readonly window_ticks: number;
        readonly stride: number;
        readonly alpha: number;
      }[];
    };
}

const file = readGolden<GoldenFile<Case>>('19_default_detector.json');
const statistic = toleranceOf(file, 'T,z,psi');
const probability = toleranceOf(file, 'p');
const ofKind = (kind: string) => file.cases.filter((one) => one.kind === kind);

test('19: every kind and key is checked or listed as not in this issue', () => {
  const found = file.cases.flatMap((one) => Object.keys(one.expected).map((key) => `${one.kind} ${key}`));
  const psi = [
    'numeric x',
    'numeric psi_half_bins',
    'numeric psi_excess',
    'numeric ks_binned',
    'numeric p_ks_binned',
  ];
  const levels = ['categories_kept', 'merged_ref', 'merged_cur', 'psi', 'psi_excess', 'p_psi'];
  const smoothTest = ['z', 'T', 'p_smooth', 'p_maxbin', 'argmin_bin', 'p'].map((key) => `numeric ${key}`);
  const inflated = ['x', 'T', 'p_smooth'].map((key) => `numeric_inflated ${key}`);
  const maxAndUnseen = ['p_maxbin', 'p_unseen', 'p'].map((key) => `categorical ${key}`);
  const fits = ['phi', 'tau2', 'phi_only', 'tau2_only'].map((key) => `variance_fit ${key}`);
  expectAllNamed(
    found,
    [...psi, ...levels.map((key) => `categorical ${key}`), 'alpha_ladder rows'],
    [...smoothTest, ...inflated, ...maxAndUnseen, ...fits, 'nu_eff rho', 'nu_eff nu'],
  );
});

test.each(ofKind('numeric'))('19 PSI on deciles and KS on ventiles: $name', ({ name, input, expected }) => {
  const reference = input.ref_share.map((share) => share * input.m);
  const pairs = (counts: readonly number[]) =>
    counts.flatMap((count, i) => (i % 2 === 0 ? [count + (counts[i + 1] ?? 0)] : []));
  const n = input.count.reduce((sum, count) => sum + count, 0);
  const x = 1 / n + 1 / input.m;
  expectGolden(`${name} x`, x, expected['x'] as number, statistic);
  // Two merged ventiles bring half a pseudo-count each.
  const psi = psiOfCounts(pairs(reference), pairs(input.count), 1);
  expectGolden(`${name} psi`, psi, expected['psi_half_bins'] as number, statistic);
  const excess = psi - (pairs(reference).length - 1) * x;
  expectGolden(`${name} excess`, excess, expected['psi_excess'] as number, statistic);
  const { d } = ksDistances(Float64Array.from(reference), Float64Array.from(input.count));
  expectGolden(`${name} D`, d, expected['ks_binned'] as number, statistic);
  expectGolden(`${name} p`, ksPValue(d, n, input.m), expected['p_ks_binned'] as number, probability);
});

function countLevels(scale: LevelsScale, rows: readonly number[]) {
  const counters = newCounters(scale);
  rows.forEach((count, i) => {
    for (let row = 0; row < count; row++) countLevel(counters, scale, `level ${i}`, 1);
  });
  return counters;
}

/** There unseen levels are a cell of their own, but count as rows where levels are merged. */
const unseenNotInThisIssue = 'categorical_unseen';

test.each(ofKind('categorical').filter((one) => one.name !== unseenNotInThisIssue))(
  '19 merging of rare levels: $name',
  ({ input, expected }) => {
    const cells = new Map(input.ref.map((_, i) => [`level ${i}`, i]));
    const scale: LevelsScale = { kind: 'levels', id: 'sc_levels', cells };
    const { groups } = groupsOf(scale, countLevels(scale, input.ref), countLevels(scale, input.cur));
    expect(groups.map((group) => group.reference)).toEqual(expected.merged_ref);
    expect(groups.map((group) => group.current)).toEqual(expected.merged_cur);
    expect(groups.length - 1).toBe(expected['categories_kept']);
  },
);

test.each(ofKind('categorical'))('19 PSI of levels: $name', ({ name, expected }) => {
  const groups = expected.merged_ref.map((reference, i) => ({
    reference,
    current: expected.merged_cur[i] ?? 0,
  }));
  const found = psiStatistics(groups);
  expectGolden(`${name} psi`, found.psi, expected['psi'] as number, statistic);
  expectGolden(`${name} excess`, found.excess, expected['psi_excess'] as number, statistic);
  expectGolden(`${name} p`, found.pValue, expected['p_psi'] as number, probability);
});

test.each(ofKind('alpha_ladder'))('19 alpha of a ladder of windows: $name', ({ name, input, expected }) => {
  const tickMs = 300_000;
  const perMs = input.ticks_per_month * tickMs;
  for (const row of expected.rows) {
    // Each length of window is a signal of its own to the budget, and looks once a stride.
    const signals = input.features * input.windows.length;
    const alpha = alphaPerLook(
      { count: input.false_alarms_per_month, perMs },
      signals,
      row.stride * tickMs,
      1,
    );
    expectGolden(`${name} ${row.window_ticks}`, alpha, row.alpha, statistic);
  }
});
