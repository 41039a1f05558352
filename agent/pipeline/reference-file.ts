import type { ReferenceFile, SegmentConfig } from '../../config/config.ts';
import type { Fields } from '../../core/fields.ts';
import type { Counters } from '../../core/pane.ts';
import type { Reference } from '../../core/reference.ts';
import type { Scale } from '../../core/scale.ts';
import { seriesKey } from '../../core/series.ts';
import {
  countLevel,
  countMissing,
  countNumber,
  mergeCounters,
  newCounters,
} from '../../detectors/counters/counters.ts';
import type { StoredLadder } from './ladder-state.ts';
import { cutScale, makeReference } from './learner.ts';
import { isUsableName } from './names.ts';
import type { HalfFacts } from './reference-checks.ts';
import { compareHalves } from './reference-halves.ts';
import { ReferenceTexts } from './reference-texts.ts';
import { modelOfTimes } from './reference-times.ts';
import { FileSegments } from './segment-references.ts';

/** Columns of a reference file, at most; more are left out. */
export const columnsMax = 10_000;

type Cell = string | number | boolean | null;

interface Column {
  readonly values: (number | string)[];
  /** One for each value, where rows have times. */
  readonly timesMs: number[];
  missing: number;
  /** Of several segments, one after the other: its two halves are not those of the file. */
  isMixed?: true;
}

/**
 * Gathers a file's columns row by row. They are held in memory until the references are built, bounded by the file's
 * `rows_max`.
 */
export interface ColumnCollector {
  add(columns: ReadonlyMap<string, Cell>, timeMs?: number): void;
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
  const add = (row: ReadonlyMap<string, Cell>, timeMs?: number): void => {
    whole.add(row, timeMs);
    parts.add(row, timeMs);
  };
  return { ...whole, add, segments: parts };
}

function collectorOf(file: ReferenceFile): ColumnCollector {
  const columns = new Map<string, Column>();
  const texts = new ReferenceTexts();
  const addTo = (signal: string, cell: Cell, timeMs: number | undefined): void => {
    const column = columns.get(signal) ?? { values: [], timesMs: [], missing: 0 };
    columns.set(signal, column);
    addCell(column, cell, timeMs);
  };
  const signalOf = (name: string): string | undefined => {
    const signal = file.columns === undefined ? `input.${name}` : file.columns[name];
    return signal !== undefined && isUsableName(name) ? signal : undefined;
  };
  return {
    columns,
    add: (row, timeMs) => {
      for (const [name, cell] of row) {
        const signal = signalOf(name);
        if (signal === undefined || (columns.size >= columnsMax && !columns.has(signal))) continue;
        const described = texts.describe(signal, cell);
        if (described === undefined) addTo(signal, cell, timeMs);
        else for (const [name, value] of entriesOf(described)) addTo(name, value, timeMs);
      }
    },
    absorb: (other) => {
      for (const [signal, { values, timesMs, missing }] of other.columns) {
        const column = columns.get(signal) ?? { values: [], timesMs: [], missing: 0 };
        columns.set(signal, column);
        column.missing += missing;
        column.isMixed = true;
        values.forEach((value, row) => {
          addCell(column, value, timesMs[row]);
        });
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
function addCell(column: Column, cell: Cell, timeMs: number | undefined): void {
  const value = typeof cell === 'boolean' ? String(cell) : cell;
  const first = column.values[0];
  if (value === null || (first !== undefined && typeof first !== typeof value)) column.missing++;
  else {
    column.values.push(value);
    if (timeMs !== undefined) column.timesMs.push(timeMs);
  }
}

/** A reference made of a column, and what its two halves show: a file has no times to check it by. */
export interface BuiltReference {
  readonly reference: Reference;
  /** Where rows have times. */
  readonly model: StoredLadder | undefined;
  /** Absent where the order of the rows is not that of the file. */
  readonly halves: HalfFacts | undefined;
}

/**
 * One reference per column with values, and one per column of each segment. Its scale is cut from all of them, unless the
 * series has one already and the column is of its type.
 */
export function buildReferences(
  file: ReferenceFile,
  collector: ColumnCollector,
  nowMs: number,
  sha256: (text: string) => string,
  scales: ReadonlyMap<string, Scale> = new Map(),
): readonly BuiltReference[] {
  const parts = collector.segments?.all() ?? [];
  const making: Making = { file, nowMs, sha256, scales };
  return [
    ...referencesOf(making, collector),
    ...parts.flatMap(([segment, part]) => referencesOf(making, part, segment)),
  ];
}

interface Making {
  readonly file: ReferenceFile;
  readonly nowMs: number;
  readonly sha256: (text: string) => string;
  readonly scales: ReadonlyMap<string, Scale>;
}

function referencesOf(
  { file, nowMs, sha256, scales }: Making,
  collector: ColumnCollector,
  segment?: string,
): readonly BuiltReference[] {
  const built: BuiltReference[] = [];
  const { model, environment } = file;
  const of = segment === undefined ? {} : { segment };
  for (const [signal, column] of collector.columns) {
    if (column.values.length === 0) continue;
    const series = { model, environment, version: '', signal, ...of };
    const scale = fittingScale(scales.get(seriesKey(series)), column) ?? cutScale(column.values, sha256);
    const middle = Math.floor(column.values.length / 2);
    const first = countAll(scale, column.values.slice(0, middle));
    const second = countAll(scale, column.values.slice(middle));
    const counters = mergeCounters(scale, [first, second]);
    if (column.missing > 0) countMissing(counters, column.missing);
    const { fromMs, toMs } = spanOf(column);
    const made = makeReference('file', series, { scale, counters, fromMs }, toMs, nowMs, sha256);
    const reference = { ...made, name: file.name };
    const ladder = toMs > 0 ? modelOfTimes(reference, column.values, column.timesMs) : undefined;
    const halves = column.isMixed ? undefined : compareHalves(scale, first, second);
    built.push({ reference, model: ladder, halves });
  }
  return built;
}

/** A file without times says nothing of when its rows were: its reference holds at any time. */
function spanOf({ values, timesMs }: Column): { readonly fromMs: number; readonly toMs: number } {
  if (timesMs.length === 0 || timesMs.length !== values.length) return { fromMs: 0, toMs: 0 };
  return timesMs.reduce(
    ({ fromMs, toMs }, timeMs) => ({ fromMs: Math.min(fromMs, timeMs), toMs: Math.max(toMs, timeMs + 1) }),
    { fromMs: Number.POSITIVE_INFINITY, toMs: 0 },
  );
}

function fittingScale(scale: Scale | undefined, { values }: Column): Scale | undefined {
  const wanted = typeof values[0] === 'number' ? 'numeric' : 'levels';
  return scale?.kind === wanted ? scale : undefined;
}

function countAll(scale: Scale, values: readonly (number | string)[]): Counters {
  const counters = newCounters(scale);
  for (const value of values) {
    if (typeof value === 'number') countNumber(counters, scale, value, 1);
    else countLevel(counters, scale, value, 1);
  }
  return counters;
}
