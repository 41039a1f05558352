/**
 * A day of panes in few bytes, one after another as they came.
 *
 * A pane is: what is known of it (1 byte) · its tick of the day, as the way from the one before (1 or 2 bytes) · where it
 * is another one, its hour of the week (1 byte) · where they do not follow from the counts, weight and Σ weight² (8 bytes
 * each) · its counts, each of as many bits as the largest needs; or in single precision where they are no whole numbers.
 *
 * Law (test/property/pane-packing.test.ts): unpacked, panes are what they would be if each had been added to flat arrays
 * in single precision.
 */
import { hoursPerWeek, type RingPane } from './window-ring.ts';

const ticksPerDay = 288;
const bytesFirst = 256;
const dayHeadBytes = 4;
/** Wider counts are kept in single precision. */
const bitsMax = 24;
/** Stands for the width of counts in single precision. */
const asFloats = 31;
const isSameHour = 0x20;
/** The weight is the sum of the counts. */
const isSumOfCounts = 0x40;
/** Each row has weight 1. */
const isUnweighted = 0x80;

/** The panes of a day side by side; a tick without rows has weight 0. */
export interface DayRoom {
  readonly bins: number;
  readonly hours: Uint8Array;
  readonly weights: Float64Array;
  readonly weightsSquared: Float64Array;
  /** Ticks × bins. */
  readonly counts: Float32Array;
}

export function newDayRoom(bins: number): DayRoom {
  return {
    bins,
    hours: new Uint8Array(ticksPerDay),
    weights: new Float64Array(ticksPerDay),
    weightsSquared: new Float64Array(ticksPerDay),
    counts: new Float32Array(ticksPerDay * bins),
  };
}

/** `tick` of its panes is the tick of the day, 0 to 287. */
export class PackedDay {
  readonly day: number;
  readonly #bins: number;
  #bytes = new Uint8Array(bytesFirst);
  #view = new DataView(this.#bytes.buffer);
  #size = 0;
  #tick = 0;
  #hour = -1;

  constructor(day: number, bins: number) {
    this.day = day;
    this.#bins = bins;
  }

