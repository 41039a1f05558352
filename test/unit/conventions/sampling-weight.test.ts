import { describe, expect, test } from 'vitest';
import { createWeightReader, SamplingWeights } from '../../../conventions/shared/sampling-weight.ts';
import { CollectingSink, type FakeItem, FakeReader } from '../../support/fake-item.ts';

/** Table of the design: w = 2^56 / (2^56 − T), computed with whole numbers and divided once. */
test.each([
  ['0', 1],
  ['8', 2],
  ['c', 4],
  ['e666', 9.99938968568813],
  ['e6666666666666', 10],
  ['fd70a4', 100.00009536752259],
  ['fcd9e83e425aee', 81.30081300813005],
  ['ffffffffffffff', 2 ** 56],
])('threshold %s weighs %d', (th, weight) => {
  expect(new SamplingWeights().threshold(th)).toMatchObject({ weight, known: 'exact' });
});

test.each(['', 'g', 'E666', '0x8', '123456789012345', '-1', ' 8'])('%j is no threshold', (th) => {
  expect(new SamplingWeights().threshold(th)).toBeUndefined();
});

test('more thresholds than are remembered still weigh the same', () => {
  const weights = new SamplingWeights();
  for (let i = 0; i < 1_000; i++) weights.threshold(i.toString(16));
  expect(weights.threshold('8')?.weight).toBe(2);
});

describe('of an item', () => {
  const keptId = '00000000000000000ffffffffffffffff'.slice(1);
  const lostId = 'ffffffffffffffffff00000000000000';

  function weigh(fake: FakeItem) {
    const reader = new FakeReader();
    const readWeight = createWeightReader(reader);
    const sink = new CollectingSink();
    const { weight, known } = readWeight(reader.item(fake), sink);
    return { weight, known, defects: sink.defects };
  }

  test.each<[string, FakeItem, number, string]>([
    ['nothing stated', { kind: 'span', traceId: keptId }, 1, 'unknown'],
    [
      'a tracestate longer than W3C allows',
      { kind: 'span', traceState: `${'a=1,'.repeat(128)}ot=th:c` },
      1,
      'unknown',
    ],
    ['another vendor only', { kind: 'span', traceId: keptId, traceState: 'acme=th:c' }, 1, 'unknown'],
    ['th', { kind: 'span', traceId: keptId, traceState: 'ot=th:c' }, 4, 'exact'],
    ['th among others', { kind: 'span', traceId: keptId, traceState: 'a=1, ot=p:8;th:c,b=2' }, 4, 'exact'],
    [
      'rv instead of trace id',
      { kind: 'span', traceId: lostId, traceState: 'ot=th:c;rv:c0000000000000' },
      4,
      'exact',
    ],
    ['no trace id to check', { kind: 'span', traceState: 'ot=th:c' }, 4, 'exact'],
    ['log attribute', { kind: 'log', attributes: { 'sampling.threshold': '8' } }, 2, 'exact'],
    ['attribute on a span', { kind: 'span', attributes: { 'sampling.threshold': '8' } }, 2, 'exact'],
    [
      'th and rv in attributes',
      { attributes: { 'sampling.threshold': '8', 'sampling.randomness': '80000000000000' } },
      2,
      'exact',
    ],
  ])('%s', (_name, fake, weight, known) => {
    expect(weigh(fake)).toEqual({ weight, known, defects: {} });
  });

  test.each<[string, FakeItem]>([
    ['a trace id below the threshold', { kind: 'span', traceId: lostId, traceState: 'ot=th:c' }],
    ['rv below the threshold', { kind: 'span', traceId: keptId, traceState: 'ot=th:c;rv:bfffffffffffff' }],
    ['no hex', { kind: 'span', traceState: 'ot=th:zz' }],
    ['a number', { attributes: { 'sampling.threshold': 8 } }],
    [
      'randomness below the threshold',
      { attributes: { 'sampling.threshold': '8', 'sampling.randomness': '7fffffffffffff' } },
    ],
  ])('%s: the weight is unknown, and counted', (_name, fake) => {
    expect(weigh(fake)).toEqual({ weight: 1, known: 'unknown', defects: { type: 1 } });
  });
});
