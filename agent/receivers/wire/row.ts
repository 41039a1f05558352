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

/** A text up to this length is kept for the next record. */
const keptBytesMax = 64;

/** What lies under a prefix. Parallel; valid while the records hold the same names in the same order. */
interface UnderPrefix {
  shape: number;
  count: number;
  readonly places: number[];
  readonly names: string[];
}

/** Values the reader itself found unusable, since the request began. */
export interface MalformedCounts {
  type: number;
  depth: number;
  too_long: number;
  too_many: number;
}

/** A slot that no record has held yet. */
const nowhere = -1;

/**
 * The attributes of one record (or resource): for each its slot, and where in the body its value lies. One row is reused
 * for all records.
 *
 * Attributes are kept by their place in the record. Records of one sender name their attributes in the same order, and
 * most values are as long as before, so the bytes from an attribute's length to the first one of its value are compared
 * with those of the record before: where they are equal, slot, place and length are as before, and nothing is looked up.
 *
 * `#placeOf[slot]` is where a slot was seen last. It is in this record if that place is (`< #count`) and still holds it
 * (`#slots[place] === slot`): so nothing has to be cleared between records.
 */
export class Row implements AttributeView {
  readonly #table: KeyTable;
  readonly #cursor: Cursor;
  readonly #values: ValueReader;
  readonly #malformed: MalformedCounts;
  readonly #attributesMax: number;
  /** Attributes of this record, the unwanted ones included. */
  #count = 0;
  /** By place. */
  #slots = new Int32Array(64);
  #starts = new Int32Array(64);
  #ends = new Int32Array(64);
  /** By place: where the attribute of an earlier record of this body begins, and its bytes to compare; 0: none. */
  #headAt = new Int32Array(64);
  #headLength = new Int32Array(64);
  /** By slot. */
  #placeOf = new Int32Array(64).fill(nowhere);
  /** Changes with the slots at any place. */
  #shape = 0;
  readonly #under: UnderPrefix[] = [];
  /** By slot: the text it held last, in which body, where its value began and how long that was. */
  #textBody = new Uint32Array(64);
  #textStart = new Int32Array(64);
  #textLength = new Int32Array(64);
  readonly #texts: string[] = [];
  #body = 0;

  constructor(table: KeyTable, values: ValueReader, malformed: MalformedCounts, attributesMax: number) {
    this.#table = table;
    this.#cursor = values.cursor;
    this.#values = values;
    this.#malformed = malformed;
    this.#attributesMax = attributesMax;
  }

  /** Before each request: what is remembered of the last body does not hold for the next. */
  open(): void {
    this.#body = (this.#body + 1) >>> 0 || 1;
    this.#headLength.fill(0);
    // The table may have given slots to other names.
    this.#shape++;
  }

  /** Forgets the record before. */
  clear(): void {
    this.#count = 0;
  }

  /** Is there any attribute that a convention asked for? */
  get isWanted(): boolean {
    for (let place = 0; place < this.#count; place++) if ((this.#slots[place] as number) >= 0) return true;
    return false;
  }

  /**
   * Takes in an attribute, and those that follow it at once. The cursor is behind the tag of the first; they end at `end`
   * or where another tag comes.
   */
  addRun(cursor: Cursor, end: number, tag: number): void {
    const { bytes, view } = cursor;
    let at = cursor.at;
    for (;;) {
      const place = this.#count;
      const same = place < this.#headLength.length ? (this.#headLength[place] as number) : 0;
      const length = bytes[at] as number;
      const valueAt = at + same + 2;
      const stop = at + 1 + length;
      if (
        same > 0 &&
        length < 128 &&
        valueAt < stop &&
        (bytes[valueAt - 1] as number) === stop - valueAt &&
        sameBytes(view, this.#headAt[place] as number, view, at + 1, same)
      ) {
        this.#starts[place] = valueAt;
        this.#ends[place] = stop;
        this.#count = place + 1;
        at = stop;
      } else {
        cursor.at = at;
        this.#addUnlike(cursor);
        at = cursor.at;
      }
      if (at >= end || bytes[at] !== tag) break;
      at++;
    }
    cursor.at = at;
  }

  /** An attribute that is not like the one at its place in the record before. */
  #addUnlike(cursor: Cursor): void {
    if (this.#count >= this.#attributesMax) {
      this.#malformed.too_many++;
      const length = cursor.varint32();
      cursor.at += length;
      return;
    }
    const { bytes, at } = cursor;
    const length = bytes[at] as number;
    const stop = at + 1 + length;
    const keyLength = bytes[at + 2] as number;
    const valueTag = at + 3 + keyLength;
    // The usual form: key, then value, both shorter than 128 bytes.
    const isUsual =
      length < 128 &&
      bytes[at + 1] === 0x0a &&
      keyLength < 128 &&
      valueTag + 2 < stop &&
      bytes[valueTag] === 0x12 &&
      (bytes[valueTag + 1] as number) === stop - valueTag - 2;
    if (!isUsual) {
      this.#addOdd(cursor);
      return;
    }
    cursor.at = stop;
    const slot = this.#table.find(bytes, cursor.view, at + 3, keyLength);
    const place = this.#put(slot, valueTag + 2, stop);
    // A refused name is counted each time: it is never taken as known.
    if (slot < foreign) return;
    this.#headAt[place] = at + 1;
    this.#headLength[place] = keyLength + 3;
  }

  #addOdd(cursor: Cursor): void {
    const end = cursor.varint32() + cursor.at;
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
    this.#put(this.#table.find(cursor.bytes, cursor.view, keyAt, keyLength), valueAt, valueEnd);
  }

