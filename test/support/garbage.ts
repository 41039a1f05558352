import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';

/** A request as no exporter should send it. */
export interface BadRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface BadAnswer {
  /** 0: the connection was closed without an answer. */
  readonly status: number;
  readonly retryAfter: string | undefined;
}

interface Capture {
  readonly path: string;
  readonly type: string;
  readonly isGzip: boolean;
  readonly bytes: Buffer;
}

type Chance = () => number;

const captures = join(import.meta.dirname, '../captures');
const json = 'application/json';
const protobuf = 'application/x-protobuf';
const types = [json, protobuf, 'text/plain', 'application/grpc', '', 'application/json; charset=utf-16'];
const encodings = ['identity', 'gzip', 'br', 'zstd', 'gzip, gzip', 'deflate', ''];
const paths = [
  '/v1/traces',
  '/v1/logs',
  '/v1/metrics',
  '/',
  '/v1/traces/',
  '/%2e%2e/v1/logs',
  '//v1/logs?x=1',
];

/** Recorded bodies, made wrong: cut, flipped, spliced, under wrong headers. */
export function createMutator(chance: Chance): () => BadRequest {
  const recorded = readCaptures();
  const wrongs: ((good: BadRequest) => BadRequest)[] = [
    (good) => ({ ...good, body: good.body.subarray(0, Math.floor(chance() * good.body.length)) }),
    (good) => ({ ...good, body: flipBits(good.body, 1 + Math.floor(chance() * 20), chance) }),
    (good) => ({ ...good, body: splice(good.body, pick(recorded, chance).bytes, chance) }),
    (good) => ({ ...good, path: pick(paths, chance), headers: headersOf(pick(types, chance), '') }),
    (good) => ({
      ...good,
      headers: headersOf(good.headers['content-type'] ?? '', pick(encodings, chance)),
    }),
  ];
  return () => {
    const capture = pick(recorded, chance);
    const inflate = capture.isGzip && chance() < 0.5;
    const body = inflate ? gunzipSync(capture.bytes) : capture.bytes;
    const headers = headersOf(capture.type, capture.isGzip && !inflate ? 'gzip' : '');
    return pick(wrongs, chance)({ path: capture.path, headers, body });
  };
}

/** Bytes of pure chance under headers that fit or do not. */
export function createNoise(chance: Chance): () => BadRequest {
  return () => {
    const body = Uint8Array.from({ length: Math.floor(chance() * 600) }, () => Math.floor(chance() * 256));
    const fits = chance() < 0.7;
    const type = pick(fits ? [json, protobuf] : types, chance);
    return {
      path: pick(fits ? ['/v1/traces', '/v1/logs'] : paths, chance),
      headers: headersOf(type, fits && chance() < 0.8 ? '' : pick(encodings, chance)),
      body: chance() < 0.2 ? gzipSync(body) : body,
    };
  };
}

/** Small bodies that would become large ones. */
export function bombs(): readonly BadRequest[] {
  const zeros = gzipSync(Buffer.alloc(80 * 1_048_576), { level: 9 });
  const members = Buffer.concat(Array.from({ length: 5_000 }, () => gzipSync('{}')));
  const spaces = gzipSync(Buffer.alloc(60 * 1_048_576, ' '), { level: 9 });
  const bodies = [zeros, gzipSync(zeros), members, spaces, zeros.subarray(0, -500)];
  return bodies.flatMap((body) => [
    { path: '/v1/logs', headers: headersOf(json, 'gzip'), body },
    { path: '/v1/traces', headers: headersOf(protobuf, 'gzip'), body },
  ]);
}

