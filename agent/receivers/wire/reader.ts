import type { Item, KeyRegistry } from '../../../conventions/convention.ts';
import type { Meter } from '../../../core/ports.ts';
import { Cursor, ValueReader } from './any-value.ts';
import { type Signal, StructureCheck, type WireFault } from './check.ts';
import { JsonTranscoder } from './json.ts';
import { KeyTable, viewOf } from './key-table.ts';
import { attributesMax, discoveredNamesMax, resourceAttributesMax } from './limits.ts';
import { WireItem } from './record.ts';
import { type MalformedCounts, Row } from './row.ts';
import { TextCache } from './text.ts';

export type { WireFault } from './check.ts';

export type WireEncoding = 'protobuf' | 'json';

export interface ReadCounts {
  /** Spans or log records read, refused ones not among them. */
  readonly items: number;
  /** Of these, what nothing was found in, or `visit` said no to. */
  readonly notUnderstood: number;
  /** Items refused one by one (an id of the wrong length); the others count. */
  readonly rejected: number;
  /** Why the first of them was refused; '' for none. */
  readonly rejectedMessage: string;
  /** Values that could not be used, as far as the reader saw them. */
  readonly malformed: Readonly<MalformedCounts>;
}

export type ReadResult =
  | { readonly ok: true; readonly counts: ReadCounts }
  | ({ readonly ok: false } & WireFault);

/** Called for each item; `true`: a convention has it. The item is valid only during the call. */
export type Visit = (item: Item) => boolean;

/**
 * Reads OTLP export requests. A request counts whole or not at all: nothing is visited of one that is refused.
 * Not reentrant: `visit` must not read another request.
 */
export interface Reader {
  /** Where conventions register what they want, before the first request. */
  readonly keys: KeyRegistry;
  readTraces(body: Uint8Array, encoding: WireEncoding, receivedMs: number, visit: Visit): ReadResult;
  readLogs(body: Uint8Array, encoding: WireEncoding, receivedMs: number, visit: Visit): ReadResult;
  /** The same for an OTLP/JSON request that is already parsed. */
  readJsonTraces(request: unknown, receivedMs: number, visit: Visit): ReadResult;
  readJsonLogs(request: unknown, receivedMs: number, visit: Visit): ReadResult;
}

export interface ReaderOptions {
  /** Told how many names under wanted prefixes are known, and how many may be. */
  readonly meter?: Meter;
}

export function createReader(options: ReaderOptions = {}): Reader {
  const reader = new WireReader(options.meter);
  const json = new JsonTranscoder();
  const readBody = (
    signal: Signal,
    body: Uint8Array,
    encoding: WireEncoding,
    receivedMs: number,
    visit: Visit,
  ): ReadResult => {
    if (encoding === 'protobuf') return reader.read(signal, body, receivedMs, visit);
    const parsed = json.parse(body);
    return parsed.ok ? readParsed(signal, parsed.value, receivedMs, visit) : parsed;
  };
  const readParsed = (signal: Signal, request: unknown, receivedMs: number, visit: Visit): ReadResult => {
    const written = json.write(request, signal);
    if (!written.ok) return written;
    const result = reader.read(signal, written.bytes, receivedMs, visit, written.typeFaults);
    json.release();
    return result;
  };
  return {
    keys: reader.keys,
    readTraces: (body, encoding, receivedMs, visit) => readBody('traces', body, encoding, receivedMs, visit),
    readLogs: (body, encoding, receivedMs, visit) => readBody('logs', body, encoding, receivedMs, visit),
    readJsonTraces: (request, receivedMs, visit) => readParsed('traces', request, receivedMs, visit),
    readJsonLogs: (request, receivedMs, visit) => readParsed('logs', request, receivedMs, visit),
  };
}

/** Tags of the envelopes, the same for traces and logs: a request of resources of scopes of records. */
const tag = { resourceGroup: 0x0a, resource: 0x0a, scopeGroup: 0x12, scope: 0x0a, record: 0x12 } as const;
const resourceAttributeTag = 0x0a;
const scopeNameTag = 0x0a;

class WireReader {
  readonly keys = new KeyTable();
  readonly #check = new StructureCheck();
  readonly #cursor = new Cursor();
  readonly #texts = new TextCache();
  readonly #malformed: MalformedCounts = { type: 0, depth: 0, too_long: 0, too_many: 0 };
  readonly #meter: Meter | undefined;
  readonly #resource: Row;
  readonly #attributes: Row;
  readonly #item: WireItem;
  #signal: Signal = 'traces';
  #receivedMs = 0;
  #visit: Visit = () => false;
  #items = 0;
  #notUnderstood = 0;
  #rejected = 0;
  #rejectedMessage = '';
  #namesTold = -1;

