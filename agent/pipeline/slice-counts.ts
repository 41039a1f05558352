import { addBlock, addToBlock, sumsSize } from '../../detectors/segments/sums.ts';

/** Outcomes of a model that slices are compared by, at most. */
export const outcomesMax = 4;
/** Closed days kept one by one; those before are kept by week. */
export const daysKept = 7;
export const weeksKept = 4;
const daysPerWeek = 7;
const blockSize = outcomesMax * sumsSize;

/** One day, week or reference of one slice: the sums of every outcome. */
export type Block = Float64Array;

/** As it is stored; the same shape with numbers that say where a block lies. */
export interface SliceRecord<Placed> {
  readonly days: readonly (readonly [number, Placed])[];
  readonly weeks: readonly (readonly [number, Placed])[];
  readonly reference: Placed | undefined;
}

/**
 * The rows of one slice by day of event time (days since 1970, UTC). Invariant: a day is open, and only in `days`, until it
 * is folded; then it is in the reference or in its week as well, and leaves `days` a week later.
 */
export class SliceCounts {
  readonly #days = new Map<number, Block>();
  readonly #weeks = new Map<number, Block>();
  reference: Block | undefined;
  #hotDay = Number.NaN;
  #hot: Block | undefined;

  /** `values`: of each outcome; NaN where the row has none. */
  add(day: number, values: Float64Array, weight: number): void {
    if (day !== this.#hotDay || this.#hot === undefined) {
      this.#hot = blockOf(this.#days, day);
      this.#hotDay = day;
    }
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      if (!Number.isNaN(value)) addToBlock(this.#hot, i, value, weight);
    }
  }

  /** Closes the days in [from, to). */
  fold(from: number, to: number, into: 'reference' | 'weeks'): void {
    for (const [day, block] of this.#days) {
      if (day >= from && day < to) {
        if (into === 'weeks') addBlock(blockOf(this.#weeks, weekOf(day)), block);
        else {
          this.reference ??= new Float64Array(blockSize);
          addBlock(this.reference, block);
        }
      }
      if (day < to - daysKept) this.#days.delete(day);
    }
    for (const week of this.#weeks.keys()) if (week < weekOf(to) - weeksKept) this.#weeks.delete(week);
    this.#hotDay = Number.NaN;
  }

  /** Begins anew, for another slice. */
  clear(): void {
    this.#days.clear();
    this.#weeks.clear();
    this.reference = undefined;
    this.#hotDay = Number.NaN;
  }

  day(day: number): Block | undefined {
    return this.#days.get(day);
  }

  /** What closed in [from, to); whole weeks where it is longer than the days kept. Undefined where there is nothing. */
  window(from: number, to: number): Block | undefined {
    const isDays = to - from <= daysKept;
    const sum = new Float64Array(blockSize);
    let found = false;
    for (const [at, block] of isDays ? this.#days : this.#weeks) {
      const [start, end] = isDays ? [at, at + 1] : [at * daysPerWeek, (at + 1) * daysPerWeek];
      if (start < from || end > to) continue;
      addBlock(sum, block);
      found = true;
    }
    return found ? sum : undefined;
  }

  record<Placed>(place: (block: Block) => Placed): SliceRecord<Placed> {
    const all = (blocks: ReadonlyMap<number, Block>) =>
      [...blocks].map(([at, block]) => [at, place(block)] as const);
    const reference = this.reference === undefined ? undefined : place(this.reference);
    return { days: all(this.#days), weeks: all(this.#weeks), reference };
  }

  static restore(record: SliceRecord<Block>): SliceCounts {
    const counts = new SliceCounts();
    for (const [day, block] of record.days) counts.#days.set(day, block);
    for (const [week, block] of record.weeks) counts.#weeks.set(week, block);
    counts.reference = record.reference;
    return counts;
  }
}

export function weekOf(day: number): number {
  return Math.floor(day / daysPerWeek);
}

function blockOf(blocks: Map<number, Block>, at: number): Block {
  const known = blocks.get(at);
  if (known !== undefined) return known;
  const made = new Float64Array(blockSize);
  blocks.set(at, made);
  return made;
}
