/**
 * The panes of one day side by side, and as bytes: for the checkpoint, and to hold days that are over in a quarter of the
 * memory.
 *
 * Layout of a day (little-endian): number of panes with rows varint · for each: distance to the one before varint, hour u8,
 * whole u8, weight, Σ weight², and one count per bin. With whole = 1 all of them are varints, else doubles.
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
  const held = Array.from(day.weights.keys()).filter((at) => (day.weights[at] as number) > 0);
  const writer = new ByteWriter(16 + held.length * (bins + 8));
  writer.varint(held.length);
  let last = 0;
  for (const at of held) {
    writer.varint(at - last);
    last = at;
    writer.byte(day.hours[at] as number);
    const numbers = [
      day.weights[at] as number,
      day.weightsSquared[at] as number,
      ...day.counts.subarray(at * bins, (at + 1) * bins),
    ];
    const whole = numbers.every((one) => Number.isSafeInteger(one) && one >= 0);
    writer.byte(whole ? 1 : 0);
    for (const one of numbers) {
      if (whole) writer.varint(one);
      else writer.double(one);
    }
  }
  return writer.bytes();
}

/** Throws one Error for bytes that `packDay` did not write. */
export function unpackDay(bytes: Uint8Array, bins: number): DayPanes {
  const reader = new ByteReader(bytes);
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

/** Version, bins, and each day with its length; a checksum at the end. */
export function packHistory(bins: number, days: readonly PackedDay[]): Uint8Array {
  const size = days.reduce((sum, { bytes }) => sum + bytes.length + 16, 16);
  const writer = new ByteWriter(size);
  writer.byte(version);
  writer.byte(bins);
  writer.varint(days.length);
  for (const { day, bytes } of days) {
    // Panes of a second make days of minutes, and panes of a day make years: the number is whole and may be negative.
    writer.double(day);
    writer.varint(bytes.length);
    writer.raw(bytes);
  }
  const body = writer.bytes();
  writer.uint32(fnv1a(body));
  return writer.bytes();
}

/** Throws one Error for bytes that `packHistory` did not write. */
export function unpackHistory(bytes: Uint8Array): {
  readonly bins: number;
  readonly days: readonly PackedDay[];
} {
  const body = bytes.subarray(0, Math.max(0, bytes.length - 4));
  if (new ByteReader(bytes.subarray(body.length)).uint32() !== fnv1a(body)) throw damaged();
  const reader = new ByteReader(body);
  if (reader.byte() !== version) throw damaged();
  const bins = reader.byte() ?? 0;
  const count = reader.varint() ?? daysMax + 1;
  if (bins < 1 || bins > binsMax || count > daysMax) throw damaged();
  const days = Array.from({ length: count }, () => {
    const day = reader.double();
    const packed = reader.raw(reader.varint() ?? Number.POSITIVE_INFINITY);
    if (day === undefined || !Number.isInteger(day) || packed === undefined) throw damaged();
    return { day, bytes: packed };
  });
  if (!reader.atEnd()) throw damaged();
  return { bins, days };
}

function damaged(): Error {
  return new Error('these bytes are no panes of a reference');
}