/** Nested deeper than any program could mean. */
export function deepOnes(): readonly BadRequest[] {
  const texts = [
    '['.repeat(1_000_000),
    '{"a":'.repeat(200_000),
    `{"resourceLogs":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    logOfValue(`${'{"arrayValue":{"values":['.repeat(3_000)}{}${']}}'.repeat(3_000)}`),
    logOfValue(`${'{"arrayValue":{"values":['.repeat(70)}{"intValue":"1"}${']}}'.repeat(70)}`),
  ];
  const inJson = texts.map((text) => ({
    path: '/v1/logs',
    headers: headersOf(json, ''),
    body: Buffer.from(text),
  }));
  // AnyValue.array_value (5) of ArrayValue.values (1) of … in KeyValue.value (2) of LogRecord.attributes (6) …
  let value = Buffer.from([0x18, 0x01]);
  for (let depth = 0; depth < 3_000; depth++) value = field(5, field(1, value));
  const attribute = Buffer.concat([field(1, Buffer.from('ml.feature.deep')), field(2, value)]);
  const record = Buffer.concat([field(6, attribute), field(12, Buffer.from('ml.prediction'))]);
  const body = field(1, field(2, field(2, record)));
  return [...inJson, { path: '/v1/logs', headers: headersOf(protobuf, ''), body }];
}

/** Values that are no numbers, keys that are no names, in rows that are fine otherwise. */
export function oddRows(model: string, timeMs: number): readonly BadRequest[] {
  const values = [
    '{"doubleValue":1e400}',
    '{"doubleValue":-1e400}',
    '{"doubleValue":"NaN"}',
    '{"doubleValue":"Infinity"}',
    '{"doubleValue":1.7976931348623157e308}',
    '{"intValue":"9223372036854775807"}',
    '{"intValue":"99999999999999999999999999"}',
    '{"intValue":"one"}',
    '{"stringValue":null}',
    '{"boolValue":"yes"}',
    '{"kvlistValue":{"values":[{"key":"__proto__","value":{"intValue":"1"}}]}}',
    '{"__proto__":{"intValue":"1"}}',
    '{}',
    'null',
    '7',
    '"text"',
    '[]',
  ];
  const names = [
    '__proto__',
    'constructor',
    'toString',
    'then',
    'a\\u0000b',
    '\\ud800',
    ' ',
    'x'.repeat(5_000),
  ];
  return [
    ...values.map((value) => oddRow(model, timeMs, 'odd', value)),
    ...names.map((name) => oddRow(model, timeMs, name, '{"intValue":"1"}')),
    oddRow(model, timeMs, 'flat', '{"intValue":"1"}', '{"doubleValue":"Infinity"}'),
    {
      path: '/v1/logs',
      headers: headersOf(json, ''),
      body: Buffer.from('{"__proto__":{"resourceLogs":[]}}'),
    },
  ];
}

/** Posts a body at once, or in pieces without an announced length; resolves with the answer, if there was one. */
export function postBad(otlpUrl: string, bad: BadRequest, chunked = false): Promise<BadAnswer> {
  return new Promise((resolve) => {
    const length = chunked ? {} : { 'content-length': String(bad.body.length) };
    const outgoing = request(
      `${otlpUrl}${bad.path}`,
      { method: 'POST', headers: { ...bad.headers, ...length }, timeout: 15_000 },
      (answer) => {
        answer.on('error', () => undefined);
        answer.resume();
        answer.once('close', () =>
          resolve({ status: answer.statusCode ?? 0, retryAfter: answer.headers['retry-after'] }),
        );
      },
    );
    outgoing.once('error', () => resolve({ status: 0, retryAfter: undefined }));
    outgoing.once('timeout', () => outgoing.destroy());
    if (chunked) Readable.from(pieces(bad.body)).pipe(outgoing);
    else outgoing.end(bad.body);
  });
}

export function headersOf(type: string, encoding: string): Record<string, string> {
  return {
    ...(type === '' ? {} : { 'content-type': type }),
    ...(encoding === '' ? {} : { 'content-encoding': encoding }),
  };
}

function oddRow(model: string, timeMs: number, name: string, value: string, mapped?: string): BadRequest {
  const attributes = [
    `{"key":"ml.model.name","value":{"stringValue":"${model}"}}`,
    `{"key":"ml.feature.good","value":{"doubleValue":1.5}}`,
    `{"key":"ml.feature.${name}","value":${value}}`,
    ...(mapped === undefined ? [] : [mapOf('mapped', mapped)]),
  ];
  const record = `{"timeUnixNano":"${timeMs}000000","eventName":"ml.prediction","attributes":[${attributes}]}`;
  const body = Buffer.from(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[${record}]}]}]}`);
  return { path: '/v1/logs', headers: headersOf(json, ''), body };
}

/** One feature in a map. */
function mapOf(name: string, value: string): string {
  return `{"key":"ml.input.features","value":{"kvlistValue":{"values":[{"key":"${name}","value":${value}}]}}}`;
}

function logOfValue(value: string): string {
  const attributes = ['{"key":"ml.model.name","value":{"stringValue":"deep"}}', mapOf('deep', value)];
  const record = `{"timeUnixNano":"0","eventName":"ml.prediction","attributes":[${attributes}]}`;
  return `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${record}]}]}]}`;
}

function field(number: number, bytes: Uint8Array): Buffer<ArrayBuffer> {
  const head: number[] = [(number << 3) | 2];
  let length = bytes.length;
  while (length > 127) {
    head.push((length & 127) | 128);
    length >>>= 7;
  }
  return Buffer.concat([Buffer.from([...head, length]), bytes]);
}

function* pieces(body: Uint8Array): Generator<Uint8Array> {
  const size = 1_048_576;
  for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size);
}

function flipBits(good: Uint8Array, count: number, chance: Chance): Uint8Array {
  const bytes = Uint8Array.from(good);
  for (let flip = 0; flip < count; flip++) {
    const at = Math.floor(chance() * bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(chance() * 8));
  }
  return bytes;
}

function splice(one: Uint8Array, other: Uint8Array, chance: Chance): Uint8Array {
  const at = Math.floor(chance() * one.length);
  const from = Math.floor(chance() * other.length);
  return Buffer.concat([one.subarray(0, at), other.subarray(from, from + 2_000), one.subarray(at)]);
}

function readCaptures(): readonly Capture[] {
  return readdirSync(captures, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\d-(traces|logs)\.(json|pb)(\.gz)?$/.test(name))
    .toSorted()
    .map((name) => ({
      path: name.includes('-traces.') ? '/v1/traces' : '/v1/logs',
      type: name.includes('.json') ? json : protobuf,
      isGzip: name.endsWith('.gz'),
      bytes: readFileSync(join(captures, name)),
    }));
}

function pick<T>(from: readonly T[], chance: Chance): T {
  const one = from[Math.floor(chance() * from.length)];
  if (one === undefined) throw new Error('nothing to pick from');
  return one;
}
