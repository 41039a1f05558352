/**
 * Performance of a binary classifier whose labels are known.
 *
 * 1. Predicted positive where the probability is at or above the threshold; ratios of nothing are 0.
 * 2. `rocAuc` counts ties as half and is undefined where only one class was seen. `averagePrecision` is the step sum over
 *    distinct scores, Σ (Rᵢ − Rᵢ₋₁)Pᵢ, not the optimistic interpolation.
 * 3. `logLoss` keeps probabilities 2⁻⁵² away from 0 and 1, so one certain and wrong row costs 36, not Infinity.
 * 4. `ece`: the expected calibration error over ten bins of equal width, [k/10, (k + 1)/10), the last one closed.
 *
 * Labels are 0 and 1, probabilities in 0..1, as many as labels; all is 0 or undefined for no rows.
 */
import { type Confusion, type ConfusionMetrics, confusionMetrics, ratio } from './confusion.ts';
import { groupByScore, rocAuc, type ScoredRow } from './roc.ts';

const eceBins = 10;
const leastProbability = 2 ** -52;

export interface BinaryMetrics extends Confusion, ConfusionMetrics {
  readonly brier: number;
  readonly logLoss: number;
  readonly rocAuc: number | undefined;
  readonly averagePrecision: number;
  readonly ece: number;
  readonly meanPredicted: number;
  /** Share of rows whose label is positive. */
  readonly positiveRate: number;
}

export function binaryMetrics(
  labels: readonly number[],
  probabilities: readonly number[],
  threshold: number,
): BinaryMetrics {
  const rows = labels.map((label, i) => ({ label, p: probabilities[i] ?? 0 }));
  const n = rows.length;
  const confusion = countDecisions(rows, threshold);
  const mean = (of: (row: Row) => number) => ratio(sum(rows, of), n);
  const scored: readonly ScoredRow[] = rows.map(({ label, p }) => ({
    score: p,
    positive: label,
    negative: 1 - label,
  }));
  return {
    ...confusion,
    ...confusionMetrics(confusion),
    brier: mean(({ label, p }) => (p - label) ** 2),
    logLoss: mean(({ label, p }) => -Math.log(awayFromEnds(label === 1 ? p : 1 - p))),
    rocAuc: rocAuc(scored),
    averagePrecision: averagePrecision(scored),
    ece: calibrationError(
      rows.map(({ p }) => p),
      labels,
    ),
    meanPredicted: mean(({ p }) => p),
    positiveRate: ratio(confusion.tp + confusion.fn, n),
  };
}

interface Row {
  readonly label: number;
  readonly p: number;
}

function sum(rows: readonly Row[], of: (row: Row) => number): number {
  return rows.reduce((total, row) => total + of(row), 0);
}

function countDecisions(rows: readonly Row[], threshold: number): Confusion {
  const cells = { tp: 0, fp: 0, fn: 0, tn: 0 };
  for (const { label, p } of rows) {
    if (p >= threshold) cells[label === 1 ? 'tp' : 'fp']++;
    else cells[label === 1 ? 'fn' : 'tn']++;
  }
  return cells;
}

/** A probability moved off 0 and 1, whose logarithm is then finite. */
export function awayFromEnds(probability: number): number {
  return Math.min(1 - leastProbability, Math.max(leastProbability, probability));
}

function averagePrecision(rows: readonly ScoredRow[]): number {
  const positives = rows.reduce((total, row) => total + row.positive, 0);
  if (positives === 0) return 0;
  let found = 0;
  let seen = 0;
  let area = 0;
  for (const { positive, negative } of groupByScore(rows)) {
    found += positive;
    seen += positive + negative;
    area += (positive / positives) * (found / seen);
  }
  return area;
}

/** Expected calibration error: the mean distance of a bin's mean probability from its share of positives, by rows. */
export function calibrationError(probabilities: readonly number[], labels: readonly number[]): number {
  const gaps = new Float64Array(eceBins);
  probabilities.forEach((p, i) => {
    const bin = Math.min(eceBins - 1, Math.max(0, Math.floor(p * eceBins)));
    gaps[bin] = (gaps[bin] as number) + p - (labels[i] ?? 0);
  });
  return ratio(
    gaps.reduce((total, gap) => total + Math.abs(gap), 0),
    probabilities.length,
  );
}
