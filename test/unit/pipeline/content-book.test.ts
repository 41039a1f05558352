import { expect, test } from 'vitest';
import { memoryLog } from '../../../agent/adapters/memory-log.ts';
import { memoryMeter } from '../../../agent/adapters/memory-meter.ts';
import { seededRandom } from '../../../agent/adapters/seeded-random.ts';
import { ContentBook, dimensionMax, embeddingsMax } from '../../../agent/pipeline/content-book.ts';
import { Fields } from '../../../core/fields.ts';
import type { Contents } from '../../../core/observation.ts';
import { fieldsToObject } from '../../support/fake-item.ts';
import { normal } from '../../support/synthetic.ts';
import { hourMs } from '../../support/test-config.ts';

const place = { model: 'm', environment: 'prod' };
const learn = { rows: 5_000, rowsMin: 500, atLeastMs: 7 * hourMs, atMostMs: 14 * hourMs };

function book(stored: ReadonlyMap<string, Uint8Array> = new Map()) {
  const meter = memoryMeter();
  const log = memoryLog();
  const made = new ContentBook({ learn, meter, log, stored });
  const describe = (contents: Partial<Contents>, timeMs: number, where = place) => {
    const whole = {
      inputs: new Fields(),
      outputs: new Fields(),
      vectors: [],
      words: [],
      weight: 1,
      ...contents,
    };
    made.describe(where, whole, { timeMs, weight: 1 });
    return fieldsToObject(whole.inputs);
  };
  const vector = (values: readonly number[], timeMs = 0, name = 'e') =>
    describe({ vectors: [{ group: 'inputs', name, values }] }, timeMs);
  const words = (hashes: readonly number[], timeMs = 0) =>
    describe({ words: [{ group: 'inputs', name: 't', hashes: Float64Array.from(hashes) }] }, timeMs);
  /** What the store would hold, by what follows the prefix. */
  const saved = (nowMs: number) =>
    new Map(
      made
        .takeWrites(nowMs)
        .map(({ key, value }) => [key.replace('content/', ''), value as Uint8Array] as const),
    );
  return { made, meter, log, describe, vector, words, saved };
}

const random = seededRandom(3);
const cloud = (topic: number) => Array.from({ length: 16 }, (_, i) => (i === topic ? 4 : 0) + normal(random));

test('projections from the first row, distances once a thousand rows and a seventh of the time are learned', () => {
  const { vector } = book();
  const first = vector(cloud(0));
  expect(Object.keys(first)).toEqual(Array.from({ length: 8 }, (_, i) => `e.projection.0${i}`));
  for (let i = 1; i < 1_500; i++) expect(vector(cloud(i % 3), i)).not.toHaveProperty('e.cosine');
  vector(cloud(0), hourMs);
  const usual = Array.from({ length: 200 }, (_, i) => vector(cloud(i % 3), 2 * hourMs));
  const novel = Array.from({ length: 200 }, () => vector(cloud(9), 2 * hourMs));
  const mean = (rows: readonly (typeof first)[], name: string) =>
    rows.reduce((sum, row) => sum + Number(row[name]), 0) / rows.length;
  // 16 dimensions of noise are 4 long; another topic adds 4·√2 at right angles.
  expect(mean(usual, 'e.nearest_distance')).toBeLessThan(4.5);
  expect(mean(novel, 'e.nearest_distance')).toBeGreaterThan(5.5);
  expect(mean(usual, 'e.cosine')).toBeGreaterThan(0.3);
  expect(Math.abs(mean(novel, 'e.cosine'))).toBeLessThan(0.1);
  expect(mean(novel, 'e.distance')).toBeGreaterThan(mean(usual, 'e.distance'));
});

test('the same vector has the same projections in every agent, and others under another name', () => {
  const values = cloud(1);
  expect(book().vector(values)).toEqual(book().vector(values));
  const other = Object.values(book().vector(values, 0, 'f'));
  expect(other).not.toEqual(Object.values(book().vector(values)));
});

test('what was learned goes on after a restart, learning and frozen', () => {
  const one = book();
  for (let i = 0; i < 700; i++) one.vector(cloud(0), i);
  const half = one.saved(1_000_000);
  expect([...half.keys()]).toEqual(['["prod","m","","input.e"]']);
  expect(one.saved(1_000_001).size).toBe(0);
  const two = book(half);
  for (let i = 0; i < 299; i++) two.vector(cloud(0), hourMs);
  expect(two.vector(cloud(0), hourMs)).not.toHaveProperty('e.cosine');
  const values = cloud(0);
  const before = two.vector(values, 2 * hourMs);
  expect(before).toHaveProperty('e.cosine');
  const three = book(two.saved(1_000_002));
  for (const [name, value] of Object.entries(three.vector(values, 3 * hourMs))) {
    expect(value).toBeCloseTo(Number(before[name]), 5);
  }
});

test('a vector of another dimension is malformed and counted; most of another dimension begin anew while learning', () => {
  const { vector, meter, log } = book();
  vector([1, 2, 3, 4]);
  expect(vector(cloud(0))).toEqual({ 'e.cosine': '<malformed>' });
  expect(log.lines.filter((line) => line.level === 'warn')).toHaveLength(1);
  vector(cloud(0));
  expect(vector(cloud(0))).toHaveProperty('e.projection.00');
  expect(vector([1, 2, 3, 4])).toEqual({ 'e.cosine': '<malformed>' });
  expect(meter.value('malformed_values', { reason: 'dimension' })).toBe(3);
});

test.each([
  ['zero', new Array<number>(16).fill(0)],
  ['not finite', [Number.NaN, ...cloud(0).slice(1)]],
  ['too long', new Array<number>(dimensionMax + 1).fill(1)],
  ['texts', new Array<number>(16).fill('x' as unknown as number)],
])('a vector that is %s is malformed', (_what, values) => {
  const { vector, meter } = book();
  expect(vector(values)).toEqual({ 'e.cosine': '<malformed>' });
  expect(meter.value('malformed_values', { reason: 'type' })).toBe(1);
});

test('no more embeddings than allowed; a name that cannot be a signal is none', () => {
  const { vector, meter } = book();
  for (let i = 0; i < embeddingsMax; i++) expect(vector(cloud(0), 0, `e${i}`)).not.toEqual({});
  expect(vector(cloud(0), 0, 'one_more')).toEqual({});
  expect(meter.value('dropped', { reason: 'contents_max' })).toBe(1);
  expect(book().vector(cloud(0), 0, 'x'.repeat(120))).toEqual({});
});

test('words that were never said, once the usual ones are learned', () => {
  const { words, saved } = book();
  for (let i = 0; i < 1_000; i++) expect(words([1, 2, 3 + (i % 50)], i * 5_000)).toEqual({});
  expect(words([1, 2, 3, 900], 2 * hourMs)).toEqual({ 't.unknown_words': 0.25 });
  const again = book(saved(0));
  expect(again.words([1, 900], 3 * hourMs)).toEqual({ 't.unknown_words': 0.5 });
});

test('a record that cannot be read is counted, and learned anew', () => {
  const bytes = new TextEncoder().encode(
    '{"rows":1,"fromMs":0,"isFrozen":true,"centroids":{"dimension":3,"mean":[1]}}',
  );
  const { vector, meter } = book(new Map([['["prod","m","","input.e"]', bytes]]));
  expect(meter.value('corrupt_records', { kind: 'record' })).toBe(1);
  expect(vector(cloud(0))).toHaveProperty('e.projection.00');
});
