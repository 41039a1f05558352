import { expect, test } from 'vitest';
import { memoryMeter } from '../../../agent/adapters/memory-meter.ts';
import { nodeDigest } from '../../../agent/adapters/node-digest.ts';
import { cutScale, makeReference } from '../../../agent/pipeline/learner.ts';
import {
  type FileReference,
  ReferenceBook,
  recordsOfSignalMax,
} from '../../../agent/pipeline/reference-book.ts';
import { decodeRecord, referenceToJson } from '../../../agent/pipeline/references.ts';
import { encodeJson } from '../../../core/json.ts';
import type { Reference, ReferenceRecord } from '../../../core/reference.ts';
import { countNumber, newCounters } from '../../../detectors/counters/counters.ts';

const sha256 = (text: string) => nodeDigest().sha256(text);
const series = { model: 'm', environment: 'prod', version: '', signal: 'output.score' };
const values = Array.from({ length: 500 }, (_, i) => i / 7);
const scale = cutScale(values, sha256);

function reference(
  fromMs: number,
  version = '',
  kind: Reference['kind'] = 'learned',
  name?: string,
): Reference {
  const counters = newCounters(scale);
  for (const value of values) countNumber(counters, scale, value, 1);
  const made = makeReference(
    kind,
    { ...series, version },
    { scale, counters, fromMs },
    fromMs + 100,
    fromMs + 100,
    sha256,
  );
  return name === undefined ? made : { ...made, name };
}

function book(stored: readonly ReferenceRecord[] = [], files: readonly FileReference[] = []) {
  return new ReferenceBook({ stored, files, meter: memoryMeter() });
}

/** What a store holds after these writes. */
function storedAfter(
  ...changes: readonly { writes: readonly { key: string; value: Uint8Array | undefined }[] }[]
) {
  const records = new Map<string, Uint8Array>();
  for (const { writes } of changes) {
    for (const { key, value } of writes) {
      if (value === undefined) records.delete(key);
      else records.set(key, value);
    }
  }
  return [...records].filter(([key]) => key.startsWith('reference/')).map(([, bytes]) => decodeRecord(bytes));
}

test('a new one in force retires the one before, which stays listed, also over a restart', () => {
  const [a, b] = [reference(0), reference(1_000)];
  const one = book();
  const changes = [one.add(a, 'in_force'), one.add(b, 'in_force')];
  const again = book(storedAfter(...changes));
  for (const each of [one, again]) {
    expect(each.inForce(series)?.reference.id).toBe(b.id);
    expect(each.get(a.id)?.standing).toBe('kept');
  }
});

test('what was pinned comes before a file, and a file before what was learned', () => {
  const learned = reference(0);
  const file = { reference: reference(0, '', 'file', 'training'), isDefault: true };
  const stored = storedAfter(book().add(learned, 'in_force'));
  const one = book(stored, [file]);
  expect(one.inForce(series)?.reference.id).toBe(file.reference.id);
  const pinned = one.pin([learned.id], 'ada', 77);
  expect(one.inForce(series)).toMatchObject({
    reference: { id: learned.id },
    pinned: { by: 'ada', atMs: 77 },
  });
  const again = book(storedAfter(pinned), [file]);
  expect(again.inForce(series)?.reference.id).toBe(learned.id);
  expect(again.named(series, 'training')?.id).toBe(file.reference.id);
});

test('a pinned file stays in force over a restart, and leaves when another is pinned', () => {
  const file = { reference: reference(0, '', 'file', 'training'), isDefault: false };
  const learned = reference(5_000);
  const first = book([], [file]);
  const changes = [first.add(learned, 'in_force'), first.pin([file.reference.id], 'ada', 1)];
  const second = book(storedAfter(...changes), [file]);
  expect(second.inForce(series)?.reference.id).toBe(file.reference.id);
  const third = book(storedAfter(...changes, second.pin([learned.id], 'bob', 2)), [file]);
  expect(third.inForce(series)?.reference.id).toBe(learned.id);
});

test('a version without a reference of its own takes that of the newest version before it, else the model’s', () => {
  const one = book();
  const [ofModel, ofTwo, ofFour] = [reference(0), reference(2_000, '2'), reference(4_000, '4')];
  one.add(ofModel, 'in_force');
  one.add(ofTwo, 'in_force');
  one.add(ofFour, 'in_force');
  const found = (version: string, firstSeenMs: number) =>
    one.forVersion({ ...series, version }, firstSeenMs)?.reference.id;
  expect(found('1', 0)).toBe(ofModel.id);
  expect(found('2', 2_000)).toBe(ofTwo.id);
  expect(found('3', 3_000)).toBe(ofTwo.id);
  expect(found('5', 5_000)).toBe(ofFour.id);
});

test('one that waits is compared with by nobody until it is pinned', () => {
  const one = book();
  const [ofModel, ofTwo] = [reference(0), reference(2_000, '2')];
  one.add(ofModel, 'in_force');
  one.add(ofTwo, 'waiting');
  expect(one.forVersion({ ...series, version: '2' }, 2_000)?.reference.id).toBe(ofModel.id);
  one.pin([ofTwo.id], 'ada', 1);
  expect(one.forVersion({ ...series, version: '2' }, 2_000)?.reference.id).toBe(ofTwo.id);
  expect(one.inForce(series)?.reference.id).toBe(ofModel.id);
});

test('of one signal so many are listed; the oldest that is only kept leaves the store too', () => {
  const one = book();
  const changes = Array.from({ length: recordsOfSignalMax + 3 }, (_, i) =>
    one.add(reference(i * 1_000), 'in_force'),
  );
  expect(one.size).toBe(recordsOfSignalMax);
  expect(storedAfter(...changes)).toHaveLength(recordsOfSignalMax);
  expect(one.inForce(series)?.reference.fromMs).toBe((recordsOfSignalMax + 2) * 1_000);
});

test('a record of before, under its series and without a decision, is in force', () => {
  const record = decodeRecord(encodeJson(referenceToJson(reference(0))));
  expect(book([record]).inForce(series)?.reference.id).toBe(reference(0).id);
});

test('a record whose counts are not of its scale is damaged', () => {
  const json = referenceToJson(reference(0));
  const counters = { ...json.counters, counts: json.counters.counts.slice(1) };
  expect(() => decodeRecord(encodeJson({ ...json, counters }))).toThrow('not of its scale');
});
