import { expect, test } from 'vitest';
import { memoryLog } from '../../../agent/adapters/memory-log.ts';
import { memoryMeter } from '../../../agent/adapters/memory-meter.ts';
import { nodeDigest } from '../../../agent/adapters/node-digest.ts';
import { seededRandom } from '../../../agent/adapters/seeded-random.ts';
import { Aggregator } from '../../../agent/pipeline/aggregate.ts';
import { placeOf } from '../../../agent/pipeline/model-state.ts';
import { buildReferences, createCollector } from '../../../agent/pipeline/reference-file.ts';
import { fromPortable, toPortable } from '../../../agent/pipeline/reference-portable.ts';
import { mergeCounters } from '../../../detectors/counters/counters.ts';
import { callOf } from '../../support/calls.ts';
import { normal } from '../../support/synthetic.ts';
import { hourMs, minuteMs, testConfig } from '../../support/test-config.ts';

const sha256 = (text: string) => nodeDigest().sha256(text);
const file = { name: 'training', model: 'm', environment: 'prod', path: 'x.csv', rowsMax: 1e6 };
const made = { atMs: 1_700_000_000_000, by: 'kedge test' };

/** 4,000 rows of a number and a level, an hour apart where times are wanted. */
function built(withTimes: boolean) {
  const random = seededRandom(9);
  const collector = createCollector(file);
  for (let row = 0; row < 4_000; row++) {
    const cells = new Map<string, number | string | null>([
      ['x', row % 50 === 0 ? null : 100 + 15 * normal(random)],
      ['country', ['AT', 'DE', 'FR'][row % 3] as string],
    ]);
    collector.add(cells, withTimes ? 1_700_000_000_000 + row * 10 * minuteMs : undefined);
  }
  return buildReferences(file, collector, made.atMs, sha256);
}

test('what is exported comes back as it was, bit for bit, as imported', () => {
  const references = built(false);
  const read = fromPortable(toPortable(references, made, sha256), {}, sha256);
  if (!read.ok) throw new Error(read.fault);
  expect(read.references).toHaveLength(2);
  for (const [i, { reference }] of read.references.entries()) {
    const before = references[i]?.reference;
    expect(reference).toEqual({ ...before, kind: 'imported' });
    expect(reference.scale.id).toBe(before?.scale.id);
  }
});

test('a place of its own gives it another id, but the same scale', () => {
  const references = built(false);
  const place = { model: 'other', environment: 'test', name: 'spring' };
  const read = fromPortable(toPortable(references, made, sha256), place, sha256);
  if (!read.ok) throw new Error(read.fault);
  const reference = read.references[0]?.reference;
  expect(reference?.series).toMatchObject({ model: 'other', environment: 'test' });
  expect(reference?.name).toBe('spring');
  expect(reference?.id).not.toBe(references[0]?.reference.id);
  expect(reference?.scale.id).toBe(references[0]?.reference.scale.id);
});

test('rows with times bring a model with seasons; it travels too', () => {
  const references = built(true);
  // 4,000 rows, ten minutes apart: 27 days and 18 hours.
  expect(references[0]?.model?.model.health?.days).toBeCloseTo(27.78, 1);
  const read = fromPortable(toPortable(references, made, sha256), { model: 'other' }, sha256);
  if (!read.ok) throw new Error(read.fault);
  const [one] = read.references;
  expect(one?.model?.referenceId).toBe(one?.reference.id);
  expect(one?.model?.model).toEqual(JSON.parse(JSON.stringify(references[0]?.model?.model)));
});

test.each([
  ['a count changed', (text: string) => text.replace(/"counts":\[0,(\d+)/, '"counts":[0,1$1')],
  ['an edge changed', (text: string) => text.replace(/"edges":\[/, '"edges":[-1e9,')],
  ['cut off', (text: string) => text.slice(0, -20)],
  ['its digest is another', (text: string) => text.replace(/"digest":"./, '"digest":"_')],
  ['empty', () => ''],
  ['a list', () => '[]'],
])('a damaged file is refused as a whole: %s', (_, damage) => {
  const text = toPortable(built(false), made, sha256);
  const damaged = damage(text);
  expect(damaged).not.toBe(text);
  const read = fromPortable(damaged, {}, sha256);
  expect(read).toMatchObject({ ok: false, fault: expect.stringContaining('export or build it again') });
});

test('a forged file with a right digest is refused where scale or id are not those of the content', () => {
  const file = JSON.parse(toPortable(built(false), made, sha256)) as {
    references: { counters: { counts: number[] }; scale: { edges: number[] } }[];
    digest: string;
  };
  const resign = () => {
    const { digest: _, ...body } = file;
    return JSON.stringify({ ...body, digest: sha256(sorted(body)) });
  };
  (file.references[0] as (typeof file.references)[0]).counters.counts[5] = 1;
  expect(fromPortable(resign(), {}, sha256)).toMatchObject({ ok: false });
});

test('of another schema says which one is read', () => {
  const read = fromPortable('{"schema":"kedge-references/9","references":[],"digest":""}', {}, sha256);
  expect(read).toEqual({
    ok: false,
    fault: 'its schema is "kedge-references/9", this version of Kedge reads "kedge-references/1"',
  });
});

test('windows of two agents with one imported reference add up to those of one agent that saw all', () => {
  const text = toPortable(built(false), made, sha256);
  const agents = [aggregator(text), aggregator(text), aggregator(text)] as const;
  const random = seededRandom(4);
  for (let row = 0; row < 3_000; row++) {
    const call = callOf({
      id: row + 1,
      timeMs: 1_800_000_000_000 + row,
      inputs: { x: Math.round(100 + 30 * normal(random)), country: row % 7 === 0 ? 'PL' : 'DE' },
    });
    const [first, second, both] = agents;
    (row % 3 === 0 ? first : second).add(call, call.timeMs);
    both.add(call, call.timeMs);
  }
  for (const signal of ['input.x', 'input.country']) {
    const [first, second, both] = agents.map((one) => windowOf(one, signal));
    if (first === undefined || second === undefined || both === undefined) throw new Error('no window');
    const merged = mergeCounters(first.scale, [first.counters, second.counters]);
    const { mean, m2, ...counted } = merged;
    const { mean: wholeMean, m2: wholeM2, ...whole } = both.counters;
    expect(counted).toEqual(whole);
    expect(mean).toBeCloseTo(wholeMean, 9);
    expect(m2 / wholeM2 || 1).toBeCloseTo(1, 9);
  }
});

function aggregator(text: string): Aggregator {
  const read = fromPortable(text, {}, sha256);
  if (!read.ok) throw new Error(read.fault);
  return new Aggregator({
    config: testConfig(),
    digest: nodeDigest(),
    meter: memoryMeter(),
    log: memoryLog(),
    nowMs: 1_800_000_000_000,
    references: read.references.map(({ reference }) => reference),
    keepMs: () => hourMs,
  });
}

function windowOf(one: Aggregator, signal: string) {
  const [state] = one.states();
  const track = placeOf(state?.versions.get('1'), signal)?.track;
  const counters = track?.window(0, Number.POSITIVE_INFINITY);
  return track && counters && { scale: track.scale, counters };
}

/** Canonical JSON, written apart from the product's. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${sorted((value as Record<string, unknown>)[key])}`).join()}}`;
}
