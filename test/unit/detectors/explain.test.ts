import { describe, expect, test } from 'vitest';
import { changePoint, type TimeBlock } from '../../../detectors/explain/change-point.ts';
import {
  contributionOf,
  importanceOf,
  meanScores,
  scoreDeviation,
} from '../../../detectors/explain/contributions.ts';
import { rampOf, recurrenceOf } from '../../../detectors/explain/form.ts';
import { type MattersInput, mattersOf } from '../../../detectors/explain/matters.ts';
import { seededChance } from '../../support/seeded-chance.ts';

const edges = [-1.28, -0.84, -0.52, -0.25, 0, 0.25, 0.52, 0.84, 1.28];
const shares = new Array<number>(10).fill(0.1);

/** Blocks of normal rows; `shiftAt` by moment, a block being one unit long. */
function blocksOf(
  seed: number,
  count: number,
  rows: number,
  shiftAt: (moment: number) => number,
): TimeBlock[] {
  const chance = seededChance(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
  return Array.from({ length: count }, (_, start) => {
    const bins = new Float64Array(10);
    for (let i = 0; i < rows; i++) {
      const value = normal() + shiftAt(start + i / rows);
      const bin = edges.filter((edge) => edge < value).length;
      bins[bin] = (bins[bin] as number) + 1;
    }
    return { start, end: start + 1, bins, expected: shares };
  });
}

describe('since when', () => {
  test('the interval holds the true moment in at least 95 of 100 streams, wherever in a block it lies', () => {
    let held = 0;
    let width = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const at = 20 + (seed % 10) / 10;
      const found = changePoint(blocksOf(seed, 40, 60, (moment) => (moment >= at ? 0.5 : 0)));
      if (found !== undefined && found.from <= at && at <= found.to) held++;
      width += (found?.to ?? 40) - (found?.from ?? 0);
    }
    expect(held).toBeGreaterThanOrEqual(95);
    expect(width / 100).toBeLessThan(8);
  });

  test('where nothing changed no moment is named', () => {
    const named = Array.from({ length: 100 }, (_, seed) => changePoint(blocksOf(seed + 1, 40, 60, () => 0)));
    expect(named.filter((one) => one !== undefined).length).toBeLessThanOrEqual(1);
  });

  test('a season is no change where it is expected, and one where it is not', () => {
    const blocks: TimeBlock[] = Array.from({ length: 24 }, (_, start) => {
      const bins = start < 12 ? [800, 200] : [200, 800];
      return { start, end: start + 1, bins, expected: bins.map((count) => count / 1_000) };
    });
    expect(changePoint(blocks)).toBeUndefined();
    const unexpected = blocks.map(({ start, end, bins }) => ({ start, end, bins }));
    expect(changePoint(unexpected)).toMatchObject({ at: 12, from: 11, to: 13 });
  });

  test('rows that are worth a tenth widen the interval, and may leave nothing to name', () => {
    const blocks = blocksOf(3, 40, 60, (moment) => (moment >= 20 ? 0.5 : 0));
    const plain = changePoint(blocks);
    const clustered = changePoint(blocks, 2);
    expect(plain?.gain).toBeCloseTo(2 * (clustered?.gain ?? 0), 6);
    expect((clustered?.to ?? 0) - (clustered?.from ?? 0)).toBeGreaterThanOrEqual(
      (plain?.to ?? 0) - (plain?.from ?? 0),
    );
    expect(changePoint(blocks, 100)).toBeUndefined();
  });

  test.each([
    ['none', []],
    ['one', [{ start: 0, end: 1, bins: [5, 5] }]],
    ['empty ones', [0, 1, 2].map((start) => ({ start, end: start + 1, bins: [0, 0] }))],
    ['one bin', [0, 1, 2].map((start) => ({ start, end: start + 1, bins: [7] }))],
  ])('%s: nothing to say, and no fault', (_name, blocks) => {
    expect(changePoint(blocks)).toBeUndefined();
    expect(rampOf(blocks, 1)).toBeUndefined();
  });

  test('a gap at the change is part of the interval', () => {
    const block = (start: number, bins: readonly number[]) => ({ start, end: start + 1, bins });
    const blocks = [0, 1, 2].map((start) => block(start, [900, 100]));
    const later = [10, 11, 12].map((start) => block(start, [100, 900]));
    expect(changePoint([...blocks, ...later])).toMatchObject({ from: 2, at: 10, to: 11 });
  });
});

