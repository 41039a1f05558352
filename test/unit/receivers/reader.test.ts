import { expect, test } from 'vitest';
import { createReader, type Reader } from '../../../agent/receivers/wire/reader.ts';
import type { Item } from '../../../conventions/convention.ts';
import { Fields } from '../../../core/fields.ts';
import {
  encodeJson,
  encodeLogs,
  encodeTraces,
  logsOf,
  type OtlpLogRecord,
  type OtlpSpan,
  otlpAttributes,
  tracesOf,
} from '../../support/otlp.ts';

const receivedMs = 1_795_300_000_000;
const ids = { traceId: '5b8efff798038103d2f69b633813fc60', spanId: 'eee19b7ec3c1b174' };

function readSpans<T>(reader: Reader, spans: readonly OtlpSpan[], look: (item: Item) => T): T[] {
  const seen: T[] = [];
  const result = reader.readTraces(encodeTraces(tracesOf(spans)), 'protobuf', receivedMs, (item) => {
    seen.push(look(item));
    return true;
  });
  expect(result.ok).toBe(true);
  return seen;
}

function readLogs<T>(reader: Reader, records: readonly OtlpLogRecord[], look: (item: Item) => T): T[] {
  const seen: T[] = [];
  const result = reader.readLogs(encodeLogs(logsOf(records)), 'protobuf', receivedMs, (item) => {
    seen.push(look(item));
    return true;
  });
  expect(result.ok).toBe(true);
  return seen;
}

function namesUnder(fields: Fields): string[] {
  return fields.names.slice(0, fields.size);
}

test('only items with something wanted are offered: the rest is counted as not understood', () => {
  const reader = createReader();
  reader.keys.key('ml.model.name');
  reader.keys.prefix('ml.feature.');
  const spans = [
    { name: 'foreign', attributes: otlpAttributes({ 'http.route': '/', 'ml.feature': 1, 'ml.feature.': 1 }) },
    { name: 'key', attributes: otlpAttributes({ 'ml.model.name': 'm' }) },
    { name: 'prefix', attributes: otlpAttributes({ 'ml.feature.age': 1 }) },
    { name: 'none' },
  ];
  const offered: string[] = [];
  const result = reader.readTraces(encodeTraces(tracesOf(spans)), 'protobuf', receivedMs, (item) => {
    offered.push(item.name);
    return item.name === 'key';
  });
  expect(offered).toEqual(['key', 'prefix']);
  expect(result).toMatchObject({ ok: true, counts: { items: 4, notUnderstood: 3, rejected: 0 } });
});

test('a log record is offered for a wanted key or an event name, from either place', () => {
  const reader = createReader();
  const names = readLogs(
    reader,
    [
      { eventName: 'ml.prediction' },
      { attributes: otlpAttributes({ 'event.name': 'gen_ai.choice' }) },
      { eventName: 'first', attributes: otlpAttributes({ 'event.name': 'second' }) },
      { attributes: otlpAttributes({ message: 'nothing for us' }) },
      {},
    ],
    (item) => item.name,
  );
  expect(names).toEqual(['ml.prediction', 'gen_ai.choice', 'first']);
});

test('a row forgets the record before it', () => {
  const reader = createReader();
  const [a, b] = [reader.keys.key('a'), reader.keys.key('b')];
  const prefix = reader.keys.prefix('f.');
  const fields = new Fields();
  const seen = readSpans(
    reader,
    [
      { attributes: otlpAttributes({ a: 1, 'f.x': 1, 'f.y': 2 }) },
      { attributes: otlpAttributes({ b: 2, 'f.y': 3 }) },
    ],
    (item) => {
      fields.clear();
      item.attributes.fieldsUnder(prefix, fields);
      return [item.attributes.kind(a), item.attributes.kind(b), namesUnder(fields)];
    },
  );
  expect(seen).toEqual([
    ['number', 'absent', ['x', 'y']],
    ['absent', 'number', ['y']],
  ]);
});

