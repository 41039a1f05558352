import type { Counters } from '../core/pane.ts';
import type { NumericScale } from '../core/scale.ts';
import { effectiveSize } from '../detectors/counters/counters.ts';
import { groupsOf } from '../detectors/counters/groups.ts';
import { ksDistances, ksPValue } from '../detectors/ks.ts';
import { psiStatistics } from '../detectors/psi.ts';
import { plainKsSorted, plainPsi } from '../test/support/plain-statistics.ts';
import type { KernelAnswer } from './kernel-answer.ts';
import { counted, makeSignals, sampleRows } from './kernel-signals.ts';
import type { Chance } from './payload-records.ts';
import { comparedRounds } from './rounds.ts';

const windowRows = 5_000;
/** Signals whose statistics are compared with those from raw values: comparing takes far longer than judging. */
const compared = 10;
/** Cells only see the distribution function at their edges: D may be too small by what lies in one cell. */
const ksLowMax = 0.02;
/** Raw windows are sorted for so many signals, and the time of all is taken to be in proportion. */
const sortedSignals = 50;
const numbersPerSignal = 4;

interface Made {
  readonly scale: NumericScale;
  readonly sample: readonly number[];
  readonly window: readonly number[];
  readonly reference: Counters;
  readonly current: Counters;
}

/**
 * D, its p, PSI and its p of 1,000 signals, from their counters into one flat array; against sorting each raw window of
 * 5,000 and walking it with its sorted reference. Sentences are in `eval.1000_verdicts_ms`.
 */
export function measureFeatures(rounds: number, chance: Chance): KernelAnswer {
  const made: Made[] = makeSignals(chance).map(({ scale, sample, draw }) => {
    const window = Array.from({ length: windowRows }, draw);
    return { scale, sample, window, reference: counted(scale, sample), current: counted(scale, window) };
  });
  const out = new Float64Array(made.length * numbersPerSignal);
  const evaluate = (): void => {
    for (let i = 0; i < made.length; i++) evaluateInto(made[i] as Made, out, i * numbersPerSignal);
  };
  const { ms, ratios } = comparedRounds(rounds, evaluate, sorter(made));
  const wrong = made.slice(0, compared).findIndex(({ sample, window }, i) => {
    const [d = Number.NaN, , psi = Number.NaN] = out.subarray(i * numbersPerSignal);
    const ksLow = plainKsSorted(sample, window) - d;
    // Where a scale has ties, a decile is not the cells that plain quantiles would cut.
    const isContinuous = new Set(sample).size === sampleRows;
    const psiAgrees = !isContinuous || Math.abs(plainPsi(sample, window) - psi) < 1e-9;
    return !(ksLow > -1e-9 && ksLow < ksLowMax && psiAgrees);
  });
  return {
    unequal: wrong < 0 ? '' : `PSI or KS of signal ${wrong} is not that of the raw values`,
    figures: {
      'eval.1000_features_ms': ms,
      'eval.vs_sort': ratios.map((ratio) => (ratio * made.length) / sortedSignals),
    },
  };
}

function evaluateInto({ scale, reference, current }: Made, out: Float64Array, at: number): void {
  const { d } = ksDistances(reference.counts, current.counts);
  const { psi, pValue } = psiStatistics(groupsOf(scale, reference, current).groups);
  out[at] = d;
  out[at + 1] = ksPValue(d, effectiveSize(current), effectiveSize(reference));
  out[at + 2] = psi;
  out[at + 3] = pValue;
}

/** D and W1 of raw values, as a tool without counters has to: the window sorted, the reference sorted once. */
function sorter(made: readonly Made[]): () => number {
  const raw = made.slice(0, sortedSignals).map(({ sample, window }) => ({
    reference: Float64Array.from(sample).sort(),
    window: Float64Array.from(window),
  }));
  return () => {
    let sum = 0;
    for (const { reference, window } of raw) {
      const sorted = window.slice().sort();
      let i = 0;
      let d = 0;
      for (let j = 0; j < sorted.length; j++) {
        while (i < reference.length && (reference[i] as number) <= (sorted[j] as number)) i++;
        d = Math.max(d, Math.abs(i / reference.length - (j + 1) / sorted.length));
      }
      sum += d;
    }
    return sum;
  };
}
