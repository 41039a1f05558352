import type {
  AnyValue,
  AttributeKind,
  AttributeView,
  Key,
  Prefix,
  TextHash,
} from '../../../conventions/convention.ts';
import type { Fields } from '../../../core/fields.ts';
import { type Cursor, type ValueReader, valueField } from './any-value.ts';
import { foreign, type KeyTable, refusedTooLong } from './key-table.ts';
import { sameBytes } from './text.ts';

/** Attributes of a record whose name is guessed from the record before. */
const guessesMax = 256;
/** A text up to this length is kept for the next record. */
const keptBytesMax = 64;

interface LastText {
  body: number;
  from: number;
  to: number;
  text: string;
}

/** Values the reader itself found unusable, since the request began. */
export interface MalformedCounts {
  type: number;
  depth: number;
  too_long: number;
  too_many: number;
}

/**
 * The wanted attributes of one record (or resource): for each slot where its value lies in the body. One row is
 * reused for all records; a slot holds a value of this record if its stamp is this record's generation.
 */
export class Row implements AttributeView {
  readonly #table: KeyTable;
  readonly #values: ValueReader;
  readonly #malformed: MalformedCounts;
  readonly #attributesMax: number;
  #generation = 1;
  #stamps = new Uint32Array(64);
  #starts = new Int32Array(64);
  #ends = new Int32Array(64);
  /** Slots under a wanted prefix, in the order they came. */
  #hits = new Int32Array(64);
  #hitCount = 0;
  /** The prefixes, by their bits, that any hit lies under. */
  #hitMask = 0;
  #attributes = 0;
  /** Of the n-th attribute of an earlier record of this body: where its key lies (-1 length: nowhere), its slot. */
  readonly #lastKeyAt = new Int32Array(guessesMax);
  readonly #lastKeyLength = new Int32Array(guessesMax).fill(-1);
  readonly #lastSlot = new Int32Array(guessesMax);
  /** Of each slot the text it held last, and where in which body. Sparse. */
  readonly #lastTexts: LastText[] = [];
  #body = 0;
  /** Wanted attributes found, repeats included. */
  wanted = 0;

  constructor(table: KeyTable, values: ValueReader, malformed: MalformedCounts, attributesMax: number) {
    this.#table = table;
    this.#values = values;
    this.#malformed = malformed;
    this.#attributesMax = attributesMax;
  }

  /** Before each request: what is remembered of the last body does not hold for the next. */
  open(): void {
    this.#body++;
    this.#lastKeyLength.fill(-1);
  }

  /** Forgets the record before. */
  clear(): void {
    this.#hitCount = 0;
    this.#hitMask = 0;
    this.#attributes = 0;
    this.wanted = 0;
    this.#generation = (this.#generation + 1) >>> 0;
    if (this.#generation === 0) {
      // After 2^32 records old stamps would look new.
      this.#stamps.fill(0);
      this.#generation = 1;
    }
  }

  /**
   * Takes in an attribute, and those that follow it at once. The cursor is behind the tag of the first; they end at `end`
   * or where another tag comes.
   */
  addRun(cursor: Cursor, end: number, tag: number): void {
    const { bytes } = cursor;
    let at = cursor.at;
    for (;;) {
      const length = bytes[at] as number;
      const stop = at + 1 + length;
      const keyLength = bytes[at + 2] as number;
      const valueTag = at + 3 + keyLength;
      // The usual form: key, then value, both shorter than 128 bytes.
      const isUsual =
        length < 128 &&
        bytes[at + 1] === 0x0a &&
        keyLength < 128 &&
        valueTag + 2 <= stop &&
        bytes[valueTag] === 0x12 &&
        (bytes[valueTag + 1] as number) === stop - valueTag - 2;
      if (isUsual && ++this.#attributes <= this.#attributesMax) {
        cursor.at = stop;
        this.#take(cursor, at + 3, keyLength, valueTag + 2, stop);
      } else {
        cursor.at = at;
        this.#addOdd(cursor, isUsual);
      }
      at = cursor.at;
      if (at >= end || bytes[at] !== tag) return;
      at++;
    }
  }

