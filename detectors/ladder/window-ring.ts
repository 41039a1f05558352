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
 * Memory: 72 blocks of 20 bins and their hours are 18 KB, of 32 bins 25 KB. Feeding a pane costs six block additions.
 */
import { assert } from '../../core/assert.ts';
import { blocksPerWindow, ladderTicks, strideOf } from './alpha-ladder.ts';

export const hoursPerWeek = 168;
const ticksPerHour = 12;
const binsMax = 64;
const magic = 0x6b_77_72_31;
/** Columns after the bins: missing, malformed, weight, weightSquared. */
const extraColumns = 4;
const headBytes = 12;

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

/** The rings of one stride. */
interface Blocks {
  readonly stride: number;
  readonly slots: number;
  /** Which block of time a place holds; -Infinity: none yet. */
  readonly index: Float64Array;
  readonly ticks: Uint16Array;
  readonly newestTick: Float64Array;
  readonly sums: Float64Array;
  /** Hour and weight of up to `slots` hours a block touches. */
  readonly hour: Uint8Array;
  readonly hourWeight: Float64Array;
}

export class WindowRing {
  readonly bins: number;
  readonly #rings: readonly Blocks[];
  readonly #byStride: readonly (Blocks | undefined)[];
  readonly #columns: number;

  constructor(bins: number) {
    assert(bins >= 1 && bins <= binsMax, 'A ring has 1 to 64 bins.');
    this.bins = bins;
    this.#columns = bins + extraColumns;
    this.#rings = [...new Set(ladderTicks.map(strideOf))].map((stride) => newBlocks(stride, this.#columns));
    const byStride: (Blocks | undefined)[] = [];
    for (const ring of this.#rings) byStride[ring.stride] = ring;
    this.#byStride = byStride;
  }

  add(pane: RingPane): void {
    assert(pane.bins.length === this.bins, 'A pane has as many bins as its ring.');
    for (const ring of this.#rings) this.#addTo(ring, pane);
  }

  /** All that fell into the last window of that length that ends at or before `endTick`; undefined where it is gone. */
  windowAt(
    windowTicks: number,
    endTick: number,
    scratch: WindowScratch = newWindowScratch(this.bins),
  ): RingWindow | undefined {
    const stride = strideOf(windowTicks);
    const ring = this.#byStride[stride];
    if (ring === undefined) return undefined;
    const end = Math.floor(endTick / stride);
    const columns = this.#columns;
    const { bins, hours } = scratch;
    bins.fill(0);
    hours.fill(0);
    const sum = { ticks: 0, weight: 0, weightSquared: 0, missing: 0, malformed: 0 };
    for (let index = end - windowTicks / stride; index < end; index++) {
      const place = placeOf(index);
      const held = ring.index[place] as number;
      if (held > index) return undefined;
      if (held < index) continue;
      const from = place * columns;
      for (let j = 0; j < bins.length; j++) bins[j] = (bins[j] as number) + (ring.sums[from + j] as number);
      const extra = from + bins.length;
      sum.ticks += ring.ticks[place] as number;
      sum.missing += ring.sums[extra] as number;
      sum.malformed += ring.sums[extra + 1] as number;
      sum.weight += ring.sums[extra + 2] as number;
      sum.weightSquared += ring.sums[extra + 3] as number;
      addHours(ring, place, hours);
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
    for (const [at, ring] of this.#rings.entries()) {
      const { stride } = ring;
      const next = this.#rings[at + 1]?.stride ?? stride;
      const newest = Math.floor(limit / stride) - 1;
      const oldest = Math.floor((endTick - 1) / stride) - blocksPerWindow + 1;
      // From here on the next stride has whole blocks; what lies before is left to it.
      const from = Math.ceil((oldest * stride) / next) * next;
      for (let index = newest; index * stride >= from; index--) {
        const block = this.#blockAt(ring, index);
        if (block !== undefined) found.push(block);
      }
      limit = Math.min(limit, from);
    }
    return found.reverse();
  }

  #blockAt(ring: Blocks, index: number): RingBlock | undefined {
    const place = placeOf(index);
    if (ring.index[place] !== index) return undefined;
    const from = place * this.#columns;
    const bins = ring.sums.slice(from, from + this.bins);
    const weight = ring.sums[from + this.bins + 2] as number;
    const weightSquared = ring.sums[from + this.bins + 3] as number;
    if (!(weightSquared > 0)) return undefined;
    const n = (weight * weight) / weightSquared;
    const hours = new Float64Array(hoursPerWeek);
    addHours(ring, place, hours);
    scaleBy(bins, hours, n / weight);
    return { startTick: index * ring.stride, endTick: (index + 1) * ring.stride, bins, n, hours };
  }

  /** Bytes held, for the memory figures. */
  get byteSize(): number {
    let size = 0;
    for (const ring of this.#rings) {
      size += ring.index.byteLength + ring.ticks.byteLength + ring.newestTick.byteLength;
      size += ring.sums.byteLength + ring.hour.byteLength + ring.hourWeight.byteLength;
    }
    return size;
  }

  /** For the checkpoint: only blocks that hold something. */
  toBytes(): Uint8Array {
    const used = this.#rings.flatMap((ring) => heldPlaces(ring).map((place) => ({ ring, place })));
    const size = used.reduce((sum, { ring }) => sum + this.#blockBytes(ring), headBytes);
    const bytes = new Uint8Array(size);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, magic);
    view.setUint32(4, this.bins);
    view.setUint32(8, used.length);
    let at = headBytes;
    for (const { ring, place } of used) {
      this.#writeBlock(view, at, ring, place);
      at += this.#blockBytes(ring);
    }
    return bytes;
  }

  /** The reverse. Throws an Error for bytes that `toBytes` did not write. */
  static fromBytes(bytes: Uint8Array): WindowRing {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < headBytes || view.getUint32(0) !== magic) throw damaged();
    const bins = view.getUint32(4);
    if (bins < 1 || bins > binsMax) throw damaged();
    const made = new WindowRing(bins);
    const count = view.getUint32(8);
    let at = headBytes;
    for (let block = 0; block < count; block++) {
      if (at + 2 > bytes.length) throw damaged();
      const ring = made.#rings.find((one) => one.stride === view.getUint16(at));
      if (ring === undefined || at + made.#blockBytes(ring) > bytes.length) throw damaged();
      made.#readBlock(view, at, ring);
      at += made.#blockBytes(ring);
    }
    if (at !== bytes.length) throw damaged();
    return made;
  }

  #addTo(ring: Blocks, pane: RingPane): void {
    const index = Math.floor(pane.tick / ring.stride);
    const place = placeOf(index);
    const held = ring.index[place] as number;
    if (held > index) return;
    if (held < index) clearPlace(ring, place, this.#columns, index);
    if (ring.newestTick[place] !== pane.tick) {
      ring.ticks[place] = (ring.ticks[place] as number) + 1;
      ring.newestTick[place] = pane.tick;
    }
    const { sums } = ring;
    const base = place * this.#columns;
    for (let j = 0; j < this.bins; j++)
      sums[base + j] = (sums[base + j] as number) + (pane.bins[j] as number);
    const extra = base + this.bins;
    sums[extra] = (sums[extra] as number) + pane.missing;
    sums[extra + 1] = (sums[extra + 1] as number) + pane.malformed;
    sums[extra + 2] = (sums[extra + 2] as number) + pane.weight;
    sums[extra + 3] = (sums[extra + 3] as number) + pane.weightSquared;
    addHour(ring, place, pane);
  }

  #blockBytes(ring: Blocks): number {
    return 20 + 8 * this.#columns + 9 * ring.slots;
  }

  #writeBlock(view: DataView, start: number, ring: Blocks, place: number): void {
    view.setUint16(start, ring.stride);
    view.setUint16(start + 2, ring.ticks[place] as number);
    view.setFloat64(start + 4, ring.index[place] as number);
    view.setFloat64(start + 12, ring.newestTick[place] as number);
    let at = start + 20;
    for (let c = 0; c < this.#columns; c++, at += 8)
      view.setFloat64(at, ring.sums[place * this.#columns + c] as number);
    for (let slot = place * ring.slots; slot < (place + 1) * ring.slots; slot++, at += 9) {
      view.setUint8(at, ring.hour[slot] as number);
      view.setFloat64(at + 1, ring.hourWeight[slot] as number);
    }
  }

  #readBlock(view: DataView, start: number, ring: Blocks): void {
    const index = view.getFloat64(start + 4);
    const place = placeOf(index);
    if (!Number.isInteger(index)) throw damaged();
    ring.index[place] = index;
    ring.ticks[place] = view.getUint16(start + 2);
    ring.newestTick[place] = view.getFloat64(start + 12);
    let at = start + 20;
    for (let c = 0; c < this.#columns; c++, at += 8)
      ring.sums[place * this.#columns + c] = view.getFloat64(at);
    for (let slot = place * ring.slots; slot < (place + 1) * ring.slots; slot++, at += 9) {
      ring.hour[slot] = view.getUint8(at) % hoursPerWeek;
      ring.hourWeight[slot] = view.getFloat64(at + 1);
    }
  }
}

/** An hour at an odd offset of the zone may begin inside a block: one more than fit. */
function newBlocks(stride: number, columns: number): Blocks {
  const slots = Math.ceil(stride / ticksPerHour) + 1;
  return {
    stride,
    slots,
    index: new Float64Array(blocksPerWindow).fill(Number.NEGATIVE_INFINITY),
    ticks: new Uint16Array(blocksPerWindow),
    newestTick: new Float64Array(blocksPerWindow).fill(-1),
    sums: new Float64Array(blocksPerWindow * columns),
    hour: new Uint8Array(blocksPerWindow * slots),
    hourWeight: new Float64Array(blocksPerWindow * slots),
  };
}

function addHours(ring: Blocks, place: number, hours: Float64Array): void {
  const last = (place + 1) * ring.slots;
  for (let at = place * ring.slots; at < last; at++) {
    const weight = ring.hourWeight[at] as number;
    if (weight === 0) continue;
    const hour = ring.hour[at] as number;
    hours[hour] = (hours[hour] as number) + weight;
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

function heldPlaces(ring: Blocks): number[] {
  return [...ring.index].flatMap((index, place) => (Number.isFinite(index) ? [place] : []));
}

function clearPlace(ring: Blocks, place: number, columns: number, index: number): void {
  ring.index[place] = index;
  ring.ticks[place] = 0;
  ring.newestTick[place] = -1;
  ring.sums.fill(0, place * columns, (place + 1) * columns);
  ring.hour.fill(0, place * ring.slots, (place + 1) * ring.slots);
  ring.hourWeight.fill(0, place * ring.slots, (place + 1) * ring.slots);
}

/** A slot without weight is free; where an hour finds none it joins the last, so that no weight is lost. */
function addHour(ring: Blocks, place: number, pane: RingPane): void {
  const first = place * ring.slots;
  let slot = first;
  while (slot < first + ring.slots - 1 && (ring.hourWeight[slot] as number) > 0) {
    if (ring.hour[slot] === pane.hour) break;
    slot++;
  }
  if ((ring.hourWeight[slot] as number) === 0) ring.hour[slot] = pane.hour;
  ring.hourWeight[slot] = (ring.hourWeight[slot] as number) + pane.weight;
}

function damaged(): Error {
  return new Error('these bytes are no windows of this version');
}
