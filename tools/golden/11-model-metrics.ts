import { binaryMetrics } from '../../detectors/performance/binary.ts';
import { type KappaWeights, kappaOf } from '../../detectors/performance/kappa.ts';
import { multiclassMetrics } from '../../detectors/performance/multiclass.ts';
import { regressionMetrics } from '../../detectors/performance/regression.ts';
import type { GoldenCase } from './runner.ts';

interface Input {
  readonly y: readonly number[];
  readonly p: readonly number[];
  readonly threshold: number;
  readonly yhat: readonly number[];
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly weights: KappaWeights;
}

export function run({ kind, input }: GoldenCase): unknown {
  const given = input as Input;
  switch (kind) {
    case 'binary':
      return binary(given);
    case 'regression':
      return regression(given);
    case 'multiclass':
      return multiclass(input as Parameters<typeof multiclass>[0]);
    case 'kappa': {
      const { kappa, agreement } = kappaOf(given.a, given.b, given.weights);
      return { kappa: kappa ?? Number.NaN, agreement };
    }
    default:
      throw new Error(`unknown kind ${kind}`);
  }
}

function binary({ y, p, threshold }: Input) {
  const found = binaryMetrics(y, p, threshold);
  return {
    ...found,
    balanced_accuracy: found.balancedAccuracy,
    cohens_kappa: found.kappa,
    log_loss: found.logLoss,
    roc_auc: found.rocAuc ?? Number.NaN,
    average_precision: found.averagePrecision,
    ece_10_equal_width: found.ece,
    mean_predicted: found.meanPredicted,
    positive_rate: found.positiveRate,
  };
}

function regression({ y, yhat }: Input) {
  const found = regressionMetrics(y, yhat);
  return {
    ...found,
    r2: found?.r2 ?? Number.NaN,
    medae: found?.medianAbsoluteError,
    pinball_0_9: found?.pinball,
  };
}

function multiclass(input: { readonly y: readonly number[]; readonly p: readonly (readonly number[])[] }) {
  const found = multiclassMetrics(input.y, input.p);
  return {
    accuracy: found.accuracy,
    f1_per_class: found.f1PerClass,
    f1_macro: found.f1Macro,
    f1_micro: found.f1Micro,
    f1_weighted: found.f1Weighted,
    log_loss: found.logLoss,
    brier_multiclass: found.brier,
    auc_ovr_macro: found.aucMacro ?? Number.NaN,
  };
}
