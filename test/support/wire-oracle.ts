import protobuf from 'protobufjs';
import { createReader, type Reader } from '../../agent/receivers/wire/reader.ts';
import type { AnyValue, AttributeView, Item, Key, Prefix } from '../../conventions/convention.ts';
import { Fields } from '../../core/fields.ts';
import { otlpSchema } from './otlp.ts';

/**
 * What Kedge's wire reader must find in a body, found a second time with protobufjs and plain code.
 *
 * Two schemas decide. The full one (otlp.ts) says whether a body is sound: it walks every message we walk. This one
 * says what is in it: values, of which the last one counts, are lists of bytes here, decoded one by one, because
 * protobufjs merges a message that comes twice where our rule is that the last one counts.
 *
 * Texts are bytes in both: protobufjs refuses a body for invalid UTF-8, we put U+FFFD in its place.
 */
const sound = protobuf.parse(otlpSchema.replaceAll('string ', 'bytes ')).root;
const { root } = protobuf.parse(`
syntax = "proto3";
message Request { repeated Group groups = 1; }
message Group { repeated Resource resource = 1; repeated ScopeGroup scopes = 2; }
message ScopeGroup { repeated Scope scope = 1; repeated bytes records = 2; }
message Resource { repeated KeyValue attributes = 1; }
message Scope { optional bytes name = 1; }
message Span {
  bytes trace_id = 1; bytes span_id = 2; bytes trace_state = 3; bytes parent_span_id = 4; bytes name = 5;
  fixed64 start = 7; fixed64 end = 8; repeated KeyValue attributes = 9; repeated Status status = 15;
}
message Status { optional int64 code = 3; }
message LogRecord {
  fixed64 time = 1; repeated bytes body = 5; repeated KeyValue attributes = 6;
  bytes trace_id = 9; bytes span_id = 10; fixed64 observed = 11; bytes event_name = 12;
}
message KeyValue { bytes key = 1; repeated bytes value = 2; }
message AnyValue {
  oneof value {
    bytes text = 1; bool bool = 2; int64 int = 3; double double = 4; bytes list = 5; bytes map = 6; bytes bytes = 7;
  }
}
message ArrayValue { repeated bytes values = 1; }
message KeyValueList { repeated KeyValue values = 1; }
`);
const type = (name: string) => root.lookupType(name);
const types = {
  request: type('Request'),
  span: type('Span'),
  log: type('LogRecord'),
  value: type('AnyValue'),
  list: type('ArrayValue'),
  map: type('KeyValueList'),
};

export type Signal = 'traces' | 'logs';

/** One item as plain data, so that two readings can be compared. */
export type PlainItem = Readonly<Record<string, unknown>>;
export type Reading =
  | { readonly ok: true; readonly items: readonly PlainItem[]; readonly rejected: number }
  | { readonly ok: false };

/** Names asked for by the tests, and prefixes. */
export const wantedKeys = [
  'ml.model.name',
  'ml.score',
  'ml.input.features',
  'service.name',
  'ml.feature.exact',
] as const;
export const wantedPrefixes = ['ml.feature.', 'ml.segment.'] as const;

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const depthMax = 64;

interface PlainAttribute {
  readonly key: Uint8Array;
  readonly value: readonly Uint8Array[];
}

export function readWithProtobufjs(body: Uint8Array, signal: Signal, receivedMs: number): Reading {
  protobuf.Reader.recursionLimit = 10_000;
  try {
    sound.lookupType(signal === 'traces' ? 'TracesRequest' : 'LogsRequest').decode(body);
  } catch {
    return { ok: false };
  }
  const groups: Loose[] = plain(types.request, body)['groups'] ?? [];
  const found = groups.flatMap((group) => itemsOf(group, signal, receivedMs));
  const items = found.filter((item) => typeof item === 'object');
  return { ok: true, items, rejected: found.filter((item) => item === 'rejected').length };
}

function itemsOf(group: Loose, signal: Signal, receivedMs: number): (PlainItem | 'rejected' | 'foreign')[] {
  const attributes = (group['resource'] ?? []).flatMap((one: Loose) => one['attributes'] ?? []);
  const resource = attributesOf(attributes);
  return (group['scopes'] ?? []).flatMap((scopeGroup: Loose) => {
    const named = (scopeGroup['scope'] ?? []).filter((one: Loose) => Object.hasOwn(one, 'name'));
    const scope = textOf(named.at(-1)?.name);
    return (scopeGroup['records'] ?? []).map((record: Uint8Array) => {
      const item = signal === 'traces' ? spanOf(record, receivedMs) : logOf(record, receivedMs);
      return typeof item === 'object' ? { ...item, scope, resource } : item;
    });
  });
}

// What a schema made at run time decodes has no type of its own.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Loose = Record<string, any>;

/** protobufjs gives bytes that are absent as an empty array. */
function textOf(bytes: ArrayLike<number> | undefined): string {
  return utf8.decode(Uint8Array.from(bytes ?? []));
}

