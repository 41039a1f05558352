/**
 * The commonest words of a text, as hashes: how much of a new text is in words that were seldom or never said. The words
 * themselves are not kept, nor can their hashes be turned back into them but by guessing.
 *
 * Learning holds a count for each word, and when it holds too many forgets those seen least (lossy counting, Manku and
 * Motwani 2002): a frequent word is always kept. Frozen, the 20,000 commonest are known.
 */
export const knownWordsMax = 20_000;
/** Words counted while learning. */
const heldWordsMax = 40_000;

/** Hashes as plain numbers, with their counts; frozen vocabularies have no counts. */
export interface VocabularyJson {
  readonly hashes: readonly number[];
  readonly counts: readonly number[];
}

export class Vocabulary {
  #counts = new Map<number, number>();
  #known: ReadonlySet<number> | undefined;

  learn(hashes: ArrayLike<number>): void {
    for (let i = 0; i < hashes.length; i++) {
      const hash = hashes[i] as number;
      this.#counts.set(hash, (this.#counts.get(hash) ?? 0) + 1);
    }
    if (this.#counts.size > heldWordsMax) this.#forgetRare();
  }

  freeze(): void {
    this.#known = new Set(this.#commonest().map(([hash]) => hash));
    this.#counts = new Map();
  }

  /** Share of the words that are not known; undefined for no words, and before `freeze`. */
  unknownShare(hashes: ArrayLike<number>): number | undefined {
    if (this.#known === undefined || hashes.length === 0) return undefined;
    let unknown = 0;
    for (let i = 0; i < hashes.length; i++) if (!this.#known.has(hashes[i] as number)) unknown++;
    return unknown / hashes.length;
  }

  toJson(): VocabularyJson {
    if (this.#known !== undefined) return { hashes: [...this.#known], counts: [] };
    const words = this.#commonest();
    return { hashes: words.map(([hash]) => hash), counts: words.map(([, count]) => count) };
  }

  /** Throws an Error for what `toJson` did not write. */
  static fromJson({ hashes, counts }: VocabularyJson, isFrozen: boolean): Vocabulary {
    const isSane = Array.isArray(hashes) && hashes.length <= knownWordsMax;
    if (!isSane || (!isFrozen && counts.length !== hashes.length))
      throw new Error('The stored vocabulary is damaged.');
    const made = new Vocabulary();
    if (isFrozen) made.#known = new Set(hashes);
    else made.#counts = new Map(hashes.map((hash, i) => [hash, counts[i] as number]));
    return made;
  }

  #commonest(): readonly (readonly [hash: number, count: number])[] {
    const words = [...this.#counts];
    if (words.length <= knownWordsMax) return words;
    return words.sort(([a, countA], [b, countB]) => countB - countA || a - b).slice(0, knownWordsMax);
  }

  /** Raises the bar until half are left. */
  #forgetRare(): void {
    for (let least = 1; this.#counts.size > heldWordsMax / 2; least++) {
      for (const [hash, count] of this.#counts) if (count <= least) this.#counts.delete(hash);
    }
  }
}
