import type { AnyValue, AttributeView, Item, Key } from '../../../conventions/convention.ts';
import type { Cursor, ValueReader } from './any-value.ts';
import type { MalformedCounts, Row } from './row.ts';
import type { TextCache } from './text.ts';

/** Nanoseconds of the high half's unit, 2^32, in ms; and one nanosecond. */
const msPerHigh = 4_294.967296;
const nanosecondsPerMs = 1e6;
/** High half from which a signed 64-bit time is negative: after the year 2262. */
const highMax = 0x8000_0000;

/** Field tags of Span and LogRecord in opentelemetry-proto. */
const spanTag = {
  traceId: 0x0a,
  spanId: 0x12,
  traceState: 0x1a,
  parentId: 0x22,
  name: 0x2a,
  start: 0x39,
  end: 0x41,
  attribute: 0x4a,
  status: 0x7a,
} as const;
const logTag = {
  time: 0x09,
  body: 0x2a,
  attribute: 0x32,
  traceId: 0x4a,
  spanId: 0x52,
  observed: 0x59,
  eventName: 0x62,
} as const;
const statusCodeTag = 0x18;
const statusError = 2;
const traceIdBytes = 16;
const hexDigits = '0123456789abcdef';

/** What the items of one reader share. */
export interface ItemParts {
  readonly cursor: Cursor;
  readonly values: ValueReader;
  readonly texts: TextCache;
  readonly attributes: Row;
  readonly resource: Row;
  readonly malformed: MalformedCounts;
  readonly eventNameKey: Key;
}

/**
 * The one span or log record being read. Numbers are read at once, texts stay byte ranges until asked for.
 *
 * `idHigh`, `idLow`: of a log record they are those of its span mixed with a constant, as a record is not its span.
 * Two records of one span therefore share them: a convention that knows better (a prediction id) says so.
 */
export class WireItem implements Item {
  kind: 'span' | 'log' = 'span';
  scope = '';
  timeMs = 0;
  durationMs = Number.NaN;
  failed = false;
  root = false;
  idHigh = 0;
  idLow = 0;
  readonly attributes: AttributeView;
  readonly resource: AttributeView;
  readonly #parts: ItemParts;
  readonly #cursor: Cursor;
  readonly #row: Row;
  #name = new Range();
  #traceState = new Range();
  #traceId = new Range();
  #spanId = new Range();
  #parentId = new Range();
  #body = new Range();
  #first = new Halves();
  #second = new Halves();
  /** Of a trace id; used again for each. */
  readonly #hexCodes: number[] = new Array(traceIdBytes * 2).fill(0);

  constructor(parts: ItemParts) {
    this.#parts = parts;
    this.#cursor = parts.cursor;
    this.#row = parts.attributes;
    this.attributes = parts.attributes;
    this.resource = parts.resource;
  }

