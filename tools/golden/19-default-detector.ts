import { ladderAlpha, strideOf } from '../../detectors/ladder/alpha-ladder.ts';
import { orthonormalBasis } from '../../detectors/ladder/basis.ts';
import { psiExcess, psiOfPairs } from '../../detectors/ladder/effect.ts';
import { mergeLevels, testLevels } from '../../detectors/ladder/levels.ts';
import { type Comparison, exactBinPValue, maxBin } from '../../detectors/ladder/max-bin.ts';
import { smoothComponents, smoothPValue, smoothStatistic } from '../../detectors/ladder/smooth-test.ts';
import { effectiveWindows, fitVariance, inflation } from '../../detectors/ladder/variance.ts';
import { kolmogorovUpper } from '../../detectors/math/kolmogorov.ts';
import type { GoldenCase } from './runner.ts';

interface NumericInput {
  readonly ref_share: readonly number[];
  readonly m: number;
  readonly count: readonly number[];
}

interface InflatedInput extends NumericInput {
  readonly inflation: readonly {
    readonly phi: number;
    readonly tau2: number;
    readonly phi_only: number;
    readonly tau2_only: number;
  }[];
  readonly nu: number;
  readonly guard: number;
}

function comparisonOf(input: NumericInput): Comparison & { readonly x: number } {
  const bins = Float64Array.from(input.count);
  const n = bins.reduce((sum, count) => sum + count, 0);
  return { bins, n, expected: Float64Array.from(input.ref_share), m: input.m, x: 1 / n + 1 / input.m };
}

function numeric(input: NumericInput) {
  const comparison = comparisonOf(input);
  const { bins, n, expected, m, x } = comparison;
  const z = smoothComponents(bins, n, expected, orthonormalBasis(expected), x);
  const t = smoothStatistic(z);
  const smooth = smoothPValue(t);
  const most = maxBin(bins.length, (bin) => exactBinPValue(comparison, bin));
  const psi = psiOfPairs(comparison);
  const distance = ksDistance(comparison);
  return {
    x,
    z: [...z],
    T: t,
    p_smooth: smooth,
    p_maxbin: most.p,
    argmin_bin: most.bin,
    p: Math.min(1, 2 * Math.min(smooth, most.p)),
    psi_half_bins: psi,
    psi_excess: psiExcess(psi, bins.length, x),
    ks_binned: distance,
    p_ks_binned: kolmogorovUpper(distance * Math.sqrt((n * m) / (n + m))),
  };
}

function ksDistance({ bins, n, expected }: Comparison): number {
  let sum = 0;
  let most = 0;
  bins.forEach((count, j) => {
    sum += count / n - (expected[j] ?? 0);
    most = Math.max(most, Math.abs(sum));
  });
  return most;
}

function numericInflated(input: InflatedInput) {
  const { bins, n, expected, x } = comparisonOf(input);
  const z = smoothComponents(bins, n, expected, orthonormalBasis(expected), x);
  const over = input.inflation.map((one) =>
    inflation({ phi: one.phi, tau2: one.tau2, phiOnly: one.phi_only, tau2Only: one.tau2_only }, x),
  );
  const t = smoothStatistic(z, over);
  return { x, T: t, p_smooth: smoothPValue(t, { nu: input.nu, guard: input.guard }) };
}

function categorical(input: {
  readonly ref: readonly number[];
  readonly cur: readonly number[];
  readonly unseen_count: number;
  readonly ref_singletons: number;
}) {
  const merged = mergeLevels(input.ref, input.cur, input.unseen_count);
  const unseen = { rows: input.unseen_count, singletons: input.ref_singletons };
  const found = testLevels(merged, { unseen, exactOnly: true });
  return {
    categories_kept: merged.alone,
    merged_ref: merged.reference,
    merged_cur: merged.current,
    psi: found.psi,
    psi_excess: found.excess,
    p_psi: found.pPsi,
    p_maxbin: found.pMaxLevel,
    p_unseen: found.pUnseen,
    p: found.p,
  };
}

function varianceFit(input: { readonly d2: readonly number[]; readonly x: readonly number[] }) {
  const { phi, tau2, phiOnly, tau2Only } = fitVariance(input.d2, input.x);
  return { phi, tau2, phi_only: phiOnly, tau2_only: tau2Only };
}

function alphaLadder(input: {
  readonly false_alarms_per_month: number;
  readonly features: number;
  readonly windows: readonly number[];
}) {
  const rows = input.windows.map((ticks) => ({
    window_ticks: ticks,
    stride: strideOf(ticks),
    alpha: ladderAlpha(ticks, input.false_alarms_per_month, input.features),
  }));
  return { rows };
}

export function run(one: GoldenCase): unknown {
  switch (one.kind) {
    case 'numeric':
      return numeric(one.input as Parameters<typeof numeric>[0]);
    case 'numeric_inflated':
      return numericInflated(one.input as Parameters<typeof numericInflated>[0]);
    case 'categorical':
      return categorical(one.input as Parameters<typeof categorical>[0]);
    case 'variance_fit':
      return varianceFit(one.input as Parameters<typeof varianceFit>[0]);
    case 'nu_eff':
      return effectiveWindows((one.input as { readonly z: readonly number[] }).z);
    case 'alpha_ladder':
      return alphaLadder(one.input as Parameters<typeof alphaLadder>[0]);
    default:
      throw new Error(`the kind ${one.kind} is not known`);
  }
}
