import { expect, test } from 'vitest';
import {
  cosine,
  meanVector,
  mmdBiased,
  mmdExact,
  mmdUnbiased,
  randomFeatures,
} from '../../../detectors/embedding/mmd.ts';
import {
  createProjector,
  dimensionMax,
  nearestDistance,
  projectionsMax,
} from '../../../detectors/embedding/projections.ts';
import { normalsFrom } from '../../support/detector-data.ts';

const vectorsFrom = (seed: number, count: number, length: number) =>
  Array.from({ length: count }, (_, i) => normalsFrom(seed * 10_000 + i, length));

test('random features come near the kernel they stand for', () => {
  const [x, y] = [
    vectorsFrom(1, 40, 3),
    vectorsFrom(2, 40, 3).map((vector) => vector.map((value) => value + 0.7)),
  ];
  const frequencies = vectorsFrom(3, 2_000, 3);
  const mean = (vectors: typeof x) => ({
    mean: meanVector(vectors.map((vector) => randomFeatures(vector, frequencies))),
    n: vectors.length,
  });
  const biased = mmdBiased(mean(x), mean(y));
  expect(biased).toBeCloseTo(mmdExact(x, y, 0.5), 1);
  expect(mmdUnbiased(mean(x), mean(y))).toBeLessThan(biased);
  expect(mmdUnbiased({ mean: [1, 0], n: 1 }, { mean: [1, 0], n: 9 })).toBeUndefined();
});

test('cosine is bounded, and undefined of nothing', () => {
  expect(cosine([1, 2], [2, 4])).toBeCloseTo(1, 12);
  expect(cosine([1, 0], [-3, 0])).toBe(-1);
  expect(cosine([0, 0], [1, 1])).toBeUndefined();
  expect(cosine([Number.NaN], [1])).toBeUndefined();
  expect(cosine([1e200, 0], [1e200, 1])).toBeUndefined();
});

test('projections of random directions are about standard normal, and unlike each other', () => {
  const projector = createProjector(96, 8, 42);
  const rows = vectorsFrom(5, 2_000, 96).map((vector) => projector?.project(vector) as Float64Array);
  const moment = (of: (row: Float64Array) => number) =>
    rows.reduce((sum, row) => sum + of(row), 0) / rows.length;
  for (let i = 0; i < 8; i++) {
    expect(Math.abs(moment((row) => row[i] as number))).toBeLessThan(0.1);
    expect(Math.abs(moment((row) => (row[i] as number) ** 2) - 1)).toBeLessThan(0.12);
    for (let j = 0; j < i; j++)
      expect(Math.abs(moment((row) => (row[i] as number) * (row[j] as number)))).toBeLessThan(0.35);
  }
});

test('projections are the same everywhere for one seed, other for another, and ignore the length of a vector', () => {
  const vector = normalsFrom(9, 32);
  const project = (seed: number) => createProjector(32, 4, seed)?.project(vector);
  expect(project(1)).toEqual(project(1));
  expect(project(1)).not.toEqual(project(2));
  const twice = createProjector(32, 4, 1)?.project(vector.map((value) => 2 * value));
  for (const [i, value] of (project(1) ?? []).entries()) expect(twice?.[i]).toBeCloseTo(value, 12);
  expect([...(project(7) ?? [])].map((value) => Number(value.toFixed(6)))).toMatchInlineSnapshot(`
    [
      0.088957,
      0.575479,
      -0.989523,
      0.3061,
    ]
  `);
});

test('what is no vector of that length is undefined', () => {
  const projector = createProjector(3, 2, 1);
  for (const vector of [
    [],
    [1, 2],
    [0, 0, 0],
    [1, Number.NaN, 2],
    [Number.POSITIVE_INFINITY, 1, 1],
    [1e300, 1, 1],
  ])
    expect(projector?.project(vector)).toBeUndefined();
  for (const [dimension, count] of [
    [0, 1],
    [1.5, 1],
    [dimensionMax + 1, 1],
    [8, 0],
    [8, projectionsMax + 1],
    [8, Number.NaN],
  ] as const)
    expect(createProjector(dimension, count, 1)).toBeUndefined();
});

test('the nearest centroid decides the distance', () => {
  const centroids = [
    [0, 0],
    [10, 0],
    [1, 2, 3],
  ];
  expect(nearestDistance([9, 1], centroids)).toBeCloseTo(Math.SQRT2, 12);
  expect(nearestDistance([1, 1], [])).toBeUndefined();
  expect(nearestDistance([Number.NaN, 1], centroids)).toBeUndefined();
});
