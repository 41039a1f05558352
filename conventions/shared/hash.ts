/**
 * A 64-bit hash of text in two 32-bit halves, for keys of duplicates: not cryptographic, the same in every
 * process.
 *
 * Each half is a multiply-and-xor loop over UTF-16 code units (FNV's shape) with a multiplier of its own, so
 * that two texts which collide in one half do not collide in the other; the finish is the mixer of
 * MurmurHash3. One object is reused for all rows: `reset()`, `add()` each part, `finish()`, then read `high`
 * and `low`.
 */
export class Hash64 {
  /** Signed 32-bit; valid after `finish()`. */
  high = 0;
  low = 0;

  reset(): void {
    this.high = 0x811c9dc5 | 0;
    this.low = 0x41c6ce57;
  }

  /** Parts are separated: 'ab' + 'c' is not 'a' + 'bc'. */
  add(text: string): void {
    let high = this.high;
    let low = this.low;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      high = Math.imul(high ^ code, 0x9e3779b1);
      low = Math.imul(low ^ code, 0x5f356495);
    }
    // No code unit is as large as this separator.
    this.high = Math.imul(high ^ 0x10000, 0x9e3779b1);
    this.low = Math.imul(low ^ 0x10000, 0x5f356495);
  }

  /** The same part, from the bytes of an ASCII text. */
  addAscii(bytes: Uint8Array, from: number, to: number): void {
    let high = this.high;
    let low = this.low;
    for (let i = from; i < to; i++) {
      const code = bytes[i] as number;
      high = Math.imul(high ^ code, 0x9e3779b1);
      low = Math.imul(low ^ code, 0x5f356495);
    }
    this.high = Math.imul(high ^ 0x10000, 0x9e3779b1);
    this.low = Math.imul(low ^ 0x10000, 0x5f356495);
  }

  /** A part that is a 32-bit whole number. */
  addInteger(value: number): void {
    this.high = Math.imul(this.high ^ value, 0x9e3779b1);
    this.low = Math.imul(this.low ^ value, 0x5f356495);
  }

  /** Never leaves (0, 0), which means "no id" to whoever looks for duplicates. */
  finish(): void {
    const high = mix(this.high ^ (this.low >>> 15));
    const low = mix(this.low ^ (high >>> 13));
    this.high = high;
    this.low = high === 0 && low === 0 ? 1 : low;
  }
}

/** Spreads every bit over all 32: neighbours such as p1, p2 land far apart. Source: fmix32 of MurmurHash3. */
function mix(value: number): number {
  let h = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
