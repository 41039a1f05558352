/**
 * Counters as bytes, for checkpoints and references: exact, and short where most cells are empty.
 *
 * Layout (little-endian): version u8 · whole u8 · scale id (varint length, UTF-8) · ten doubles (`scalarKeys`) · number of
 * cells varint · runs until all cells are told: empty cells varint, filled cells varint, the filled ones · checksum u32.
 * With whole = 1 every count is a whole number < 2^53 and stored as a varint (1 or 2 bytes where a double has 8), with 0
 * as a double.
 *
 * Law: decode(encode(x)) equals x, bit for bit. The checksum is FNV-1a (32 bits): it finds every change of one byte and
 * lets 1 in 4 billion of the others pass; it is against torn files, not against attackers.
 */
import type { Counters } from '../../core/pane.ts';
import { ByteReader, ByteWriter, fnv1a } from './bytes.ts';

const version = 1;
/** Cells of one scale, at most: what claims more is damaged. */
const cellsMax = 65_536;
const scalarKeys = [
  'rows',
  'weight',
  'weightSquared',
  'missing',
  'malformed',
  'late',
  'mean',
  'm2',
  'min',
  'max',
] as const satisfies readonly (keyof Counters)[];

export function encodeCounters(counters: Counters): Uint8Array {
  const { counts } = counters;
  const whole = counts.every((count) => Number.isSafeInteger(count) && count >= 0 && !Object.is(count, -0));
  const writer = new ByteWriter(256 + counts.length);
  writer.byte(version);
  writer.byte(whole ? 1 : 0);
  writer.text(counters.scaleId);
  for (const key of scalarKeys) writer.double(counters[key]);
  writer.varint(counts.length);
  let cell = 0;
  while (cell < counts.length) {
    const filled = runEnd(counts, cell, 'empty');
    const end = runEnd(counts, filled, 'filled');
    writer.varint(filled - cell);
    writer.varint(end - filled);
    for (const count of counts.subarray(filled, end)) {
      if (whole) writer.varint(count);
      else writer.double(count);
    }
    cell = end;
  }
  const body = writer.bytes();
  writer.uint32(fnv1a(body));
  return writer.bytes();
}

function runEnd(counts: Float64Array, start: number, kind: 'empty' | 'filled'): number {
  let end = start;
  while (end < counts.length && Object.is(counts[end], 0) === (kind === 'empty')) end++;
  return end;
}

/** Throws one Error for bytes that `encodeCounters` did not write. */
export function decodeCounters(bytes: Uint8Array): Counters {
  const body = bytes.subarray(0, Math.max(0, bytes.length - 4));
  const checksum = new ByteReader(bytes.subarray(body.length)).uint32();
  if (checksum === undefined || checksum !== fnv1a(body)) throw damaged('its checksum does not match');
  const reader = new ByteReader(body);
  const written = reader.byte();
  if (written !== version) throw damaged(`version ${written} is not ${version}`);
  const whole = reader.byte() === 1;
  const scaleId = reader.text();
  const scalars = scalarKeys.map(() => reader.double());
  const cells = reader.varint();
  if (cells === undefined || cells > cellsMax || scaleId === undefined) throw damaged('it is cut short');
  const counts = readCounts(reader, new Float64Array(cells), whole);
  const [rows, weight, weightSquared, missing, malformed, late, mean, m2, min, max] = scalars as number[];
  const parts = { rows, weight, weightSquared, missing, malformed, late, mean, m2, min, max };
  return { scaleId, counts, ...(parts as Omit<Counters, 'scaleId' | 'counts'>) };
}

function readCounts(reader: ByteReader, counts: Float64Array, whole: boolean): Float64Array {
  let cell = 0;
  while (cell < counts.length) {
    const empty = reader.varint() ?? 0;
    const filled = reader.varint() ?? 0;
    if (empty + filled === 0 || cell + empty + filled > counts.length) throw damaged('its runs do not fit');
    cell += empty;
    for (const end = cell + filled; cell < end; cell++) {
      const count = whole ? reader.varint() : reader.double();
      if (count === undefined) throw damaged('it is cut short');
      counts[cell] = count;
    }
  }
  if (!reader.atEnd()) throw damaged('bytes are left over');
  return counts;
}

function damaged(detail: string): Error {
  return new Error(`The stored counters are damaged: ${detail}.`);
}
