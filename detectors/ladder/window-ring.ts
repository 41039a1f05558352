/**
 * The sums of one series over every window of the ladder, kept as it goes: no window is ever added up from its panes.
 *
 * For each stride (1, 4, 12, 24, 72, 168 ticks) there is a ring of 12 blocks; a block is the sum of the panes whose tick
 * lies in it, aligned to the epoch. A window of W ticks is the sum of the W / stride blocks before its end.
 *
 * Laws (test/property/window-ring.test.ts):
 * 1. Fed each closed pane once, `windowAt(W, end)` equals the sum of all panes with end − W ≤ tick < end.
 * 2. A gap leaves its blocks empty; nothing of an older turn of the ring is ever counted.
 * 3. It answers for the last end at or before `endTick`, as long as no pane of a later block than that end was fed;
 *    after that the window is no more: undefined.
 * 4. From its bytes it goes on as if nothing had happened.
 *
 * Memory: 72 blocks of 20 bins, their hours and their times are 6 KB while every sum is a whole number below 65,536, twice
 * that up to 4 billion, and four times that for weights that are no whole numbers. A sum is never rounded: one that does
 * not fit makes all of them wider. Feeding a pane costs six block additions.
 */
import { assert } from '../../core/assert.ts';
import { blocksPerWindow, ladderTicks, strideOf } from './alpha-ladder.ts';

export const hoursPerWeek = 168;
const ticksPerHour = 12;
export const binsMax = 64;
/** "kwr2"; read in the byte order of the machine, so that bytes of another one are refused. */
const magic = 0x6b_77_72_32;
/** Columns after the bins: missing, malformed, weight, weightSquared. */
const extraColumns = 4;
const headBytes = 12;
/** No block of time. */
const noIndex = -0x8000_0000;

/** The sums of one closed pane, weighted; `bins` are not changed. */
export interface RingPane {
  /** Its start in ticks of 5 minutes since the epoch; panes of a minute share a tick and add up. */
  readonly tick: number;
  /** Hour of the week, 0 to 167, in the time zone of the model (seasonal.ts). */
  readonly hour: number;
  readonly bins: ArrayLike<number>;
  /** Weight of the rows in bins. */
  readonly weight: number;
  readonly weightSquared: number;
  readonly missing: number;
  readonly malformed: number;
}

export interface RingWindow {
  /** Effective rows in each bin; they add up to `n`. */
  readonly bins: Float64Array;
  /** Effective rows: weight² / weightSquared. */
  readonly n: number;
  /** Effective rows in each hour of the week; they add up to `n`. */
  readonly hours: Float64Array;
  /** Ticks with a pane. */
  readonly ticks: number;
  /** Sums of weights, not effective rows: multiply by n / weight for those. */
  readonly weight: number;
  readonly missing: number;
  readonly malformed: number;
  /** The first tick after the window. */
  readonly endTick: number;
}

/** One stretch of a series' past; effective rows, as in a window. */
export interface RingBlock {
  readonly startTick: number;
  /** The first tick after it. */
  readonly endTick: number;
  readonly bins: Float64Array;
  readonly n: number;
  readonly hours: Float64Array;
}

/** Arrays to sum into, so that asking for many windows allocates none; the next window asked with them overwrites. */
export interface WindowScratch {
  readonly bins: Float64Array;
  readonly hours: Float64Array;
}

export function newWindowScratch(bins: number): WindowScratch {
  return { bins: new Float64Array(bins), hours: new Float64Array(hoursPerWeek) };
}

/** Whole numbers while they fit. */
type Cells = Uint16Array | Uint32Array | Float64Array;
const cellKinds = [Uint16Array, Uint32Array, Float64Array] as const;

/** Where the blocks of one stride lie. */
interface Stride {
  readonly stride: number;
  /** Its first block among all. */
  readonly block: number;
  /** Hours a block may touch: one at an odd offset of the zone may begin inside it. */
  readonly slots: number;
  /** Its first slot among all. */
  readonly slot: number;
}

const strides: readonly Stride[] = layOut([...new Set(ladderTicks.map(strideOf))]);
const blocks = strides.length * blocksPerWindow;
const slotsInAll = strides.reduce((sum, { slots }) => sum + slots * blocksPerWindow, 0);
const strideAt: readonly (Stride | undefined)[] = byLength(strides);

function layOut(lengths: readonly number[]): Stride[] {
  let slot = 0;
  return lengths.map((stride, i) => {
    const slots = Math.ceil(stride / ticksPerHour) + 1;
    const made = { stride, block: i * blocksPerWindow, slots, slot };
    slot += slots * blocksPerWindow;
    return made;
  });
}

function byLength(list: readonly Stride[]): (Stride | undefined)[] {
  const found: (Stride | undefined)[] = [];
  for (const one of list) found[one.stride] = one;
  return found;
}

export class WindowRing {
  readonly bins: number;
  readonly #columns: number;
  /** All but the sums, in one piece of memory. By block: which block of time it holds, and its newest tick. */
  readonly #about: ArrayBuffer;
  readonly #index: Int32Array;
  readonly #newest: Int32Array;
  readonly #ticks: Uint16Array;
  /** By slot. */
  readonly #hour: Uint8Array;
  /** By block: its columns, then the weight of each of its slots. */
  #cells: Cells;