test('the order of attributes may change from record to record', () => {
  const reader = createReader();
  const keys = ['a', 'b', 'c'].map((name) => reader.keys.key(name));
  const orders = [
    { a: 1, b: 2, c: 3 },
    { c: 3, a: 1, b: 2 },
    { x: 9, b: 2, y: 9, c: 3, a: 1 },
    { b: 2, a: 1, c: 3 },
  ];
  const seen = readSpans(
    reader,
    orders.map((values) => ({ attributes: otlpAttributes(values) })),
    (item) => keys.map((key) => item.attributes.number(key)),
  );
  expect(seen).toEqual(orders.map(() => [1, 2, 3]));
});

test('what a record holds does not depend on the records before it', () => {
  const names = ['a', 'b', 'c', 'foreign'];
  const shapes = [[], [0], [0, 1], [1, 0], [2, 0, 1], [0, 2], [3, 0], [0, 3, 1], [1, 1], [2, 1, 0, 3]];
  const recordOf = (shape: readonly number[], seed: number) => ({
    attributes: shape.flatMap((i, at) => otlpAttributes({ [names[i] as string]: seed + at / 10 })),
  });
  const wantedOf = (shape: readonly number[], seed: number) =>
    [0, 1, 2].map((i) => (shape.includes(i) ? seed + shape.lastIndexOf(i) / 10 : Number.NaN));
  const reader = createReader();
  const keys = ['a', 'b', 'c'].map((name) => reader.keys.key(name));
  for (let one = 0; one < shapes.length ** 3; one++) {
    const body = [one % 10, Math.floor(one / 10) % 10, Math.floor(one / 100), one % 10].map(
      (i) => shapes[i] as number[],
    );
    const seen = readSpans(
      reader,
      body.map((shape, n) => recordOf(shape, n + 1.5)),
      (item) => keys.map((key) => item.attributes.number(key)),
    );
    const held = body.flatMap((shape, n) => (shape.some((i) => i < 3) ? [wantedOf(shape, n + 1.5)] : []));
    expect(seen).toEqual(held);
  }
});

test('a key that comes twice has its last value, and is one field', () => {
  const reader = createReader();
  const key = reader.keys.key('f.a');
  const prefix = reader.keys.prefix('f.');
  const twice = [...otlpAttributes({ 'f.a': 1, 'f.b': 5 }), ...otlpAttributes({ 'f.a': 'two' })];
  const fields = new Fields();
  const [text] = readSpans(reader, [{ attributes: twice }], (item) => {
    item.attributes.fieldsUnder(prefix, fields);
    return item.attributes.text(key);
  });
  expect(text).toBe('two');
  expect(namesUnder(fields)).toEqual(['b', 'a']);
  expect(fields.levels[1]).toBe('two');
});

test('a name under two prefixes, which is also a key, is seen by all three', () => {
  const reader = createReader();
  const key = reader.keys.key('ml.feature.age');
  const prefixes = [reader.keys.prefix('ml.'), reader.keys.prefix('ml.feature.')];
  const [seen] = readSpans(reader, [{ attributes: otlpAttributes({ 'ml.feature.age': 7 }) }], (item) => {
    const names = prefixes.map((prefix) => {
      const fields = new Fields();
      item.attributes.fieldsUnder(prefix, fields);
      return namesUnder(fields);
    });
    return [item.attributes.number(key), ...names];
  });
  expect(seen).toEqual([7, ['feature.age'], ['age']]);
});

test('fields: what each kind of value becomes', () => {
  const reader = createReader();
  const prefix = reader.keys.prefix('f.');
  const attributes = [
    ...otlpAttributes({
      'f.int': -3,
      'f.text': 'car',
      'f.no': false,
      'f.null': null,
      'f.list': [1],
      'f.map': { a: 1 },
    }),
    { key: 'f.nan', value: { doubleValue: 'NaN' } },
    { key: 'f.infinite', value: { doubleValue: 'Infinity' } },
    { key: 'f.large', value: { intValue: '9007199254740993' } },
    { key: 'f.bytes', value: { bytesValue: 'AAEC' } },
    { key: 'f.no_value' },
  ];
  const fields = new Fields();
  readSpans(reader, [{ attributes }], (item) => item.attributes.fieldsUnder(prefix, fields));
  const kinds = namesUnder(fields).map((name, i) => [name, fields.kind(i)]);
  expect(Object.fromEntries(kinds)).toEqual({
    int: 'number',
    text: 'level',
    no: 'level',
    null: 'missing',
    nan: 'missing',
    no_value: 'missing',
    list: 'malformed',
    map: 'malformed',
    infinite: 'malformed',
    large: 'malformed',
    bytes: 'malformed',
  });
  expect([fields.number(0), fields.levels[2]]).toEqual([-3, 'false']);
});