describe('form', () => {
  test('steps are not gradual, also those inside a block; ramps are', () => {
    let wrong = 0;
    let found = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const at = 20 + (seed % 10) / 10;
      const steps = blocksOf(seed, 40, 80, (moment) => (moment >= at ? 1 : 0));
      if (rampOf(steps, changePoint(steps)?.at ?? 0) !== undefined) wrong++;
      const ramps = blocksOf(seed, 40, 80, (moment) => Math.min(1, Math.max(0, (moment - 10) / 20)));
      const ramp = rampOf(ramps, changePoint(ramps)?.at ?? 0);
      if (ramp !== undefined && ramp.from <= 10 && 10 <= ramp.to) found++;
    }
    expect(wrong).toBeLessThanOrEqual(1);
    expect(found).toBeGreaterThanOrEqual(38);
  });

  const dayMs = 86_400_000;
  const at = 20_000 * dayMs + 2 * 3_600_000;
  test.each([
    ['never before', [], undefined],
    ['once before', [at - dayMs], undefined],
    ['on two days at the hour', [at - 2 * dayMs - 3_600_000, at - dayMs + 600_000], 'daily'],
    ['on two days, at other hours', [at - 2 * dayMs - 4 * 3_600_000, at - dayMs + 6 * 3_600_000], undefined],
    ['twice on one day', [at - dayMs, at - dayMs + 60_000], undefined],
    ['in two weeks', [at - 14 * dayMs, at - 7 * dayMs], 'weekly'],
  ])('%s', (_name, earlier, expected) => {
    expect(recurrenceOf(at, earlier)).toBe(expected);
  });
});

describe('contributions', () => {
  const bins = { weight: [1e6, 1e6], sum: [2e6, 6e6], squares: 1e6 * 5 + 1e6 * 37 };

  test('the shift of the mean that new shares alone would bring', () => {
    // Means 2 and 6; 20 points of rows go from the first bin to the second: 0.2 · 4.
    expect(contributionOf(meanScores(bins), [0.5, 0.5], [0.3, 0.7])).toBeCloseTo(0.8, 4);
    expect(contributionOf(meanScores(bins), [0.5, 0.5], [0.5, 0.5])).toBe(0);
  });

  test('deviation and importance of the output on the bins', () => {
    // Mean 4, mean of squares 21: variance 5, of which 4 lies between the bins.
    expect(scoreDeviation(bins)).toBeCloseTo(Math.sqrt(5), 9);
    expect(importanceOf(bins)).toBeCloseTo(Math.sqrt(0.8), 5);
    expect(importanceOf({ weight: [100, 100], sum: [300, 300], squares: 2_000 })).toBe(0);
    expect(importanceOf({ weight: [0, 0], sum: [0, 0], squares: 0 })).toBe(0);
  });

  test('a bin that was hardly seen has about the mean of all', () => {
    const means = meanScores({ weight: [1_000, 1, 0], sum: [1_000, 100, 0], squares: 1 });
    expect(means[1]).toBeLessThan(20);
    expect(means[2]).toBeCloseTo(1_100 / 1_001, 9);
  });
});

describe('does it matter?', () => {
  const input: MattersInput = {
    signal: 'input.age',
    severity: 'warning',
    moved: [],
    still: ['output.score'],
    contribution: 0.02,
    output: 'output.score',
  };
  test.each<[string, Partial<MattersInput>, string, string]>([
    ['small, outputs still', {}, 'digest', 'by itself it moves output.score by 0.02'],
    ['a large one', { contribution: -0.3 }, 'page', 'by 0.30 standard deviations'],
    ['an output moved', { moved: ['output.score'] }, 'page', 'output.score moved as well'],
    ['no output judged', { still: [] }, 'page', 'not known'],
    ['contribution not known', { contribution: undefined }, 'page', 'not known'],
    ['critical', { severity: 'critical' }, 'page', 'critical'],
    ['an output itself', { signal: 'output.score' }, 'page', 'what the model gives'],
    ['cost', { signal: 'cost_usd' }, 'page', 'costs'],
  ])('%s', (_name, over, matters, reason) => {
    const answer = mattersOf({ ...input, ...over });
    expect(answer.matters).toBe(matters);
    expect(answer.reason).toContain(reason);
  });
});