  constructor(bins: number) {
    assert(bins >= 1 && bins <= binsMax, 'A ring has 1 to 64 bins.');
    this.bins = bins;
    this.#columns = bins + extraColumns;
    this.#about = new ArrayBuffer(blocks * 10 + slotsInAll);
    this.#index = new Int32Array(this.#about, 0, blocks).fill(noIndex);
    this.#newest = new Int32Array(this.#about, blocks * 4, blocks).fill(noIndex);
    this.#ticks = new Uint16Array(this.#about, blocks * 8, blocks);
    this.#hour = new Uint8Array(this.#about, blocks * 10, slotsInAll);
    this.#cells = new Uint16Array(blocks * this.#columns + slotsInAll);
  }

  add(pane: RingPane): void {
    assert(pane.bins.length === this.bins, 'A pane has as many bins as its ring.');
    for (const stride of strides) this.#addTo(stride, pane);
  }

  /** All that fell into the last window of that length that ends at or before `endTick`; undefined where it is gone. */
  windowAt(
    windowTicks: number,
    endTick: number,
    scratch: WindowScratch = newWindowScratch(this.bins),
  ): RingWindow | undefined {
    const at = strideAt[strideOf(windowTicks)];
    if (at === undefined) return undefined;
    const { stride, block } = at;
    const end = Math.floor(endTick / stride);
    const { bins, hours } = scratch;
    bins.fill(0);
    hours.fill(0);
    const cells = this.#cells;
    const sum = { ticks: 0, weight: 0, weightSquared: 0, missing: 0, malformed: 0 };
    for (let index = end - windowTicks / stride; index < end; index++) {
      const place = placeOf(index);
      const held = this.#index[block + place] as number;
      if (held > index) return undefined;
      if (held < index) continue;
      const from = this.#cellOf(at, place);
      for (let j = 0; j < bins.length; j++) bins[j] = (bins[j] as number) + (cells[from + j] as number);
      const extra = from + bins.length;
      sum.ticks += this.#ticks[block + place] as number;
      sum.missing += cells[extra] as number;
      sum.malformed += cells[extra + 1] as number;
      sum.weight += cells[extra + 2] as number;
      sum.weightSquared += cells[extra + 3] as number;
      this.#addHours(at, place, hours);
    }
    const n = sum.weightSquared > 0 ? (sum.weight * sum.weight) / sum.weightSquared : 0;
    scaleBy(bins, hours, sum.weight > 0 ? n / sum.weight : 0);
    const { ticks, weight, missing, malformed } = sum;
    return { bins, n, hours, ticks, weight, missing, malformed, endTick: end * stride };
  }

  /**
   * All that is held before `endTick` in stretches that do not overlap, oldest first: single ticks in the last hour,
   * 14 hours at the end of the week before. Stretches without rows are left out.
   */
  blocksBefore(endTick: number): RingBlock[] {
    const found: RingBlock[] = [];
    let limit = endTick;
    for (const [i, at] of strides.entries()) {
      const { stride } = at;
      const next = strides[i + 1]?.stride ?? stride;
      const newest = Math.floor(limit / stride) - 1;
      const oldest = Math.floor((endTick - 1) / stride) - blocksPerWindow + 1;
      // From here on the next stride has whole blocks; what lies before is left to it.
      const from = Math.ceil((oldest * stride) / next) * next;
      for (let index = newest; index * stride >= from; index--) {
        const block = this.#blockAt(at, index);
        if (block !== undefined) found.push(block);
      }
      limit = Math.min(limit, from);
    }
    return found.reverse();
  }

  #blockAt(at: Stride, index: number): RingBlock | undefined {
    const place = placeOf(index);
    if (this.#index[at.block + place] !== index) return undefined;
    const from = this.#cellOf(at, place);
    const extra = from + this.bins;
    const weight = this.#cells[extra + 2] as number;
    const weightSquared = this.#cells[extra + 3] as number;
    if (!(weightSquared > 0)) return undefined;
    const bins = Float64Array.from(this.#cells.subarray(from, extra));
    const hours = new Float64Array(hoursPerWeek);
    this.#addHours(at, place, hours);
    const n = (weight * weight) / weightSquared;
    scaleBy(bins, hours, n / weight);
    return { startTick: index * at.stride, endTick: (index + 1) * at.stride, bins, n, hours };
  }

  #addHours(at: Stride, place: number, hours: Float64Array): void {
    const cell = this.#cellOf(at, place) + this.#columns;
    for (let slot = 0; slot < at.slots; slot++) {
      const weight = this.#cells[cell + slot] as number;
      if (weight === 0) continue;
      const hour = this.#hour[at.slot + place * at.slots + slot] as number;
      hours[hour] = (hours[hour] as number) + weight;
    }
  }

  /** Bytes held, for the memory figures. */
  get byteSize(): number {
    return this.#about.byteLength + this.#cells.byteLength;
  }

