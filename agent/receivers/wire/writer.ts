import { assert } from '../../../core/assert.ts';
import { viewOf } from './key-table.ts';

/**
 * A message's length is written after its content, so room for a varint of this size is kept free for it. Short
 * messages are moved up to a length of one byte, the form that is read fastest; for others the varint is padded.
 */
const lengthBytes = 4;
const lengthMax = 2 ** 28 - 1;
/** A buffer above this is not kept from one request to the next. */
const keptBytesMax = 4 * 1_048_576;
const shortTextMax = 64;
const firstBytes = 64 * 1_024;
/** Messages open at once: brackets of JSON are bounded, and two of them make a message at most. */
const openMax = 1_024;

/**
 * Writes protobuf messages into one growing buffer. Fields answer `true` so that "written" can be an expression.
 * Only for what our own reader reads again: lengths are padded varints.
 */
export class ProtobufWriter {
  readonly #encoder = new TextEncoder();
  #buffer = new Uint8Array(firstBytes);
  #view = viewOf(this.#buffer);
  #at = 0;
  readonly #open = new Float64Array(openMax);
  #depth = 0;

  clear(): void {
    this.#at = 0;
    this.#depth = 0;
    if (this.#buffer.length > keptBytesMax) this.#replace(new Uint8Array(firstBytes));
  }

  /** A view of what was written; valid until the next `clear`. */
  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#at);
  }

  open(field: number): void {
    assert(this.#depth < openMax, 'messages nest no deeper than brackets may');
    this.#tag(field, 2);
    this.#open[this.#depth++] = this.#at;
    this.#at += lengthBytes;
  }

  close(): void {
    const from = this.#open[--this.#depth] as number;
    const length = this.#at - from - lengthBytes;
    assert(length <= lengthMax, 'a message is smaller than 256 MiB');
    if (length < 128) {
      this.#buffer[from] = length;
      this.#buffer.copyWithin(from + 1, from + lengthBytes, this.#at);
      this.#at = from + 1 + length;
    } else this.#putLength(from, length);
  }

  /** A safe integer, as int64. */
  int(field: number, value: number): true {
    return value >= 0 ? this.#varint(field, value) : this.bigInt(field, BigInt(value));
  }

  bigInt(field: number, value: bigint): true {
    this.#tag(field, 0);
    let rest = BigInt.asUintN(64, value);
    for (; rest > 127n; rest >>= 7n) this.#buffer[this.#at++] = Number(rest & 127n) | 128;
    this.#buffer[this.#at++] = Number(rest);
    return true;
  }

  double(field: number, value: number): true {
    this.#tag(field, 1);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
    return true;
  }

  /** Up to 20 decimal digits; the value is kept to 64 bits. */
  fixed64(field: number, digits: string): true {
    this.#tag(field, 1);
    // Nine digits at a time keep every step exact in a double, without the cost of a bigint.
    let high = 0;
    let low = 0;
    for (let i = 0; i < digits.length; i += 6) {
      const part = digits.slice(i, i + 6);
      const scale = 10 ** part.length;
      const product = low * scale + Number(part);
      low = product % 4_294_967_296;
      high = (high * scale + Math.floor(product / 4_294_967_296)) % 4_294_967_296;
    }
    this.#view.setUint32(this.#at, low, true);
    this.#view.setUint32(this.#at + 4, high, true);
    this.#at += 8;
    return true;
  }

  textBytes(field: number, text: string): true {
    this.#tag(field, 2);
    this.#reserve(text.length * 3 + lengthBytes);
    if (this.#shortAscii(text)) return true;
    const from = this.#at;
    const { written } = this.#encoder.encodeInto(text, this.#buffer.subarray(from + lengthBytes));
    this.#putLength(from, written);
    this.#at = from + lengthBytes + written;
    return true;
  }

  /** Pairs of hex digits, in either case. */
  hexBytes(field: number, hex: string): true {
    const length = hex.length / 2;
    this.#reserve(length + 32);
    this.open(field);
    for (let i = 0; i < hex.length; i += 2) {
      this.#buffer[this.#at++] = (hexDigit(hex.charCodeAt(i)) << 4) | hexDigit(hex.charCodeAt(i + 1));
    }
    this.close();
    return true;
  }

  /** Most names and levels: cheaper here than in the encoder. False, with nothing written, for all else. */
  #shortAscii(text: string): boolean {
    const length = text.length;
    if (length > shortTextMax) return false;
    const from = this.#at + 1;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) return false;
      this.#buffer[from + i] = code;
    }
    this.#buffer[from - 1] = length;
    this.#at = from + length;
    return true;
  }

  /** A padded varint of `lengthBytes`. */
  #putLength(at: number, length: number): void {
    for (let i = 0; i < lengthBytes; i++) {
      const more = i < lengthBytes - 1 ? 128 : 0;
      this.#buffer[at + i] = ((length >>> (7 * i)) & 127) | more;
    }
  }

  #varint(field: number, value: number): true {
    this.#tag(field, 0);
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#buffer[this.#at++] = (rest % 128) | 128;
    this.#buffer[this.#at++] = rest;
    return true;
  }

  /** Field numbers up to 15: one byte. Makes room for any field of fixed size. */
  #tag(field: number, wireType: number): void {
    this.#reserve(32);
    this.#buffer[this.#at++] = (field << 3) | wireType;
  }

  #reserve(count: number): void {
    const needed = this.#at + count;
    if (needed <= this.#buffer.length) return;
    const bytes = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    bytes.set(this.#buffer.subarray(0, this.#at));
    this.#replace(bytes);
  }

  #replace(bytes: Uint8Array<ArrayBuffer>): void {
    this.#buffer = bytes;
    this.#view = viewOf(bytes);
  }
}

/** Of a character code known to be a hex digit. */
function hexDigit(code: number): number {
  return code < 58 ? code - 48 : (code & 0xdf) - 55;
}
