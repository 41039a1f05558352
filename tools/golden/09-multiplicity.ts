import {
  atMost,
  benjaminiHochberg,
  benjaminiYekutieli,
  bonferroni,
  eBenjaminiHochberg,
  holm,
  nullShare,
} from '../../detectors/exact/multiplicity.ts';
import type { GoldenCase } from './runner.ts';

function adjusted(pValues: readonly number[]): unknown {
  const bh = benjaminiHochberg(pValues);
  const by = benjaminiYekutieli(pValues);
  const stepDown = holm(pValues);
  return {
    bh,
    by,
    holm: stepDown,
    bonferroni: bonferroni(pValues),
    reject_bh_0_05: atMost(bh, 0.05),
    reject_by_0_05: atMost(by, 0.05),
    reject_holm_0_05: atMost(stepDown, 0.05),
    pi0_storey_0_5: nullShare(pValues, 0.5),
  };
}

export function run({ kind, input }: GoldenCase): unknown {
  switch (kind) {
    case undefined:
      return adjusted((input as { readonly p: readonly number[] }).p);
    case 'e_BH': {
      const { e, alpha } = input as { readonly e: readonly number[]; readonly alpha: number };
      return { rejected: eBenjaminiHochberg(e, alpha) };
    }
    default:
      throw new Error(`unknown kind ${kind}`);
  }
}
