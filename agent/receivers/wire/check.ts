import { arrayFieldsMax, fieldsMax, recordsMax, valueDepthMax } from './limits.ts';

export type Signal = 'traces' | 'logs';

/** Why a request is refused as a whole. */
export interface WireFault {
  readonly fault: 'malformed' | 'too_large';
  readonly message: string;
}

/** What a field of a message is, as far as we look into it. */
interface Shape {
  /** Field number → the message inside; all other fields are stepped over by their length. */
  readonly inside: readonly (Shape | undefined)[];
  /** Tag of the attributes inside; -1 for none. */
  readonly attributeTag: number;
  readonly kind: 'plain' | 'record' | 'attribute' | 'value';
}

/** Itself, its key, its value, and what the value holds. */
const fieldsOfAttribute = 4;

function shape(kind: Shape['kind'], inside: Readonly<Record<number, Shape>>): Shape {
  const list: (Shape | undefined)[] = new Array(16).fill(undefined);
  for (const [field, inner] of Object.entries(inside)) list[Number(field)] = inner;
  const attributeField = list.findIndex((inner) => inner?.kind === 'attribute');
  return { kind, inside: list, attributeTag: attributeField < 0 ? -1 : (attributeField << 3) | 2 };
}

// Field numbers of opentelemetry-proto's stable messages. What nobody reads (events, links, metrics) is not entered.
const value = shape('value', {});
const attribute = shape('attribute', { 2: value });
const resource = shape('plain', { 1: attribute });
const scope = shape('plain', {});
const span = shape('record', { 9: attribute, 15: shape('plain', {}) });
const logRecord = shape('record', { 5: value, 6: attribute });
const tracesRequest = shape('plain', {
  1: shape('plain', { 1: resource, 2: shape('plain', { 1: scope, 2: span }) }),
});
const logsRequest = shape('plain', {
  1: shape('plain', { 1: resource, 2: shape('plain', { 1: scope, 2: logRecord }) }),
});

/**
 * Walks a request once, without reading anything, and says whether every tag, varint and length in it is sound.
 * Items are handed on while a request is read, and a request counts whole or not at all: so it is checked before.
 * What was checked may afterwards be read without looking at ends again. Costs about as much as reading.
 *
 * Rules: tags have at most 5 bytes and a field number above 0; lengths at most 5 bytes, and end within the parent;
 * varints at most 10 bytes; groups (wire types 3, 4) and wire types 6, 7 are refused; a known field of another wire
 * type is an unknown field, as in every protobuf library. Below `valueDepthMax` values are not entered, nor read.
 */
export class StructureCheck {
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #fields = 0;
  #arrayFields = 0;
  #records = 0;
  #fault: WireFault | undefined;

  run(bytes: Uint8Array, signal: Signal): WireFault | undefined {
    this.#bytes = bytes;
    this.#at = 0;
    this.#fields = 0;
    this.#arrayFields = 0;
    this.#records = 0;
    this.#fault = undefined;
    this.#message(bytes.length, signal === 'traces' ? tracesRequest : logsRequest);
    return this.#fault;
  }

  /** All walks answer whether to go on; `#fault` says why not. */
  #message(end: number, inner: Shape): boolean {
    while (this.#at < end) {
      const isAttribute = this.#bytes[this.#at] === inner.attributeTag;
      if (isAttribute && !this.#usualAttributes(end, inner.attributeTag)) return false;
      if (this.#at < end && !this.#field(end, inner)) return false;
    }
    return true;
  }

  #field(end: number, inner: Shape): boolean {
    const tag = this.#tag(end);
    if (tag === 0) return false;
    const wireType = tag & 7;
    const child = wireType === 2 && tag >>> 3 < 16 ? inner.inside[tag >>> 3] : undefined;
    if (child === undefined) return this.#skip(wireType, end);
    const childEnd = this.#length(end);
    return childEnd >= 0 && this.#enter(child, childEnd);
  }

