import type { ReferenceFile } from '../../config/config.ts';
import type { Fields } from '../../core/fields.ts';
import type { Reference } from '../../core/reference.ts';
import { countLevel, countMissing, countNumber, newCounters } from '../../detectors/counters/counters.ts';
import { cutScale, makeReference } from './learner.ts';
import { isUsableName } from './names.ts';
import { ReferenceTexts } from './reference-texts.ts';

/** Columns of a reference file, at most; more are left out. */
export const columnsMax = 10_000;

type Cell = string | number | boolean | null;

interface Column {
  readonly values: (number | string)[];
  missing: number;
}

/**
 * Gathers a file's columns row by row. They are held in memory until the references are built, bounded by the file's
 * `rows_max`.
 */
export interface ColumnCollector {
  add(columns: ReadonlyMap<string, Cell>): void;
  /** By signal. */
  readonly columns: ReadonlyMap<string, Column>;
}

export function createCollector(file: ReferenceFile): ColumnCollector {
  const columns = new Map<string, Column>();
  const texts = new ReferenceTexts();
  const addTo = (signal: string, cell: Cell): void => {
    const column = columns.get(signal) ?? { values: [], missing: 0 };
    columns.set(signal, column);
    addCell(column, cell);
  };
  const signalOf = (name: string): string | undefined => {
    const signal = file.columns === undefined ? `input.${name}` : file.columns[name];
    return signal !== undefined && isUsableName(name) ? signal : undefined;
  };
  return {
    columns,
    add: (row) => {
      for (const [name, cell] of row) {
        const signal = signalOf(name);
        if (signal === undefined || (columns.size >= columnsMax && !columns.has(signal))) continue;
        const described = texts.describe(signal, cell);
        if (described === undefined) addTo(signal, cell);
        else for (const [name, value] of entriesOf(described)) addTo(name, value);
      }
    },
  };
}

function* entriesOf(fields: Fields): Generator<readonly [string, Cell]> {
  for (let i = 0; i < fields.size; i++) {
    const isNumber = fields.kind(i) === 'number';
    yield [fields.names[i] as string, isNumber ? fields.number(i) : (fields.levels[i] as string)];
  }
}

/** The type of the first value is the column's; a cell of another type counts as missing. */
function addCell(column: Column, cell: Cell): void {
  const value = typeof cell === 'boolean' ? String(cell) : cell;
  const first = column.values[0];
  if (value === null || (first !== undefined && typeof first !== typeof value)) column.missing++;
  else column.values.push(value);
}

/** One reference per column with values; its scale is cut from all of them. */
export function buildReferences(
  file: ReferenceFile,
  collector: ColumnCollector,
  nowMs: number,
  sha256: (text: string) => string,
): readonly Reference[] {
  const references: Reference[] = [];
  for (const [signal, column] of collector.columns) {
    if (column.values.length === 0) continue;
    const scale = cutScale(column.values, sha256);
    const counters = newCounters(scale);
    for (const value of column.values) {
      if (typeof value === 'number') countNumber(counters, scale, value, 1);
      else countLevel(counters, scale, value, 1);
    }
    if (column.missing > 0) countMissing(counters, column.missing);
    const series = { model: file.model, environment: file.environment, version: '', signal };
    // A file says nothing of when its rows were: its reference holds at any time.
    references.push(makeReference('file', series, { scale, counters, fromMs: 0 }, 0, nowMs, sha256));
  }
  return references;
}
