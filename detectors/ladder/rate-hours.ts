/**
 * How many rows of a signal were of each kind, hour by hour, while its reference is learned: what a rate model is made from.
 *
 * 24 bytes an hour: 16 KB in four weeks. An hour is twelve panes. Sums are single precision, exact to 16 million rows.
 */

/** Columns of a row: those of a rate ring. */
export const rateColumns = { plain: 0, unseen: 1, missing: 2, malformed: 3 } as const;
export const rateBins = 4;
const columns = rateBins + 2;
/** 56 days: beyond them nothing more is taken. */
export const rateHoursMax = 1_344;
const ticksPerHour = 12;
const growBy = 168;

/** One closed pane of all versions or of one: weights of rows by column, and what Kish's formula needs. */
export interface RatePane {
  readonly tick: number;
  readonly bins: ArrayLike<number>;
  readonly weightSquared: number;
}

/** The sums of one hour. */
export interface RateHour {
  /** Hours since the epoch, in panes. */
  readonly hour: number;
  readonly bins: readonly number[];
  readonly weightSquared: number;
}

export class RateHours {
  #data = new Float32Array(growBy * columns);
  #first = 0;
  #size = 0;

  /** Of an hour older than the last one of another hour: joined with that, as panes come in order. */
  add(pane: RatePane): void {
    const hour = Math.floor(pane.tick / ticksPerHour);
    if (this.#size === 0) this.#first = hour;
    const place = this.#placeOf(hour - this.#first);
    if (place === undefined) return;
    for (let bin = 0; bin < rateBins; bin++) this.#plus(place + 1 + bin, pane.bins[bin] ?? 0);
    this.#plus(place + 1 + rateBins, pane.weightSquared);
  }

  all(): RateHour[] {
    return Array.from({ length: this.#size }, (_, i) => {
      const at = i * columns;
      return {
        hour: this.#first + (this.#data[at] as number),
        bins: [...this.#data.subarray(at + 1, at + 1 + rateBins)],
        weightSquared: this.#data[at + 1 + rateBins] as number,
      };
    });
  }

  /** For the checkpoint: the first hour, then the rows as they are. */
  toBytes(): Uint8Array {
    const rows = this.#data.subarray(0, this.#size * columns);
    const bytes = new Uint8Array(8 + rows.byteLength);
    new DataView(bytes.buffer).setFloat64(0, this.#first);
    bytes.set(new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength), 8);
    return bytes;
  }

  /** The reverse; of bytes that are none it begins anew. */
  static fromBytes(bytes: Uint8Array): RateHours {
    const made = new RateHours();
    const size = (bytes.length - 8) / (4 * columns);
    if (!Number.isInteger(size) || size < 1 || size > rateHoursMax) return made;
    const copy = bytes.slice();
    made.#first = new DataView(copy.buffer).getFloat64(0);
    made.#data = new Float32Array(copy.buffer, 8);
    made.#size = size;
    return made;
  }

  #placeOf(offset: number): number | undefined {
    const last = (this.#size - 1) * columns;
    if (this.#size > 0 && (this.#data[last] as number) >= offset) return last;
    if (this.#size >= rateHoursMax) return undefined;
    const place = this.#size * columns;
    if (place + columns > this.#data.length) {
      const grown = new Float32Array(this.#data.length + growBy * columns);
      grown.set(this.#data);
      this.#data = grown;
    }
    this.#data[place] = offset;
    this.#size++;
    return place;
  }

  #plus(at: number, amount: number): void {
    this.#data[at] = (this.#data[at] as number) + amount;
  }
}