  /**
   * Steps over attributes in a row as far as they have the usual form: shorter than 128 bytes, key, then a scalar. Most of
   * a request is that, so nothing is written to memory on the way.
   */
  #usualAttributes(end: number, tag: number): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    let attributes = 0;
    while (at + 2 <= end && bytes[at] === tag) {
      const length = bytes[at + 1] as number;
      const stop = at + 2 + length;
      const keyLength = bytes[at + 3] as number;
      const valueTag = at + 4 + keyLength;
      const isUsual =
        length < 128 &&
        stop <= end &&
        bytes[at + 2] === 0x0a &&
        keyLength < 128 &&
        valueTag + 2 <= stop &&
        bytes[valueTag] === 0x12 &&
        bytes[valueTag + 1] === stop - valueTag - 2 &&
        isUsualScalar(bytes, valueTag + 2, stop);
      if (!isUsual) break;
      at = stop;
      attributes++;
    }
    this.#at = at;
    this.#fields += attributes * fieldsOfAttribute;
    return this.#fields <= fieldsMax || this.#tooManyFields();
  }

  #enter(child: Shape, end: number): boolean {
    switch (child.kind) {
      case 'value':
        return this.#value(end, 1);
      case 'attribute':
        return this.#attribute(end, 0);
      case 'record':
        if (++this.#records > recordsMax)
          return this.#tooLarge(`more than ${recordsMax} records in one request`);
        return this.#message(end, child);
      case 'plain':
        return this.#message(end, child);
    }
  }

  /** `depth`: of the value the attribute lies in, 0 for one of a record. */
  #attribute(end: number, depth: number): boolean {
    const bytes = this.#bytes;
    // The usual form, key then value, both shorter than 128 bytes: no varint to decode.
    let at = this.#at;
    if (end - at >= 4 && bytes[at] === 0x0a) {
      at += 2 + (bytes[at + 1] as number);
      if ((bytes[this.#at + 1] as number) < 128 && at + 2 <= end && bytes[at] === 0x12) {
        const length = bytes[at + 1] as number;
        if (length < 128 && at + 2 + length === end) {
          this.#fields += 2;
          this.#at = at + 2;
          return this.#value(end, depth + 1);
        }
      }
    }
    return this.#oddAttribute(end, depth);
  }

  #oddAttribute(end: number, depth: number): boolean {
    while (this.#at < end) {
      const tag = this.#tag(end);
      if (tag === 0) return false;
      if (tag !== 0x12) {
        if (!this.#skip(tag & 7, end)) return false;
        continue;
      }
      const valueEnd = this.#length(end);
      if (valueEnd < 0 || !this.#value(valueEnd, depth + 1)) return false;
    }
    return true;
  }

  /** An AnyValue; `depth` is 1 for the value of a record's attribute. */
  #value(end: number, depth: number): boolean {
    if (isUsualScalar(this.#bytes, this.#at, end)) {
      this.#at = end;
      return ++this.#fields <= fieldsMax || this.#tooManyFields();
    }
    if (depth > valueDepthMax) {
      this.#at = end;
      return true;
    }
    while (this.#at < end) {
      const tag = this.#tag(end);
      if (tag === 0 || !this.#member(tag, end, depth)) return false;
    }
    return true;
  }

  #member(tag: number, end: number, depth: number): boolean {
    if (tag !== 0x2a && tag !== 0x32) return this.#skip(tag & 7, end);
    const innerEnd = this.#length(end);
    if (innerEnd < 0) return false;
    return tag === 0x2a ? this.#list(innerEnd, depth) : this.#map(innerEnd, depth);
  }

  #list(end: number, depth: number): boolean {
    const fieldsBefore = this.#fields;
    while (this.#at < end) {
      const tag = this.#tag(end);
      if (tag === 0) return false;
      if (tag !== 0x0a) {
        if (!this.#skip(tag & 7, end)) return false;
        continue;
      }
      const valueEnd = this.#length(end);
      if (valueEnd < 0 || !this.#value(valueEnd, depth + 1)) return false;
      // Fields of elements count as array fields: columns of a batch are long, and cheap.
      this.#arrayFields += this.#fields - fieldsBefore;
      this.#fields = fieldsBefore;
      if (this.#arrayFields > arrayFieldsMax) return this.#tooManyFields();
    }
    return true;
  }

  #map(end: number, depth: number): boolean {
    while (this.#at < end) {
      const tag = this.#tag(end);
      if (tag === 0) return false;
      if (tag !== 0x0a) {
        if (!this.#skip(tag & 7, end)) return false;
        continue;
      }
      const attributeEnd = this.#length(end);
      if (attributeEnd < 0 || !this.#attribute(attributeEnd, depth)) return false;
    }
    return true;
  }

  /** The next tag, counted as a field; 0 on a fault. */
  #tag(end: number): number {
    if (++this.#fields > fieldsMax) {
      this.#tooManyFields();
      return 0;
    }
    const first = this.#bytes[this.#at] as number;
    if (first < 128) {
      this.#at++;
      if (first < 8) this.#malformed('a field has the number 0');
      return first < 8 ? 0 : first;
    }
    const tag = this.#varint32(end);
    if (tag < 0) this.#malformed('a tag is cut off or too long');
    else if (tag < 8) this.#malformed('a field has the number 0');
    return tag < 8 ? 0 : tag >>> 0;
  }

  /** The end of a length-delimited field whose length comes next; -1 on a fault. */
  #length(end: number): number {
    const first = this.#at < end ? (this.#bytes[this.#at] as number) : 128;
    let length = first;
    if (first < 128) this.#at++;
    else length = this.#varint32(end);
    if (length < 0 || length > end - this.#at) {
      this.#malformed('a length reaches beyond its message, or is cut off');
      return -1;
    }
    return this.#at + length;
  }

  /** Up to 32 bits in at most 5 bytes; -1 on a fault. */
  #varint32(end: number): number {
    let result = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      if (this.#at >= end) return -1;
      const byte = this.#bytes[this.#at++] as number;
      result |= (byte & 127) << shift;
      if (byte < 128) return result;
    }
    if (this.#at >= end) return -1;
    const last = this.#bytes[this.#at++] as number;
    return last > 15 ? -1 : result + last * 2 ** 28;
  }

  #skip(wireType: number, end: number): boolean {
    switch (wireType) {
      case 0:
        return this.#skipVarint(end);
      case 1:
        return this.#skipBytes(8, end);
      case 2: {
        const fieldEnd = this.#length(end);
        if (fieldEnd < 0) return false;
        this.#at = fieldEnd;
        return true;
      }
      case 5:
        return this.#skipBytes(4, end);
      case 3:
      case 4:
        return this.#malformed('groups (wire types 3 and 4) are not read');
      default:
        return this.#malformed(`wire type ${wireType} does not exist`);
    }
  }

  #skipVarint(end: number): boolean {
    for (let i = 0; i < 10; i++) {
      if (this.#at >= end) return this.#malformed('a varint is cut off');
      if ((this.#bytes[this.#at++] as number) < 128) return true;
    }
    return this.#malformed('a varint is longer than 10 bytes');
  }

  #skipBytes(count: number, end: number): boolean {
    if (count > end - this.#at) return this.#malformed('a fixed field is cut off');
    this.#at += count;
    return true;
  }

  #malformed(what: string): false {
    this.#fault ??= { fault: 'malformed', message: `no valid protobuf: ${what} (byte ${this.#at})` };
    return false;
  }

  #tooManyFields(): false {
    return this.#tooLarge('more fields than a request may have; send smaller batches');
  }

  #tooLarge(message: string): false {
    this.#fault ??= { fault: 'too_large', message };
    return false;
  }
}

/** A double, a text shorter than 128 bytes, an int below 2^21 or a bool, that fills the whole message. */
function isUsualScalar(bytes: Uint8Array, at: number, end: number): boolean {
  const length = end - at;
  const first = bytes[at];
  if (first === 0x21) return length === 9;
  const second = bytes[at + 1] as number;
  if (first === 0x0a) return length >= 2 && length < 130 && second === length - 2;
  if (first !== 0x18 && first !== 0x10) return false;
  // All bytes of a varint but the last have their high bit set.
  if (second < 128) return length === 2;
  const third = bytes[at + 2] as number;
  return third < 128 ? length === 3 : length === 4 && (bytes[at + 3] as number) < 128;
}
