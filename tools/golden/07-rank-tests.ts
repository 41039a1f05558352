import { type AndersonDarlingForm, andersonDarling } from '../../detectors/exact/anderson-darling.ts';
import {
  cramerVonMises,
  cramerVonMisesExact,
  cramerVonMisesLimit,
} from '../../detectors/exact/cramer-von-mises.ts';
import type { Side } from '../../detectors/exact/ks-two-sample.ts';
import { mannWhitney, mannWhitneyExact, mannWhitneyLimit } from '../../detectors/exact/mann-whitney.ts';
import type { GoldenCase } from './runner.ts';

export function run({ input }: GoldenCase): unknown {
  const { x, y } = input as Readonly<Record<'x' | 'y', readonly number[]>>;
  const reference = { values: x };
  const current = { values: y };
  const distance = cramerVonMises(reference, current);
  const ranks = mannWhitney(reference, current);
  const darling = (form: AndersonDarlingForm) => {
    const found = andersonDarling(reference, current, form);
    return { statistic: found?.statistic, p_interpolated_capped: found?.pValueCapped };
  };
  const sides = ['two-sided', 'less', 'greater'] as const;
  const bySide = (key: string, p: (side: Side) => number | undefined) =>
    Object.fromEntries(sides.map((side) => [`${key}_${side}`, { statistic: ranks.u, p: p(side) }]));
  return {
    cvm_exact: { statistic: distance.statistic, p: cramerVonMisesExact(distance) },
    cvm_asymptotic: { statistic: distance.statistic, p: cramerVonMisesLimit(distance) },
    ad_midrank: darling('midrank'),
    ad_right: darling('right'),
    ad_continuous: darling('continuous'),
    ...bySide('mwu_asymptotic', (side) => mannWhitneyLimit(ranks, side)),
    ...bySide('mwu_exact', (side) => mannWhitneyExact(ranks, side)),
    auc_x_greater: ranks.auc,
    cliffs_delta: ranks.cliffsDelta,
  };
}
