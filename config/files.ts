import type { JsonSchema } from './describe.ts';
import type { Examination } from './examination.ts';
import { propertiesOf } from './known-keys.ts';
import type { Path } from './yaml-source.ts';

/** Characters of a file that holds one value, at most. */
const fileCharactersMax = 65_536;
const suffix = '_file';

/**
 * Puts the contents of files in: where an option `password` is known and `password_file` is not,
 * `password_file: path` becomes `password` with the content of that file, without the white space at its end.
 * Also leaves out keys without a value, so that a block whose lines are all comments is as good as absent.
 */
export function readOptionFiles(
  examination: Examination,
  readFile: (path: string) => string | undefined,
): void {
  examination.value = resolve(examination, readFile, [], examination.value);
}

type ReadFile = (path: string) => string | undefined;

function resolve(examination: Examination, readFile: ReadFile, path: Path, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item, i) => resolve(examination, readFile, [...path, i], item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).flatMap(([key, inner]): (readonly [string, unknown])[] => {
    if (inner === null) return isDetector(path) ? [[key, {}]] : [];
    const option = isPath(inner) ? optionOf(examination, path, key) : undefined;
    if (option === undefined) return [[key, resolve(examination, readFile, [...path, key], inner)]];
    if (Object.hasOwn(value, option.stem)) {
      examination.refuse([...path, key], `both ${option.stem} and ${key} are given; keep one of the two`);
      return [];
    }
    return [[option.stem, readOption(examination, readFile, [...path, key], option)]];
  });
  // Not a literal: a key such as `__proto__` must stay a key, so that the schema refuses it.
  return Object.fromEntries(entries);
}

/** `psi:` alone means the detector with all its defaults. */
function isDetector(path: Path): boolean {
  return path.length === 2 && path[0] === 'rules';
}

/** One path, or a list of them. */
function isPath(value: unknown): value is string | readonly string[] {
  return (
    typeof value === 'string' || (Array.isArray(value) && value.every((item) => typeof item === 'string'))
  );
}

interface Option {
  readonly stem: string;
  /** A list of texts: one file for each. */
  readonly isList: boolean;
}

/** The option a `…_file` key stands for. Files are for the options of channels and targets only. */
function optionOf(examination: Examination, path: Path, key: string): Option | undefined {
  const list = path.slice(0, 2).join('.');
  const isPlugin = path.length > 2 && (list === 'alerting.channels' || list === 'rollback.targets');
  if (!isPlugin || !key.endsWith(suffix)) return undefined;
  const nodes = examination.view.at(path, examination.value);
  const isOwnOption = nodes.some((node) => {
    const properties = propertiesOf(node);
    return Object.hasOwn(properties, key) && properties[key]?.['x-file'] !== true;
  });
  return isOwnOption
    ? undefined
    : nodes.map((node) => stemOf(node, key.slice(0, -suffix.length))).find(Boolean);
}

/** The option of that name, where it is a text or a list of texts. */
function stemOf(node: JsonSchema, stem: string): Option | undefined {
  const properties = propertiesOf(node);
  const schema = (Object.hasOwn(properties, stem) ? properties[stem] : node['additionalProperties']) as Json;
  if (schema?.['type'] === 'string') return { stem, isList: false };
  const items = schema?.['items'] as Json;
  return items?.['type'] === 'string' ? { stem, isList: true } : undefined;
}

type Json = JsonSchema | undefined;

function readOption(
  examination: Examination,
  readFile: ReadFile,
  path: Path,
  { stem, isList }: Option,
): string | readonly string[] {
  const written = examination.at(path) as string | readonly string[];
  const own = [...path.slice(0, -1), stem];
  if (!isList) {
    examination.noteFile(own);
    if (typeof written === 'string') return readValue(examination, readFile, path, written);
    examination.refuse(path, 'expected one path, got a list');
    return '';
  }
  return [written].flat().map((file, i) => {
    examination.noteFile([...own, i]);
    return readValue(examination, readFile, [...path, i], file);
  });
}

function readValue(examination: Examination, readFile: ReadFile, path: Path, file: string): string {
  const text = readFile(file)?.trimEnd();
  if (text === undefined || text === '' || text.length > fileCharactersMax) {
    const problem =
      text === undefined ? 'cannot be read' : text === '' ? 'is empty' : 'is too long for a value';
    const shown = examination.source.isFromEnvironment(path)
      ? 'named by the environment'
      : JSON.stringify(file);
    examination.refuse(path, `the file ${shown} ${problem}`);
  }
  return text ?? '';
}