function plain(of: protobuf.Type, bytes: Uint8Array): Loose {
  return of.decode(bytes) as unknown as Loose;
}

function spanOf(bytes: Uint8Array, receivedMs: number): PlainItem | 'rejected' | 'foreign' {
  const span = plain(types.span, bytes);
  const ids = idsOf(span);
  if (ids === undefined) return 'rejected';
  const attributes = attributesOf(span['attributes'] ?? []);
  if (!attributes.wanted) return 'foreign';
  const codes = (span['status'] ?? []).filter((one: Loose) => Object.hasOwn(one, 'code'));
  const start = timeOf(span['start']);
  const end = timeOf(span['end']);
  return {
    kind: 'span',
    name: textOf(span['name']),
    timeMs: start === undefined ? receivedMs : msOf(start),
    durationMs: start === undefined || end === undefined ? Number.NaN : Math.max(0, msOf(end - start)),
    failed: codes.length > 0 && BigInt(String(codes.at(-1).code)) === 2n,
    root: isZero(span['parentSpanId']),
    ...ids,
    traceState: textOf(span['traceState']),
    attributes,
    body: undefined,
  };
}

function logOf(bytes: Uint8Array, receivedMs: number): PlainItem | 'rejected' | 'foreign' {
  const log = plain(types.log, bytes);
  const ids = idsOf(log);
  if (ids === undefined) return 'rejected';
  const attributes = attributesOf(log['attributes'] ?? []);
  const eventName = textOf(log['eventName']);
  if (!attributes.wanted && eventName === '') return 'foreign';
  const time = timeOf(log['time']) ?? timeOf(log['observed']);
  const body = (log['body'] as Uint8Array[] | undefined)?.at(-1);
  return {
    kind: 'log',
    name: eventName || attributes.eventName,
    timeMs: time === undefined ? receivedMs : msOf(time),
    durationMs: Number.NaN,
    failed: false,
    root: false,
    ...ids,
    traceState: '',
    attributes,
    body: body === undefined || body.length === 0 ? undefined : plainValue(body),
  };
}

function idsOf(record: Loose): { traceId: string; hasId: boolean } | undefined {
  const trace: Uint8Array = record['traceId'] ?? new Uint8Array(0);
  const span: Uint8Array = record['spanId'] ?? new Uint8Array(0);
  if (![0, 16].includes(trace.length) || ![0, 8].includes(span.length)) return undefined;
  const traceId = isZero(trace) ? '' : Buffer.from(trace).toString('hex');
  return { traceId, hasId: traceId !== '' && !isZero(span) };
}

function isZero(bytes: Uint8Array | undefined): boolean {
  return (bytes ?? new Uint8Array(0)).every((byte) => byte === 0);
}

/** Nanoseconds, undefined where there is no time: 0, or beyond what 63 bits hold. */
function timeOf(time: unknown): bigint | undefined {
  const ns = time === undefined ? 0n : BigInt(String(time));
  return ns === 0n || ns >= 2n ** 63n ? undefined : ns;
}

/** To a microsecond: the reader computes in doubles. */
function msOf(ns: bigint): number {
  return Number(ns) / 1e6;
}

/** The attributes under test: for keys the value, for prefixes the fields in order of their first coming. */
function attributesOf(list: readonly PlainAttribute[]) {
  const values = new Map<string, Uint8Array>();
  const empty = new Uint8Array(0);
  for (const { key, value } of list) {
    const name = textOf(key);
    // A name that comes twice stands where its last value stands.
    values.delete(name);
    values.set(name, (value ?? []).at(-1) ?? empty);
  }
  const keys = wantedKeys.map((key) => {
    const bytes = values.get(key);
    return bytes === undefined ? ['absent', undefined] : [kindOf(bytes), plainValue(bytes)];
  });
  const under = wantedPrefixes.map((prefix) =>
    [...values]
      .filter(([key]) => key.length > prefix.length && key.startsWith(prefix))
      .map(([key, bytes]) => [key.slice(prefix.length), ...fieldOf(bytes)]),
  );
  const eventName = values.get('event.name');
  const wanted =
    eventName !== undefined ||
    keys.some(([kind]) => kind !== 'absent') ||
    under.some((fields) => fields.length > 0);
  const name = eventName === undefined ? '' : plainValue(eventName);
  return { keys, under, wanted, eventName: typeof name === 'string' ? name : '' };
}

const kindNames: Loose = {
  text: 'text',
  bool: 'boolean',
  int: 'number',
  double: 'number',
  list: 'list',
  map: 'map',
  bytes: 'bytes',
};

function kindOf(bytes: Uint8Array): string {
  const member = plain(types.value, bytes)['value'] as string | undefined;
  return member === undefined ? 'null' : kindNames[member];
}

const tooDeep = Symbol('too deep');

