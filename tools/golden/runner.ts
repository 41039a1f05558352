/**
 * Runs golden files: cases with numbers made by other programs (scipy, numpy, papers), each computed by Kedge and
 * compared.
 *
 * A file is `{ file: "NN_name", tolerance, cases: [{ name, kind?, fn?, args?, input?, expected }] }`. Who computes it is
 * found by its number: the module `NN-*.ts` in this folder, which exports
 *
 * - `run(one)`: the computed values in the shape of `one.expected`; it throws for a kind or function it does not know.
 * - `families(key, one)`, optional: names of tolerances of the file that hold for a key without one of its own.
 *
 * Every expected number must be there and within its tolerance; what is computed beyond them is not looked at.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { passes, type ToleranceTable, tolerancesOf } from './tolerance.ts';

export interface GoldenCase {
  readonly name: string;
  readonly kind?: string;
  readonly fn?: string;
  readonly args?: readonly unknown[];
  readonly input?: unknown;
  readonly expected: unknown;
}

export interface GoldenFile {
  readonly file: string;
  readonly tolerance: ToleranceTable;
  readonly cases: readonly GoldenCase[];
}

export interface GoldenKinds {
  run(one: GoldenCase): unknown;
  families?(key: string, one: GoldenCase): readonly string[];
}

export interface GoldenReport {
  readonly file: string;
  readonly passed: number;
  /** A line for each value that differs, and for each case that could not be computed. */
  readonly differences: readonly string[];
  /** Lines on values that are shown but not judged. */
  readonly informative: readonly string[];
}

interface Tally {
  passed: number;
  readonly differences: string[];
  readonly informative: string[];
}

/** Where a value stands: in which case, under which keys. */
interface Place {
  readonly file: GoldenFile;
  readonly one: GoldenCase;
  readonly kinds: GoldenKinds;
  readonly keys: readonly string[];
}

const numberWords = new Set(['NaN', 'Infinity', '-Infinity']);

/** The golden files directly in a folder, in the order of their names. */
export function goldenFiles(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => join(folder, name));
}

/** Reads and runs one file; whatever is wrong with it is a difference, never an exception. */
export async function runGoldenFile(path: string): Promise<GoldenReport> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const tally: Tally = { passed: 0, differences: [], informative: [] };
  try {
    const file = JSON.parse(readFileSync(path, 'utf8')) as GoldenFile;
    if (!Array.isArray(file.cases)) throw new Error('it has no list of cases');
    const kinds = await kindsOf(typeof file.file === 'string' ? file.file : name);
    for (const one of file.cases) runCase({ file, one, kinds, keys: [] }, tally);
  } catch (error) {
    tally.differences.push(`${name}: ${messageOf(error)}`);
  }
  return { file: name, ...tally };
}

async function kindsOf(file: string): Promise<GoldenKinds> {
  const number = /^\d\d/.exec(file)?.[0];
  const module = readdirSync(import.meta.dirname).find(
    (name) => number !== undefined && name.startsWith(`${number}-`) && name.endsWith('.ts'),
  );
  if (module === undefined)
    throw new Error(`nothing computes it: there is no tools/golden/${number ?? 'NN'}-*.ts`);
  return (await import(pathToFileURL(join(import.meta.dirname, module)).href)) as GoldenKinds;
}

function runCase(place: Place, tally: Tally): void {
  const { one, kinds } = place;
  try {
    compare(one.expected, kinds.run(one), { ...place, keys: one.fn === undefined ? [] : [one.fn] }, tally);
  } catch (error) {
    tally.differences.push(`${labelOf(place)}: ${messageOf(error)}`);
  }
}

function compare(want: unknown, got: unknown, place: Place, tally: Tally): void {
  if (Array.isArray(want)) {
    compareLists(want, got, place, tally);
  } else if (typeof want === 'object' && want !== null) {
    const values = typeof got === 'object' && got !== null ? (got as Readonly<Record<string, unknown>>) : {};
    for (const [key, value] of Object.entries(want)) {
      compare(value, values[key], { ...place, keys: [...place.keys, key] }, tally);
    }
  } else if (typeof want === 'number' || (numberWords.has(String(want)) && typeof got !== 'string')) {
    compareNumbers(Number(want), got, place, tally);
  } else {
    settle(want === got, `got ${String(got)}, want ${String(want)}`, place, tally);
  }
}

function compareLists(want: readonly unknown[], got: unknown, place: Place, tally: Tally): void {
  if (!Array.isArray(got) || got.length !== want.length) {
    const found = Array.isArray(got) ? `${got.length} values` : String(got);
    settle(false, `got ${found}, want a list of ${want.length}`, place, tally);
    return;
  }
  if (want.length === 0) settle(true, '', place, tally);
  want.forEach((value, index) => {
    compare(value, got[index], { ...place, keys: [...place.keys, String(index)] }, tally);
  });
}

function compareNumbers(want: number, got: unknown, place: Place, tally: Tally): void {
  const named = place.keys.filter((key) => !/^\d+$/.test(key));
  const families = place.kinds.families?.(named.at(-1) ?? '', place.one) ?? [];
  const tolerance = tolerancesOf(place.file.tolerance, named, place.one.name, families);
  const off = typeof got === 'number' ? `off by ${Math.abs(got - want).toExponential(2)}` : 'no number';
  const text = `got ${String(got)}, want ${want}, ${off}`;
  if (tolerance === 'informative') tally.informative.push(`${labelOf(place)}: ${text} (informative)`);
  else settle(passes(got, want, tolerance), `${text}, allowed ${JSON.stringify(tolerance)}`, place, tally);
}

function settle(isEqual: boolean, text: string, place: Place, tally: Tally): void {
  if (isEqual) tally.passed += 1;
  else tally.differences.push(`${labelOf(place)}: ${text}`);
}

function labelOf({ file, one, keys }: Place): string {
  const kind = one.kind === undefined ? '' : ` (${one.kind})`;
  const args = one.args === undefined ? '' : ` ${JSON.stringify(one.args)}`;
  return [`${file.file} ${one.name}${kind}${args}`, ...keys].join(' · ');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
