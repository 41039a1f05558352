import { expect, test } from 'vitest';
import { binaryMetrics } from '../../../detectors/performance/binary.ts';
import { calibrate, calibratorFor, estimatePerformance } from '../../../detectors/performance/cbpe.ts';
import { fitIsotonic, isotonicAt } from '../../../detectors/performance/isotonic.ts';
import { categoriesMax, kappaOf } from '../../../detectors/performance/kappa.ts';
import { multiclassMetrics } from '../../../detectors/performance/multiclass.ts';
import { regressionMetrics } from '../../../detectors/performance/regression.ts';
import { uniformFrom } from '../../support/detector-data.ts';

/** Rows whose label is 1 with probability `truth(score)`. */
function drawRows(seed: number, rows: number, truth: (score: number) => number) {
  const uniform = uniformFrom(seed);
  const scores = Array.from({ length: rows }, uniform);
  return { scores, labels: scores.map((score) => (uniform() < truth(score) ? 1 : 0)) };
}

test('no rows are no error', () => {
  const metrics = binaryMetrics([], [], 0.5);
  for (const [name, value] of Object.entries(metrics))
    expect(value, name).toBe(name === 'rocAuc' ? undefined : 0);
  expect(regressionMetrics([], [])).toBeUndefined();
  expect(multiclassMetrics([], [])).toMatchObject({ accuracy: 0, f1PerClass: [], aucMacro: undefined });
  expect(kappaOf([], [])).toEqual({ kappa: undefined, agreement: 0 });
  expect(estimatePerformance([], [], [])).toBeUndefined();
  expect(isotonicAt(fitIsotonic([], []), 0.5)).toBe(0);
});

test('order of the rows, and of equal scores among them, changes no metric', () => {
  const { scores, labels } = drawRows(3, 300, (score) => score);
  const coarse = scores.map((score) => Math.round(score * 8) / 8);
  const order = coarse.map((_, i) => i).sort((a, b) => ((a * 7_919) % 300) - ((b * 7_919) % 300));
  const one = binaryMetrics(labels, coarse, 0.5);
  const other = binaryMetrics(
    order.map((i) => labels[i] as number),
    order.map((i) => coarse[i] as number),
    0.5,
  );
  for (const [name, value] of Object.entries(one))
    expect(other[name as keyof typeof other]).toBeCloseTo(value as number, 12);
});

test('an AUC of reversed scores is 1 less it', () => {
  const { scores, labels } = drawRows(5, 200, (score) => 0.2 + 0.6 * score);
  const area = binaryMetrics(labels, scores, 0.5).rocAuc as number;
  const reversed = scores.map((score) => 1 - score);
  expect(binaryMetrics(labels, reversed, 0.5).rocAuc).toBeCloseTo(1 - area, 12);
});

test('kappa of full agreement is 1, of one category unknown, and of very many categories bounded', () => {
  expect(kappaOf([1, 2, 3], [1, 2, 3], 'quadratic')).toEqual({ kappa: 1, agreement: 1 });
  expect(kappaOf([4, 4], [4, 4])).toEqual({ kappa: undefined, agreement: 1 });
  const many = Array.from({ length: 3 * categoriesMax }, (_, i) => i);
  expect(kappaOf(many, many, 'linear').kappa).toBeCloseTo(1, 9);
});

test('isotonic fits never fall, keep the mean, and leave what rises already', () => {
  const { scores, labels } = drawRows(7, 500, (score) => score);
  const { x, y } = fitIsotonic(scores, labels);
  for (let i = 1; i < y.length; i++) expect(y[i] as number).toBeGreaterThanOrEqual(y[i - 1] as number);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(mean(scores.map((score) => isotonicAt({ x, y }, score)))).toBeCloseTo(mean(labels), 9);
  expect(fitIsotonic([3, 1, 2], [30, 10, 20])).toEqual({ x: [1, 2, 3], y: [10, 20, 30] });
  expect(isotonicAt(fitIsotonic([1, 2], [0, 1]), Number.NaN)).toBe(0);
});

test('a score that says too much is calibrated, one that says the truth is left', () => {
  const wrong = drawRows(11, 4_000, (score) => 0.1 + 0.2 * score);
  const calibrator = calibratorFor(wrong.scores, wrong.labels);
  expect(calibrator.because).toBe('improved');
  expect(calibrate(calibrator, 0.95)).toBeLessThan(0.5);
  const right = drawRows(13, 4_000, (score) => score);
  expect(calibratorFor(right.scores, right.labels).because).toBe('calibrated');
  expect(calibrate(calibratorFor(right.scores, right.labels), 0.3)).toBe(0.3);
  expect(calibratorFor([0.1, 0.9], [0, 1]).because).toBe('separable');
  expect(calibratorFor([0.1, 0.9], [0, 0]).because).toBe('one_class');
});

test('with calibrated scores the estimate is the truth within its own noise', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const { scores, labels } = drawRows(seed, 5_000, (score) => score);
    const predicted = scores.map((score) => (score >= 0.5 ? 1 : 0));
    const estimate = estimatePerformance(scores, scores, predicted);
    const real = binaryMetrics(labels, scores, 0.5);
    const sd = estimate?.accuracySd as number;
    expect(sd).toBeCloseTo(0.0058, 3);
    expect(Math.abs((estimate?.accuracy as number) - real.accuracy)).toBeLessThan(3.5 * sd);
    expect(estimate?.rocAuc).toBeCloseTo(real.rocAuc as number, 1);
    expect(estimate?.brier).toBeCloseTo(real.brier, 1);
  }
});
