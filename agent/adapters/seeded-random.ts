import type { Random } from '../../core/ports.ts';
import { toUnit } from './system-random.ts';

/**
 * Draws thrown away after seeding, as PractRand does: by then every bit of the seed has reached every word.
 */
const warmUpDraws = 15;

/**
 * The same numbers for the same seed, on every machine: for simulations, never for secrets.
 *
 * The generator is sfc32 of Chris Doty-Humphrey's PractRand (128 bits of state: three words of chaos and a
 * counter, so that no cycle is shorter than 2^32), seeded with (0, low word, high word, 1). The seed is a
 * whole number up to 2^53; a fraction is cut off.
 */
export function seededRandom(seed: number): Random {
  let a = 0;
  let b = seed | 0;
  let c = Math.floor(seed / 4_294_967_296) | 0;
  let counter = 1;

  const draw = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < warmUpDraws; i++) draw();

  return {
    next: () => toUnit(draw(), draw()),
    bytes: (length) => Uint8Array.from({ length }, () => draw() >>> 24),
  };
}
