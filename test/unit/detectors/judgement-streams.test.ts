import { expect, test } from 'vitest';
import { SeededRandom } from '../../../bench/judgement/random.ts';
import { makeTables, type Process, Stream } from '../../../bench/judgement/stream.ts';

const tables = makeTables();

function streamOf(process: Process, seed: number, lattice = false): Stream {
  return new Stream({ process, seed: [seed], rowsPerTick: 200, startTick: 288 * 1_000, lattice }, tables);
}

/** Mean and variance of many draws. */
function moments(draw: () => number, count = 40_000): { mean: number; variance: number } {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < count; i++) {
    const one = draw();
    sum += one;
    squares += one * one;
  }
  const mean = sum / count;
  return { mean, variance: squares / count - mean * mean };
}

test.each([0.3, 8, 29, 31, 200, 5_000])('a Poisson of mean %f has that mean and variance', (mean) => {
  const random = new SeededRandom(1, mean);
  const found = moments(() => random.poisson(mean));
  expect(Math.abs(found.mean - mean)).toBeLessThan(5 * Math.sqrt(mean / 40_000));
  expect(found.variance / mean).toBeGreaterThan(0.95);
  expect(found.variance / mean).toBeLessThan(1.05);
});

test.each([
  [12, 0.3],
  [500, 0.05],
  [10_000, 0.4],
])('a binomial of %i rows at %f has its mean and variance', (rows, share) => {
  const random = new SeededRandom(2, rows);
  const found = moments(() => random.binomial(rows, share), 20_000);
  const variance = rows * share * (1 - share);
  expect(Math.abs(found.mean - rows * share)).toBeLessThan(5 * Math.sqrt(variance / 20_000));
  expect(found.variance / variance).toBeGreaterThan(0.94);
  expect(found.variance / variance).toBeLessThan(1.06);
});

test('equal seeds, equal streams; other seeds, others', () => {
  const drawn = (seed: number) => {
    const stream = streamOf('all', seed, true);
    for (let tick = 0; tick < 50; tick++) stream.next();
    return [...stream.ventiles, ...stream.lattice];
  };
  expect(drawn(7)).toEqual(drawn(7));
  expect(drawn(7)).not.toEqual(drawn(8));
});

test('a quiet stream fills its ventiles evenly, and both countings hold every row', () => {
  for (const process of ['iid', 'users'] as const) {
    for (const lattice of [false, true]) {
      const stream = streamOf(process, 3, lattice);
      const total = new Float64Array(20);
      let rows = 0;
      for (let tick = 0; tick < 2_880; tick++) {
        stream.next();
        stream.ventiles.forEach((count, j) => {
          total[j] = (total[j] as number) + count;
        });
        rows += stream.rows;
        const sum = (counts: Float64Array) => counts.reduce((a, b) => a + b, 0);
        expect(sum(stream.ventiles)).toBe(stream.rows);
        if (lattice) expect(sum(stream.lattice)).toBe(stream.rows);
      }
      expect(Math.abs(rows / 2_880 / 200 - 1)).toBeLessThan(0.02);
      for (const count of total) expect(Math.abs(count / rows - 0.05)).toBeLessThan(0.003);
    }
  }
});

test('drifts do what they are called', () => {
  const mean = (stream: Stream) => {
    let sum = 0;
    let rows = 0;
    for (let tick = 0; tick < 288; tick++) {
      stream.next();
      sum += stream.ventiles.reduce((all, count, j) => all + count * j, 0);
      rows += stream.rows;
    }
    return sum / rows;
  };
  for (const process of ['iid', 'users'] as const) {
    const stream = streamOf(process, 4);
    const before = mean(stream);
    stream.startDrift({ shift: 0.5 });
    expect(mean(stream) - before).toBeGreaterThan(2);
    stream.startDrift({ part: 0.5, partAt: 3 });
    stream.next();
    expect((stream.ventiles[19] as number) / stream.rows).toBeGreaterThan(0.4);
  }
});