  /** `slot`: also one of the negative answers of the key table. Returns the place. */
  #put(slot: number, start: number, end: number): number {
    const place = this.#count++;
    if (place === this.#slots.length) this.#growPlaces();
    this.#starts[place] = start;
    this.#ends[place] = end;
    this.#headLength[place] = 0;
    if (this.#slots[place] !== slot) {
      this.#slots[place] = slot;
      this.#shape++;
    }
    if (slot >= 0) this.#takePlace(slot, place);
    else if (slot !== foreign) this.#malformed[slot === refusedTooLong ? 'too_long' : 'too_many']++;
    return place;
  }

  #takePlace(slot: number, place: number): void {
    if (slot >= this.#placeOf.length) this.#growSlots(slot);
    const before = this.#placeOf[slot] as number;
    if (before === place) return;
    this.#placeOf[slot] = place;
    this.#shape++;
    // Where it comes back to its place of before, that must be told here again.
    if (before >= 0 && this.#slots[before] === slot) this.#headLength[before] = 0;
  }

  /** The place of a slot in this record; -1 where it is absent. */
  #find(slot: number): number {
    const place = slot < this.#placeOf.length ? (this.#placeOf[slot] as number) : nowhere;
    return place >= 0 && place < this.#count && this.#slots[place] === slot ? place : nowhere;
  }

  kind(key: Key): AttributeKind {
    const place = this.#find(key);
    if (place < 0) return 'absent';
    this.#look(place);
    return this.#values.kind;
  }

  number(key: Key): number {
    const place = this.#find(key);
    if (place < 0) return Number.NaN;
    this.#look(place);
    const { field, number } = this.#values;
    const isNumber = field === valueField.double || field === valueField.int;
    return isNumber && Number.isFinite(number) ? number : Number.NaN;
  }

