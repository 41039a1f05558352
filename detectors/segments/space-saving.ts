/**
 * The most frequent of many keys, in bounded memory: Space-Saving (Metwally, Agrawal and El Abbadi, ICDT 2005).
 *
 * `capacity` keys are kept, each with a count. A key that is not among them takes the place of the one with the least count,
 * and takes over that count as the most it can be off by.
 *
 * 1. A key that makes up more than 1/capacity of all offers is among those kept.
 * 2. true count ≤ count ≤ true count + error.  3. The counts of those kept sum to the number of offers.
 *
 * What hangs on a place (`value`) begins anew when its key changes, so it covers the rows since then only.
 */
export interface Place<Key, Value> {
  readonly key: Key;
  readonly value: Value;
  count: number;
  /** The count is at most so much too large. */
  readonly error: number;
}

/** Offers of the key since it has its place. */
export function seenOf({ count, error }: Place<unknown, unknown>): number {
  return count - error;
}

export class SpaceSaving<Key, Value> {
  readonly #capacity: number;
  readonly #places = new Map<Key, Place<Key, Value>>();
  /** No count is below: counts only rise, and who is admitted has one more than the least. */
  #floor = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#places.size;
  }

  get isFull(): boolean {
    return this.#places.size >= this.#capacity;
  }

  get(key: Key): Place<Key, Value> | undefined {
    return this.#places.get(key);
  }

  /** Counts one offer of a key that has a place. */
  hit(key: Key): Place<Key, Value> | undefined {
    const place = this.#places.get(key);
    if (place !== undefined) place.count++;
    return place;
  }

  /**
   * Counts one offer of a key without a place and gives it one. `make` is told whose place it takes; undefined: a place
   * of its own.
   */
  admit(key: Key, make: (evicted: Place<Key, Value> | undefined) => Value): Place<Key, Value> {
    const evicted = this.isFull ? this.#least() : undefined;
    if (evicted !== undefined) this.#places.delete(evicted.key);
    const error = evicted?.count ?? 0;
    const place = { key, value: make(evicted), count: error + 1, error };
    this.#places.set(key, place);
    return place;
  }

  /** Puts back what was stored; ignored where there is no room. */
  restore(place: Place<Key, Value>): void {
    if (!this.isFull) this.#places.set(place.key, place);
    this.#floor = 0;
  }

  /** Makes room: who comes next has a place of its own, and begins to count at 1. */
  delete(key: Key): void {
    this.#places.delete(key);
    this.#floor = 0;
  }

  places(): IterableIterator<Place<Key, Value>> {
    return this.#places.values();
  }

  #least(): Place<Key, Value> | undefined {
    let least: Place<Key, Value> | undefined;
    for (const place of this.#places.values()) {
      if (least === undefined || place.count < least.count) least = place;
      if (place.count === this.#floor) break;
    }
    this.#floor = least?.count ?? 0;
    return least;
  }
}
