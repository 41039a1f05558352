import { textBytesMax } from './limits.ts';

/** Texts up to this length are looked up before a string is made of them. */
const cachedBytesMax = 64;
/** Texts remembered: two places for each hash. A new text takes the place of an older one. */
const cachedTextsMax = 8_192;

const noText = '';
const asciiMax = 127;

/** A 32-bit hash of bytes, four at a time; the last group may overlap the one before it. */
export function hashBytes(view: DataView, at: number, length: number): number {
  let hash = length;
  if (length >= 4) {
    const last = at + length - 4;
    for (let i = at; i < last; i += 4)
      hash = Math.imul(hash ^ view.getInt32(i, true), 0x9e3779b1) ^ (hash >>> 15);
    hash = Math.imul(hash ^ view.getInt32(last, true), 0x85ebca6b);
  } else {
    for (let i = 0; i < length; i++) hash = Math.imul(hash ^ view.getUint8(at + i), 0x85ebca6b);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

export function sameBytes(a: DataView, aAt: number, b: DataView, bAt: number, length: number): boolean {
  if (length < 4) {
    for (let i = 0; i < length; i++) if (a.getUint8(aAt + i) !== b.getUint8(bAt + i)) return false;
    return true;
  }
  const last = length - 4;
  for (let i = 0; i < last; i += 4) {
    if (a.getInt32(aAt + i, true) !== b.getInt32(bAt + i, true)) return false;
  }
  return a.getInt32(aAt + last, true) === b.getInt32(bAt + last, true);
}

/**
 * Bytes to strings. Levels, model names and other short texts repeat from row to row, so the reader keeps the last
 * few thousand and makes no string for those it knows. What does not repeat (ids) only replaces older entries.
 */
export class TextCache {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #bytes = new Uint8Array(cachedTextsMax * cachedBytesMax);
  readonly #view = new DataView(this.#bytes.buffer);
  readonly #lengths = new Uint8Array(cachedTextsMax);
  readonly #hashes = new Int32Array(cachedTextsMax);
  readonly #strings: string[] = new Array(cachedTextsMax).fill(noText);
  /** An array for each length of a short text, used again for each. */
  readonly #codes = Array.from({ length: cachedBytesMax + 1 }, (_, length) =>
    new Array<number>(length).fill(0),
  );
  #turn = 0;
  /** Texts cut at `textBytesMax` since `takeCut()`. */
  #cut = 0;

  text(bytes: Uint8Array, view: DataView, at: number, length: number): string {
    if (length === 0) return noText;
    if (length > cachedBytesMax) return this.#long(bytes, at, length);
    const hash = hashBytes(view, at, length);
    const place = (hash & (cachedTextsMax / 2 - 1)) * 2;
    if (this.#holds(place, hash, view, at, length)) return this.#strings[place] as string;
    if (this.#holds(place + 1, hash, view, at, length)) return this.#strings[place + 1] as string;
    return this.#keep(place + (this.#turn++ & 1), hash, bytes, at, length);
  }

  takeCut(): number {
    const cut = this.#cut;
    this.#cut = 0;
    return cut;
  }

  #holds(place: number, hash: number, view: DataView, at: number, length: number): boolean {
    return (
      this.#hashes[place] === hash &&
      this.#lengths[place] === length &&
      sameBytes(this.#view, place * cachedBytesMax, view, at, length)
    );
  }

  #keep(place: number, hash: number, bytes: Uint8Array, at: number, length: number): string {
    const text = this.#ascii(bytes, at, length) ?? this.#decoder.decode(bytes.subarray(at, at + length));
    const from = place * cachedBytesMax;
    for (let i = 0; i < length; i++) this.#bytes[from + i] = bytes[at + i] as number;
    this.#hashes[place] = hash;
    this.#lengths[place] = length;
    this.#strings[place] = text;
    return text;
  }

  /**
   * ASCII without the decoder, which costs more than the few bytes themselves; undefined for all else. One call with all
   * characters makes one flat string; adding them up makes a tree of small ones, at four times the cost.
   */
  #ascii(bytes: Uint8Array, at: number, length: number): string | undefined {
    const codes = this.#codes[length] as number[];
    for (let i = 0; i < length; i++) {
      const code = bytes[at + i] as number;
      if (code > asciiMax) return undefined;
      codes[i] = code;
    }
    return String.fromCharCode(...codes);
  }

  #long(bytes: Uint8Array, at: number, length: number): string {
    if (length <= textBytesMax) return this.#decoder.decode(bytes.subarray(at, at + length));
    this.#cut++;
    let end = at + textBytesMax;
    // A cut never splits a character: bytes 10xxxxxx continue one.
    while (end > at && ((bytes[end] as number) & 0xc0) === 0x80) end--;
    return this.#decoder.decode(bytes.subarray(at, end));
  }
}
