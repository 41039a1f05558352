import { aucRounded, estimatePerformance } from '../../detectors/performance/cbpe.ts';
import { fitIsotonic, isotonicAt } from '../../detectors/performance/isotonic.ts';
import type { GoldenCase } from './runner.ts';

type Input = Readonly<
  Record<
    | 'x'
    | 'y'
    | 'query'
    | 'p_calibrated'
    | 'p_raw'
    | 'y_pred'
    | 'reference_p'
    | 'reference_y'
    | 'chunk_p'
    | 'chunk_y_pred',
    readonly number[]
  >
>;

export function run({ kind, input }: GoldenCase): unknown {
  const given = input as Input;
  switch (kind) {
    case 'isotonic': {
      const fit = fitIsotonic(given.x, given.y);
      return { x_unique: fit.x, y_fitted: fit.y, predicted: given.query.map((x) => isotonicAt(fit, x)) };
    }
    case 'cbpe':
      return estimate(given.p_calibrated, given.p_raw, given.y_pred);
    case 'cbpe_end_to_end': {
      const fit = fitIsotonic(given.reference_p, given.reference_y);
      const calibrated = given.chunk_p.map((p) => isotonicAt(fit, p));
      return { p_calibrated: calibrated, ...estimate(calibrated, given.chunk_p, given.chunk_y_pred) };
    }
    default:
      throw new Error(`unknown kind ${kind}`);
  }
}

function estimate(calibrated: readonly number[], raw: readonly number[], predicted: readonly number[]) {
  const found = estimatePerformance(calibrated, raw, predicted);
  return {
    ...found,
    true_positive: found?.cells.tp,
    false_positive: found?.cells.fp,
    false_negative: found?.cells.fn,
    true_negative: found?.cells.tn,
    roc_auc: found?.rocAuc ?? Number.NaN,
    positive_rate: found?.positiveRate,
    accuracy_sd_poisson_binomial: found?.accuracySd,
    roc_auc_nannyml_rounded5: aucRounded(calibrated, raw) ?? Number.NaN,
  };
}
