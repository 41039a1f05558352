import { createHash } from 'node:crypto';
import type { Counters } from '../../core/pane.ts';
import type { LevelsScale, NumericScale, Scale } from '../../core/scale.ts';
import { countLevel, countNumber, newCounters } from '../../detectors/counters/counters.ts';
import { freezeNumeric } from '../../detectors/counters/freeze.ts';

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** Uniform in [0, 1) from a seed: mulberry32. */
export function uniformFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Standard normal numbers from a seed (Box and Muller). */
export function normalsFrom(seed: number, length: number): Float64Array {
  const uniform = uniformFrom(seed);
  return Float64Array.from({ length }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    return radius * Math.cos(2 * Math.PI * uniform());
  });
}

/** Level k of `levels` with probability proportional to 1 / (k + 1). */
export function levelsFrom(seed: number, length: number, levels: readonly string[]): string[] {
  const uniform = uniformFrom(seed);
  const total = levels.reduce((sum, _, k) => sum + 1 / (k + 1), 0);
  return Array.from({ length }, () => {
    let rest = uniform() * total;
    for (const [k, level] of levels.entries()) {
      rest -= 1 / (k + 1);
      if (rest < 0) return level;
    }
    return levels.at(-1) as string;
  });
}

export function countNumbers(scale: Scale, values: Iterable<number>, weight = 1): Counters {
  const counters = newCounters(scale);
  for (const value of values) countNumber(counters, scale, value, weight);
  return counters;
}

export function countLevels(scale: LevelsScale, levels: Iterable<string>, weight = 1): Counters {
  const counters = newCounters(scale);
  for (const level of levels) countLevel(counters, scale, level, weight);
  return counters;
}

/** A reference of normal numbers, frozen: seed 1. */
export function normalReference(rows: number): { readonly scale: NumericScale; readonly counters: Counters } {
  const sample = normalsFrom(1, rows);
  const scale = freezeNumeric(sample, sha256);
  return { scale, counters: countNumbers(scale, sample) };
}
