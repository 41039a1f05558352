import type { Signal, WireFault } from './check.ts';
import { jsonDepthMax, jsonTokensMax } from './limits.ts';
import { ProtobufWriter } from './writer.ts';

type JsonObject = Readonly<Record<string, unknown>>;
type Parsed = { readonly ok: true; readonly value: unknown } | ({ readonly ok: false } & WireFault);
type Written =
  | { readonly ok: true; readonly bytes: Uint8Array; readonly typeFaults: number }
  | ({ readonly ok: false } & WireFault);

/** A body of the wrong shape, thrown inside this file only: `readJson` turns it into a fault. */
class ShapeFault extends Error {}

const quote = 0x22;
const backslash = 0x5c;

/**
 * OTLP/JSON: JSON.parse, then rewritten as protobuf for the one reader, so that both forms of an export give the same
 * rows by construction. Ids are hex in either case, 64-bit integers numbers or text, enums numbers; unknown fields
 * are left out, and with them everything no convention can read (events, links, metrics).
 */
export class JsonTranscoder {
  readonly #decoder = new TextDecoder();
  readonly #writer = new ProtobufWriter();
  #typeFaults = 0;

  parse(body: Uint8Array): Parsed {
    // Exporters send an empty body where a protobuf one would have 0 bytes.
    if (body.length === 0) return { ok: true, value: {} };
    const fault = scanBrackets(body);
    if (fault !== undefined) return { ok: false, ...fault };
    try {
      return { ok: true, value: JSON.parse(this.#decoder.decode(body)) };
    } catch {
      return { ok: false, fault: 'malformed', message: 'no valid JSON' };
    }
  }

  /** The bytes are valid until `release()`. */
  write(request: unknown, signal: Signal): Written {
    const writer = this.#writer;
    writer.clear();
    this.#typeFaults = 0;
    try {
      const [groups, scopes, records] =
        signal === 'traces'
          ? ['resourceSpans', 'scopeSpans', 'spans']
          : ['resourceLogs', 'scopeLogs', 'logRecords'];
      for (const group of list(object(request, 'the request'), groups as string)) {
        writer.open(1);
        this.#resourceGroup(object(group, 'a resource group'), scopes as string, records as string, signal);
        writer.close();
      }
    } catch (error) {
      if (!(error instanceof ShapeFault)) throw error;
      return { ok: false, fault: 'malformed', message: `no valid OTLP/JSON: ${error.message}` };
    }
    return { ok: true, bytes: writer.bytes(), typeFaults: this.#typeFaults };
  }

  /** Gives back what a large request took. */
  release(): void {
    this.#writer.clear();
  }

  #resourceGroup(group: JsonObject, scopesKey: string, recordsKey: string, signal: Signal): void {
    const writer = this.#writer;
    const resource = group['resource'];
    if (isGiven(resource)) {
      writer.open(1);
      this.#attributes(1, object(resource, 'a resource'), 'attributes');
      writer.close();
    }
    for (const entry of list(group, scopesKey)) {
      const scopeGroup = object(entry, 'a scope group');
      writer.open(2);
      const scope = scopeGroup['scope'];
      if (isGiven(scope)) {
        writer.open(1);
        this.#text(1, object(scope, 'a scope'), 'name');
        writer.close();
      }
      for (const record of list(scopeGroup, recordsKey)) {
        writer.open(2);
        if (signal === 'traces') this.#span(object(record, 'a span'));
        else this.#logRecord(object(record, 'a log record'));
        writer.close();
      }
      writer.close();
    }
  }

  #span(span: JsonObject): void {
    this.#id(1, span, 'traceId');
    this.#id(2, span, 'spanId');
    this.#text(3, span, 'traceState');
    this.#id(4, span, 'parentSpanId');
    this.#text(5, span, 'name');
    this.#time(7, span, 'startTimeUnixNano');
    this.#time(8, span, 'endTimeUnixNano');
    this.#attributes(9, span, 'attributes');
    const status = span['status'];
    if (!isGiven(status)) return;
    const code = object(status, 'a status')['code'];
    if (typeof code !== 'number' || !Number.isSafeInteger(code)) return;
    this.#writer.open(15);
    this.#writer.int(3, code);
    this.#writer.close();
  }

  #logRecord(record: JsonObject): void {
    this.#time(1, record, 'timeUnixNano');
    if (isGiven(record['body'])) this.#value(5, record['body']);
    this.#attributes(6, record, 'attributes');
    this.#id(9, record, 'traceId');
    this.#id(10, record, 'spanId');
    this.#time(11, record, 'observedTimeUnixNano');
    this.#text(12, record, 'eventName');
  }

