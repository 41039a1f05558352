import { createHash } from 'node:crypto';
import type { Counters } from '../core/pane.ts';
import type { NumericScale } from '../core/scale.ts';
import { countNumber, newCounters } from '../detectors/counters/counters.ts';
import { freezeNumeric } from '../detectors/counters/freeze.ts';
import type { Detector } from '../detectors/detector.ts';
import { ks, psi } from '../detectors/registry.ts';
import { plainKs, plainPsi } from '../test/support/plain-statistics.ts';
import type { KernelAnswer } from './kernel-answer.ts';
import { Chance } from './payload-records.ts';
import { measureVerdicts } from './verdicts.ts';
import { answerRequests, cpuMsPerCall } from './worker.ts';

export interface KernelRequest {
  readonly kernel: 'count' | 'features' | 'verdicts' | 'windows' | 'references';
  readonly rounds: number;
  readonly seed: number;
}

/** One value for each round; `unequal` says where a result is wrong, which makes the values worthless. */
const signals = 1_000;
/** Values the edges of a scale are cut from, as the agent takes them from first traffic. */
const sampleRows = 2_000;
const windowRows = 2_000;
const countRows = 512;
const warmUpMs = 300;
const sampleMs = 150;

answerRequests(({ kernel, rounds, seed }: KernelRequest): KernelAnswer | Promise<KernelAnswer> => {
  const chance = new Chance(seed);
  switch (kernel) {
    case 'count':
      return measureCount(rounds, chance);
    case 'features':
      return measureFeatures(rounds, chance);
    case 'verdicts':
      return measureVerdicts(rounds, chance);
    case 'windows':
      return measureWindows(rounds, chance);
    case 'references':
      return measureReferences(rounds, chance);
  }
});

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Ten shapes in turn: normal, lognormal, whole numbers with ties, zero-inflated, uniform, and each of them moved. */
function drawer(chance: Chance, signal: number): () => number {
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

interface Signal {
  readonly scale: NumericScale;
  readonly sample: readonly number[];
  readonly draw: () => number;
}

function makeSignals(chance: Chance): Signal[] {
  return Array.from({ length: signals }, (_, i) => {
    const draw = drawer(chance, i);
    const sample = Array.from({ length: sampleRows }, draw);
    return { scale: freezeNumeric(Float64Array.from(sample), sha256), sample, draw };
  });
}

function counted(scale: NumericScale, values: readonly number[]): Counters {
  const counters = newCounters(scale);
  for (const value of values) countNumber(counters, scale, value, 1);
  return counters;
}

function sampleRounds(rounds: number, work: () => void): number[] {
  cpuMsPerCall(warmUpMs, work);
  return Array.from({ length: rounds }, () => cpuMsPerCall(sampleMs, work));
}

/** Rows of 1,000 numbers, counted in the order in which the agent counts them: row by row. */
function measureCount(rounds: number, chance: Chance): KernelAnswer {
  const made = makeSignals(chance);
  const columns = made.map(({ draw }) => Float64Array.from({ length: countRows }, draw));
  const counters = made.map(({ scale }) => newCounters(scale));
  let calls = 0;
  const countAll = (): void => {
    calls++;
    for (let row = 0; row < countRows; row++) {
      for (let signal = 0; signal < signals; signal++) {
        const { scale } = made[signal] as Signal;
        const value = (columns[signal] as Float64Array)[row] as number;
        countNumber(counters[signal] as Counters, scale, value, 1);
      }
    }
  };
  const values = sampleRounds(rounds, countAll).map((ms) => (ms * 1e6) / (signals * countRows));
  const lost = counters.filter(({ rows }) => rows !== calls * countRows).length;
  return { values, unequal: lost === 0 ? '' : `${lost} signals have not counted every row` };
}

/** Signals whose statistics are compared with those from raw values: comparing takes far longer than judging. */
const compared = 10;
/** Cells only see the distribution function at their edges: D may be too small by what lies in one cell. */
const ksLowMax = 0.02;

/** PSI and KS, each with its p and its sentence, of 1,000 numeric signals. */
function measureFeatures(rounds: number, chance: Chance): KernelAnswer {
  const made = makeSignals(chance).map(({ scale, sample, draw }) => {
    const window = Array.from({ length: windowRows }, draw);
    return {
      scale,
      sample,
      window,
      reference: counted(scale, sample),
      current: counted(scale, window),
    };
  });
  const judges = [psi, ks].map((detector: Detector) => {
    const options = detector.options.parse({});
    return ({ scale, reference, current }: (typeof made)[number]) =>
      detector.judge({ scale, reference, current, options, alpha: 1e-4, signal: 'input.feature' });
  });
  let judged = 0;
  const judgeAll = (): void => {
    for (const signal of made) for (const judge of judges) judged += judge(signal).status === 'ok' ? 1 : 0;
  };
  const values = sampleRounds(rounds, judgeAll);
  const [judgePsi, judgeKs] = judges;
  const wrong = made.slice(0, compared).findIndex((signal) => {
    const ksLow = plainKs(signal.sample, signal.window) - (judgeKs?.(signal).statistic ?? Number.NaN);
    // Where a scale has ties, a decile is not the cells that plain quantiles would cut.
    const isContinuous = new Set(signal.sample).size === sampleRows;
    const psiOff = plainPsi(signal.sample, signal.window) - (judgePsi?.(signal).statistic ?? Number.NaN);
    const psiAgrees = !isContinuous || Math.abs(psiOff) < 1e-9;
    return !(ksLow > -1e-9 && ksLow < ksLowMax && psiAgrees);
  });
  const unequal = wrong < 0 && judged > 0 ? '' : `PSI or KS of signal ${wrong} is not that of the raw values`;
  return { values, unequal };
}

const windowCount = 20_000;
const referenceCount = 1_000;

/** Memory per pane of a numeric signal: the objects that hold it, and their arrays. */
function measureWindows(rounds: number, chance: Chance): KernelAnswer {
  const scale = freezeNumeric(Float64Array.from({ length: sampleRows }, drawer(chance, 0)), sha256);
  return measureBytes(rounds, windowCount, () => counted(scale, [chance.normal()]));
}

/** The same for a scale with the counters of its reference. */
function measureReferences(rounds: number, chance: Chance): KernelAnswer {
  const draw = drawer(chance, 0);
  return measureBytes(rounds, referenceCount, () => {
    const scale = freezeNumeric(Float64Array.from({ length: sampleRows }, draw), sha256);
    return { scale, counters: newCounters(scale) };
  });
}

/** All rounds are kept to the end, so that none fills the holes another one left. */
function measureBytes(rounds: number, count: number, make: () => object): KernelAnswer {
  const kept: object[][] = [Array.from({ length: count }, make)];
  const values = Array.from({ length: rounds }, () => {
    const before = usedBytes();
    kept.push(Array.from({ length: count }, make));
    return (usedBytes() - before) / count;
  });
  return { values, unequal: kept.length === rounds + 1 ? '' : 'windows were lost' };
}

/** Of the heap and of array buffers, after the garbage is gone; what the allocator adds is not in it. */
function usedBytes(): number {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
