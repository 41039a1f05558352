import type { AnyValue, Sink } from '../convention.ts';

/** Rows of one columnar record, at most; the rest is counted as `too_many`. */
export const batchRowsMax = 100_000;
/**
 * Columns that could not be used, carried as malformed in every row at most: they cost the sender almost
 * nothing.
 */
const defectColumnsMax = 100;

/** One value per row; `undefined`: the column cannot be used, which is a defect of every row. */
export interface Column {
  readonly name: string;
  readonly values: readonly AnyValue[] | undefined;
}

export const outputNames = ['value', 'score', 'decision'] as const;
export type OutputName = (typeof outputNames)[number];

export interface OutputColumn extends Column {
  readonly name: OutputName;
}

export interface Batch {
  readonly rows: number;
  readonly features: readonly Column[];
  readonly outputs: readonly OutputColumn[];
  /** Prediction ids, one per row. */
  readonly ids: readonly AnyValue[] | undefined;
}

/**
 * Reads a columnar body: `{features: {name: […]}, prediction: {id, value, score, decision: […]}}`. Every
 * column must have `declaredRows` entries (NaN: undeclared, then the first column says); one of another
 * length is a defect for all rows. Rows exist only as far as some column has them: a size alone makes none.
 */
export function readBatch(body: AnyValue | undefined, declaredRows: number, sink: Sink): Batch | undefined {
  if (!isMap(body)) {
    sink.malformed('type', 1);
    return undefined;
  }
  const features = columnsOf(body.get('features'), sink);
  const prediction = columnsOf(body.get('prediction'), sink);
  const length = Number.isNaN(declaredRows) ? firstLength([...prediction, ...features]) : declaredRows;
  const rows = [...prediction, ...features].some((column) => column.values?.length === length) ? length : 0;
  if (rows > batchRowsMax) sink.malformed('too_many', rows - batchRowsMax);
  const kept = Math.min(rows, batchRowsMax);
  const checked = checkLengths(prediction, length, kept, sink);
  return {
    rows: kept,
    features: checkLengths(features, length, kept, sink),
    outputs: checked.filter(isOutput),
    ids: checked.find((column) => column.name === 'id')?.values,
  };
}

function isOutput(column: Column): column is OutputColumn {
  return outputNames.some((name) => name === column.name);
}

function isMap(value: AnyValue | undefined): value is ReadonlyMap<string, AnyValue> {
  return value instanceof Map;
}

function columnsOf(group: AnyValue | undefined, sink: Sink): Column[] {
  if (group === undefined || group === null) return [];
  if (!isMap(group)) {
    sink.malformed('type', 1);
    return [];
  }
  const columns: Column[] = [];
  for (const [name, values] of group) {
    columns.push({ name, values: Array.isArray(values) ? (values as readonly AnyValue[]) : undefined });
  }
  return columns;
}

function firstLength(columns: readonly Column[]): number {
  return columns.find((column) => column.values !== undefined)?.values?.length ?? 0;
}

/** Takes the values from columns of another length, and counts each defect once per row it spoils. */
function checkLengths(columns: readonly Column[], length: number, rows: number, sink: Sink): Column[] {
  const kept: Column[] = [];
  let defects = 0;
  for (const column of columns) {
    if (column.values?.length === length) {
      kept.push(column);
      continue;
    }
    sink.malformed(column.values === undefined ? 'type' : 'column_length', Math.max(1, rows));
    if (defects++ < defectColumnsMax) kept.push({ name: column.name, values: undefined });
  }
  return kept;
}
