import { Fields } from '../../core/fields.ts';
import type { Contents, NamedVector, NamedWords } from '../../core/observation.ts';
import type { AnyValue, AttributeView, Item, KeyRegistry, Prefix, Sink } from '../convention.ts';
import { addText, hashWords, type TextNames, takeLongLevels, textNames } from './text-fields.ts';

/** A list of fewer numbers is no embedding, but a feature that should have been a single value. */
const dimensionMin = 8;
/** Long texts and vectors of one row that are read; more are counted. */
const contentsMax = 16;
/** Names of long texts remembered; further ones are made for each row. */
const namesMax = 1_000;

/** Takes lists of numbers out of what would otherwise be malformed. */
export interface VectorTaker {
  /** `false`: it is no vector, and stays what it was. */
  take(name: string, list: readonly AnyValue[]): boolean;
  /** Takes the vectors among the lists under a prefix, and the malformed fields that stand for them. */
  takeUnder(attributes: AttributeView, prefix: Prefix, fields: Fields): void;
}

/**
 * Long texts and embeddings of the rows of tabular models. Per row: `begin`, then the features are read (and hand in their
 * lists), then `finish`. A row that has neither costs a few comparisons, and makes nothing.
 *
 * Embeddings are lists of at least eight numbers: `ml.embedding.<name>`, or a feature. A long text is a feature or an output
 * of more than 128 characters: instead of it the level `(long text)` is counted, and its description under its name.
 */
export class RowContents implements VectorTaker {
  readonly #prefix: Prefix;
  readonly #inputs = new Fields();
  readonly #outputs = new Fields();
  readonly #names = new Map<string, TextNames>();
  #vectors: NamedVector[] = [];
  #item: Item | undefined;
  #sink: Sink | undefined;
  /** NaN until it was asked for. */
  #weight = Number.NaN;

  constructor(keys: KeyRegistry) {
    this.#prefix = keys.prefix('ml.embedding.');
  }

  begin(item: Item, sink: Sink): void {
    this.#item = item;
    this.#sink = sink;
    this.#weight = Number.NaN;
    if (this.#vectors.length > 0) this.#vectors = [];
  }

  take(name: string, list: readonly AnyValue[]): boolean {
    if (!isVector(list)) return false;
    if (this.#isRead()) this.#keep(name, list);
    return true;
  }

  takeUnder(attributes: AttributeView, prefix: Prefix, fields: Fields): void {
    attributes.listsUnder(prefix, (name, key) => {
      // A list of a row that is not read is not decoded: that would be most of the work.
      const list = this.#isRead() ? attributes.value(key) : undefined;
      if (this.#isRead() && !(Array.isArray(list) && this.take(name, list))) return;
      for (let i = 0; i < fields.size; i++) {
        if (fields.names[i] === name && fields.kind(i) === 'malformed') fields.remove(i);
      }
    });
  }

  /** Undefined where there is nothing to read. Valid until the next `begin`. */
  finish(inputs: Fields, outputs: Fields): Contents | undefined {
    const hasOwn = this.#item?.attributes.anyUnder(this.#prefix) === true;
    if (this.#vectors.length === 0 && !hasOwn && inputs.longLevels === 0 && outputs.longLevels === 0) {
      return undefined;
    }
    if (hasOwn) this.#takeOwn();
    const words: NamedWords[] = [];
    this.#inputs.clear();
    this.#outputs.clear();
    this.#describe('inputs', inputs, this.#inputs, words);
    this.#describe('outputs', outputs, this.#outputs, words);
    if (!this.#isRead()) return undefined;
    const weight = this.#weight;
    return { inputs: this.#inputs, outputs: this.#outputs, vectors: this.#vectors, words, weight };
  }

  #takeOwn(): void {
    const { attributes } = this.#item as Item;
    attributes.listsUnder(this.#prefix, (name, key) => {
      if (!this.#isRead()) return;
      const list = attributes.value(key);
      if (!Array.isArray(list) || !this.take(name, list)) this.#sink?.malformed('type', 1);
    });
  }

  /** The long texts are taken out of the fields in any case. */
  #describe(group: NamedWords['group'], from: Fields, into: Fields, words: NamedWords[]): void {
    if (from.longLevels === 0) return;
    const taken = takeLongLevels(from);
    if (!this.#isRead()) return;
    if (taken.length > contentsMax) this.#sink?.malformed('too_many', taken.length - contentsMax);
    for (const [name, text] of taken.slice(0, contentsMax)) {
      words.push(hashWords(group, name, addText(into, this.#namesOf(name), text, 'text')));
    }
  }

  /** Asked once a row, and only for a row that has something to read. */
  #isRead(): boolean {
    if (Number.isNaN(this.#weight)) this.#weight = this.#sink?.contentWeight(this.#item as Item) ?? 0;
    return this.#weight > 0;
  }

  #keep(name: string, values: readonly AnyValue[]): void {
    if (this.#vectors.length >= contentsMax) this.#sink?.malformed('too_many', 1);
    else this.#vectors.push({ group: 'inputs', name, values: values as readonly number[] });
  }

  #namesOf(name: string): TextNames {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const made = textNames(name);
    if (this.#names.size < namesMax) this.#names.set(name, made);
    return made;
  }
}

/** The numbers themselves are checked where they are used. */
function isVector(list: readonly AnyValue[]): boolean {
  return list.length >= dimensionMin && typeof list[0] === 'number' && typeof list.at(-1) === 'number';
}
