import type { Item } from '../../conventions/convention.ts';
import { Hash64 } from '../../conventions/shared/hash.ts';
import type { Clock, Meter } from '../../core/ports.ts';

const secondMs = 1_000;
/** A chance is halved so often at most: it is compared with a number of 32 bits. */
const halvingsMax = 30;

/**
 * Which rows have their texts and vectors read, as that costs a hundred times as much as counting a number.
 *
 * Rows of a trace share one number in [0, 1), a hash of its id, and are read where it lies below the chance p now in force;
 * each then stands for 1/p rows. So the choice depends on no value, a trace is chosen or left as a whole, every agent
 * chooses the same, and whoever is chosen at a small p is chosen at a larger one. The hash makes it independent of a
 * sampler that looked at the same id before.
 *
 * p is a power of ½. A second begins with the p that would have done for the one before; where that is too much, p is halved
 * within it, for half as many rows as before: a second in which a flood begins reads about twice the limit, and the
 * next one keeps it. p follows from rows that came before, so that the weighted counts are right on average.
 */
export class ContentLimit {
  readonly #max: number;
  readonly #clock: Clock;
  readonly #meter: Meter;
  readonly #hash = new Hash64();
  #startMs = Number.NEGATIVE_INFINITY;
  /** Of this second: all rows with content, those read, and how many may be read before p is halved. */
  #rows = 0;
  #read = 0;
  #allowed: number;
  #halvings = 0;
  /** Stands in for the id of rows that have none. */
  #nameless = 0;

  constructor(rowsPerSecondMax: number, clock: Clock, meter: Meter) {
    this.#max = rowsPerSecondMax;
    this.#allowed = rowsPerSecondMax;
    this.#clock = clock;
    this.#meter = meter;
  }

  /** 1/p for a row that is to be read, else 0. */
  weightOf(item: Item): number {
    this.#turn(this.#clock.monotonicMs());
    this.#rows++;
    const chance = 2 ** -this.#halvings;
    if (chance < 1 && this.#placeOf(item) >= chance) {
      this.#meter.add('content_rows', 1, { result: 'left_out' });
      return 0;
    }
    this.#meter.add('content_rows', 1, { result: 'read' });
    this.#read++;
    if (this.#read >= this.#allowed && this.#halvings < halvingsMax) {
      this.#halvings++;
      this.#allowed += this.#max / 2 ** this.#halvings;
    }
    return 1 / chance;
  }

  #turn(nowMs: number): void {
    if (nowMs - this.#startMs < secondMs) return;
    const isNext = nowMs - this.#startMs < 2 * secondMs;
    const rowsBefore = isNext ? this.#rows : 0;
    this.#startMs = nowMs;
    this.#rows = 0;
    this.#read = 0;
    this.#halvings = Math.min(halvingsMax, Math.max(0, Math.ceil(Math.log2(rowsBefore / this.#max))));
    this.#allowed = this.#max;
  }

  #placeOf(item: Item): number {
    const traceId = item.traceId();
    const hash = this.#hash;
    hash.reset();
    if (traceId !== '') hash.add(traceId);
    else if (item.idHigh !== 0 || item.idLow !== 0) {
      hash.addInteger(item.idHigh);
      hash.addInteger(item.idLow);
    } else hash.addInteger(this.#nameless++ | 0);
    hash.finish();
    return (hash.high >>> 0) / 2 ** 32;
  }
}
