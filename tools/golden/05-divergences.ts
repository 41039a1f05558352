import {
  chiSquareDistance,
  entropy,
  hellinger,
  jensenShannonDistance,
  jensenShannonDivergence,
  kullbackLeibler,
  largestDifference,
  sharesOf,
  totalVariation,
} from '../../detectors/exact/divergences.ts';
import type { GoldenCase } from './runner.ts';

export function run({ input }: GoldenCase): unknown {
  const counts = input as Readonly<Record<'count_ref' | 'count_cur', readonly number[]>>;
  const p = sharesOf(counts.count_ref);
  const q = sharesOf(counts.count_cur);
  return {
    js_distance_base2: jensenShannonDistance(p, q, 2),
    js_distance_e: jensenShannonDistance(p, q),
    js_divergence_e: jensenShannonDivergence(p, q),
    hellinger: hellinger(p, q),
    total_variation: totalVariation(p, q),
    l_infinity: largestDifference(p, q),
    kl_ref_cur: kullbackLeibler(p, q),
    kl_cur_ref: kullbackLeibler(q, p),
    entropy_ref_nats: entropy(p),
    entropy_cur_bits: entropy(q, 2),
    chi2_distance: chiSquareDistance(p, q),
  };
}
