/**
 * Performance of a classifier with several classes, labels known.
 *
 * Labels are 0..K−1 and each row of probabilities has K entries. The predicted class is the most probable, the first of
 * equal ones. F1 of a class nobody has or predicts is 0. `logLoss` takes the probabilities as they come, without making
 * each row add up to 1. `aucMacro` is the plain mean of each class against the rest, undefined where a class is missing.
 */
import { awayFromEnds } from './binary.ts';
import { ratio } from './confusion.ts';
import { rocAuc } from './roc.ts';

export interface MulticlassMetrics {
  readonly accuracy: number;
  readonly f1PerClass: readonly number[];
  readonly f1Macro: number;
  readonly f1Micro: number;
  /** By the rows of each class. */
  readonly f1Weighted: number;
  readonly logLoss: number;
  /** Mean over rows of the squared distance to the true class, 0..2. */
  readonly brier: number;
  readonly aucMacro: number | undefined;
}

export function multiclassMetrics(
  labels: readonly number[],
  probabilities: readonly (readonly number[])[],
): MulticlassMetrics {
  const n = labels.length;
  const classes = Array.from({ length: probabilities[0]?.length ?? 0 }, (_, index) => index);
  const predicted = probabilities.map(mostProbable);
  const hits = labels.filter((label, i) => predicted[i] === label).length;
  const rowsOf = classes.map((one) => labels.filter((label) => label === one).length);
  const f1PerClass = classes.map((one) => {
    const found = labels.filter((label, i) => label === one && predicted[i] === one).length;
    const claimed = predicted.filter((label) => label === one).length;
    return ratio(2 * found, (rowsOf[one] as number) + claimed);
  });
  const mean = (values: readonly number[]) => ratio(total(values), values.length);
  return {
    accuracy: ratio(hits, n),
    f1PerClass,
    f1Macro: mean(f1PerClass),
    // Every row is one prediction: its false positives are another class's false negatives.
    f1Micro: ratio(hits, n),
    f1Weighted: ratio(total(f1PerClass.map((f1, one) => f1 * (rowsOf[one] as number))), n),
    logLoss: mean(labels.map((label, i) => -Math.log(awayFromEnds(probabilities[i]?.[label] ?? 0)))),
    brier: mean(labels.map((label, i) => squaredDistance(probabilities[i] ?? [], label))),
    aucMacro: meanAuc(labels, probabilities, classes),
  };
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function mostProbable(row: readonly number[]): number {
  return row.reduce((best, p, index) => (p > (row[best] as number) ? index : best), 0);
}

function squaredDistance(row: readonly number[], label: number): number {
  return total(row.map((p, index) => (p - (index === label ? 1 : 0)) ** 2));
}

function meanAuc(
  labels: readonly number[],
  probabilities: readonly (readonly number[])[],
  classes: readonly number[],
): number | undefined {
  let sum = 0;
  for (const one of classes) {
    const area = rocAuc(
      labels.map((label, i) => ({
        score: probabilities[i]?.[one] ?? 0,
        positive: label === one ? 1 : 0,
        negative: label === one ? 0 : 1,
      })),
    );
    if (area === undefined) return undefined;
    sum += area;
  }
  return classes.length > 0 ? sum / classes.length : undefined;
}
