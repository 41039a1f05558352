import type { Fault } from '../core/fault.ts';
import { childValue, type SchemaView } from './known-keys.ts';
import { maskRanges, maskSecrets } from './mask.ts';
import { type Path, pathText, type YamlSource } from './yaml-source.ts';

const shownMax = 60;
/** Faults kept of one file, at most; what is over is counted. */
const faultsMax = 1_000;
/** Items of a list looked at, at most: no list of the schema may be longer. */
const itemsMax = 1_000;

export interface Named {
  readonly name: string;
  readonly path: Path;
}

/** A file under examination: its data, where it stands, and what was said of it so far. */
export class Examination {
  readonly faults: Fault[] = [];
  readonly warnings: Fault[] = [];
  readonly file: string;
  /** The data to validate, with the contents of `*_file` in place. */
  value: unknown;
  readonly source: YamlSource;
  readonly view: SchemaView;
  /** Paths (as text) whose value came from a file. */
  /** Faults over the limit. */
  overflow = 0;
  readonly #refused = new Set<string>();
  readonly #fromFile = new Set<string>();
  readonly #secretRanges: (readonly [number, number])[] = [];

  constructor(file: string, source: YamlSource, view: SchemaView) {
    this.file = file;
    this.value = source.value;
    this.source = source;
    this.view = view;
  }

  /** A fault at the value of the path, unless that value has one already: the first says the most. */
  refuse(path: Path, message: string): void {
    const text = this.#writtenText(path);
    if (this.#refused.has(text)) return;
    this.#refused.add(text);
    if (this.isFull()) this.overflow++;
    else this.faults.push(this.#fault(path, message));
  }

  /** Faults found before: their places are refused already. */
  adopt(faults: readonly Fault[]): void {
    for (const fault of faults) {
      this.#refused.add(fault.path);
      this.faults.push(fault);
    }
  }

  /** A fault at the key itself. */
  refuseKey(path: Path, message: () => string): void {
    if (this.isFull()) {
      this.overflow++;
      return;
    }
    const { line, column } = this.source.placeOfKey(path);
    this.faults.push({ file: this.file, line, column, path: pathText(path), message: message() });
  }

  isFull(): boolean {
    return this.faults.length >= faultsMax;
  }

  /** A warning, unless the value is refused anyway. */
  warn(path: Path, message: string): void {
    const isNews = !this.#refused.has(this.#writtenText(path));
    if (isNews && this.warnings.length < faultsMax) this.warnings.push(this.#fault(path, message));
  }

  /** The value at the path came from a file: it is never shown, and its place is that of the `_file` key. */
  noteFile(path: Path): void {
    this.#fromFile.add(pathText(path));
  }

  isFromFile(path: Path): boolean {
    return this.#fromFile.has(pathText(path));
  }

  /** The value at the path, `undefined` where there is none. */
  at(path: Path): unknown {
    return path.reduce<unknown>(childValue, this.value);
  }

  /** Indices of the list at the path; none where there is no list. */
  indices(path: Path): readonly number[] {
    const list = this.at(path);
    return Array.isArray(list) ? [...list.keys()].slice(0, itemsMax) : [];
  }

  text(path: Path): string | undefined {
    const value = this.at(path);
    return typeof value === 'string' ? value : undefined;
  }

  number(path: Path): number | undefined {
    const value = this.at(path);
    return typeof value === 'number' ? value : undefined;
  }

  /** The items of a list that have a name. */
  named(list: Path): readonly Named[] {
    return this.indices(list).flatMap((i): Named[] => {
      const path = [...list, i, 'name'];
      const name = this.text(path);
      return name === undefined ? [] : [{ name, path }];
    });
  }

  /** The value as a fault may show it: never a secret, nor what came from the environment or a file. */
  show(path: Path): string {
    const value = this.at(path);
    if (value === undefined || value === null) return 'nothing';
    if (Array.isArray(value)) return 'a list';
    if (typeof value === 'object') return 'a mapping';
    if (this.source.isFromEnvironment(path)) return environmentValue(value);
    if (this.isSecret(path)) return 'another text';
    const text = maskSecrets(JSON.stringify(value));
    return text.length <= shownMax ? text : `${text.slice(0, shownMax)}…`;
  }

  isSecret(path: Path): boolean {
    return this.#fromFile.has(pathText(path)) || this.view.isSecret(path, this.value);
  }

  /** The file's text with every secret that is written in it masked. */
  maskedText(text: string): string {
    return maskRanges(text, this.#secretRanges);
  }

  noteSecret(path: Path): void {
    const range = this.source.range(path);
    if (range !== undefined) this.#secretRanges.push(range);
  }

  /** A secret that is written in the file itself. */
  isInlineSecret(path: Path): boolean {
    const isElsewhere = this.isFromFile(path) || this.source.isFromEnvironment(path);
    return !isElsewhere && this.view.isSecret(path, this.value);
  }

  #fault(path: Path, message: string): Fault {
    const { line, column } = this.source.place(path);
    return { file: this.file, line, column, path: this.#writtenText(path), message };
  }

  /** `secrets[0]` that came from a file was written `secrets_file[0]`. */
  #writtenText(path: Path): string {
    if (!this.isFromFile(path)) return pathText(path);
    const last = path.findLastIndex((step) => typeof step === 'string');
    return pathText(path.map((step, i) => (i === last ? `${step}_file` : step)));
  }
}

function environmentValue(value: unknown): string {
  return `another ${typeof value === 'string' ? 'text' : typeof value} from the environment`;
}
