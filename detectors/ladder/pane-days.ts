/**
 * The panes of one day side by side, and as bytes: for the checkpoint, and to hold days that are over in a quarter of the
 * memory.
 *
 * Layout of a day (little-endian): number of panes with rows varint · for each: distance to the one before varint, hour u8,
 * whole u8, weight, Σ weight², and one count per bin. With whole = 1 all of them are varints, else doubles. A checksum u32
 * ends it.
 *
 * Law: unpack(pack(x)) equals x, as counts are single precision in both.
 */
import { ByteReader, ByteWriter, fnv1a } from '../counters/bytes.ts';

export const ticksPerDay = 288;
const binsMax = 64;
const daysMax = 366;
const version = 1;

export interface DayPanes {
  /** Panes × bins, weighted. */
  readonly counts: Float32Array;
  readonly hours: Uint8Array;
  readonly weights: Float64Array;
  readonly weightsSquared: Float64Array;
}

export interface PackedDay {
  /** Days since the epoch, in ticks. */
  readonly day: number;
  readonly bytes: Uint8Array;
}

export function newDay(bins: number): DayPanes {
  return {
    counts: new Float32Array(ticksPerDay * bins),
    hours: new Uint8Array(ticksPerDay),
    weights: new Float64Array(ticksPerDay),
    weightsSquared: new Float64Array(ticksPerDay),
  };
}

export function packDay(day: DayPanes, bins: number): Uint8Array {
  const { counts, hours, weights, weightsSquared } = day;
  let held = 0;
  for (const weight of weights) if (weight > 0) held++;
  const writer = new ByteWriter(16 + held * (bins + 8));
  writer.varint(held);
  let last = 0;
  for (let at = 0; at < ticksPerDay; at++) {
    const weight = weights[at] as number;
    if (!(weight > 0)) continue;
    writer.varint(at - last);
    last = at;
    writer.byte(hours[at] as number);
    const of = counts.subarray(at * bins, (at + 1) * bins);
    const weightSquared = weightsSquared[at] as number;
    const whole = isCount(weight) && isCount(weightSquared) && of.every(isCount);
    writer.byte(whole ? 1 : 0);
    const write = (one: number) => (whole ? writer.varint(one) : writer.double(one));
    write(weight);
    write(weightSquared);
    for (const count of of) write(count);
  }
  const body = writer.bytes();
  writer.uint32(fnv1a(body));
  return writer.bytes();
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** Throws one Error for bytes that `packDay` did not write. */
export function unpackDay(bytes: Uint8Array, bins: number): DayPanes {
  const reader = new ByteReader(checked(bytes));
  const day = newDay(bins);
  const held = reader.varint() ?? ticksPerDay + 1;
  if (held > ticksPerDay) throw damaged();
  let at = 0;
  for (let i = 0; i < held; i++) {
    at += reader.varint() ?? ticksPerDay;
    const hour = reader.byte();
    const whole = reader.byte() === 1;
    const next = () => (whole ? reader.varint() : reader.double());
    if (at >= ticksPerDay || hour === undefined) throw damaged();
    day.hours[at] = hour;
    day.weights[at] = next() ?? Number.NaN;
    day.weightsSquared[at] = next() ?? Number.NaN;
    for (let j = 0; j < bins; j++) day.counts[at * bins + j] = next() ?? Number.NaN;
    if (Number.isNaN(day.counts[at * bins + bins - 1])) throw damaged();
  }
  if (!reader.atEnd()) throw damaged();
  return day;
}

/** Version, bins, and the number and length of each day, with a checksum; then the days, which have their own. */
export function packHistory(bins: number, days: readonly PackedDay[]): Uint8Array {
  const writer = new ByteWriter(16 + days.length * 16);
  writer.byte(version);
  writer.byte(bins);
  writer.varint(days.length);
  for (const { day, bytes } of days) {
    // Panes of a second make days of minutes, and panes of a day make years: the number is whole and may be negative.
    writer.double(day);
    writer.varint(bytes.length);
  }
  const head = writer.bytes();
  const whole = new ByteWriter(8 + head.length + days.reduce((sum, { bytes }) => sum + bytes.length, 0));
  whole.uint32(head.length);
  whole.raw(head);
  whole.uint32(fnv1a(head));
  for (const { bytes } of days) whole.raw(bytes);
  return whole.bytes();
}

/** Throws one Error for bytes that `packHistory` did not write; that each day is whole `unpackDay` finds out. */
export function unpackHistory(bytes: Uint8Array): {
  readonly bins: number;
  readonly days: readonly PackedDay[];
} {
  const whole = new ByteReader(bytes);
  const head = whole.raw(whole.uint32() ?? Number.POSITIVE_INFINITY);
  if (head === undefined || whole.uint32() !== fnv1a(head)) throw damaged();
  const reader = new ByteReader(head);
  if (reader.byte() !== version) throw damaged();
  const bins = reader.byte() ?? 0;
  const count = reader.varint() ?? daysMax + 1;
  if (bins < 1 || bins > binsMax || count > daysMax) throw damaged();
  const days = Array.from({ length: count }, () => {
    const day = reader.double();
    const packed = whole.raw(reader.varint() ?? Number.POSITIVE_INFINITY);
    if (day === undefined || !Number.isInteger(day) || packed === undefined) throw damaged();
    return { day, bytes: packed };
  });
  if (!reader.atEnd() || !whole.atEnd()) throw damaged();
  return { bins, days };
}

/** The bytes before their checksum. */
function checked(bytes: Uint8Array): Uint8Array {
  const body = bytes.subarray(0, Math.max(0, bytes.length - 4));
  if (new ByteReader(bytes.subarray(body.length)).uint32() !== fnv1a(body)) throw damaged();
  return body;
}

function damaged(): Error {
  return new Error('these bytes are no panes of a reference');
}
