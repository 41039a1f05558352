import type { Key, KeyRegistry, Prefix } from '../../../conventions/convention.ts';
import { assert } from '../../../core/assert.ts';
import { discoveredNamesMax, nameBytesMax, prefixesMax } from './limits.ts';
import { hashBytes, sameBytes } from './text.ts';

/** Places looked at for one name: what a sender invents costs no more than this. */
const probesMax = 8;
const capacityMax = 1 << 17;
const poolBytesMax = discoveredNamesMax * 128;

/** The name is foreign: no convention reads it. */
export const foreign = -1;
/** The name lies under a wanted prefix but could not be taken in. */
export const refusedTooMany = -2;
export const refusedTooLong = -3;

interface PrefixEntry {
  readonly text: string;
  readonly bytes: Uint8Array;
  /** Of each slot under the prefix: what follows the prefix. Sparse. */
  names: string[];
}

/**
 * The wanted names, compiled into an open-addressing hash table over their bytes, so that an attribute is recognised
 * without making a string. Slots of exact names come first and last for ever; names found under a wanted prefix get
 * the slots after them. When those run out the names found are forgotten before the next request, and found again:
 * a flood of invented names can take the place of real ones for one request only.
 */
export class KeyTable implements KeyRegistry {
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #exact: string[] = [];
  readonly #prefixes: PrefixEntry[] = [];
  #compiled = false;
  #full = false;
  #size = 0;
  #table = new Int32Array(0);
  #mask = 0;
  #pool = new Uint8Array(4_096);
  #poolView: DataView = new DataView(this.#pool.buffer);
  #poolUsed = 0;
  #hashes = new Int32Array(64);
  #offsets = new Int32Array(64);
  #lengths = new Int32Array(64);
  #masks = new Uint32Array(64);

