import { psiByRule, type ZeroRule } from '../../detectors/exact/psi.ts';
import { quantileOf } from '../../detectors/exact/quantiles.ts';
import { psiStatistics, psiThreshold } from '../../detectors/psi.ts';
import type { GoldenCase } from './runner.ts';

interface Input {
  readonly count_ref: readonly number[];
  readonly count_cur: readonly number[];
  /** Raw values, where the file has them: then the counts are made from these, and must agree. */
  readonly x_ref?: readonly number[];
  readonly x_cur?: readonly number[];
  readonly bins?: number;
}

const rules: Readonly<Record<string, ZeroRule>> = {
  naive: 'naive',
  jeffreys_half: 'jeffreys',
  laplace_one: 'laplace',
  evidently_0_7: 'evidently',
  'floor_1e-4': 'floor',
  'deepchecks_floor_0.01': 'deepchecks',
};

/** A value that equals an edge goes into the upper bin; equal edges collapse. */
function countsOf({ count_ref, count_cur, x_ref, x_cur, bins }: Input) {
  if (x_ref === undefined || x_cur === undefined || bins === undefined) {
    return { reference: count_ref, current: count_cur };
  }
  const sorted = x_ref.toSorted((a, b) => a - b);
  const quantiles = Array.from({ length: bins - 1 }, (_, k) => quantileOf(sorted, (k + 1) / bins) as number);
  const edges = [...new Set(quantiles)];
  const histogram = (values: readonly number[]) => {
    const counts = new Array<number>(edges.length + 1).fill(0);
    for (const value of values) {
      const bin = edges.filter((edge) => edge <= value).length;
      counts[bin] = (counts[bin] as number) + 1;
    }
    return counts;
  };
  return { reference: histogram(x_ref), current: histogram(x_cur) };
}

export function run({ input }: GoldenCase): unknown {
  const { reference, current } = countsOf(input as Input);
  const found = psiStatistics(reference.map((rows, i) => ({ reference: rows, current: current[i] ?? 0 })));
  const nullMean = found.degreesOfFreedom * found.scale;
  // Without a floor on the effect (one that excess always passes) the threshold is the chi-square's.
  const thresholdAt = (alpha: number) => psiThreshold(found, alpha, -nullMean);
  return {
    psi: Object.fromEntries(
      Object.entries(rules).map(([key, rule]) => [key, psiByRule(rule, reference, current)]),
    ),
    bins_nonempty: found.degreesOfFreedom + 1,
    null_mean: nullMean,
    p_chi2_asymptotic: found.pValue,
    psi_debiased: Math.max(0, found.excess),
    threshold_alpha_0_05: thresholdAt(0.05),
    threshold_alpha_1e_6: thresholdAt(1e-6),
  };
}