function plainValue(bytes: Uint8Array): unknown {
  if (kindOf(bytes) === 'bytes') return undefined;
  const value = decodeValue(bytes, 1);
  return value === tooDeep ? undefined : value;
}

function decodeValue(bytes: Uint8Array, depth: number): unknown {
  if (depth > depthMax) return tooDeep;
  const value = plain(types.value, bytes);
  switch (value['value']) {
    case 'text':
      return textOf(value['text']);
    case 'int':
      return Number(String(value['int']));
    case 'bool':
    case 'double':
      return value[value['value']];
    case 'list': {
      const inner: unknown[] = (plain(types.list, value['list'])['values'] ?? []).map((one: Uint8Array) =>
        decodeValue(one, depth + 1),
      );
      return inner.includes(tooDeep) ? tooDeep : inner;
    }
    case 'map': {
      const map = new Map<string, unknown>();
      for (const { key, value: inner } of plain(types.map, value['map'])['values'] ?? []) {
        const decoded = decodeValue((inner ?? []).at(-1) ?? new Uint8Array(0), depth + 1);
        if (decoded === tooDeep) return tooDeep;
        map.set(textOf(key), decoded);
      }
      return map;
    }
    default:
      return null;
  }
}

function fieldOf(bytes: Uint8Array): unknown[] {
  const kind = kindOf(bytes);
  const value = plain(types.value, bytes);
  if (kind === 'text') return ['level', textOf(value['text'])];
  if (kind === 'boolean') return ['level', String(value['bool'])];
  if (kind === 'null' || Number.isNaN(value['double'])) return ['missing'];
  if (kind !== 'number') return ['malformed'];
  const number = value['value'] === 'int' ? Number(String(value['int'])) : value['double'];
  const isUsable = value['value'] === 'int' ? Number.isSafeInteger(number) : Number.isFinite(number);
  return isUsable ? ['number', number] : ['malformed'];
}

/** The same, by the reader under test. */
export function createKedgeReading() {
  const reader: Reader = createReader();
  const keys = wantedKeys.map((key) => reader.keys.key(key));
  const prefixes = wantedPrefixes.map((prefix) => reader.keys.prefix(prefix));
  return (
    body: Uint8Array,
    signal: Signal,
    receivedMs: number,
    encoding: 'protobuf' | 'json' = 'protobuf',
  ): Reading & { message?: string; ids?: number[][] } => {
    const items: PlainItem[] = [];
    const ids: number[][] = [];
    const visit = (item: Item): boolean => {
      items.push(plainItem(item, keys, prefixes));
      ids.push([item.idHigh, item.idLow]);
      return true;
    };
    const result =
      signal === 'traces'
        ? reader.readTraces(body, encoding, receivedMs, visit)
        : reader.readLogs(body, encoding, receivedMs, visit);
    if (result.ok) return { ok: true, items, rejected: result.counts.rejected, ids };
    if (items.length > 0) throw new Error('a refused request was visited');
    return { ok: false, message: result.message };
  };
}

function plainItem(item: Item, keys: readonly Key[], prefixes: readonly Prefix[]): PlainItem {
  const hasId = item.idHigh !== 0 || item.idLow !== 0;
  const { kind, name, scope, timeMs, durationMs, failed, root: isRoot } = item;
  return {
    kind,
    name,
    scope,
    timeMs,
    durationMs,
    failed,
    root: isRoot,
    hasId,
    traceId: item.traceId(),
    traceState: item.traceState(),
    attributes: plainAttributes(item.attributes, keys, prefixes),
    resource: plainAttributes(item.resource, keys, prefixes),
    body: item.body(),
  };
}

function plainAttributes(view: AttributeView, keys: readonly Key[], prefixes: readonly Prefix[]) {
  const fields = new Fields();
  const under = prefixes.map((prefix) => {
    fields.clear();
    view.fieldsUnder(prefix, fields);
    return Array.from({ length: fields.size }, (_, i) => plainField(fields, i));
  });
  return { keys: keys.map((key) => [view.kind(key), checked(view, key)]), under };
}

function plainField(fields: Fields, i: number): unknown[] {
  const kind = fields.kind(i);
  const name = fields.names[i];
  if (kind === 'number') return [name, kind, fields.number(i)];
  return kind === 'level' ? [name, kind, fields.levels[i]] : [name, kind];
}

/** The value, after all ways to ask for it agreed. */
function checked(view: AttributeView, key: Key): AnyValue | undefined {
  const value = view.value(key);
  const agree =
    (typeof value !== 'string' || view.text(key) === value) &&
    (typeof value !== 'boolean' || view.boolean(key) === value) &&
    (typeof value !== 'number' || !Number.isFinite(value) || view.number(key) === value) &&
    (typeof value === 'number' || Number.isNaN(view.number(key)));
  if (!agree) throw new Error(`the views of one value differ: ${String(value)}`);
  return value;
}
