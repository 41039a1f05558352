import { randomBytes, randomFillSync } from 'node:crypto';
import type { Random } from '../../core/ports.ts';

/** Chance of the operating system, good enough for keys and nonces. */
export function systemRandom(): Random {
  const draw = new Uint32Array(2);
  return {
    next() {
      randomFillSync(draw);
      return toUnit(draw[0] as number, draw[1] as number);
    },
    // A plain copy: a Buffer of this size may share its memory with others.
    bytes: (length) => Uint8Array.from(randomBytes(length)),
  };
}

/** Two words of 32 bits as a number in [0, 1) with 53 random bits: all that a double can hold. */
export function toUnit(high: number, low: number): number {
  return ((high >>> 5) * 67_108_864 + (low >>> 6)) / 9_007_199_254_740_992;
}
