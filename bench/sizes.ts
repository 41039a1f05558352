import { newCounters } from '../detectors/counters/counters.ts';
import { freezeNumeric } from '../detectors/counters/freeze.ts';
import type { KernelAnswer } from './kernel-answer.ts';
import { counted, drawer, sampleRows, sha256 } from './kernel-signals.ts';
import type { Chance } from './payload-records.ts';

const windowCount = 20_000;
const referenceCount = 1_000;

/** Memory per pane of a numeric signal: the objects that hold it, and their arrays. */
export function measureWindows(rounds: number, chance: Chance): KernelAnswer {
  const scale = freezeNumeric(Float64Array.from({ length: sampleRows }, drawer(chance, 0)), sha256);
  const make = () => counted(scale, [chance.normal()]);
  return measureBytes('memory.bytes_per_window', rounds, windowCount, make);
}

/** The same for a scale with the counters of its reference. */
export function measureReferences(rounds: number, chance: Chance): KernelAnswer {
  const draw = drawer(chance, 0);
  return measureBytes('memory.bytes_per_reference', rounds, referenceCount, () => {
    const scale = freezeNumeric(Float64Array.from({ length: sampleRows }, draw), sha256);
    return { scale, counters: newCounters(scale) };
  });
}

/** All rounds are kept to the end, so that none fills the holes another one left. */
function measureBytes(key: string, rounds: number, count: number, make: () => object): KernelAnswer {
  const kept: object[][] = [Array.from({ length: count }, make)];
  const values = Array.from({ length: rounds }, () => {
    const before = usedBytes();
    kept.push(Array.from({ length: count }, make));
    return (usedBytes() - before) / count;
  });
  const unequal = kept.length === rounds + 1 ? '' : 'windows were lost';
  return { unequal, figures: { [key]: values } };
}

/** Of the heap and of array buffers, after the garbage is gone; what the allocator adds is not in it. */
function usedBytes(): number {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
