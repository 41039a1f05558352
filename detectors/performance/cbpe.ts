/**
 * Confidence-based performance estimation: how well a binary classifier does on rows that have no labels yet.
 *
 * The idea: a calibrated probability says itself how often it is wrong. A row predicted positive is a true positive with
 * probability p and a false one with 1 − p; expected cells of the confusion table are sums of these, and the metrics are
 * read from them. The AUC comes from cumulated p and 1 − p in the order of the raw score, equal scores together.
 *
 * What it cannot see: a change of the relation between inputs and label (concept drift). It supposes that the calibration
 * still holds, so an estimate is shown with that sentence and never starts a rollback. Where inputs move far out of the
 * reference it is too high (+0.03 of accuracy at 1.5 times the scale).
 *
 * `accuracySd` is the noise of the labels alone, were the probabilities right (Poisson binomial).
 *
 * Source: NannyML's CBPE for binary classification, without its rounding of the cumulated sums to five places; that one
 * is `aucRounded`, to compare with it.
 */
import { sampleOf } from '../budget/sample.ts';
import { calibrationError } from './binary.ts';
import { type Confusion, confusionMetrics } from './confusion.ts';
import { fitIsotonic, type IsotonicFit, isotonicAt } from './isotonic.ts';
import { rocAuc } from './roc.ts';

export interface PerformanceEstimate {
  /** Shares of all rows. */
  readonly cells: Confusion;
  readonly accuracy: number;
  readonly precision: number;
  readonly recall: number;
  readonly specificity: number;
  readonly f1: number;
  readonly rocAuc: number | undefined;
  /** Expected Brier score of the raw score. */
  readonly brier: number;
  /** Expected share of true positives in all rows: Σ p / n. */
  readonly positiveRate: number;
  readonly accuracySd: number;
}

/** Rows in one order; `predicted` is 1 or 0. Undefined for no rows. */
export function estimatePerformance(
  calibrated: readonly number[],
  raw: readonly number[],
  predicted: readonly number[],
): PerformanceEstimate | undefined {
  const n = calibrated.length;
  if (n === 0) return undefined;
  const sum = { tp: 0, fp: 0, fn: 0, tn: 0, brier: 0, variance: 0 };
  calibrated.forEach((p, i) => {
    const score = raw[i] ?? p;
    const isPositive = predicted[i] === 1;
    sum[isPositive ? 'tp' : 'fn'] += p / n;
    sum[isPositive ? 'fp' : 'tn'] += (1 - p) / n;
    sum.brier += (p * (1 - score) ** 2 + (1 - p) * score ** 2) / n;
    sum.variance += p * (1 - p);
  });
  const { brier, variance, ...cells } = sum;
  const { accuracy, precision, recall, specificity, f1 } = confusionMetrics(cells);
  const rows = calibrated.map((p, i) => ({ score: raw[i] ?? p, positive: p, negative: 1 - p }));
  return {
    cells,
    accuracy,
    precision,
    recall,
    specificity,
    f1,
    rocAuc: rocAuc(rows),
    brier,
    positiveRate: cells.tp + cells.fn,
    accuracySd: Math.sqrt(variance) / n,
  };
}

const roundedPlaces = 1e5;

/** The AUC as NannyML has it: row by row, cumulated shares rounded to five places. Equal scores in the order they come. */
export function aucRounded(calibrated: readonly number[], raw: readonly number[]): number | undefined {
  const positives = calibrated.reduce((sum, p) => sum + p, 0);
  const negatives = calibrated.length - positives;
  if (!(positives > 0 && negatives > 0)) return undefined;
  const rounded = (value: number) => Math.round(value * roundedPlaces) / roundedPlaces;
  const order = calibrated.map((_, i) => i).sort((a, b) => (raw[b] ?? 0) - (raw[a] ?? 0));
  let [hits, falls, lastHits, lastFalls, area] = [0, 0, 0, 0, 0];
  for (const i of order) {
    const p = calibrated[i] as number;
    hits += p;
    falls += 1 - p;
    area += ((rounded(falls) - lastFalls) * (rounded(hits) + lastHits)) / 2;
    [lastHits, lastFalls] = [rounded(hits), rounded(falls)];
  }
  return area / lastHits / lastFalls;
}

const foldCount = 10;
/** Standard errors over the parts by which the calibration error must fall. */
const gainErrors = 2;
/** Above this a score separates the classes so well that there is nothing to calibrate from. */
const separableAuc = 0.999;

/** From a raw score to a probability; `fit` is absent where the score is best taken as it is. */
export interface Calibrator {
  readonly fit?: IsotonicFit;
  /** Why it is as it is, for the status page. */
  readonly because: 'one_class' | 'separable' | 'calibrated' | 'improved';
}

/**
 * Decides on a reference with labels whether isotonic calibration helps: ten stratified parts, each read through a fit of
 * the other nine, and the fit on all rows is taken only if the calibration error of the parts falls beyond chance. Rows go to
 * the parts in turn, so the answer is always the same.
 *
 * NannyML pools the parts before it takes the error, and asks for any fall. As the rows of a part stand in the fits of all
 * others, the pooled means come out near the truth for whatever score: of 40 simulated references of 4,000 rows that were
 * calibrated already, 32 were calibrated once more; so, 2.
 */
export function calibratorFor(scores: readonly number[], labels: readonly number[]): Calibrator {
  const area = rocAuc(
    scores.map((score, i) => ({ score, positive: labels[i] ?? 0, negative: 1 - (labels[i] ?? 0) })),
  );
  if (area === undefined) return { because: 'one_class' };
  if (area > separableAuc) return { because: 'separable' };
  const next = [0, 0];
  const folds = labels.map((label) => {
    const fold = (next[label === 1 ? 1 : 0] as number) % foldCount;
    next[label === 1 ? 1 : 0] = fold + 1;
    return fold;
  });
  const gains = Array.from({ length: foldCount }, (_, fold) => {
    const of = (values: readonly number[], isInside: boolean) =>
      values.filter((_, i) => (folds[i] === fold) === isInside);
    const fit = fitIsotonic(of(scores, false), of(labels, false));
    const [inside, truth] = [of(scores, true), of(labels, true)];
    const read = inside.map((score) => isotonicAt(fit, score));
    return calibrationError(inside, truth) - calibrationError(read, truth);
  });
  const { n, mean, sd } = sampleOf(gains);
  if (mean <= (gainErrors * sd) / Math.sqrt(n)) return { because: 'calibrated' };
  return { fit: fitIsotonic(scores, labels), because: 'improved' };
}

export function calibrate(calibrator: Calibrator, score: number): number {
  return calibrator.fit === undefined ? score : isotonicAt(calibrator.fit, score);
}
