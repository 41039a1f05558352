/** The panes a reference is made of, side by side in flat arrays, in rising order of ticks. */
import { assert } from '../../core/assert.ts';
import {
  type DayPanes,
  newDay,
  packDay,
  packHistory,
  ticksPerDay,
  unpackDay,
  unpackHistory,
} from './pane-days.ts';
import type { RingPane } from './window-ring.ts';

export interface ReferencePanes {
  readonly bins: number;
  readonly ticks: Int32Array;
  readonly hours: Uint8Array;
  readonly weights: Float64Array;
  readonly weightsSquared: Float64Array;
  /** Panes × bins, weighted. */
  readonly counts: Float32Array;
}

/** Days kept at most: beyond them the oldest day makes room. */
export const historyDaysMax = 56;
/** A day that panes still come for, or one that is over, as bytes. */
interface Day {
  readonly day: number;
  open: DayPanes | undefined;
  packed: Uint8Array | undefined;
}

/**
 * The panes of a series while its reference is learned, let go when the model needs no more refining. The newest day takes
 * 31 KB with 20 bins, each one before it about 8 KB: days that are over are kept packed. Counts are single precision:
 * exact to 16 million rows of weight 1 in a bin and pane.
 */
export class PaneHistory {
  readonly bins: number;
  #days: Day[] = [];

  constructor(bins: number) {
    this.bins = bins;
  }

  /** In any order; panes of one tick add up. Those older than the days kept are left out. */
  add(pane: Omit<RingPane, 'missing' | 'malformed'>): void {
    assert(pane.bins.length === this.bins, 'A pane has as many bins as its history.');
    const number = Math.floor(pane.tick / ticksPerDay);
    const day = this.#openDay(number);
    if (day === undefined) return;
    const at = pane.tick - number * ticksPerDay;
    day.hours[at] = pane.hour;
    day.weights[at] = (day.weights[at] as number) + pane.weight;
    day.weightsSquared[at] = (day.weightsSquared[at] as number) + pane.weightSquared;
    for (let j = 0; j < this.bins; j++) {
      const place = at * this.bins + j;
      day.counts[place] = (day.counts[place] as number) + (pane.bins[j] as number);
    }
  }

  /** All panes with rows, oldest first. */
  panes(): ReferencePanes {
    const days = this.#days.map((day) => ({ day: day.day, panes: this.#read(day) }));
    const held = days.flatMap(({ day, panes }) =>
      Array.from(panes.weights.keys())
        .filter((at) => (panes.weights[at] as number) > 0)
        .map((at) => ({ day, panes, at })),
    );
    const made = emptyPanes(this.bins, held.length);
    held.forEach(({ day, panes, at }, i) => {
      made.ticks[i] = day * ticksPerDay + at;
      made.hours[i] = panes.hours[at] as number;
      made.weights[i] = panes.weights[at] as number;
      made.weightsSquared[i] = panes.weightsSquared[at] as number;
      made.counts.set(panes.counts.subarray(at * this.bins, (at + 1) * this.bins), i * this.bins);
    });
    return made;
  }

  /** For the checkpoint. */
  toBytes(): Uint8Array {
    const days = this.#days.map(({ day, open, packed }) => ({
      day,
      bytes: packed ?? packDay(open ?? newDay(this.bins), this.bins),
    }));
    return packHistory(this.bins, days);
  }

  /** The reverse. Throws an Error for bytes that `toBytes` did not write. */
  static fromBytes(bytes: Uint8Array): PaneHistory {
    const { bins, days } = unpackHistory(bytes);
    const made = new PaneHistory(bins);
    for (const { day, bytes: packed } of days.slice(-historyDaysMax)) {
      unpackDay(packed, bins);
      made.#days.push({ day, open: undefined, packed });
    }
    made.#days.sort((a, b) => a.day - b.day);
    return made;
  }

  #read({ open, packed }: Day): DayPanes {
    if (open !== undefined) return open;
    return packed === undefined ? newDay(this.bins) : unpackDay(packed, this.bins);
  }

  /** The day to write into; the one before it is packed then. Undefined: it is older than what is kept. */
  #openDay(number: number): DayPanes | undefined {
    const day = this.#dayOf(number);
    if (day === undefined || day.open !== undefined) return day?.open;
    for (const other of this.#days) {
      if (other.open === undefined) continue;
      other.packed = packDay(other.open, this.bins);
      other.open = undefined;
    }
    day.open = this.#read(day);
    day.packed = undefined;
    return day.open;
  }

  #dayOf(number: number): Day | undefined {
    const known = this.#days.findLast((one) => one.day === number);
    if (known !== undefined) return known;
    const oldest = this.#days[0];
    if (this.#days.length >= historyDaysMax) {
      if (oldest !== undefined && number < oldest.day) return undefined;
      this.#days.shift();
    }
    const made: Day = { day: number, open: undefined, packed: undefined };
    this.#days.push(made);
    this.#days.sort((a, b) => a.day - b.day);
    return made;
  }
}

export function emptyPanes(bins: number, size: number): ReferencePanes {
  return {
    bins,
    ticks: new Int32Array(size),
    hours: new Uint8Array(size),
    weights: new Float64Array(size),
    weightsSquared: new Float64Array(size),
    counts: new Float32Array(size * bins),
  };
}
