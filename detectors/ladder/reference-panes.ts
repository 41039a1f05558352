/** The panes a reference is made of, side by side in flat arrays, in rising order of ticks. */
import { assert } from '../../core/assert.ts';
import { packHistory, ticksPerDay, unpackHistory } from './pane-days.ts';
import { newDayRoom, PackedDay } from './pane-packing.ts';
import type { RingPane } from './window-ring.ts';

export interface ReferencePanes {
  readonly bins: number;
  /** Ticks in a day: 288 of five minutes. */
  readonly dayTicks: number;
  readonly ticks: Int32Array;
  readonly hours: Uint8Array;
  readonly weights: Float64Array;
  readonly weightsSquared: Float64Array;
  /** Panes × bins, weighted. */
  readonly counts: Float32Array;
}

/** Days of 288 ticks kept at most: beyond them the oldest makes room. */
export const historyDaysMax = 56;
export { ticksPerDay };

/**
 * The panes of a series while its reference is learned, packed (pane-packing.ts): 3 KB a day of 20 bins and 20 rows a
 * pane, 7 KB with 1,000 rows; let go when the model is made. Counts are single precision: exact to 16 million rows of
 * weight 1 in a bin and pane.
 */
export class PaneHistory {
  readonly bins: number;
  readonly #dayTicks: number;
  #days: PackedDay[] = [];

  constructor(bins: number, dayTicks = ticksPerDay) {
    this.bins = bins;
    this.#dayTicks = dayTicks;
  }

  /** In any order; panes of one tick add up. Those older than the days kept are left out. */
  add(pane: Omit<RingPane, 'missing' | 'malformed'>): void {
    assert(pane.bins.length === this.bins, 'A pane has as many bins as its history.');
    const number = Math.floor(pane.tick / ticksPerDay);
    this.#dayOf(number)?.add({ ...pane, tick: pane.tick - number * ticksPerDay });
  }

  /** All panes with rows, oldest first. */
  panes(): ReferencePanes {
    const room = newDayRoom(this.bins);
    let size = 0;
    for (const day of this.#days) {
      day.unpack(room);
      for (const weight of room.weights) if (weight > 0) size++;
    }
    const panes = emptyPanes(this.bins, size, this.#dayTicks);
    let i = 0;
    for (const day of this.#days) {
      day.unpack(room);
      for (let at = 0; at < ticksPerDay; at++) {
        if (!((room.weights[at] as number) > 0)) continue;
        panes.ticks[i] = day.day * ticksPerDay + at;
        panes.hours[i] = room.hours[at] as number;
        panes.weights[i] = room.weights[at] as number;
        panes.weightsSquared[i] = room.weightsSquared[at] as number;
        panes.counts.set(room.counts.subarray(at * this.bins, (at + 1) * this.bins), i * this.bins);
        i++;
      }
    }
    return panes;
  }

  /** For the checkpoint. */
  toBytes(): Uint8Array {
    return packHistory(
      this.bins,
      this.#days.map((day) => ({ day: day.day, bytes: day.toBytes() })),
    );
  }

  /** The reverse. Throws an Error for bytes that `toBytes` did not write. */
  static fromBytes(bytes: Uint8Array, dayTicks = ticksPerDay): PaneHistory {
    const { bins, days } = unpackHistory(bytes);
    const made = new PaneHistory(bins, dayTicks);
    for (const { day, bytes: packed } of days.slice(-historyDaysMax))
      made.#days.push(PackedDay.fromBytes(day, bins, packed));
    made.#days.sort((a, b) => a.day - b.day);
    return made;
  }

  /** Bytes held, for the memory figures. */
  get byteSize(): number {
    return this.#days.reduce((sum, day) => sum + day.byteSize, 0);
  }

  #dayOf(number: number): PackedDay | undefined {
    const known = this.#days.findLast((one) => one.day === number);
    if (known !== undefined) return known;
    const oldest = this.#days[0];
    if (this.#days.length >= historyDaysMax) {
      if (oldest !== undefined && number < oldest.day) return undefined;
      this.#days.shift();
    }
    this.#days.at(-1)?.trim();
    const made = new PackedDay(number, this.bins);
    this.#days.push(made);
    this.#days.sort((a, b) => a.day - b.day);
    return made;
  }
}

export function emptyPanes(bins: number, size: number, dayTicks = ticksPerDay): ReferencePanes {
  return {
    bins,
    dayTicks,
    ticks: new Int32Array(size),
    hours: new Uint8Array(size),
    weights: new Float64Array(size),
    weightsSquared: new Float64Array(size),
    counts: new Float32Array(size * bins),
  };
}
