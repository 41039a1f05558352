import type { Counters } from '../../core/pane.ts';
import type { Finding, Verdict } from '../../core/verdict.ts';
import { type ScaleJson, scaleFromJson } from '../../detectors/counters/freeze.ts';
import type { Detector } from '../../detectors/detector.ts';
import { judgeLevels } from '../../detectors/ladder/judge-levels.ts';
import { judgeSmall } from '../../detectors/ladder/judge-small.ts';
import { judgeWindow } from '../../detectors/ladder/judge-window.ts';
import { loadVariance, type StoredVariance } from '../../detectors/ladder/reference-model.ts';

/** How an alpha follows from what the user asked for. */
export type AlphaOrigin =
  | {
      readonly kind: 'ladder';
      readonly falseAlarms: number;
      readonly perMs: number;
      readonly family: string;
      /** Share of the budget that this family of signals gets. */
      readonly share: number;
      readonly signals: number;
      readonly windowLengths: number;
      /** Looks in 8,640 panes at a window of this length. */
      readonly looks: number;
      readonly windowMs: number;
      /** 0.1 where the reference does not say how windows vary. */
      readonly caution: number;
      /** What the looks are counted in: 8,640 panes, 30 days of the usual ones. */
      readonly monthMs: number;
    }
  | {
      readonly kind: 'window';
      readonly falseAlarms: number;
      readonly perMs: number;
      readonly signals: number;
      readonly hopMs: number;
      readonly windowMs: number;
      /** Breaches in a row that make an alarm. */
      readonly confirmations: number;
    };

/** Everything a verdict was computed from, as plain JSON: enough to compute it again, anywhere. */
export type Replay = LadderReplay | DetectorReplay;

interface LadderReplay {
  readonly kind: 'ladder';
  readonly binning: 'ordered' | 'levels';
  /** Effective rows by bin, and the shares expected of them. */
  readonly bins: readonly number[];
  readonly n: number;
  readonly expected: readonly number[];
  readonly inverseM: number;
  readonly variance: StoredVariance | null;
  readonly alpha: number;
  readonly minEffect: number;
  readonly minRows: number;
  /** Of a window that is judged even where it is thin: so many rows were worth one. */
  readonly clustering: number | null;
}

interface DetectorReplay {
  readonly kind: 'detector';
  readonly detector: string;
  readonly options: unknown;
  readonly scale: ScaleJson;
  readonly current: CountersJson;
  readonly reference: CountersJson | null;
  readonly alpha: number;
  readonly signal: string;
  /** What a sequential detector was handed, as JSON. */
  readonly state: unknown;
}

export interface Repeatable {
  readonly replay: Replay;
  readonly alphaOrigin: AlphaOrigin;
}

/** Cells with rows as [cell, count]; JSON has no Infinity, so that min and max may be null. */
interface CountersJson extends Omit<Counters, 'counts' | 'min' | 'max'> {
  readonly cells: number;
  readonly counts: readonly (readonly [number, number])[];
  readonly min: number | null;
  readonly max: number | null;
}

/**
 * What each verdict of this tick was made from, handed from the judge to the book of verdicts beside them: writing it down
 * costs more than the verdict, and most verdicts are not kept. It is forgotten with the verdict.
 */
export class Replays {
  readonly #made = new WeakMap<Verdict, () => Repeatable | undefined>();

  note(verdict: Verdict, make: () => Repeatable | undefined): Verdict {
    this.#made.set(verdict, make);
    return verdict;
  }

  of(verdict: Verdict): Repeatable | undefined {
    return this.#made.get(verdict)?.();
  }
}

/** The numbers that a repeat must reproduce, bit for bit. */
export type RepeatedNumbers = Pick<Finding, 'statistic' | 'effect' | 'threshold' | 'pValue'>;

/** Computes a verdict's numbers again. Throws an Error where what was stored is not what was written. */
export function repeat(replay: Replay, detectors: ReadonlyMap<string, Detector>): RepeatedNumbers {
  return replay.kind === 'ladder' ? repeatOnLadder(replay) : repeatDetector(replay, detectors);
}

function repeatOnLadder(replay: LadderReplay): RepeatedNumbers {
  const { n, inverseM, alpha, minEffect, minRows } = replay;
  const input = {
    bins: Float64Array.from(replay.bins),
    n,
    expected: Float64Array.from(replay.expected),
    inverseM,
    variance: replay.variance === null ? undefined : loadVariance(replay.variance),
    alpha,
    minEffect,
    minRows,
  };
  const usual = replay.binning === 'ordered' ? judgeWindow({ ...input, wantP: true }) : judgeLevels(input);
  const isThin = usual.status === 'inconclusive' && replay.clustering !== null;
  const found = isThin ? judgeSmall(input, replay.binning, replay.clustering) : usual;
  return {
    statistic: found.psi,
    effect: found.excess,
    threshold: found.psi - found.excess + minEffect,
    ...(found.p === undefined ? {} : { pValue: found.p }),
  };
}

function repeatDetector(replay: DetectorReplay, detectors: ReadonlyMap<string, Detector>): RepeatedNumbers {
  const detector = detectors.get(replay.detector);
  if (detector === undefined) throw new Error(`this Kedge has no detector ${replay.detector}`);
  const { options, alpha, signal, state } = replay;
  return detector.judge({
    scale: scaleFromJson(replay.scale),
    current: countersFromJson(replay.current),
    reference: replay.reference === null ? undefined : countersFromJson(replay.reference),
    options: options as never,
    alpha,
    signal,
    ...(state === undefined || state === null ? {} : { state }),
  });
}

export function countersToJson({ counts, min, max, ...rest }: Counters): CountersJson {
  const held = [...counts.keys()].filter((cell) => counts[cell] !== 0);
  return {
    ...rest,
    cells: counts.length,
    counts: held.map((cell) => [cell, counts[cell] as number] as const),
    min: Number.isFinite(min) ? min : null,
    max: Number.isFinite(max) ? max : null,
  };
}

function countersFromJson({ cells, counts, min, max, ...rest }: CountersJson): Counters {
  const all = new Float64Array(cells);
  for (const [cell, count] of counts) all[cell] = count;
  return {
    ...rest,
    counts: all,
    min: min ?? Number.POSITIVE_INFINITY,
    max: max ?? Number.NEGATIVE_INFINITY,
  };
}