  text(key: Key): string {
    const place = this.#find(key);
    if (place < 0) return '';
    if (this.#isLastText(key, place)) return this.#texts[key] as string;
    this.#look(place);
    return this.#values.field === valueField.text ? this.#textOf(key, place) : '';
  }

  hashText(key: Key, hash: TextHash): boolean {
    const place = this.#find(key);
    if (place < 0) return false;
    this.#look(place);
    return this.#values.field === valueField.text && this.#values.hashText(hash);
  }

  boolean(key: Key): boolean | undefined {
    const place = this.#find(key);
    if (place < 0) return undefined;
    this.#look(place);
    return this.#values.field === valueField.bool ? this.#values.number === 1 : undefined;
  }

  value(key: Key): AnyValue | undefined {
    const place = this.#find(key);
    if (place < 0) return undefined;
    const value = this.#values.decode(this.#starts[place] as number, this.#ends[place] as number);
    if (value === undefined && this.#values.field !== valueField.bytes) this.#malformed.depth++;
    return value;
  }

  anyUnder(prefix: Prefix): boolean {
    return this.#placesUnder(prefix).places.length > 0;
  }

  listsUnder(prefix: Prefix, take: (name: string, key: Key) => void): void {
    const { places, names } = this.#placesUnder(prefix);
    for (let i = 0; i < places.length; i++) {
      const place = places[i] as number;
      this.#look(place);
      if (this.#values.field === valueField.list) take(names[i] as string, this.#slots[place] as Key);
    }
  }

  fieldsUnder(prefix: Prefix, into: Fields): void {
    const { places, names } = this.#placesUnder(prefix);
    const { bytes, view } = this.#cursor;
    for (let i = 0; i < places.length; i++) {
      const place = places[i] as number;
      const name = names[i] as string;
      const start = this.#starts[place] as number;
      const length = (this.#ends[place] as number) - start;
      const first = bytes[start];
      // The usual numbers: one double, or one whole number of a single byte, fills the value.
      if (first === 0x21 && length === 9) into.addNumber(name, view.getFloat64(start + 1, true));
      else if (first === 0x18 && length === 2) into.addNumber(name, bytes[start + 1] as number);
      else this.#addField(name, place, into);
    }
  }

  /** The answer for the record before, where this one holds the same. */
  #placesUnder(prefix: Prefix): UnderPrefix {
    let under = this.#under[prefix];
    if (under === undefined) {
      under = { shape: nowhere, count: 0, places: [], names: [] };
      this.#under[prefix] = under;
    }
    if (under.shape === this.#shape && under.count === this.#count) return under;
    under.shape = this.#shape;
    under.count = this.#count;
    under.places.length = 0;
    under.names.length = 0;
    const bit = 1 << prefix;
    const names = this.#table.namesUnder(prefix);
    for (let place = 0; place < this.#count; place++) {
      const slot = this.#slots[place] as number;
      if (slot < 0 || this.#placeOf[slot] !== place || (this.#table.prefixMask(slot) & bit) === 0) continue;
      under.places.push(place);
      under.names.push(names[slot] as string);
    }
    return under;
  }

  #addField(name: string, place: number, into: Fields): void {
    this.#look(place);
    const { field, number } = this.#values;
    switch (field) {
      case valueField.double:
        into.addNumber(name, number);
        return;
      case valueField.int:
        // Beyond 2^53 the number here is not the number sent: it must not reach a sum.
        if (Number.isSafeInteger(number)) into.addNumber(name, number);
        else into.addMalformed(name);
        return;
      case valueField.text:
        into.addLevel(name, this.#values.text());
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

  /** Is the value, byte by byte, the text its slot held last? Most are: then nothing is looked up. */
  #isLastText(slot: number, place: number): boolean {
    if (this.#textBody[slot] !== this.#body) return false;
    const start = this.#starts[place] as number;
    const length = (this.#ends[place] as number) - start;
    const lastStart = this.#textStart[slot] as number;
    if (length !== this.#textLength[slot]) return false;
    return start === lastStart || sameBytes(this.#cursor.view, lastStart, this.#cursor.view, start, length);
  }

  /** The text of the value just looked at. */
  #textOf(slot: number, place: number): string {
    const text = this.#values.text();
    const start = this.#starts[place] as number;
    const length = (this.#ends[place] as number) - start;
    if (length > keptBytesMax) return text;
    this.#textBody[slot] = this.#body;
    this.#textStart[slot] = start;
    this.#textLength[slot] = length;
    this.#texts[slot] = text;
    return text;
  }

  #look(place: number): void {
    this.#values.look(this.#starts[place] as number, this.#ends[place] as number);
  }

  /** Places are bounded by the attributes of a record. */
  #growPlaces(): void {
    this.#slots = grown(this.#slots, Int32Array);
    this.#starts = grown(this.#starts, Int32Array);
    this.#ends = grown(this.#ends, Int32Array);
    this.#headAt = grown(this.#headAt, Int32Array);
    this.#headLength = grown(this.#headLength, Int32Array);
  }

  /** Slots are bounded by the key table. */
  #growSlots(slot: number): void {
    while (slot >= this.#placeOf.length) {
      const known = this.#placeOf.length;
      this.#placeOf = grown(this.#placeOf, Int32Array).fill(nowhere, known);
      this.#textBody = grown(this.#textBody, Uint32Array);
      this.#textStart = grown(this.#textStart, Int32Array);
      this.#textLength = grown(this.#textLength, Int32Array);
    }
  }
}

function grown<T extends Int32Array | Uint32Array>(array: T, type: new (length: number) => T): T {
  const twice = new type(array.length * 2);
  twice.set(array);
  return twice;
}
