/**
 * Sorts many doubles by their bits, eleven at a time from the lowest: six walks over the values whatever their order, some
 * four times faster than comparing them.
 *
 * As whole numbers, the bits of positive doubles rise with the number and those of negative ones fall. With the sign turned
 * for the first and all bits turned for the others they rise throughout, −0 before 0. Sorted words are then turned back.
 *
 * Source: LSD radix sort, Knuth, The Art of Computer Programming 3, §5.2.5; the turned bits as in M. Herf (2001).
 */

/** Below this comparing is as fast. */
const valuesFew = 1_024;
const digitBits = 11;
const digits = 6;
const buckets = 1 << digitBits;
const digitMask = buckets - 1;
const sign = 0x8000_0000;

/** Where the two halves of a double lie. */
const lowFirst = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
const low = lowFirst ? 0 : 1;
const high = 1 - low;

/** Sorts in place, rising; returns what it was given. No NaN. */
export function sortNumbers(values: Float64Array): Float64Array {
  if (values.length < valuesFew) return values.sort();
  let from: Uint32Array = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  const own = from;
  const counts = turnAndCount(from);
  let to: Uint32Array = new Uint32Array(from.length);
  for (let digit = 0; digit < digits; digit++) {
    const starts = counts.subarray(digit * buckets, (digit + 1) * buckets);
    if (!startsOf(starts, values.length)) continue;
    moveBy(digit, from, to, starts);
    [from, to] = [to, from];
  }
  if (from !== own) own.set(from);
  turnBack(own);
  return values;
}

function turnBack(words: Uint32Array): void {
  for (let i = 0; i < words.length; i += 2) {
    const upper = words[i + high] as number;
    if (upper < sign) {
      words[i + high] = ~upper;
      words[i + low] = ~(words[i + low] as number);
    } else words[i + high] = upper ^ sign;
  }
}

/** How often each digit occurs: the lower half has digits of 11, 11 and 10 bits, and so has the upper one. */
function turnAndCount(words: Uint32Array): Uint32Array {
  const counts = new Uint32Array(digits * buckets);
  for (let i = 0; i < words.length; i += 2) {
    let lower = words[i + low] as number;
    let upper = words[i + high] as number;
    if (upper >= sign) {
      upper = ~upper >>> 0;
      lower = ~lower >>> 0;
      words[i + low] = lower;
    } else upper = (upper ^ sign) >>> 0;
    words[i + high] = upper;
    const a = lower & digitMask;
    const b = buckets + ((lower >>> digitBits) & digitMask);
    const c = 2 * buckets + (lower >>> (2 * digitBits));
    const d = 3 * buckets + (upper & digitMask);
    const e = 4 * buckets + ((upper >>> digitBits) & digitMask);
    const f = 5 * buckets + (upper >>> (2 * digitBits));
    counts[a] = (counts[a] as number) + 1;
    counts[b] = (counts[b] as number) + 1;
    counts[c] = (counts[c] as number) + 1;
    counts[d] = (counts[d] as number) + 1;
    counts[e] = (counts[e] as number) + 1;
    counts[f] = (counts[f] as number) + 1;
  }
  return counts;
}

/** From how many have a digit to where they begin; `false` where all have the same one. */
function startsOf(counts: Uint32Array, size: number): boolean {
  let start = 0;
  for (let bucket = 0; bucket < buckets; bucket++) {
    const count = counts[bucket] as number;
    if (count === size) return false;
    counts[bucket] = start;
    start += count;
  }
  return true;
}

function moveBy(digit: number, from: Uint32Array, to: Uint32Array, starts: Uint32Array): void {
  const half = digit < 3 ? low : high;
  const shift = (digit % 3) * digitBits;
  for (let i = 0; i < from.length; i += 2) {
    const bucket = ((from[i + half] as number) >>> shift) & digitMask;
    const place = starts[bucket] as number;
    starts[bucket] = place + 1;
    to[2 * place] = from[i] as number;
    to[2 * place + 1] = from[i + 1] as number;
  }
}