  key(name: string): Key {
    const known = this.#exact.indexOf(name);
    if (known >= 0) return known as Key;
    this.#compiled = false;
    return (this.#exact.push(name) - 1) as Key;
  }

  prefix(prefix: string): Prefix {
    const known = this.#prefixes.findIndex((entry) => entry.text === prefix);
    if (known >= 0) return known as Prefix;
    assert(this.#prefixes.length < prefixesMax, `at most ${prefixesMax} attribute prefixes`);
    assert(prefix.length > 0, 'a prefix has a text');
    this.#compiled = false;
    return (this.#prefixes.push({ text: prefix, bytes: this.#encoder.encode(prefix), names: [] }) -
      1) as Prefix;
  }

  /** Names found under wanted prefixes. */
  get discovered(): number {
    return this.#size - this.#exact.length;
  }

  /** Before each request: compiles what was registered since, and makes room if the last request found none. */
  prepare(): void {
    if (!this.#compiled || this.#full) this.#compile();
  }

  /** One bit for each prefix the slot's name begins with. */
  prefixMask(slot: number): number {
    return this.#masks[slot] as number;
  }

  /** Of each slot under the prefix: what follows the prefix in its name. Valid while one request is read. */
  namesUnder(prefix: Prefix): readonly string[] {
    return (this.#prefixes[prefix] as PrefixEntry).names;
  }

  /** The slot of the name, or one of the negative answers above. */
  find(bytes: Uint8Array, view: DataView, at: number, length: number): number {
    const hash = hashBytes(view, at, length);
    for (let i = 0; i < probesMax; i++) {
      const slot = (this.#table[(hash + i) & this.#mask] as number) - 1;
      if (slot < 0) break;
      if (
        this.#hashes[slot] === hash &&
        this.#lengths[slot] === length &&
        sameBytes(this.#poolView, this.#offsets[slot] as number, view, at, length)
      ) {
        return slot;
      }
    }
    for (let i = 0; i < this.#prefixes.length; i++) {
      if (startsWith(bytes, at, length, (this.#prefixes[i] as PrefixEntry).bytes)) {
        return this.#discover(bytes.subarray(at, at + length), hash);
      }
    }
    return foreign;
  }

  #discover(name: Uint8Array, hash: number): number {
    if (name.length > nameBytesMax) return refusedTooLong;
    const slot = this.#add(name, hash);
    if (slot < 0) this.#full = true;
    return slot;
  }

  #compile(): void {
    this.#size = 0;
    this.#poolUsed = 0;
    this.#full = false;
    for (const entry of this.#prefixes) entry.names = [];
    let capacity = 256;
    while (capacity < this.#exact.length * 4) capacity *= 2;
    this.#resize(capacity);
    for (const name of this.#exact) {
      const bytes = this.#encoder.encode(name);
      const slot = this.#add(bytes, hashBytes(viewOf(bytes), 0, bytes.length));
      assert(slot >= 0, 'every registered attribute name has a place in the key table');
    }
    this.#compiled = true;
  }

  #add(name: Uint8Array, hash: number): number {
    const slot = this.#size;
    if (slot >= this.#exact.length + discoveredNamesMax) return refusedTooMany;
    if (this.#poolUsed + name.length > poolBytesMax) return refusedTooMany;
    while (this.#size * 2 >= this.#table.length && this.#table.length < capacityMax) {
      this.#resize(this.#table.length * 2);
    }
    while (!this.#place(slot, hash)) {
      if (this.#table.length >= capacityMax) return refusedTooMany;
      this.#resize(this.#table.length * 2);
    }
    this.#remember(slot, name, hash);
    return slot;
  }

  #remember(slot: number, name: Uint8Array, hash: number): void {
    if (slot === this.#hashes.length) this.#growSlots();
    this.#reserve(name.length);
    this.#pool.set(name, this.#poolUsed);
    this.#hashes[slot] = hash;
    this.#offsets[slot] = this.#poolUsed;
    this.#lengths[slot] = name.length;
    this.#poolUsed += name.length;
    let mask = 0;
    this.#prefixes.forEach((entry, i) => {
      if (!startsWith(name, 0, name.length, entry.bytes)) return;
      mask |= 1 << i;
      entry.names[slot] = this.#decoder.decode(name.subarray(entry.bytes.length));
    });
    this.#masks[slot] = mask;
    this.#size = slot + 1;
  }

  #place(slot: number, hash: number): boolean {
    for (let i = 0; i < probesMax; i++) {
      const at = (hash + i) & this.#mask;
      if (this.#table[at] !== 0) continue;
      this.#table[at] = slot + 1;
      return true;
    }
    return false;
  }

  /**
   * Doubles until every name has its place, so that finding one never looks further than `probesMax`. At the largest
   * size a name without a place is lost, and found again as a new one: only names made to collide come that far.
   */
  #resize(capacity: number): void {
    this.#table = new Int32Array(capacity);
    this.#mask = capacity - 1;
    for (let slot = 0; slot < this.#size; slot++) {
      if (this.#place(slot, this.#hashes[slot] as number) || capacity >= capacityMax) continue;
      this.#resize(capacity * 2);
      return;
    }
  }

  #growSlots(): void {
    const length = this.#hashes.length * 2;
    this.#hashes = grownInts(this.#hashes, length);
    this.#offsets = grownInts(this.#offsets, length);
    this.#lengths = grownInts(this.#lengths, length);
    const masks = new Uint32Array(length);
    masks.set(this.#masks);
    this.#masks = masks;
  }

  #reserve(length: number): void {
    const needed = this.#poolUsed + length;
    if (needed <= this.#pool.length) return;
    const pool = new Uint8Array(Math.max(this.#pool.length * 2, needed));
    pool.set(this.#pool);
    this.#pool = pool;
    this.#poolView = viewOf(pool);
  }
}

function grownInts(ints: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(length);
  grown.set(ints);
  return grown;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Longer than the prefix, not equal: a name that is only the prefix names nothing. */
function startsWith(bytes: Uint8Array, at: number, length: number, prefix: Uint8Array): boolean {
  if (length <= prefix.length) return false;
  // From the end: prefixes of one vocabulary differ there.
  for (let i = prefix.length - 1; i >= 0; i--) if (bytes[at + i] !== prefix[i]) return false;
  return true;
}