  /** For the checkpoint: as it lies in memory, which takes no time to speak of. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(headBytes + this.byteSize);
    const { byteLength } = this.#about;
    new Uint32Array(bytes.buffer, 0, 3).set([magic, this.bins, this.#kind()]);
    bytes.set(new Uint8Array(this.#about), headBytes);
    const { buffer, byteOffset } = this.#cells;
    bytes.set(new Uint8Array(buffer, byteOffset, this.#cells.byteLength), headBytes + byteLength);
    return bytes;
  }

  /** The reverse. Throws an Error for bytes that `toBytes` did not write. */
  static fromBytes(given: Uint8Array): WindowRing {
    // A copy: it has to begin where a number of eight bytes may, and the given bytes may be part of a large file.
    const bytes = new Uint8Array(given);
    if (bytes.length < headBytes) throw damaged();
    const [written, bins = 0, kind = -1] = new Uint32Array(bytes.buffer, 0, 3);
    const Kind = cellKinds[kind];
    if (written !== magic || bins < 1 || bins > binsMax || Kind === undefined) throw damaged();
    const made = new WindowRing(bins);
    made.#cells = new Kind(made.#cells.length);
    if (bytes.length !== headBytes + made.byteSize) throw damaged();
    const { byteLength } = made.#about;
    new Uint8Array(made.#about).set(bytes.subarray(headBytes, headBytes + byteLength));
    new Uint8Array(made.#cells.buffer).set(bytes.subarray(headBytes + byteLength));
    if (!made.#isSound()) throw damaged();
    return made;
  }

  #kind(): number {
    return cellKinds.findIndex((kind) => this.#cells instanceof kind);
  }

  /** A block lies where its index says, hours are hours, and sums are finite. */
  #isSound(): boolean {
    const isPlaced = (index: number, at: number) =>
      index === noIndex || placeOf(index) === at % blocksPerWindow;
    return (
      this.#index.every(isPlaced) &&
      this.#hour.every((hour) => hour < hoursPerWeek) &&
      this.#cells.every((sum: number) => sum >= 0 && sum < Number.POSITIVE_INFINITY)
    );
  }

  #cellOf({ block, slots, slot }: Stride, place: number): number {
    return block * this.#columns + slot + place * (this.#columns + slots);
  }

  #addTo(at: Stride, pane: RingPane): void {
    const index = Math.floor(pane.tick / at.stride);
    const place = placeOf(index);
    const block = at.block + place;
    const held = this.#index[block] as number;
    if (held > index) return;
    if (held < index) this.#clear(at, place, index);
    if (this.#newest[block] !== pane.tick) {
      this.#ticks[block] = (this.#ticks[block] as number) + 1;
      this.#newest[block] = pane.tick;
    }
    const from = this.#cellOf(at, place);
    for (let j = 0; j < this.bins; j++) this.#raise(from + j, pane.bins[j] as number);
    const extra = from + this.bins;
    this.#raise(extra, pane.missing);
    this.#raise(extra + 1, pane.malformed);
    this.#raise(extra + 2, pane.weight);
    this.#raise(extra + 3, pane.weightSquared);
    this.#addHour(at, place, extra + extraColumns, pane);
  }

  #raise(cell: number, by: number): void {
    if (by === 0) return;
    const sum = (this.#cells[cell] as number) + by;
    this.#cells[cell] = sum;
    // What was kept is not the sum: these cells are too narrow for it.
    while (this.#cells[cell] !== sum && !(this.#cells instanceof Float64Array)) {
      this.#cells =
        this.#cells instanceof Uint16Array ? Uint32Array.from(this.#cells) : Float64Array.from(this.#cells);
      this.#cells[cell] = sum;
    }
  }

  /** A slot without weight is free; where an hour finds none it joins the last, so that no weight is lost. */
  #addHour(at: Stride, place: number, cell: number, pane: RingPane): void {
    const first = at.slot + place * at.slots;
    let slot = 0;
    while (slot < at.slots - 1 && (this.#cells[cell + slot] as number) > 0) {
      if (this.#hour[first + slot] === pane.hour) break;
      slot++;
    }
    if ((this.#cells[cell + slot] as number) === 0) this.#hour[first + slot] = pane.hour;
    this.#raise(cell + slot, pane.weight);
  }

  #clear(at: Stride, place: number, index: number): void {
    const block = at.block + place;
    this.#index[block] = index;
    this.#ticks[block] = 0;
    this.#newest[block] = noIndex;
    const from = this.#cellOf(at, place);
    this.#cells.fill(0, from, from + this.#columns + at.slots);
    const slot = at.slot + place * at.slots;
    this.#hour.fill(0, slot, slot + at.slots);
  }
}

/** From weights to effective rows. */
function scaleBy(bins: Float64Array, hours: Float64Array, factor: number): void {
  if (factor === 1) return;
  for (let j = 0; j < bins.length; j++) bins[j] = (bins[j] as number) * factor;
  for (let h = 0; h < hours.length; h++) hours[h] = (hours[h] as number) * factor;
}

function placeOf(index: number): number {
  return ((index % blocksPerWindow) + blocksPerWindow) % blocksPerWindow;
}

function damaged(): Error {
  return new Error('these bytes are no windows of this version');
}
