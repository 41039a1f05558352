import { createHash } from 'node:crypto';
import type { Counters } from '../core/pane.ts';
import type { NumericScale } from '../core/scale.ts';
import { countNumber, newCounters } from '../detectors/counters/counters.ts';
import { freezeNumeric } from '../detectors/counters/freeze.ts';
import type { Chance } from './payload-records.ts';

/** Signals of every kernel that is asked about many. */
export const signals = 1_000;
/** Values the edges of a scale are cut from, as the agent takes them from first traffic. */
export const sampleRows = 2_000;

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Ten shapes in turn: normal, lognormal, whole numbers with ties, zero-inflated, uniform, and each of them moved. */
export function drawer(chance: Chance, signal: number): () => number {
  const offset = Math.floor(signal / 5) % 2 === 0 ? 0 : 1_000;
  switch (signal % 5) {
    case 0:
      return () => offset + chance.normal();
    case 1:
      return () => offset + Math.exp(chance.normal());
    case 2:
      return () => offset + chance.whole(0, 99);
    case 3:
      return () => offset + (chance.real(0, 1) < 0.6 ? 0 : chance.normal());
    default:
      return () => chance.real(-offset, offset + 1);
  }
}

export interface Signal {
  readonly scale: NumericScale;
  readonly sample: readonly number[];
  readonly draw: () => number;
}

export function makeSignals(chance: Chance): Signal[] {
  return Array.from({ length: signals }, (_, i) => {
    const draw = drawer(chance, i);
    const sample = Array.from({ length: sampleRows }, draw);
    return { scale: freezeNumeric(Float64Array.from(sample), sha256), sample, draw };
  });
}

export function counted(scale: NumericScale, values: readonly number[]): Counters {
  const counters = newCounters(scale);
  for (const value of values) countNumber(counters, scale, value, 1);
  return counters;
}
