/** The days of panes of a reference as one piece of bytes, for the checkpoint; what a day is, is pane-packing.ts's. */
import { ByteReader, ByteWriter, fnv1a } from '../counters/bytes.ts';

export const ticksPerDay = 288;
const binsMax = 64;
const daysMax = 366;
const version = 2;

export interface DayBytes {
  /** Days since the epoch, in ticks. */
  readonly day: number;
  readonly bytes: Uint8Array;
}

/** Version, bins, and the number and length of each day, with a checksum; then the days, each with its own. */
export function packHistory(bins: number, days: readonly DayBytes[]): Uint8Array {
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
  const whole = new ByteWriter(8 + head.length + days.reduce((sum, { bytes }) => sum + bytes.length + 4, 0));
  whole.uint32(head.length);
  whole.raw(head);
  whole.uint32(fnv1a(head));
  for (const { bytes } of days) {
    whole.raw(bytes);
    whole.uint32(fnv1a(bytes));
  }
  return whole.bytes();
}

/** Throws one Error for bytes that `packHistory` did not write; what a day holds `PackedDay` checks. */
export function unpackHistory(bytes: Uint8Array): {
  readonly bins: number;
  readonly days: readonly DayBytes[];
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
    if (whole.uint32() !== fnv1a(packed)) throw damaged();
    return { day, bytes: packed };
  });
  if (!reader.atEnd() || !whole.atEnd()) throw damaged();
  return { bins, days };
}

function damaged(): Error {
  return new Error('these bytes are no panes of a reference');
}
