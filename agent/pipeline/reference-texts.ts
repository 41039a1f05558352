import { addText, longTextLevel, type TextNames, textNames } from '../../conventions/shared/text-fields.ts';
import { Fields, levelLengthMax } from '../../core/fields.ts';

/** Long texts of one file that are described: about ten seconds of work. Of further ones only the level is counted. */
export const describedTextsMax = 100_000;

/** Long texts in the columns of a reference file, read as rows are: a fixed level, and the description beside it. */
export class ReferenceTexts {
  readonly #names = new Map<string, TextNames>();
  readonly #fields = new Fields();
  #described = 0;

  /** Undefined where the cell is no long text. Valid until the next call. */
  describe(signal: string, cell: unknown): Fields | undefined {
    if (typeof cell !== 'string' || cell.length <= levelLengthMax) return undefined;
    this.#fields.clear();
    this.#fields.addLevel(signal, longTextLevel);
    if (this.#described++ < describedTextsMax) addText(this.#fields, this.#namesOf(signal), cell, 'text');
    return this.#fields;
  }

  /** As many as the file has columns. */
  #namesOf(signal: string): TextNames {
    const names = this.#names.get(signal) ?? textNames(signal);
    this.#names.set(signal, names);
    return names;
  }
}
