import { assert } from './assert.ts';

/** What one field holds. A level is a string or boolean; missing was declared, but had no value. */
export type FieldKind = 'number' | 'level' | 'missing' | 'malformed';

const kinds: readonly FieldKind[] = ['number', 'level', 'missing', 'malformed'];

/** Fields of one row, at most: what is over it is not kept and `overflow` says how many. */
export const fieldsMax = 20_000;
/** UTF-16 units of a level, at most: a longer text is no category, and is described instead of counted as it is. */
export const levelLengthMax = 128;

const numberKind = 0;
const levelKind = 1;
const missingKind = 2;
const malformedKind = 3;

/**
 * The named values of one row, as parallel arrays, so that reading a row makes no object per value.
 *
 * Invariants: the first `size` entries are valid; `number(i)` is finite where the kind is `number`; `levels[i]` holds
 * something only where the kind is `level`. A `Fields` handed on with a `Call` belongs to whoever made it and is valid
 * only during that call: keep values, or `copy()`.
 */
export class Fields {
  size = 0;
  /** Of these, how many are malformed. */
  malformed = 0;
  /** Fields of the row that found no room. */
  overflow = 0;
  /** Levels among the entries that are longer than `levelLengthMax`: whoever made them has to describe them. */
  longLevels = 0;
  readonly names: string[] = [];
  readonly levels: string[] = [];
  #kinds = new Uint8Array(32);
  #numbers = new Float64Array(32);
  #shape = 1;

  /**
   * Changes with the names: as long as it is the same, so is the name at each place. Rows of one sender repeat their
   * names, and whoever remembers what belongs to a shape need not look them up again.
   */
  get shape(): number {
    return this.#shape;
  }

  kind(index: number): FieldKind {
    return kinds[this.#kinds[index] as number] as FieldKind;
  }

  isNumber(index: number): boolean {
    return this.#kinds[index] === numberKind;
  }

  number(index: number): number {
    return this.#numbers[index] as number;
  }

  /** NaN is how a sender without a value writes it, so it is missing; an infinite number is malformed. */
  addNumber(name: string, value: number): void {
    // Only of a finite number is the difference to itself 0.
    const kind = value - value === 0 ? numberKind : Number.isNaN(value) ? missingKind : malformedKind;
    const i = this.#add(name, kind);
    if (i >= 0) this.#numbers[i] = kind === numberKind ? value : 0;
  }

  addLevel(name: string, level: string): void {
    if (level.length > levelLengthMax) this.longLevels++;
    const i = this.#add(name, levelKind);
    if (i >= 0) this.levels[i] = level;
  }

  addMissing(name: string): void {
    this.#add(name, missingKind);
  }

  addMalformed(name: string): void {
    this.#add(name, malformedKind);
  }

  clear(): void {
    this.size = 0;
    this.malformed = 0;
    this.overflow = 0;
    this.longLevels = 0;
  }

  /** Takes an entry out; those behind it move up. */
  remove(index: number): void {
    assert(index < this.size, 'only an entry that is there is removed');
    if (this.#kinds[index] === malformedKind) this.malformed--;
    this.names.splice(index, 1);
    this.levels.splice(index, 1);
    this.#kinds.copyWithin(index, index + 1, this.size);
    this.#numbers.copyWithin(index, index + 1, this.size);
    this.size--;
    this.#shape++;
  }

  copy(): Fields {
    const twin = new Fields();
    for (let i = 0; i < this.size; i++) {
      twin.#add(this.names[i] as string, this.#kinds[i] as number);
      twin.#numbers[i] = this.#numbers[i] as number;
      twin.levels[i] = this.levels[i] ?? '';
    }
    twin.malformed = this.malformed;
    twin.overflow = this.overflow;
    twin.longLevels = this.longLevels;
    return twin;
  }

  /** The place of the new field; -1 where the row is full. */
  #add(name: string, kind: number): number {
    const i = this.size;
    if (i === this.#kinds.length && !this.#grow()) return -1;
    if (this.names[i] !== name) {
      this.names[i] = name;
      this.#shape++;
    }
    this.#kinds[i] = kind;
    if (kind === malformedKind) this.malformed++;
    this.size = i + 1;
    return i;
  }

  #grow(): boolean {
    if (this.size >= fieldsMax) {
      this.overflow++;
      return false;
    }
    const length = Math.min(fieldsMax, this.#kinds.length * 2);
    const kindsNow = this.#kinds;
    const numbersNow = this.#numbers;
    this.#kinds = new Uint8Array(length);
    this.#numbers = new Float64Array(length);
    this.#kinds.set(kindsNow);
    this.#numbers.set(numbersNow);
    return true;
  }
}
