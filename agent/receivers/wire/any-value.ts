import type { AnyValue, AttributeKind, TextHash } from '../../../conventions/convention.ts';
import { valueDepthMax } from './limits.ts';
import type { TextCache } from './text.ts';

/** The member of AnyValue that is set, by its field number; 0 for none (an empty value). */
export const valueField = {
  none: 0,
  text: 1,
  bool: 2,
  int: 3,
  double: 4,
  list: 5,
  map: 6,
  bytes: 7,
} as const;

const kinds: readonly AttributeKind[] = [
  'null',
  'text',
  'boolean',
  'number',
  'number',
  'list',
  'map',
  'bytes',
];
/** Tag of each member, by field number: the wire type that makes it known. */
const tags: readonly number[] = [0, 0x0a, 0x10, 0x18, 0x21, 0x2a, 0x32, 0x3a];

/** Thrown inside this file only: a value deeper than allowed. */
const tooDeep = Symbol('too deep');
type Decoded = AnyValue | typeof tooDeep;

/** A place in a body that moves on as varints and lengths are read. Reads only what StructureCheck let pass. */
export class Cursor {
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  at = 0;

  open(bytes: Uint8Array, view: DataView): void {
    this.bytes = bytes;
    this.view = view;
    this.at = 0;
  }

  /** A tag or a length. */
  varint32(): number {
    const first = this.bytes[this.at++] as number;
    return first < 128 ? first : this.#longVarint32(first & 127);
  }

  #longVarint32(first: number): number {
    let result = first;
    for (let scale = 128; ; scale *= 128) {
      const byte = this.bytes[this.at++] as number;
      result += (byte & 127) * scale;
      if (!(byte >= 128)) return result;
    }
  }

  skip(tag: number): void {
    switch (tag & 7) {
      case 0:
        while ((this.bytes[this.at++] as number) >= 128);
        return;
      case 1:
        this.at += 8;
        return;
      case 2: {
        const length = this.varint32();
        this.at += length;
        return;
      }
      default:
        this.at += 4;
    }
  }

  /** A signed 64-bit integer, rounded to the nearest double. */
  int64(): number {
    const first = this.bytes[this.at] as number;
    if (first < 128) {
      this.at++;
      return first;
    }
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.bytes[this.at++] as number;
      if (shift < 28) low |= (byte & 127) << shift;
      else if (shift === 28) {
        low |= (byte & 127) << 28;
        high = (byte & 127) >> 4;
      } else high |= (byte & 127) << (shift - 32);
      if (!(byte >= 128)) break;
    }
    return high * 4_294_967_296 + (low >>> 0);
  }

  /** Whether a varint holds any bit. */
  bool(): boolean {
    let any = 0;
    for (;;) {
      const byte = this.bytes[this.at++] as number;
      any |= byte & 127;
      if (!(byte >= 128)) return any !== 0;
    }
  }
}

/** Reads AnyValue messages in place: what is set first, and only when asked for, the value. */
export class ValueReader {
  readonly cursor: Cursor;
  readonly #texts: TextCache;
  /** The member of the last value looked at; of `valueField`. */
  field = 0;
  /** Its number (int, double), or 1 for true; NaN for the rest. */
  number = Number.NaN;
  /** Where its bytes begin and end (text, list, map, bytes). */
  from = 0;
  to = 0;

  constructor(cursor: Cursor, texts: TextCache) {
    this.cursor = cursor;
    this.#texts = texts;
  }

  /** Finds the member that is set; of several the last one. */
  look(start: number, end: number): void {
    const cursor = this.cursor;
    const { bytes } = cursor;
    const length = end - start;
    const first = bytes[start] as number;
    // The usual forms: one double, short text or small whole number fills the message.
    if (first === 0x21 && length === 9) {
      this.field = valueField.double;
      this.number = cursor.view.getFloat64(start + 1, true);
    } else if (first === 0x0a && length < 130 && (bytes[start + 1] as number) === length - 2) {
      this.field = valueField.text;
      this.number = Number.NaN;
      this.from = start + 2;
      this.to = end;
    } else if (first === 0x18 && length === 2) {
      this.field = valueField.int;
      this.number = bytes[start + 1] as number;
    } else this.#lookOdd(start, end);
  }

