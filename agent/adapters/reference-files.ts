import type { ReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { extname } from 'node:path';

/** `null`: the cell is there, but empty. */
export type Cell = string | number | boolean | null;

export interface ReadResult {
  /** Rows visited. */
  readonly rows: number;
  /** Rows that could not be read: another number of cells than the header, or no JSON object. */
  readonly skipped: number;
  /** There were more than `rowsMax`. */
  readonly truncated: boolean;
}

/** The file as a whole cannot be read; the message names it and says why. */
export class ReferenceFileError extends Error {}

/** Bytes of one row. */
const rowLengthMax = 1024 * 1024;
const columnsMax = 20_000;

type Visit = (columns: ReadonlyMap<string, Cell>) => void;

/**
 * Calls `visit` for each row of a `.csv` (with a header) or `.jsonl` file, as a stream: the file may be
 * larger than memory. A CSV cell that looks like a finite number is one, an empty one is null. Values of a
 * JSON row that are objects or arrays are left out. The map is used again for the next row.
 */
export async function forEachRow(
  path: string,
  options: { readonly rowsMax: number },
  visit: Visit,
): Promise<ReadResult> {
  const read = readers[extname(path).toLowerCase()];
  if (read === undefined) {
    throw new ReferenceFileError(`${path}: expected a file that ends in .csv, .jsonl or .ndjson`);
  }
  const tally = { rows: 0, skipped: 0, truncated: false };
  const stream = await openStream(path);
  try {
    for await (const row of read(stream, path)) {
      if (row === undefined) tally.skipped++;
      else if (tally.rows >= options.rowsMax) {
        tally.truncated = true;
        break;
      } else {
        tally.rows++;
        visit(row);
      }
    }
  } catch (error) {
    if (error instanceof ReferenceFileError || !isReadError(error)) throw error;
    throw new ReferenceFileError(`${path}: ${error.message}`, { cause: error });
  } finally {
    stream.destroy();
  }
  return tally;
}

/** Of the system or of the CSV parser; anything else was thrown by `visit` and is not ours to rename. */
function isReadError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}

async function openStream(path: string): Promise<ReadStream> {
  try {
    const file = await open(path, 'r');
    if ((await file.stat()).isFile()) return file.createReadStream();
    await file.close();
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : (error as Error).message;
    throw new ReferenceFileError(`${path}: ${reason}`, { cause: error });
  }
  throw new ReferenceFileError(`${path}: not a plain file`);
}

/** Rows in the order of the file; undefined stands for one that cannot be read. */
type Reader = (stream: ReadStream, path: string) => AsyncIterable<ReadonlyMap<string, Cell> | undefined>;

const readers: Readonly<Record<string, Reader>> = {
  '.csv': readCsv,
  '.jsonl': readJsonLines,
  '.ndjson': readJsonLines,
};

async function* readCsv(stream: ReadStream, path: string) {
  const { parse } = await import('csv-parse');
  let broken = 0;
  const records = stream.pipe(
    parse({
      bom: true,
      relax_column_count: true,
      // A stray quote stays in its cell; otherwise the parser would skip on to the next quote, however far.
      relax_quotes: true,
      skip_empty_lines: true,
      max_record_size: rowLengthMax,
      skip_records_with_error: true,
      on_skip: () => {
        broken++;
        return undefined;
      },
    }),
  );
  stream.once('error', (error) => records.destroy(error));
  let header: readonly string[] | undefined;
  const columns = new Map<string, Cell>();
  for await (const record of records as AsyncIterable<readonly string[]>) {
    if (header === undefined) {
      header = checkHeader(record, path);
      continue;
    }
    for (; broken > 0; broken--) yield undefined;
    if (record.length !== header.length) yield undefined;
    else {
      for (const [index, name] of header.entries()) columns.set(name, toCell(record[index] ?? ''));
      yield columns;
    }
  }
  for (; broken > 0; broken--) yield undefined;
  if (header === undefined)
    throw new ReferenceFileError(`${path}: expected a header line, the file is empty`);
}

function checkHeader(record: readonly string[], path: string): readonly string[] {
  const names = record.map((name) => name.trim());
  if (names.length > columnsMax) throw new ReferenceFileError(`${path}: more than ${columnsMax} columns`);
  const doubled = names.find((name, index) => names.indexOf(name) !== index);
  if (doubled !== undefined) throw new ReferenceFileError(`${path}: the column "${doubled}" is there twice`);
  return names;
}

function toCell(text: string): Cell {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(trimmed)) return text;
  const number = Number(trimmed);
  return Number.isFinite(number) ? number : text;
}

async function* readJsonLines(stream: ReadStream) {
  const columns = new Map<string, Cell>();
  for await (const line of linesOf(stream)) {
    if (line?.trim() === '') continue;
    yield line !== undefined && fillFromJson(columns, line) ? columns : undefined;
  }
}

/** Undefined stands for a line that is too long; its rest is dropped, not kept in memory. */
async function* linesOf(stream: ReadStream): AsyncIterable<string | undefined> {
  stream.setEncoding('utf8');
  let rest = '';
  let tooLong = false;
  for await (const chunk of stream as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      yield tooLong || line.length > rowLengthMax ? undefined : line;
      tooLong = false;
    }
    if (rest.length > rowLengthMax) {
      tooLong = true;
      rest = '';
    }
  }
  if (tooLong) yield undefined;
  else if (rest !== '') yield rest;
}

function fillFromJson(columns: Map<string, Cell>, line: string): boolean {
  let row: unknown;
  try {
    row = JSON.parse(line.replace(/^\uFEFF/, ''));
  } catch {
    return false;
  }
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return false;
  columns.clear();
  for (const [name, value] of Object.entries(row).slice(0, columnsMax))
    if (isCell(value)) columns.set(name, value);
  return true;
}

function isCell(value: unknown): value is Cell {
  if (value === null) return true;
  return typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean';
}
