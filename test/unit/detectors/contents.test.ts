import { describe, expect, test } from 'vitest';
import { Centroids, centroidsMax, isUsableVector } from '../../../detectors/embedding/centroids.ts';
import { knownWordsMax, Vocabulary } from '../../../detectors/text/vocabulary.ts';

describe('centroids', () => {
  test('distances by hand', () => {
    const centroids = new Centroids(2);
    for (const vector of [
      [1, 0],
      [0, 1],
      [1, 0],
      [0, 1],
    ])
      centroids.learn(vector, 1);
    // The mean is (½, ½); the centroids are the two vectors themselves.
    expect(centroids.measure([3, 0])).toEqual({
      cosine: expect.closeTo(Math.SQRT1_2, 6),
      distance: expect.closeTo(Math.hypot(2.5, 0.5), 6),
      nearestDistance: 2,
    });
    expect(centroids.measure([-1, -1])?.cosine).toBeCloseTo(-1, 6);
    expect(centroids.toJson().centroids).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });

  test('the last vector that was learned counts in the next distance', () => {
    const centroids = new Centroids(2);
    centroids.learn([2, 0], 1);
    expect(centroids.measure([2, 3])?.nearestDistance).toBe(3);
    centroids.learn([2, 3], 1);
    expect(centroids.measure([2, 3])?.nearestDistance).toBe(0);
  });

  test('weights pull the mean', () => {
    const centroids = new Centroids(1);
    centroids.learn([0], 1);
    centroids.learn([4], 3);
    expect(centroids.toJson().mean).toEqual([3]);
  });

  test('no more centroids than allowed, each the mean of what it drew', () => {
    const centroids = new Centroids(1);
    for (let i = 1; i <= centroidsMax; i++) centroids.learn([i * 10], 1);
    centroids.learn([11], 1);
    expect(centroids.toJson().centroids).toHaveLength(centroidsMax);
    expect(centroids.toJson().centroids[0]).toEqual([10.5]);
  });

  test('stored and read again they measure the same; damaged ones are refused', () => {
    const centroids = new Centroids(3);
    for (let i = 0; i < 200; i++) centroids.learn([Math.sin(i), Math.cos(i), i / 200], 1);
    const json = JSON.parse(JSON.stringify(centroids.toJson())) as ReturnType<Centroids['toJson']>;
    const again = Centroids.fromJson(json);
    expect(again.toJson()).toEqual(centroids.toJson());
    const probe = [0.3, 0.2, 0.9];
    expect(again.measure(probe)?.nearestDistance).toBeCloseTo(
      centroids.measure(probe)?.nearestDistance ?? 0,
      6,
    );
    expect(() => Centroids.fromJson({ ...json, mean: [1] })).toThrow('damaged');
  });

  test.each([
    [[], false],
    [[0, 0], false],
    [[1, Number.NaN], false],
    [[1, Number.POSITIVE_INFINITY], false],
    [[1e300, 1], false],
    [[1, 'x' as unknown as number], false],
    [[1e-150, 1e-150], true],
    [[1, 2], true],
  ])('%j usable: %s', (vector, wanted) => {
    expect(isUsableVector(vector)).toBe(wanted);
  });

  test('nothing learned says nothing', () => {
    expect(new Centroids(2).measure([1, 2])).toBeUndefined();
  });
});

describe('vocabulary', () => {
  test('the share of words that were never said', () => {
    const vocabulary = new Vocabulary();
    vocabulary.learn([1, 2, 2, 3]);
    expect(vocabulary.unknownShare([1, 9])).toBeUndefined();
    vocabulary.freeze();
    expect(vocabulary.unknownShare([1, 2, 9, 9])).toBe(0.5);
    expect(vocabulary.unknownShare([])).toBeUndefined();
  });

  test('a million different words are bounded, and the frequent ones stay', () => {
    const vocabulary = new Vocabulary();
    const frequent = Array.from({ length: 100 }, (_, i) => -1 - i);
    for (let i = 0; i < 1_000; i++) {
      vocabulary.learn(frequent);
      vocabulary.learn(Array.from({ length: 1_000 }, (_, k) => i * 1_000 + k));
    }
    vocabulary.freeze();
    expect(vocabulary.unknownShare(frequent)).toBe(0);
    expect(vocabulary.toJson().hashes.length).toBeLessThanOrEqual(knownWordsMax);
  });

  test('stored while learning and when frozen it goes on the same', () => {
    const vocabulary = new Vocabulary();
    vocabulary.learn([1, 2, 2]);
    const again = Vocabulary.fromJson(vocabulary.toJson(), false);
    again.learn([3]);
    again.freeze();
    const frozen = Vocabulary.fromJson(again.toJson(), true);
    expect(frozen.unknownShare([1, 2, 3, 4])).toBe(0.25);
    expect(() => Vocabulary.fromJson({ hashes: [1], counts: [] }, false)).toThrow('damaged');
  });
});
