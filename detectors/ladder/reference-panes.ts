/** The panes a reference is made of, side by side in flat arrays, in rising order of ticks. */
import { assert } from '../../core/assert.ts';
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
/** Of panes of five minutes, and of all shorter ones: a demo of seconds lives through days in minutes. */
export const ticksPerDay = 288;

interface Day {
  readonly day: number;
  readonly counts: Float32Array;
  readonly hours: Uint8Array;
  readonly weights: Float64Array;
  readonly weightsSquared: Float64Array;
}

/**
 * The panes of a series while its reference is learned. 31 KB a day of 20 bins (880 KB in four weeks), let go when the
 * model is made. Counts are single precision: exact to 16 million rows of weight 1 in a bin and pane.
 */
export class PaneHistory {
  readonly bins: number;
  readonly #dayTicks: number;
  #days: Day[] = [];

  constructor(bins: number, dayTicks = ticksPerDay) {
    this.bins = bins;
    this.#dayTicks = dayTicks;
  }

  /** In any order; panes of one tick add up. Those older than the days kept are left out. */
  add(pane: Omit<RingPane, 'missing' | 'malformed'>): void {
    assert(pane.bins.length === this.bins, 'A pane has as many bins as its history.');
    const day = this.#dayOf(Math.floor(pane.tick / ticksPerDay));
    if (day === undefined) return;
    const at = pane.tick - day.day * ticksPerDay;
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
    const held = this.#days.flatMap((day) =>
      Array.from(day.weights.keys())
        .filter((at) => (day.weights[at] as number) > 0)
        .map((at) => ({ day, at })),
    );
    const panes = emptyPanes(this.bins, held.length, this.#dayTicks);
    held.forEach(({ day, at }, i) => {
      panes.ticks[i] = day.day * ticksPerDay + at;
      panes.hours[i] = day.hours[at] as number;
      panes.weights[i] = day.weights[at] as number;
      panes.weightsSquared[i] = day.weightsSquared[at] as number;
      panes.counts.set(day.counts.subarray(at * this.bins, (at + 1) * this.bins), i * this.bins);
    });
    return panes;
  }

  #dayOf(number: number): Day | undefined {
    const known = this.#days.findLast((one) => one.day === number);
    if (known !== undefined) return known;
    const oldest = this.#days[0];
    if (this.#days.length >= historyDaysMax) {
      if (oldest !== undefined && number < oldest.day) return undefined;
      this.#days.shift();
    }
    const made: Day = {
      day: number,
      counts: new Float32Array(ticksPerDay * this.bins),
      hours: new Uint8Array(ticksPerDay),
      weights: new Float64Array(ticksPerDay),
      weightsSquared: new Float64Array(ticksPerDay),
    };
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
