import { expect, test } from 'vitest';
import { decodeWithProtobufjs, digestByKedge, digestByProtobufjs } from '../../../bench/calls.ts';
import { makeSet, setNames } from '../../../bench/payloads.ts';
import { findMarks, stamp } from '../../../bench/stamps.ts';

const atMs = 1_764_000_123_456;
/** Making them takes longer than any test here. */
const sets = setNames.map((name) => makeSet(name, 3));

test('the same seed makes the same bytes, another seed others', () => {
  const [a, b, other] = [makeSet('tab16', 1), makeSet('tab16', 1), makeSet('tab16', 2)];
  expect(a.sha256).toBe(b.sha256);
  expect(other.sha256).not.toBe(a.sha256);
  expect(a.bodies).toHaveLength(8);
  expect(new Set(a.bodies.map((body) => Buffer.from(body).toString('latin1'))).size).toBe(8);
});

test('spans have the attributes and about the size that the figures are said to be about', () => {
  const shapes = { llm: [16, 3_374], tab: [26, 976], http: [12, 555] } as const;
  for (const { name, bodies } of sets) {
    if (!(name in shapes)) continue;
    const [attributes, bytes] = shapes[name as keyof typeof shapes];
    const [body = new Uint8Array()] = bodies;
    const { spans } = decodeWithProtobufjs(body, 'traces').resourceSpans[0].scopeSpans[0];
    expect(spans).toHaveLength(512);
    expect(spans[0].attributes, name).toHaveLength(attributes);
    expect(body.length / 512 / bytes, `${name}: bytes per span`).toBeCloseTo(1, 0.5);
  }
});

test('every record carries marks, and a stamped body the time and ids that were asked for', () => {
  for (const set of sets) {
    const { name } = set;
    const body = (set.bodies[0] ?? new Uint8Array()).slice();
    const marks = findMarks(body);
    const records = name === 'batch' ? 1 : set.items;
    expect([marks.traces.length, marks.starts.length], name).toEqual([records, records]);
    expect(marks.ends.length, name).toBe(set.signal === 'traces' ? records : 0);
    stamp(body, marks, 0xabc, atMs);
    expect(findMarks(body).traces).toHaveLength(0);
    expect(findMarks(body).texts).toHaveLength(0);
    const first = firstRecord(body, set.signal);
    expect(String(first.startTimeUnixNano ?? first.timeUnixNano)).toBe(`${atMs}000000`);
    expect(Buffer.from(first.traceId).toString('hex').slice(8, 16)).toBe('00000abc');
  }
});

test('an end keeps its distance from the start, also over a carry', () => {
  const [body = new Uint8Array()] = makeSet('tab16', 3).bodies;
  const marks = findMarks(body);
  const duration = BigInt(marks.durations[0] ?? 0);
  expect(duration).toBeGreaterThan(0n);
  // The low half of a start is near its end here: adding the duration carries into the high half.
  const carryMs = Number((((BigInt(atMs) * 1_000_000n) >> 32n) << 32n) / 1_000_000n) - 1;
  for (const ms of [atMs, carryMs]) {
    stamp(body, marks, 1, ms);
    const { startTimeUnixNano, endTimeUnixNano } = firstRecord(body, 'traces');
    expect(BigInt(String(endTimeUnixNano)) - BigInt(String(startTimeUnixNano))).toBe(duration);
  }
});

test('what we read from each set is what protobufjs and plain code read', () => {
  for (const set of sets) {
    const { name } = set;
    const body = (set.bodies[1] ?? new Uint8Array()).slice();
    stamp(body, findMarks(body), 1, atMs);
    const digest = digestByKedge(body, set.signal);
    expect(digest, name).toBe(digestByProtobufjs(body, set.signal));
    expect(digest, name).toContain(`${set.calls} calls`);
  }
});

test('another value makes another digest', () => {
  const [body = new Uint8Array()] = makeSet('tab16', 7).bodies;
  const before = digestByKedge(body, 'traces');
  const at = Buffer.from(body).indexOf('refuse');
  body[at] = (body[at] ?? 0) + 1;
  expect(digestByKedge(body, 'traces')).not.toBe(before);
});

function firstRecord(body: Uint8Array, signal: 'traces' | 'logs') {
  const message = decodeWithProtobufjs(body, signal);
  return signal === 'traces'
    ? message.resourceSpans[0].scopeSpans[0].spans[0]
    : message.resourceLogs[0].scopeLogs[0].logRecords[0];
}
