import { expect, test } from 'vitest';
import { nodeDigest } from '../../../agent/adapters/node-digest.ts';
import { Learner, sampleMax } from '../../../agent/pipeline/learner.ts';
import { countNumber, newCounters } from '../../../detectors/counters/counters.ts';

const series = { model: 'm', environment: 'prod', version: '', signal: 'input.x' };
const sha256 = (text: string) => nodeDigest().sha256(text);
const learn = { rows: 3_000, rowsMin: 100, atLeastMs: 10_000, atMostMs: 100_000 };

function sampled(count: number): Learner {
  const learner = new Learner(learn, sha256);
  for (let i = 0; i < count; i++) learner.add(i % 97, 1, 0);
  return learner;
}

test('a scale is cut from the sample, which is counted in the reference', () => {
  const learner = sampled(sampleMax);
  expect(learner.state).toBe('learning');
  expect(learner.snapshot()?.counters.rows).toBe(sampleMax);
  expect(learner.scale?.kind).toBe('numeric');
});

test('it freezes when rows and time are enough, not before', () => {
  const learner = sampled(sampleMax);
  const scale = learner.scale;
  if (scale === undefined) throw new Error('no scale');
  const pane = newCounters(scale);
  for (let i = 0; i < 1_000; i++) countNumber(pane, scale, i % 97, 1);
  learner.addPane(pane);
  expect(learner.settle(9_999, series, 1)).toBeUndefined();
  const reference = learner.settle(10_000, series, 1);
  expect(reference).toMatchObject({ kind: 'learned', series, fromMs: 0, toMs: 10_000, frozenAtMs: 1 });
  expect(reference?.counters.rows).toBe(3_000);
  expect(reference?.id).toMatch(/^ref_[0-9a-f]{12}$/);
  expect(learner.state).toBe('frozen');
  expect(learner.settle(20_000, series, 1)).toBeUndefined();
});

test('little traffic is cut and frozen from what there is after the longest time', () => {
  const learner = sampled(150);
  expect(learner.settle(9_000, series, 1)).toBeUndefined();
  expect(learner.state).toBe('sampling');
  expect(learner.settle(10_000, series, 1)).toBeUndefined();
  expect(learner.state).toBe('learning');
  expect(learner.settle(100_000, series, 1)?.counters.rows).toBe(150);
});

test('less than the fewest rows never becomes a reference', () => {
  const learner = sampled(99);
  expect(learner.settle(1e12, series, 1)).toBeUndefined();
  expect(learner.state).toBe('sampling');
});

test('the first value decides the type; another type is not kept', () => {
  const learner = new Learner(learn, sha256);
  expect(learner.add('red', 1, 0)).toBe(true);
  expect(learner.add(3, 1, 0)).toBe(false);
  for (let i = 0; i < sampleMax; i++)
    if (learner.state === 'sampling') learner.add(i % 2 === 0 ? 'red' : 'blue', 1, 0);
  expect(learner.scale?.kind).toBe('levels');
});