  #attributes(field: number, parent: JsonObject, key: string): void {
    for (const entry of list(parent, key)) this.#attribute(field, object(entry, 'an attribute'));
  }

  #attribute(field: number, attribute: JsonObject): void {
    this.#writer.open(field);
    this.#text(1, attribute, 'key');
    if (isGiven(attribute['value'])) this.#value(2, attribute['value']);
    this.#writer.close();
  }

  /** A member of the wrong type costs only the value: it comes as bytes, which no convention can use. */
  #value(field: number, value: unknown): void {
    this.#writer.open(field);
    if (!isObject(value) || !this.#member(value)) {
      this.#typeFaults++;
      this.#writer.textBytes(7, '');
    }
    this.#writer.close();
  }

  #member(value: JsonObject): boolean {
    const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } = value;
    // JavaScript exporters write NaN as null: declared as a double, so not an empty value.
    if (doubleValue !== undefined) return this.#double(doubleValue);
    if (isGiven(stringValue))
      return typeof stringValue === 'string' && this.#writer.textBytes(1, stringValue);
    if (isGiven(boolValue)) return typeof boolValue === 'boolean' && this.#writer.int(2, boolValue ? 1 : 0);
    if (isGiven(intValue)) return this.#int(intValue);
    if (isGiven(arrayValue)) return this.#list(arrayValue);
    if (isGiven(kvlistValue)) return this.#map(kvlistValue);
    return !isGiven(bytesValue) || (typeof bytesValue === 'string' && this.#writer.textBytes(7, ''));
  }

  #double(value: unknown): boolean {
    if (typeof value === 'number') return this.#writer.double(4, value);
    if (value === null || value === 'NaN') return this.#writer.double(4, Number.NaN);
    if (value === 'Infinity') return this.#writer.double(4, Number.POSITIVE_INFINITY);
    if (value === '-Infinity') return this.#writer.double(4, Number.NEGATIVE_INFINITY);
    if (typeof value !== 'string' || !/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value)) return false;
    return this.#writer.double(4, Number(value));
  }

  #int(value: unknown): boolean {
    if (typeof value === 'number') {
      if (Number.isSafeInteger(value)) return this.#writer.int(3, value);
      return Number.isInteger(value) && this.#bigInt(BigInt(value));
    }
    if (typeof value !== 'string' || !/^-?\d{1,20}$/.test(value)) return false;
    const number = Number(value);
    return Number.isSafeInteger(number) ? this.#writer.int(3, number) : this.#bigInt(BigInt(value));
  }

  /** 2^63 − 1 comes as the double 2^63 from those who write it as a JSON number. */
  #bigInt(value: bigint): boolean {
    const largest = 2n ** 63n;
    if (value > largest || value < -largest) return false;
    return this.#writer.bigInt(3, value === largest ? value - 1n : value);
  }

  #list(value: unknown): boolean {
    if (!isObject(value)) return false;
    this.#writer.open(5);
    for (const element of list(value, 'values')) this.#value(1, element ?? {});
    this.#writer.close();
    return true;
  }

  #map(value: unknown): boolean {
    if (!isObject(value)) return false;
    this.#writer.open(6);
    this.#attributes(1, value, 'values');
    this.#writer.close();
    return true;
  }

  #text(field: number, parent: JsonObject, key: string): void {
    const text = parent[key];
    if (!isGiven(text)) return;
    if (typeof text !== 'string') throw new ShapeFault(`${key} is no string`);
    if (text !== '') this.#writer.textBytes(field, text);
  }

  /** What is no hex of whole bytes is written as one byte, a length no id has: the record is refused, not the request. */
  #id(field: number, parent: JsonObject, key: string): void {
    const id = parent[key];
    if (!isGiven(id)) return;
    if (typeof id !== 'string') throw new ShapeFault(`${key} is no string`);
    if (id !== '') this.#writer.hexBytes(field, /^([0-9a-fA-F]{2})+$/.test(id) ? id : '00');
  }

  /** Times that are no unsigned 64-bit integers are left out: the record has none then. */
  #time(field: number, parent: JsonObject, key: string): void {
    const time = parent[key];
    if (!isGiven(time)) return;
    const digits =
      typeof time === 'number' && time >= 0 && time < 2 ** 64 ? BigInt(Math.trunc(time)).toString() : time;
    if (typeof digits === 'string' && /^\d{1,20}$/.test(digits)) this.#writer.fixed64(field, digits);
    else this.#typeFaults++;
  }
}

/** null stands for the default in protobuf's JSON. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function object(value: unknown, what: string): JsonObject {
  if (!isObject(value)) throw new ShapeFault(`${what} is no object`);
  return value;
}

function list(parent: JsonObject, key: string): readonly unknown[] {
  const value = parent[key];
  if (!isGiven(value)) return [];
  if (!Array.isArray(value)) throw new ShapeFault(`${key} is no array`);
  return value;
}

/**
 * Bounds what JSON.parse will do before it does it: nesting and the number of things it builds. Linear, no memory.
 * Strings are jumped over by their closing quote; what is no JSON at all is left to the parser to refuse.
 */
function scanBrackets(body: Uint8Array): WireFault | undefined {
  let depth = 0;
  let tokens = 0;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i] as number;
    if (byte === quote) {
      i = closingQuote(body, i);
      continue;
    }
    if (byte === 0x2c) tokens++;
    else if (byte === 0x5b || byte === 0x7b) {
      tokens++;
      if (++depth > jsonDepthMax) {
        return { fault: 'malformed', message: `more than ${jsonDepthMax} nested brackets` };
      }
    } else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return tokens > jsonTokensMax
    ? { fault: 'too_large', message: 'more values than a request may have; send smaller batches' }
    : undefined;
}

/** The place of the quote that ends the string, or the end of the body. */
function closingQuote(body: Uint8Array, opening: number): number {
  for (let i = opening + 1; i < body.length; i++) {
    const byte = body[i];
    if (byte === quote) return i;
    if (byte === backslash) i++;
  }
  return body.length;
}