test('the resource counts for its group, wherever in it it stands', () => {
  const reader = createReader();
  const service = reader.keys.key('service.name');
  const model = reader.keys.key('m');
  const group = (name: string) =>
    tracesOf([{ attributes: otlpAttributes({ m: name }) }], { 'service.name': name });
  const last = moveResourceBehind(encodeTraces(group('late')));
  const body = Buffer.concat([
    encodeTraces(group('early')),
    last,
    encodeTraces(tracesOf([{ attributes: otlpAttributes({ m: 'none' }) }])),
  ]);
  const seen: string[][] = [];
  reader.readTraces(body, 'protobuf', receivedMs, (item) => {
    seen.push([item.attributes.text(model), item.resource.text(service), item.scope]);
    return true;
  });
  expect(seen).toEqual([
    ['early', 'early', 'test'],
    ['late', 'late', 'test'],
    ['none', '', 'test'],
  ]);
});

/** The one group of the body, its first field moved to the end; both shorter than 128 bytes. */
function moveResourceBehind(body: Uint8Array): Uint8Array {
  const group = Buffer.from(body.subarray(2));
  const resourceEnd = 2 + (group[1] as number);
  return Buffer.concat([body.subarray(0, 2), group.subarray(resourceEnd), group.subarray(0, resourceEnd)]);
}

test('times: start and end to a microsecond, the receive time where there is none', () => {
  const reader = createReader();
  const attributes = otlpAttributes({ 'event.name': 'x' });
  const at = (ns: string) => ({ startTimeUnixNano: ns, attributes });
  const spans = [
    { ...at('1795300000123456789'), endTimeUnixNano: '1795300000127556789' },
    { ...at('1795300000000000001'), endTimeUnixNano: '1795300000000000000' },
    { ...at('0'), endTimeUnixNano: '1795300000000000000' },
    at('18446744073709551615'),
    at('1795300000000000000'),
  ];
  const seen = readSpans(reader, spans, (item) => [item.timeMs, item.durationMs]);
  expect(seen[0]?.[0]).toBeCloseTo(1_795_300_000_123.4568, 3);
  expect(seen[0]?.[1]).toBeCloseTo(4.1, 9);
  expect(seen[1]?.[1]).toBe(0);
  expect(seen.slice(2)).toEqual([
    [receivedMs, Number.NaN],
    [receivedMs, Number.NaN],
    [1_795_300_000_000, Number.NaN],
  ]);
  const logTimes = readLogs(
    reader,
    [
      { eventName: 'a', timeUnixNano: '1000000000', observedTimeUnixNano: '2000000000' },
      { eventName: 'a', observedTimeUnixNano: '2000000000' },
      { eventName: 'a' },
    ],
    (item) => [item.timeMs, item.durationMs],
  );
  expect(logTimes).toEqual([
    [1_000, Number.NaN],
    [2_000, Number.NaN],
    [receivedMs, Number.NaN],
  ]);
});

test('ids: equal for equal ids in either case and encoding, different for all else, 0 for none', () => {
  const reader = createReader();
  const attributes = otlpAttributes({ 'event.name': 'x' });
  const numbers = (item: Item) => `${item.idHigh}/${item.idLow}`;
  const spans = [
    { ...ids, attributes },
    { traceId: ids.traceId, attributes },
    { spanId: ids.spanId, attributes },
    { ...ids, traceId: '0'.repeat(32), attributes },
    { ...ids, spanId: 'eee19b7ec3c1b175', attributes },
    { ...ids, traceId: '5b8efff798038103d2f69b633813fc61', attributes },
  ];
  const [own, ...others] = readSpans(reader, spans, numbers);
  expect(others.slice(0, 3)).toEqual(['0/0', '0/0', '0/0']);
  const [asLog] = readLogs(reader, [{ ...ids, eventName: 'x' }], numbers);
  expect(new Set([own, ...others.slice(3), asLog, '0/0']).size).toBe(5);
  const upper = { traceId: ids.traceId.toUpperCase(), spanId: ids.spanId.toUpperCase(), attributes };
  const fromJson: string[] = [];
  reader.readTraces(encodeJson(tracesOf([upper])), 'json', receivedMs, (item) => {
    fromJson.push(numbers(item), item.traceId());
    return true;
  });
  expect(fromJson).toEqual([own, ids.traceId]);
});

