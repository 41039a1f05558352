import type { Counters } from '../../core/pane.ts';
import type { Scale } from '../../core/scale.ts';
import { countCells, countNumbers } from '../../detectors/counters/counters.ts';

/** Rows that wait together, at most; also the values of one column. */
export const blockRowsMax = 64;

/** Whose values a column holds. */
export interface ColumnOwner {
  readonly scale: Scale;
  /** Where they are counted; undefined when the budget of panes is spent. */
  at(startMs: number): Counters | undefined;
}

/**
 * Values of the rows of one version that wait to be counted, a column for each series. Rows that follow each other mostly
 * fall into one pane and have one weight: then a value costs a store, and is counted together with up to 63 others of
 * its series, with the edges of its scale in the nearest cache, which is several times as fast as row by row.
 *
 * A column belongs to a track, which has all that waits counted before it shows anything: nobody sees a row half.
 */
export class RowBlock {
  readonly #onDropped: (values: number) => void;
  readonly #owners: ColumnOwner[] = [];
  /** Column after column. Numbers, or cells of a levels scale. */
  #values = new Float64Array(0);
  #sizes = new Uint8Array(0);
  #rows = 0;
  #startMs = Number.NaN;
  #weight = 1;

  /** `onDropped`: values whose pane could not be made, as the budget of panes is spent. */
  constructor(onDropped: (values: number) => void) {
    this.#onDropped = onDropped;
  }

  /** A new column; how many there are is bounded by whoever asks for them. */
  join(owner: ColumnOwner): number {
    const column = this.#owners.push(owner) - 1;
    if (column === this.#sizes.length) this.#grow();
    return column;
  }

  /** Before the values of each row: the pane they fall into, and their weight. */
  begin(startMs: number, weight: number): void {
    if (startMs !== this.#startMs || weight !== this.#weight || this.#rows === blockRowsMax) {
      this.flush();
      this.#startMs = startMs;
      this.#weight = weight;
    }
    this.#rows++;
  }

  /** A finite number, or a cell where its owner has a levels scale. */
  put(column: number, value: number): void {
    let size = this.#sizes[column] as number;
    if (size === blockRowsMax) {
      this.#count(column);
      size = 0;
    }
    this.#values[column * blockRowsMax + size] = value;
    this.#sizes[column] = size + 1;
  }

  /** Counts everything that waits. */
  flush(): void {
    if (this.#rows === 0) return;
    this.#rows = 0;
    for (let column = 0; column < this.#owners.length; column++) this.#count(column);
  }

  #count(column: number): void {
    const size = this.#sizes[column] as number;
    if (size === 0) return;
    this.#sizes[column] = 0;
    const owner = this.#owners[column] as ColumnOwner;
    const { scale } = owner;
    const counters = owner.at(this.#startMs);
    if (counters === undefined) {
      this.#onDropped(size);
      return;
    }
    const from = column * blockRowsMax;
    const batch = { values: this.#values.subarray(from, from + size), size, weight: this.#weight };
    if (scale.kind === 'levels') countCells(counters, batch);
    else countNumbers(counters, scale, batch);
  }

  #grow(): void {
    const sizes = new Uint8Array(Math.max(8, this.#sizes.length * 2));
    sizes.set(this.#sizes);
    this.#sizes = sizes;
    const values = new Float64Array(sizes.length * blockRowsMax);
    values.set(this.#values);
    this.#values = values;
  }
}
