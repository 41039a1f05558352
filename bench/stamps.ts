/**
 * A body that is sent again must not be a duplicate, nor late: the agent would do less with it. So bodies are made with
 * marks, and before each sending the marks are overwritten in place with fresh ids and the time.
 */

/** First half of a trace id. No text holds these bytes, as they are not UTF-8. */
export const traceMarkHex = 'f5c0fffef6c1fffd';
/** Begins a prediction id. */
export const textMark = '~STAMP~~';
const startMarkHex = 'f7c2fffbf8c3fffa';
/** A start time in ns, as OTLP/JSON writes it. */
export const startMark = new DataView(Uint8Array.from(Buffer.from(startMarkHex, 'hex')).buffer)
  .getBigUint64(0, true)
  .toString();

/** The tag of a span's end, which follows its start at once. */
const endTag = 0x41;
const digits = 8;

/** Where the marks of a body lie. */
export interface Marks {
  readonly traces: Int32Array;
  readonly texts: Int32Array;
  readonly starts: Int32Array;
  /** Of spans only: where the end lies, and the duration that was there, in ns under 2^32. */
  readonly ends: Int32Array;
  readonly durations: Uint32Array;
}

export function findMarks(body: Uint8Array): Marks {
  const view = viewOf(body);
  const starts = findAll(body, Buffer.from(startMarkHex, 'hex'));
  const ends = starts.filter((at) => body[at + 8] === endTag).map((at) => at + 9);
  return {
    traces: findAll(body, Buffer.from(traceMarkHex, 'hex')),
    texts: findAll(body, Buffer.from(textMark)),
    starts,
    ends,
    durations: Uint32Array.from(ends, (at) => view.getUint32(at, true)),
  };
}

function findAll(body: Uint8Array, mark: Buffer): Int32Array {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const found: number[] = [];
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + mark.length)) found.push(at);
  return Int32Array.from(found);
}

/** `turn` is new for each sending; `atMs` is when all spans of the body began. */
export function stamp(body: Uint8Array, marks: Marks, turn: number, atMs: number): void {
  const view = viewOf(body);
  for (const at of marks.traces) {
    view.setUint32(at, 0x6b656467);
    view.setUint32(at + 4, turn);
  }
  const text = Buffer.from(turn.toString(16).padStart(digits, '0'));
  for (const at of marks.texts) body.set(text, at);
  const start = BigInt(Math.floor(atMs)) * 1_000_000n;
  for (const at of marks.starts) view.setBigUint64(at, start, true);
  const high = Number(start >> 32n);
  const low = Number(start & 0xffff_ffffn);
  for (let i = 0; i < marks.ends.length; i++) {
    const at = marks.ends[i] as number;
    const end = low + (marks.durations[i] as number);
    view.setUint32(at, end >>> 0, true);
    view.setUint32(at + 4, end > 0xffff_ffff ? high + 1 : high, true);
  }
}

function viewOf(body: Uint8Array): DataView {
  return new DataView(body.buffer, body.byteOffset, body.byteLength);
}
