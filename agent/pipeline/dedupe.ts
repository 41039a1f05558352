/** Ids kept in one generation; two generations are looked up, so an id is known for at least this many further ids. */
export const dedupeIdsMax = 65_536;
const slots = dedupeIdsMax * 2;
const generationMs = 600_000;

/**
 * Which 64-bit ids were seen lately: a span or prediction that is sent twice counts once.
 *
 * Two open-addressing tables of typed arrays, at most half full: when the young one is full or ten minutes old it
 * becomes the old one, and the old one is forgotten, so expiry costs nothing per id and memory is constant (2 MB).
 * Two different ids agree in all 64 bits with a probability of about 1e-9 at full tables.
 */
export class Dedupe {
  #young = new Uint32Array(slots * 2);
  #old = new Uint32Array(slots * 2);
  #size = 0;
  #startedMs: number;

  constructor(nowMs: number) {
    this.#startedMs = nowMs;
  }

  /** Was this id seen before? It is remembered. The id (0, 0) means "no id" and is never a duplicate. */
  seen(high: number, low: number, nowMs: number): boolean {
    if (high === 0 && low === 0) return false;
    if (this.#size >= dedupeIdsMax || nowMs - this.#startedMs > generationMs) this.#turn(nowMs);
    const at = find(this.#young, high, low);
    if (isHeld(this.#young, at)) return true;
    const known = isHeld(this.#old, find(this.#old, high, low));
    this.#young[at] = high;
    this.#young[at + 1] = low;
    this.#size++;
    return known;
  }

  #turn(nowMs: number): void {
    const spare = this.#old;
    this.#old = this.#young;
    this.#young = spare.fill(0);
    this.#size = 0;
    this.#startedMs = nowMs;
  }
}

/** Index of the id's pair, or of the free pair where it belongs. The tables are never full, so this ends. */
function find(table: Uint32Array, high: number, low: number): number {
  let slot = (Math.imul(high ^ (low >>> 7), 0x9e3779b1) ^ low) & (slots - 1);
  for (;;) {
    const at = slot * 2;
    if (!isHeld(table, at)) return at;
    if (table[at] === high >>> 0 && table[at + 1] === low >>> 0) return at;
    slot = (slot + 1) & (slots - 1);
  }
}

function isHeld(table: Uint32Array, at: number): boolean {
  return table[at] !== 0 || table[at + 1] !== 0;
}