test('many spans of one trace have different numbers', () => {
  const reader = createReader();
  const attributes = otlpAttributes({ 'event.name': 'x' });
  const spans = Array.from({ length: 5_000 }, (_, i) => ({
    traceId: ids.traceId,
    spanId: (i + 1).toString(16).padStart(16, '0'),
    attributes,
  }));
  const seen = readSpans(reader, spans, (item) => [item.idHigh, item.idLow]);
  expect(new Set(seen.map(([high]) => high)).size).toBeGreaterThan(4_990);
  expect(new Set(seen.map(([, low]) => low)).size).toBeGreaterThan(4_990);
});

test('a span is a root without a parent, and failed by its status only', () => {
  const reader = createReader();
  const attributes = otlpAttributes({ 'event.name': 'x' });
  const spans: OtlpSpan[] = [
    { parentSpanId: '', attributes },
    { parentSpanId: '0000000000000000', attributes },
    { parentSpanId: ids.spanId, attributes, status: { code: 2 } },
    { parentSpanId: ids.spanId, attributes, status: { code: 1, message: 'ERROR' } },
  ];
  expect(readSpans(reader, spans, (item) => [item.root, item.failed])).toEqual([
    [true, false],
    [true, false],
    [false, true],
    [false, false],
  ]);
});

test('values come whole, in maps that know no prototype; too deep ones do not, and are counted', () => {
  const reader = createReader();
  const key = reader.keys.key('v');
  const nest = (levels: number): unknown => (levels === 0 ? 'end' : [nest(levels - 1)]);
  const body = (value: unknown) => encodeJson(tracesOf([{ attributes: otlpAttributes({ v: value }) }]));
  const readValue = (value: unknown) => {
    let seen: unknown;
    const result = reader.readTraces(body(value), 'json', receivedMs, (item) => {
      seen = item.attributes.value(key);
      return true;
    });
    return [seen, result.ok ? result.counts.malformed.depth : -1];
  };
  const own = JSON.parse('{"__proto__": {"x": 1}, "constructor": [1, null, true, "a"]}');
  const map = new Map<string, unknown>([
    ['__proto__', new Map([['x', 1]])],
    ['constructor', [1, null, true, 'a']],
  ]);
  expect(readValue(own)).toEqual([map, 0]);
  expect(readValue(nest(63))).toEqual([nest(63), 0]);
  expect(readValue(nest(64))).toEqual([undefined, 1]);
  expect(readValue(nest(90))).toEqual([undefined, 1]);
});

test('texts: short ones, long ones, ones that were seen before, and a cut at 1 MiB between characters', () => {
  const reader = createReader();
  const key = reader.keys.key('t');
  const short = Array.from({ length: 20_000 }, (_, i) => `text ${i % 10_000}`);
  const read = (texts: readonly string[]) =>
    readSpans(
      reader,
      texts.map((t) => ({ attributes: otlpAttributes({ t }) })),
      (item) => item.attributes.text(key),
    );
  expect(read(short)).toEqual(short);
  const odd = [
    '',
    'a',
    'größe',
    '𝄞'.repeat(16),
    'x'.repeat(63),
    'x'.repeat(64),
    'x'.repeat(65),
    '\u0000',
    '\ufeffa',
  ];
  expect(read([...odd, ...odd])).toEqual([...odd, ...odd]);
  const long = `${'x'.repeat(1_048_575)}ä and more`;
  const result = reader.readTraces(
    encodeTraces(tracesOf([{ attributes: otlpAttributes({ t: long }) }])),
    'protobuf',
    receivedMs,
    (item) => item.attributes.text(key) === 'x'.repeat(1_048_575),
  );
  expect(result).toMatchObject({ ok: true, counts: { notUnderstood: 0, malformed: { too_long: 1 } } });
});