  get name(): string {
    if (this.#name.length > 0) return this.#text(this.#name);
    return this.kind === 'log' ? this.attributes.text(this.#parts.eventNameKey) : '';
  }

  traceId(): string {
    return this.#isSet(this.#traceId) ? this.#hex(this.#traceId) : '';
  }

  traceState(): string {
    return this.#text(this.#traceState);
  }

  body(): AnyValue | undefined {
    // Some exporters write an empty value where others leave the body out.
    if (this.#body.length === 0) return undefined;
    const { values, malformed } = this.#parts;
    const value = values.decode(this.#body.from, this.#body.from + this.#body.length);
    if (value === undefined) malformed.depth++;
    return value;
  }

  /** Anything a convention could recognise it by. */
  get isWanted(): boolean {
    return this.#row.isWanted || (this.kind === 'log' && this.#name.length > 0);
  }

  /** Reads the span from the cursor to `end`; '' or what is wrong with it. */
  readSpan(end: number, receivedMs: number): string {
    const cursor = this.#cursor;
    this.#reset('span');
    while (cursor.at < end) {
      const tag = cursor.varint32();
      if (tag === spanTag.attribute) this.#row.addRun(cursor, end, tag);
      else this.#spanField(tag);
    }
    this.root = !this.#isSet(this.#parentId);
    const start = this.#first;
    const stop = this.#second;
    this.timeMs = start.isTime ? start.ms : receivedMs;
    this.durationMs =
      start.isTime && stop.isTime
        ? Math.max(0, (stop.high - start.high) * msPerHigh + (stop.low - start.low) / nanosecondsPerMs)
        : Number.NaN;
    return this.#finish(0);
  }

  /** Reads the log record from the cursor to `end`; '' or what is wrong with it. */
  readLog(end: number, receivedMs: number): string {
    const cursor = this.#cursor;
    this.#reset('log');
    while (cursor.at < end) {
      const tag = cursor.varint32();
      if (tag === logTag.attribute) this.#row.addRun(cursor, end, tag);
      else this.#logField(tag);
    }
    if (this.#first.isTime) this.timeMs = this.#first.ms;
    else this.timeMs = this.#second.isTime ? this.#second.ms : receivedMs;
    return this.#finish(0x6c6f6721);
  }

  #reset(kind: 'span' | 'log'): void {
    this.kind = kind;
    this.failed = false;
    this.root = false;
    this.durationMs = Number.NaN;
    for (const range of [this.#name, this.#traceState, this.#traceId, this.#spanId]) range.clear();
    this.#parentId.clear();
    this.#body.clear();
    this.#first.clear();
    this.#second.clear();
    this.#row.clear();
  }

  #spanField(tag: number): void {
    const cursor = this.#cursor;
    switch (tag) {
      case spanTag.traceId:
        this.#traceId.read(cursor);
        break;
      case spanTag.spanId:
        this.#spanId.read(cursor);
        break;
      case spanTag.parentId:
        this.#parentId.read(cursor);
        break;
      case spanTag.name:
        this.#name.read(cursor);
        break;
      case spanTag.traceState:
        this.#traceState.read(cursor);
        break;
      case spanTag.start:
        this.#first.read(cursor);
        break;
      case spanTag.end:
        this.#second.read(cursor);
        break;
      case spanTag.status:
        this.#readStatus();
        break;
      default:
        cursor.skip(tag);
    }
  }

  #logField(tag: number): void {
    const cursor = this.#cursor;
    switch (tag) {
      case logTag.body:
        this.#body.read(cursor);
        break;
      case logTag.traceId:
        this.#traceId.read(cursor);
        break;
      case logTag.spanId:
        this.#spanId.read(cursor);
        break;
      case logTag.eventName:
        this.#name.read(cursor);
        break;
      case logTag.time:
        this.#first.read(cursor);
        break;
      case logTag.observed:
        this.#second.read(cursor);
        break;
      default:
        cursor.skip(tag);
    }
  }

  #readStatus(): void {
    const cursor = this.#cursor;
    const length = cursor.varint32();
    const end = cursor.at + length;
    while (cursor.at < end) {
      const tag = cursor.varint32();
      if (tag === statusCodeTag) this.failed = cursor.int64() === statusError;
      else cursor.skip(tag);
    }
  }

  /** Checks the ids and mixes them to 64 bits. */
  #finish(salt: number): string {
    const trace = this.#traceId;
    const span = this.#spanId;
    this.idHigh = 0;
    this.idLow = 0;
    if (trace.length !== traceIdBytes && trace.length !== 0) return 'a trace id has 16 bytes';
    if (span.length !== 8 && span.length !== 0) return 'a span id has 8 bytes';
    if (this.#isSet(trace) && this.#isSet(span)) this.#mixIds(trace.from, span.from, salt);
    return '';
  }

  #mixIds(traceAt: number, spanAt: number, salt: number): void {
    const { view } = this.#cursor;
    let high = salt ^ 0x2545f491;
    let low = salt ^ 0x4f6cdd1d;
    for (let i = 0; i < 16; i += 4) {
      const word = view.getInt32(traceAt + i);
      high = Math.imul(high ^ word, 0x9e3779b1) ^ (high >>> 15);
      low = Math.imul(low ^ word, 0x85ebca6b) ^ (low >>> 13);
    }
    for (let i = 0; i < 8; i += 4) {
      const word = view.getInt32(spanAt + i);
      high = Math.imul(high ^ word, 0xc2b2ae35) ^ (high >>> 16);
      low = Math.imul(low ^ word, 0x27d4eb2f) ^ (low >>> 14);
    }
    this.idHigh = high >>> 0;
    // Both 0 means no id.
    this.idLow = low >>> 0 || 1;
  }

  /** There, and not only zeros: those stand for "none" in ids. */
  #isSet(range: Range): boolean {
    const { bytes } = this.#cursor;
    for (let i = 0; i < range.length; i++) if (bytes[range.from + i] !== 0) return true;
    return false;
  }

  #text(range: Range): string {
    const { bytes, view } = this.#cursor;
    return this.#parts.texts.text(bytes, view, range.from, range.length);
  }

  /** One call with all digits makes one flat string; adding them up makes a tree of small ones, at six times the cost. */
  #hex(range: Range): string {
    const { bytes } = this.#cursor;
    const codes = this.#hexCodes;
    for (let i = 0; i < codes.length; i += 2) {
      const byte = bytes[range.from + (i >> 1)] as number;
      codes[i] = hexDigits.charCodeAt(byte >> 4);
      codes[i + 1] = hexDigits.charCodeAt(byte & 15);
    }
    return String.fromCharCode(...codes);
  }
}

/** Where a length-delimited field lies. */
class Range {
  from = 0;
  length = 0;

  clear(): void {
    this.length = 0;
  }

  read(cursor: Cursor): void {
    this.length = cursor.varint32();
    this.from = cursor.at;
    cursor.at += this.length;
  }
}

/** A 64-bit time in ns since 1970, kept as two halves so that no digit is lost. */
class Halves {
  high = 0;
  low = 0;

  clear(): void {
    this.high = 0;
    this.low = 0;
  }

  read(cursor: Cursor): void {
    this.low = cursor.view.getUint32(cursor.at, true);
    this.high = cursor.view.getUint32(cursor.at + 4, true);
    cursor.at += 8;
  }

  /** 0 means absent. */
  get isTime(): boolean {
    return (this.high !== 0 || this.low !== 0) && this.high < highMax;
  }

  get ms(): number {
    return this.high * msPerHigh + this.low / nanosecondsPerMs;
  }
}