  constructor(meter: Meter | undefined) {
    this.#meter = meter;
    meter?.set('limit', discoveredNamesMax, { what: 'attribute_names' });
    const values = new ValueReader(this.#cursor, this.#texts);
    this.#resource = new Row(this.keys, values, this.#malformed, resourceAttributesMax);
    this.#attributes = new Row(this.keys, values, this.#malformed, attributesMax);
    this.#item = new WireItem({
      cursor: this.#cursor,
      values,
      texts: this.#texts,
      attributes: this.#attributes,
      resource: this.#resource,
      malformed: this.#malformed,
      eventNameKey: this.keys.key('event.name'),
    });
  }

  read(signal: Signal, body: Uint8Array, receivedMs: number, visit: Visit, typeFaults = 0): ReadResult {
    const fault = this.#check.run(body, signal);
    if (fault !== undefined) return { ok: false, ...fault };
    this.#begin(signal, receivedMs, visit, typeFaults);
    const cursor = this.#cursor;
    cursor.open(body, viewOf(body));
    while (cursor.at < body.length) {
      const field = cursor.varint32();
      if (field === tag.resourceGroup) this.#readResourceGroup(cursor.varint32() + cursor.at);
      else cursor.skip(field);
    }
    return this.#end();
  }

  #begin(signal: Signal, receivedMs: number, visit: Visit, typeFaults: number): void {
    this.keys.prepare();
    this.#resource.open();
    this.#attributes.open();
    this.#signal = signal;
    this.#receivedMs = receivedMs;
    this.#visit = visit;
    this.#items = 0;
    this.#notUnderstood = 0;
    this.#rejected = 0;
    this.#rejectedMessage = '';
    Object.assign(this.#malformed, { type: typeFaults, depth: 0, too_long: 0, too_many: 0 });
  }

  /** Lets go of the body and of the visitor. */
  #end(): ReadResult {
    this.#cursor.open(new Uint8Array(0), new DataView(new ArrayBuffer(0)));
    this.#visit = () => false;
    this.#malformed.too_long += this.#texts.takeCut();
    this.#tellNames();
    return {
      ok: true,
      counts: {
        items: this.#items,
        notUnderstood: this.#notUnderstood,
        rejected: this.#rejected,
        rejectedMessage: this.#rejectedMessage,
        malformed: { ...this.#malformed },
      },
    };
  }

  #tellNames(): void {
    const names = this.keys.discovered;
    if (names === this.#namesTold) return;
    this.#namesTold = names;
    this.#meter?.set('in_use', names, { what: 'attribute_names' });
  }

  /** The resource may come after the records it belongs to: it is read first, by a pass that jumps over the rest. */
  #readResourceGroup(end: number): void {
    const cursor = this.#cursor;
    const start = cursor.at;
    this.#resource.clear();
    while (cursor.at < end) {
      const field = cursor.varint32();
      if (field === tag.resource) this.#readResource(cursor.varint32() + cursor.at);
      else cursor.skip(field);
    }
    cursor.at = start;
    while (cursor.at < end) {
      const field = cursor.varint32();
      if (field === tag.scopeGroup) this.#readScopeGroup(cursor.varint32() + cursor.at);
      else cursor.skip(field);
    }
  }

  #readResource(end: number): void {
    const cursor = this.#cursor;
    while (cursor.at < end) {
      const field = cursor.varint32();
      if (field === resourceAttributeTag) this.#resource.addRun(cursor, end, field);
      else cursor.skip(field);
    }
  }

  #readScopeGroup(end: number): void {
    const cursor = this.#cursor;
    const start = cursor.at;
    this.#item.scope = '';
    while (cursor.at < end) {
      const field = cursor.varint32();
      if (field === tag.scope) this.#readScope(cursor.varint32() + cursor.at);
      else cursor.skip(field);
    }
    cursor.at = start;
    while (cursor.at < end) {
      const field = cursor.varint32();
      if (field === tag.record) this.#readRecord(cursor.varint32() + cursor.at);
      else cursor.skip(field);
    }
  }

  #readScope(end: number): void {
    const cursor = this.#cursor;
    while (cursor.at < end) {
      const field = cursor.varint32();
      if (field !== scopeNameTag) {
        cursor.skip(field);
        continue;
      }
      const length = cursor.varint32();
      this.#item.scope = this.#texts.text(cursor.bytes, cursor.view, cursor.at, length);
      cursor.at += length;
    }
  }

  #readRecord(end: number): void {
    const item = this.#item;
    const isSpan = this.#signal === 'traces';
    const wrong = isSpan ? item.readSpan(end, this.#receivedMs) : item.readLog(end, this.#receivedMs);
    if (wrong !== '') {
      this.#rejected++;
      if (this.#rejectedMessage === '') this.#rejectedMessage = wrong;
    } else {
      this.#items++;
      if (!item.isWanted || !this.#visit(item)) this.#notUnderstood++;
    }
    // The visitor moved the cursor while it read values.
    this.#cursor.at = end;
  }
}