  add(pane: Omit<RingPane, 'missing' | 'malformed'>): void {
    // At most: known, tick, hour, two weights, and counts in single precision.
    this.#reserve(20 + 4 * this.#bins);
    const bits = bitsOf(pane.bins);
    let sum = 0;
    for (let j = 0; j < this.#bins; j++) sum += pane.bins[j] as number;
    const hourBit = pane.hour === this.#hour ? isSameHour : 0;
    const sumBit = bits !== asFloats && pane.weight === sum ? isSumOfCounts : 0;
    const plainBit = pane.weightSquared === pane.weight ? isUnweighted : 0;
    this.#byte(bits | hourBit | sumBit | plainBit);
    this.#way(pane.tick - this.#tick);
    if (hourBit === 0) this.#byte(pane.hour);
    if (sumBit === 0) this.#double(pane.weight);
    if (plainBit === 0) this.#double(pane.weightSquared);
    if (bits === asFloats) this.#floats(pane.bins);
    else this.#packed(pane.bins, bits);
    this.#tick = pane.tick;
    this.#hour = pane.hour;
  }

  /** Gives back what was reserved for panes to come; more may come all the same. */
  trim(): void {
    this.#resize(this.#size);
  }

  get byteSize(): number {
    return this.#bytes.length;
  }

  /** For the checkpoint: its last tick and hour, then its panes as they lie in memory. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(dayHeadBytes + this.#size);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, this.#tick);
    view.setInt16(2, this.#hour);
    bytes.set(this.#bytes.subarray(0, this.#size), dayHeadBytes);
    return bytes;
  }

  /** The reverse. Throws an Error for bytes that `toBytes` did not write, as far as panes can tell. */
  static fromBytes(day: number, bins: number, bytes: Uint8Array): PackedDay {
    if (bytes.length < dayHeadBytes) throw new Error('these bytes are no day of panes');
    const made = new PackedDay(day, bins);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    made.#tick = view.getUint16(0);
    made.#hour = view.getInt16(2);
    made.#bytes = bytes.slice(dayHeadBytes);
    made.#view = new DataView(made.#bytes.buffer);
    made.#size = made.#bytes.length;
    if (!made.#isSound()) throw new Error('these bytes are no day of panes');
    return made;
  }

  /** Every pane lies in the day and within the bytes, and the last one is where it is said to be. */
  #isSound(): boolean {
    if (this.#size === 0) return true;
    const reader = new Reader(this.#bytes, this.#view);
    const row = new Float32Array(this.#bins);
    let tick = 0;
    let hour = -1;
    while (reader.at < this.#size) {
      const known = reader.byte();
      tick += reader.way();
      if ((known & isSameHour) === 0) hour = reader.byte();
      const doubles = Number((known & isSumOfCounts) === 0) + Number((known & isUnweighted) === 0);
      const bits = known & asFloats;
      const countBytes = bits === asFloats ? 4 * this.#bins : Math.ceil((bits * this.#bins) / 8);
      if (!(tick >= 0 && tick < ticksPerDay && hour >= 0 && hour < hoursPerWeek)) return false;
      if (reader.at + 8 * doubles + countBytes > this.#size) return false;
      reader.at += 8 * doubles;
      reader.counts(bits, row, 0, this.#bins);
    }
    return reader.at === this.#size && tick === this.#tick && hour === this.#hour;
  }

  /** Overwrites all of the room. */
  unpack(room: DayRoom): void {
    room.weights.fill(0);
    room.weightsSquared.fill(0);
    room.counts.fill(0);
    const reader = new Reader(this.#bytes, this.#view);
    let tick = 0;
    let hour = 0;
    while (reader.at < this.#size) {
      const known = reader.byte();
      tick += reader.way();
      if ((known & isSameHour) === 0) hour = reader.byte();
      const given = (known & isSumOfCounts) === 0 ? reader.double() : undefined;
      const squared = (known & isUnweighted) === 0 ? reader.double() : undefined;
      const sum = reader.counts(known & asFloats, room.counts, tick * this.#bins, this.#bins);
      const weight = given ?? sum;
      room.hours[tick] = hour;
      room.weights[tick] = (room.weights[tick] as number) + weight;
      room.weightsSquared[tick] = (room.weightsSquared[tick] as number) + (squared ?? weight);
    }
  }

  #byte(value: number): void {
    this.#bytes[this.#size++] = value;
  }

  /** From -287 to 287, mostly 1: one byte up to 127. */
  #way(ticks: number): void {
    const folded = ticks >= 0 ? 2 * ticks : -2 * ticks - 1;
    if (folded < 0x80) this.#byte(folded);
    else {
      this.#byte(0x80 | (folded >> 8));
      this.#byte(folded & 0xff);
    }
  }

  #double(value: number): void {
    this.#view.setFloat64(this.#size, value);
    this.#size += 8;
  }

  #floats(counts: ArrayLike<number>): void {
    for (let j = 0; j < this.#bins; j++, this.#size += 4)
      this.#view.setFloat32(this.#size, counts[j] as number);
  }

  /** The lowest bits first. */
  #packed(counts: ArrayLike<number>, bits: number): void {
    let held = 0;
    let heldBits = 0;
    for (let j = 0; j < this.#bins; j++) {
      held |= (counts[j] as number) << heldBits;
      heldBits += bits;
      for (; heldBits >= 8; heldBits -= 8, held >>>= 8) this.#byte(held & 0xff);
    }
    if (heldBits > 0) this.#byte(held);
  }

  #reserve(more: number): void {
    if (this.#size + more > this.#bytes.length) this.#resize(2 * this.#size + more);
  }

  #resize(size: number): void {
    const bytes = new Uint8Array(size);
    bytes.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

/** Bits that the largest count needs; `asFloats` where one is no whole number or is too large. */
function bitsOf(counts: ArrayLike<number>): number {
  let all = 0;
  for (let j = 0; j < counts.length; j++) {
    const count = counts[j] as number;
    if (count >>> 0 !== count || count >= 2 ** bitsMax) return asFloats;
    all |= count;
  }
  return 32 - Math.clz32(all);
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  at = 0;

  constructor(bytes: Uint8Array, view: DataView) {
    this.#bytes = bytes;
    this.#view = view;
  }

  byte(): number {
    return this.#bytes[this.at++] as number;
  }

  way(): number {
    const first = this.byte();
    const folded = first < 0x80 ? first : ((first & 0x7f) << 8) | this.byte();
    return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
  }

  double(): number {
    this.at += 8;
    return this.#view.getFloat64(this.at - 8);
  }

  /** Adds the counts of a pane to a row; returns their sum. */
  counts(bits: number, row: Float32Array, from: number, bins: number): number {
    let sum = 0;
    let held = 0;
    let heldBits = 0;
    for (let j = 0; j < bins; j++) {
      let count: number;
      if (bits === asFloats) {
        count = this.#view.getFloat32(this.at);
        this.at += 4;
      } else {
        for (; heldBits < bits; heldBits += 8) held |= this.byte() << heldBits;
        count = held & ((1 << bits) - 1);
        held >>>= bits;
        heldBits -= bits;
      }
      sum += count;
      row[from + j] = (row[from + j] as number) + count;
    }
    return sum;
  }
}
