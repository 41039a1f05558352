import type { ReferenceFile, SegmentConfig } from '../../config/config.ts';
import type { Reference } from '../../core/reference.ts';
import { countLevel, countMissing, countNumber, newCounters } from '../../detectors/counters/counters.ts';
import { cutScale, makeReference } from './learner.ts';
import { isUsableName } from './names.ts';
import { FileSegments } from './segment-references.ts';

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
  /** Takes over the values of another one of the same file. */
  absorb(other: ColumnCollector): void;
  /** The rows of each declared segment; absent where none is. */
  readonly segments?: FileSegments<ColumnCollector>;
}

/** With a collector for each declared segment: its rows are then held twice. */
export function createCollector(
  file: ReferenceFile,
  segments: readonly SegmentConfig[] = [],
): ColumnCollector {
  const whole = collectorOf(file);
  if (segments.length === 0) return whole;
  const parts = new FileSegments(file, segments, () => collectorOf(file));
  const add = (row: ReadonlyMap<string, Cell>): void => {
    whole.add(row);
    parts.add(row);
  };
  return { ...whole, add, segments: parts };
}

function collectorOf(file: ReferenceFile): ColumnCollector {
  const columns = new Map<string, Column>();
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
        const column = columns.get(signal) ?? { values: [], missing: 0 };
        columns.set(signal, column);
        addCell(column, cell);
      }
    },
    absorb: (other) => {
      for (const [signal, { values, missing }] of other.columns) {
        const column = columns.get(signal) ?? { values: [], missing: 0 };
        columns.set(signal, column);
        column.missing += missing;
        for (const value of values) addCell(column, value);
      }
    },
  };
}

/** The type of the first value is the column's; a cell of another type counts as missing. */
function addCell(column: Column, cell: Cell): void {
  const value = typeof cell === 'boolean' ? String(cell) : cell;
  const first = column.values[0];
  if (value === null || (first !== undefined && typeof first !== typeof value)) column.missing++;
  else column.values.push(value);
}

/** One reference per column with values, and one per column of each segment; its scale is cut from all of them. */
export function buildReferences(
  file: ReferenceFile,
  collector: ColumnCollector,
  nowMs: number,
  sha256: (text: string) => string,
): readonly Reference[] {
  const parts = collector.segments?.all() ?? [];
  return [
    ...referencesOf(file, collector, nowMs, sha256),
    ...parts.flatMap(([segment, part]) => referencesOf(file, part, nowMs, sha256, segment)),
  ];
}

function referencesOf(
  file: ReferenceFile,
  collector: ColumnCollector,
  nowMs: number,
  sha256: (text: string) => string,
  segment?: string,
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
    const { model, environment } = file;
    const of = segment === undefined ? {} : { segment };
    const series = { model, environment, version: '', signal, ...of };
    // A file says nothing of when its rows were: its reference holds at any time.
    references.push(makeReference('file', series, { scale, counters, fromMs: 0 }, 0, nowMs, sha256));
  }
  return references;
}
