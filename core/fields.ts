import { assert } from './assert.ts';

/** What one field holds. A level is a string or boolean; missing was declared, but had no value. */
export type FieldKind = 'number' | 'level' | 'missing' | 'malformed';

const kinds: readonly FieldKind[] = ['number', 'level', 'missing', 'malformed'];

/** Fields of one row, at most: what is over it is not kept and `overflow` says how many. */
export const fieldsMax = 20_000;
/** UTF-16 units of a level, at most: a longer text is no category, and is described instead of counted as it is. */
export const levelLengthMax = 128;

/**
 * The named values of one row, as parallel arrays, so that reading a row makes no object per value.
 *
 * Invariants: the first `size` entries are valid; `numbers[i]` is finite where the kind is `number`;
 * `levels[i]` is '' unless the kind is `level`. A `Fields` handed on with a `Call` belongs to whoever made it and is
 * valid only during that call: keep values, or `copy()`.
 */
export class Fields {
  size = 0;
  overflow = 0;
  /** Levels among the entries that are longer than `levelLengthMax`: whoever made them has to describe them. */
  longLevels = 0;
  readonly names: string[] = [];
  readonly levels: string[] = [];
  #kinds = new Uint8Array(32);
  #numbers = new Float64Array(32);

  kind(index: number): FieldKind {
    return kinds[this.#kinds[index] as number] as FieldKind;
  }

  number(index: number): number {
    return this.#numbers[index] as number;
  }

  /** A number that is not finite is kept as malformed: it never reaches a sum. */
  addNumber(name: string, value: number): void {
    if (Number.isFinite(value)) this.#add(name, 0, value, '');
    else this.#add(name, 3, 0, '');
  }

  addLevel(name: string, level: string): void {
    if (level.length > levelLengthMax) this.longLevels++;
    this.#add(name, 1, 0, level);
  }

  addMissing(name: string): void {
    this.#add(name, 2, 0, '');
  }

  addMalformed(name: string): void {
    this.#add(name, 3, 0, '');
  }

  clear(): void {
    this.size = 0;
    this.overflow = 0;
    this.longLevels = 0;
  }

  /** Takes an entry out; those behind it move up. */
  remove(index: number): void {
    assert(index < this.size, 'only an entry that is there is removed');
    this.names.splice(index, 1);
    this.levels.splice(index, 1);
    this.#kinds.copyWithin(index, index + 1, this.size);
    this.#numbers.copyWithin(index, index + 1, this.size);
    this.size--;
  }

  copy(): Fields {
    const twin = new Fields();
    for (let i = 0; i < this.size; i++) {
      twin.#add(
        this.names[i] as string,
        this.#kinds[i] as number,
        this.#numbers[i] as number,
        this.levels[i] as string,
      );
    }
    twin.overflow = this.overflow;
    twin.longLevels = this.longLevels;
    return twin;
  }

  #add(name: string, kind: number, value: number, level: string): void {
    if (this.size >= fieldsMax) {
      this.overflow++;
      return;
    }
    if (this.size === this.#kinds.length) this.#grow();
    const i = this.size++;
    this.names[i] = name;
    this.levels[i] = level;
    this.#kinds[i] = kind;
    this.#numbers[i] = value;
  }

  #grow(): void {
    const length = this.#kinds.length * 2;
    assert(length <= 2 * fieldsMax, 'fields never grow past their limit');
    const kindsNow = this.#kinds;
    const numbersNow = this.#numbers;
    this.#kinds = new Uint8Array(length);
    this.#numbers = new Float64Array(length);
    this.#kinds.set(kindsNow);
    this.#numbers.set(numbersNow);
  }
}