  /** `isOver`: it was found to be one too many. */
  #addOdd(cursor: Cursor, isOver: boolean): void {
    const end = cursor.varint32() + cursor.at;
    if (isOver || ++this.#attributes > this.#attributesMax) {
      this.#malformed.too_many++;
      cursor.at = end;
      return;
    }
    let keyAt = end;
    let keyLength = 0;
    let valueAt = end;
    let valueEnd = end;
    while (cursor.at < end) {
      const tag = cursor.varint32();
      if (tag === 0x0a) {
        keyLength = cursor.varint32();
        keyAt = cursor.at;
        cursor.at += keyLength;
      } else if (tag === 0x12) {
        const length = cursor.varint32();
        valueAt = cursor.at;
        valueEnd = cursor.at += length;
      } else cursor.skip(tag);
    }
    this.#take(cursor, keyAt, keyLength, valueAt, valueEnd);
  }

  #take(cursor: Cursor, keyAt: number, keyLength: number, valueAt: number, valueEnd: number): void {
    const slot = this.#slotOf(cursor, keyAt, keyLength);
    if (slot >= 0) this.#set(slot, valueAt, valueEnd);
    else if (slot !== foreign) this.#malformed[slot === refusedTooLong ? 'too_long' : 'too_many']++;
  }

  /** Records of one sender name their attributes in the same order: so the last record's answer is tried first. */
  #slotOf(cursor: Cursor, keyAt: number, keyLength: number): number {
    const { view } = cursor;
    const place = this.#attributes - 1;
    if (place >= guessesMax) return this.#table.find(cursor.bytes, view, keyAt, keyLength);
    const lastAt = this.#lastKeyAt[place] as number;
    if (this.#lastKeyLength[place] === keyLength && sameBytes(view, lastAt, view, keyAt, keyLength)) {
      return this.#lastSlot[place] as number;
    }
    const slot = this.#table.find(cursor.bytes, view, keyAt, keyLength);
    this.#lastKeyAt[place] = keyAt;
    this.#lastKeyLength[place] = keyLength;
    this.#lastSlot[place] = slot;
    return slot;
  }

  kind(key: Key): AttributeKind {
    if (this.#stamps[key] !== this.#generation) return 'absent';
    this.#look(key);
    return this.#values.kind;
  }

  number(key: Key): number {
    if (this.#stamps[key] !== this.#generation) return Number.NaN;
    this.#look(key);
    const { field, number } = this.#values;
    const isNumber = field === valueField.double || field === valueField.int;
    return isNumber && Number.isFinite(number) ? number : Number.NaN;
  }

  text(key: Key): string {
    if (this.#stamps[key] !== this.#generation) return '';
    this.#look(key);
    return this.#values.field === valueField.text ? this.#textOf(key) : '';
  }

  hashText(key: Key, hash: TextHash): boolean {
    if (this.#stamps[key] !== this.#generation) return false;
    this.#look(key);
    return this.#values.field === valueField.text && this.#values.hashText(hash);
  }

  boolean(key: Key): boolean | undefined {
    if (this.#stamps[key] !== this.#generation) return undefined;
    this.#look(key);
    return this.#values.field === valueField.bool ? this.#values.number === 1 : undefined;
  }

  value(key: Key): AnyValue | undefined {
    if (this.#stamps[key] !== this.#generation) return undefined;
    const value = this.#values.decode(this.#starts[key] as number, this.#ends[key] as number);
    if (value === undefined && this.#values.field !== valueField.bytes) this.#malformed.depth++;
    return value;
  }

  anyUnder(prefix: Prefix): boolean {
    return (this.#hitMask & (1 << prefix)) !== 0;
  }

  listsUnder(prefix: Prefix, take: (name: string, key: Key) => void): void {
    if (!this.anyUnder(prefix)) return;
    const bit = 1 << prefix;
    const names = this.#table.namesUnder(prefix);
    for (let i = 0; i < this.#hitCount; i++) {
      const slot = this.#hits[i] as number;
      if ((this.#table.prefixMask(slot) & bit) === 0) continue;
      this.#look(slot);
      if (this.#values.field === valueField.list) take(names[slot] as string, slot as Key);
    }
  }

  fieldsUnder(prefix: Prefix, into: Fields): void {
    if (!this.anyUnder(prefix)) return;
    const bit = 1 << prefix;
    const table = this.#table;
    const names = table.namesUnder(prefix);
    for (let i = 0; i < this.#hitCount; i++) {
      const slot = this.#hits[i] as number;
      if ((table.prefixMask(slot) & bit) === 0) continue;
      this.#look(slot);
      const { field, number } = this.#values;
      const name = names[slot] as string;
      if (field === valueField.double && Number.isFinite(number)) into.addNumber(name, number);
      else this.#addField(name, slot, into);
    }
  }

  #addField(name: string, slot: number, into: Fields): void {
    const { field, number } = this.#values;
    switch (field) {
      case valueField.double:
        if (Number.isNaN(number)) into.addMissing(name);
        else into.addNumber(name, number);
        return;
      case valueField.int:
        // Beyond 2^53 the number here is not the number sent: it must not reach a sum.
        if (Number.isSafeInteger(number)) into.addNumber(name, number);
        else into.addMalformed(name);
        return;
      case valueField.text:
        into.addLevel(name, this.#textOf(slot));
        return;
      case valueField.bool:
        into.addLevel(name, number === 1 ? 'true' : 'false');
        return;
      case valueField.none:
        into.addMissing(name);
        return;
      default:
        into.addMalformed(name);
    }
  }

  /** Of the value just looked at. Most texts are those of the record before: these are compared, not looked up. */
  #textOf(slot: number): string {
    const values = this.#values;
    const { from, to } = values;
    const last = this.#lastTexts[slot];
    if (last !== undefined && last.body === this.#body && values.isSameText(last.from, last.to))
      return last.text;
    const text = values.text();
    if (to - from > keptBytesMax) return text;
    if (last === undefined) this.#lastTexts[slot] = { body: this.#body, from, to, text };
    else {
      last.body = this.#body;
      last.from = from;
      last.to = to;
      last.text = text;
    }
    return text;
  }

  #look(slot: number): void {
    this.#values.look(this.#starts[slot] as number, this.#ends[slot] as number);
  }

  #set(slot: number, start: number, end: number): void {
    if (slot >= this.#stamps.length) this.#grow(slot);
    this.wanted++;
    if (this.#stamps[slot] !== this.#generation) {
      this.#stamps[slot] = this.#generation;
      const mask = this.#table.prefixMask(slot);
      if (mask !== 0) {
        this.#hitMask |= mask;
        if (this.#hitCount === this.#hits.length) this.#hits = grown(this.#hits, Int32Array);
        this.#hits[this.#hitCount++] = slot;
      }
    }
    this.#starts[slot] = start;
    this.#ends[slot] = end;
  }

  /** Slots are bounded by the key table, hits by the attributes of a record. */
  #grow(slot: number): void {
    while (slot >= this.#stamps.length) {
      this.#stamps = grown(this.#stamps, Uint32Array);
      this.#starts = grown(this.#starts, Int32Array);
      this.#ends = grown(this.#ends, Int32Array);
    }
  }
}

function grown<T extends Int32Array | Uint32Array>(array: T, type: new (length: number) => T): T {
  const twice = new type(array.length * 2);
  twice.set(array);
  return twice;
}