test('a flood of names takes no memory for ever: they are forgotten, and real ones found again', () => {
  const reader = createReader();
  const prefix = reader.keys.prefix('f.');
  const key = reader.keys.key('m');
  const flood = (round: number) =>
    Array.from({ length: 30 }, (_, span) => ({
      attributes: otlpAttributes(
        Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`f.${round} ${span} ${i}`, i])),
      ),
    }));
  const real = { attributes: otlpAttributes({ m: 'model', 'f.age': 7 }) };
  for (let round = 0; round < 4; round++) {
    // From the second round on, the real name has one of the 20,000 places.
    const refused = round === 0 ? 10_000 : 10_001;
    const result = reader.readTraces(
      encodeTraces(tracesOf(flood(round))),
      'protobuf',
      receivedMs,
      () => true,
    );
    expect(result).toMatchObject({ ok: true, counts: { items: 30, malformed: { too_many: refused } } });
    const seen = readSpans(reader, [real], (item) => {
      const fields = new Fields();
      item.attributes.fieldsUnder(prefix, fields);
      return [item.attributes.text(key), namesUnder(fields), fields.number(0)];
    });
    expect(seen).toEqual([['model', ['age'], 7]]);
  }
});

test('a name longer than 1,024 bytes is skipped and counted', () => {
  const reader = createReader();
  const prefix = reader.keys.prefix('f.');
  const attributes = otlpAttributes({ [`f.${'x'.repeat(1_022)}`]: 1, [`f.${'x'.repeat(1_023)}`]: 2 });
  const fields = new Fields();
  const result = reader.readTraces(
    encodeTraces(tracesOf([{ attributes }])),
    'protobuf',
    receivedMs,
    (item) => {
      item.attributes.fieldsUnder(prefix, fields);
      return true;
    },
  );
  expect(result).toMatchObject({ ok: true, counts: { malformed: { too_long: 1 } } });
  expect(fields.size).toBe(1);
});

test('keys may be registered between requests, and the same name is the same key', () => {
  const reader = createReader();
  const spans = [{ attributes: otlpAttributes({ a: 1, late: 2 }) }];
  const a = reader.keys.key('a');
  expect(readSpans(reader, spans, (item) => item.attributes.number(a))).toEqual([1]);
  const late = reader.keys.key('late');
  expect(reader.keys.key('a')).toBe(a);
  expect(
    readSpans(reader, spans, (item) => [item.attributes.number(a), item.attributes.number(late)]),
  ).toEqual([[1, 2]]);
});

test('a column of the wrong JSON type costs itself, not the request', () => {
  const reader = createReader();
  const prefix = reader.keys.prefix('f.');
  const wrong = [
    ['text', { stringValue: 5 }],
    ['int', { intValue: '1.5' }],
    ['huge', { intValue: '99999999999999999999' }],
    ['bool', { boolValue: 'true' }],
    ['double', { doubleValue: 'much' }],
    ['list', { arrayValue: [] }],
    ['scalar', 7],
  ] as const;
  const attributes = [
    ...wrong.map(([name, value]) => ({ key: `f.${name}`, value })),
    ...otlpAttributes({ 'f.good': 1 }),
  ];
  const fields = new Fields();
  const result = reader.readJsonTraces(tracesOf([{ attributes } as never]), receivedMs, (item) => {
    item.attributes.fieldsUnder(prefix, fields);
    return true;
  });
  expect(result).toMatchObject({ ok: true, counts: { items: 1, malformed: { type: wrong.length } } });
  const kinds = namesUnder(fields).map((name, i) => [name, fields.kind(i)]);
  expect(kinds).toEqual([...wrong.map(([name]) => [name, 'malformed']), ['good', 'number']]);
});

test('64-bit integers of JSON, as numbers and as text, to the nearest double', () => {
  const reader = createReader();
  const key = reader.keys.key('n');
  const texts = [
    '-9223372036854775808',
    '9223372036854775807',
    '9007199254740993',
    '-1',
    '0',
    '128',
    '4294967296',
  ];
  const request = (value: string) =>
    `{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"key":"n","value":{"intValue":${value}}}]}]}]}]}`;
  for (const text of texts) {
    for (const form of [text, `"${text}"`]) {
      let number = Number.NaN;
      reader.readTraces(new TextEncoder().encode(request(form)), 'json', receivedMs, (item) => {
        number = item.attributes.number(key);
        return true;
      });
      expect(number).toBe(Number(text));
    }
  }
});