  #lookOdd(start: number, end: number): void {
    const cursor = this.cursor;
    this.field = valueField.none;
    this.number = Number.NaN;
    cursor.at = start;
    while (cursor.at < end) this.#member(cursor.varint32());
  }

  get kind(): AttributeKind {
    return kinds[this.field] as AttributeKind;
  }

  text(): string {
    const { bytes, view } = this.cursor;
    return this.#texts.text(bytes, view, this.from, this.to - this.from);
  }

  /** Adds the text just looked at to a hash; `false` where it is empty. */
  hashText(hash: TextHash): boolean {
    const { from, to } = this;
    if (from === to) return false;
    const { bytes } = this.cursor;
    let high = 0;
    for (let i = from; i < to; i++) high |= bytes[i] as number;
    if (high < 128) hash.addAscii(bytes, from, to);
    else hash.add(this.text());
    return true;
  }

  /** The whole value between the ends; undefined where it is deeper than allowed or is bytes. */
  decode(start: number, end: number): AnyValue | undefined {
    this.look(start, end);
    if (this.field === valueField.bytes) return undefined;
    const decoded = this.#decode(start, end, 1);
    return decoded === tooDeep ? undefined : decoded;
  }

  #member(tag: number): void {
    const field = tag >>> 3;
    const cursor = this.cursor;
    if (field > valueField.bytes || tags[field] !== tag) {
      cursor.skip(tag);
      return;
    }
    this.field = field;
    switch (field) {
      case valueField.bool:
        this.number = cursor.bool() ? 1 : 0;
        return;
      case valueField.int:
        this.number = cursor.int64();
        return;
      case valueField.double:
        this.number = cursor.view.getFloat64(cursor.at, true);
        cursor.at += 8;
        return;
      default: {
        const length = cursor.varint32();
        this.from = cursor.at;
        this.to = cursor.at + length;
        cursor.at = this.to;
        this.number = Number.NaN;
      }
    }
  }

  /** Bytes inside lists and maps have no place among values: they come as null. */
  #decode(start: number, end: number, depth: number): Decoded {
    if (depth > valueDepthMax) return tooDeep;
    this.look(start, end);
    switch (this.field) {
      case valueField.text:
        return this.text();
      case valueField.bool:
        return this.number === 1;
      case valueField.int:
      case valueField.double:
        return this.number;
      case valueField.list:
        return this.#list(this.from, this.to, depth);
      case valueField.map:
        return this.#map(this.from, this.to, depth);
      default:
        return null;
    }
  }

  #list(start: number, end: number, depth: number): Decoded {
    const cursor = this.cursor;
    const list: AnyValue[] = [];
    for (let at = start; at < end; ) {
      cursor.at = at;
      const tag = cursor.varint32();
      if (tag !== 0x0a) {
        cursor.skip(tag);
        at = cursor.at;
        continue;
      }
      const length = cursor.varint32();
      at = cursor.at + length;
      const element = this.#decode(cursor.at, at, depth + 1);
      if (element === tooDeep) return tooDeep;
      list.push(element);
    }
    return list;
  }

  #map(start: number, end: number, depth: number): Decoded {
    const cursor = this.cursor;
    const map = new Map<string, AnyValue>();
    for (let at = start; at < end; ) {
      cursor.at = at;
      const tag = cursor.varint32();
      if (tag !== 0x0a) {
        cursor.skip(tag);
        at = cursor.at;
        continue;
      }
      const length = cursor.varint32();
      at = cursor.at + length;
      if (!this.#entry(map, cursor.at, at, depth)) return tooDeep;
    }
    return map;
  }

  #entry(map: Map<string, AnyValue>, start: number, end: number, depth: number): boolean {
    const cursor = this.cursor;
    let key = '';
    let from = start;
    let to = start;
    cursor.at = start;
    while (cursor.at < end) {
      const tag = cursor.varint32();
      if (tag !== 0x0a && tag !== 0x12) {
        cursor.skip(tag);
        continue;
      }
      const length = cursor.varint32();
      if (tag === 0x0a) key = this.#texts.text(cursor.bytes, cursor.view, cursor.at, length);
      else {
        from = cursor.at;
        to = cursor.at + length;
      }
      cursor.at += length;
    }
    const value = this.#decode(from, to, depth + 1);
    if (value === tooDeep) return false;
    map.set(key, value);
    return true;
  }
}
