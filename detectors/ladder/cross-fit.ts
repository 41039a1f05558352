/**
 * How far windows of the reference lie from what its other parts expect of them: the material variance is learned from.
 *
 * A window compared with a reference that holds it looks too calm. So the reference is cut into folds, weeks where there
 * are two or more, else days, and each window is compared with the profile of all other folds. Windows do not overlap and
 * lie within one fold.
 */
import { type Basis, type BasisRoom, newBasisRoom, order, orthonormalBasis } from './basis.ts';
import { pairFreedom, psiOfPairs } from './effect.ts';
import { type Comparison, squaredDeviation } from './max-bin.ts';
import type { ReferencePanes } from './reference-panes.ts';
import {
  type ExpectationRoom,
  expectationOf,
  type HourCounts,
  makeProfile,
  newExpectationRoom,
  type SeasonalProfile,
  type SeasonStage,
} from './seasonal.ts';
import { smoothComponents } from './smooth-test.ts';
import {
  BinFits,
  effectiveWindows,
  fitVariance,
  guardOf,
  shareWander,
  type WindowVariance,
} from './variance.ts';
import { hoursPerWeek } from './window-ring.ts';

const daysPerWeek = 7;
/** Longer references have longer folds. */
const foldsMax = 64;
/** Effective rows below which a window tells little about variance. */
const rowsFewUsual = 200;
/** Panes looked at without a pause: some tens of microseconds. */
const panesPerStep = 128;

/**
 * Work that may be put off between any two of its steps, as it takes longer than an agent may stop for: each `yield` is
 * a pause, what is returned is the result.
 */
export type Steps<Result> = Generator<undefined, Result>;

/** All steps at once. */
export function runAll<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** One window of the reference against the others; its arrays last until the next one. */
export interface ReferenceWindow {
  readonly comparison: Comparison;
  readonly x: number;
  readonly basis: Basis;
}

/** The fold of each pane, and what the folds hold; fewer than two folds allow no comparison. */
export interface Folds {
  readonly of: Uint8Array;
  readonly count: number;
  /** By fold: its own rows, and those of all others. */
  readonly own: readonly HourCounts[];
  readonly others: readonly HourCounts[];
}

/** `ticksOfFold` for other folds than weeks and days. */
export function foldsOf(panes: ReferencePanes, ticksOfFold?: number): Folds {
  const first = panes.ticks[0] ?? 0;
  const span = (panes.ticks.at(-1) ?? 0) + 1 - first;
  const day = panes.dayTicks;
  const week = daysPerWeek * day;
  const ticks = Math.max(ticksOfFold ?? (span >= 2 * week ? week : day), Math.ceil(span / foldsMax));
  // A last part of a week is judged with the week before it: alone it would be a fold of its own.
  const count = Math.max(1, Math.floor(span / ticks));
  const of = Uint8Array.from(panes.ticks, (tick) => Math.min(count - 1, Math.floor((tick - first) / ticks)));
  const sums = Array.from({ length: count }, (_, fold) => sumHours(panes, (i) => of[i] === fold));
  const others = sums.map((_, fold) =>
    effective(
      sumOf(
        sums.filter((__, i) => i !== fold),
        panes.bins,
      ),
    ),
  );
  return { of, count, own: sums.map(effective), others };
}

/** Weights by hour of week and bin, and what Kish's formula needs. */
interface HourSums {
  readonly bins: number;
  readonly counts: Float64Array;
  readonly weights: Float64Array;
  readonly squares: Float64Array;
}

function noHours(bins: number): HourSums {
  return {
    bins,
    counts: new Float64Array(hoursPerWeek * bins),
    weights: new Float64Array(hoursPerWeek),
    squares: new Float64Array(hoursPerWeek),
  };
}

function sumOf(list: readonly HourSums[], bins: number): HourSums {
  const sum = noHours(bins);
  for (const one of list) {
    addTo(sum.counts, one.counts);
    addTo(sum.weights, one.weights);
    addTo(sum.squares, one.squares);
  }
  return sum;
}

function addTo(sums: Float64Array, values: Float64Array): void {
  for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) + (values[i] as number);
}

function sumHours(panes: ReferencePanes, isIn: (pane: number) => boolean): HourSums {
  const sums = noHours(panes.bins);
  const { bins, counts, weights, squares } = sums;
  for (let i = 0; i < panes.ticks.length; i++) {
    if (!isIn(i)) continue;
    const hour = panes.hours[i] as number;
    weights[hour] = (weights[hour] as number) + (panes.weights[i] as number);
    squares[hour] = (squares[hour] as number) + (panes.weightsSquared[i] as number);
    const from = i * bins;
    const to = hour * bins;
    for (let j = 0; j < bins; j++)
      counts[to + j] = (counts[to + j] as number) + (panes.counts[from + j] as number);
  }
  return sums;
}

/** Weights × Σ weight / Σ weight², hour by hour. */
function effective({ bins, counts, weights, squares }: HourSums): HourCounts {
  const scaled = new Float64Array(counts.length);
  const totals = new Float64Array(weights.length);
  for (let hour = 0; hour < weights.length; hour++) {
    const weight = weights[hour] as number;
    const factor = weight > 0 ? weight / (squares[hour] as number) : 0;
    totals[hour] = weight * factor;
    for (let at = hour * bins; at < (hour + 1) * bins; at++) scaled[at] = (counts[at] as number) * factor;
  }
  return { bins, counts: scaled, totals };
}

/** Effective rows by hour of week of the panes that are let in. */
export function hourCountsOf(panes: ReferencePanes, isIn: (pane: number) => boolean): HourCounts {
  return effective(sumHours(panes, isIn));
}

/** For each fold the profile of all others. */
export function profilesOfOthers(folds: Folds, stage: SeasonStage): SeasonalProfile[] {
  return folds.others.map((hours) => makeProfile(stage, hours));
}

/** What windows of one pass share. */
interface PassRoom {
  readonly bins: Float64Array;
  readonly traffic: Float64Array;
  /** By fold. */
  readonly expectations: readonly ExpectationRoom[];
  /** The bases of windows that lie in one season: all of them expect the same. */
  readonly known: Map<number, Basis>;
  readonly basis: BasisRoom;
}

/** The windows of a length that have rows enough, oldest first; undefined is a pause. */
export function* referenceWindows(
  panes: ReferencePanes,
  folds: Folds,
  others: readonly SeasonalProfile[],
  windowTicks: number,
  rowsFew = rowsFewUsual,
): Generator<ReferenceWindow | undefined, undefined> {
  const first = panes.ticks[0] ?? 0;
  const room: PassRoom = {
    bins: new Float64Array(panes.bins),
    traffic: new Float64Array(hoursPerWeek),
    expectations: others.map((profile) => newExpectationRoom(profile)),
    known: new Map(),
    basis: newBasisRoom(panes.bins),
  };
  let paused = 0;
  for (let from = 0; from < panes.ticks.length; ) {
    const index = windowIndex(panes, from, first, windowTicks);
    let to = from + 1;
    while (to < panes.ticks.length && windowIndex(panes, to, first, windowTicks) === index) to++;
    const fold = folds.of[from] as number;
    if (folds.of[to - 1] === fold) {
      const profile = others[fold];
      const found = profile && windowOf(panes, { from, to, fold, rowsFew }, profile, room);
      if (found !== undefined) yield found;
    }
    if (to - paused >= panesPerStep) {
      paused = to;
      yield undefined;
    }
    from = to;
  }
}

function windowIndex(panes: ReferencePanes, pane: number, first: number, windowTicks: number): number {
  return Math.floor(((panes.ticks[pane] as number) - first) / windowTicks);
}

/** Panes of one fold that make a window, if it has rows enough. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly fold: number;
  readonly rowsFew: number;
}

function windowOf(
  panes: ReferencePanes,
  { from, to, fold, rowsFew }: Stretch,
  profile: SeasonalProfile,
  room: PassRoom,
): ReferenceWindow | undefined {
  let weight = 0;
  let weightSquared = 0;
  for (let i = from; i < to; i++) {
    weight += panes.weights[i] as number;
    weightSquared += panes.weightsSquared[i] as number;
  }
  const n = weightSquared > 0 ? (weight * weight) / weightSquared : 0;
  if (n < rowsFew) return undefined;
  const { bins, traffic, known } = room;
  sumBins(panes, from, to, n / weight, bins);
  sumTraffic(panes, from, to, traffic);
  const expectation = expectationOf(profile, traffic, room.expectations[fold]);
  if (expectation === undefined || !Number.isFinite(expectation.inverseM)) return undefined;
  const { expected, inverseM, season } = expectation;
  const key = fold * hoursPerWeek + season;
  let basis = season < 0 ? orthonormalBasis(expected, room.basis) : known.get(key);
  if (basis === undefined) {
    basis = orthonormalBasis(expected);
    known.set(key, basis);
  }
  return { comparison: { bins, n, expected, m: 1 / inverseM }, x: 1 / n + inverseM, basis };
}

function sumBins(panes: ReferencePanes, from: number, to: number, factor: number, bins: Float64Array): void {
  const size = panes.bins;
  bins.fill(0);
  for (let i = from; i < to; i++) {
    const at = i * size;
    for (let j = 0; j < size; j++) bins[j] = (bins[j] as number) + (panes.counts[at + j] as number);
  }
  for (let j = 0; j < size; j++) bins[j] = (bins[j] as number) * factor;
}

/** Only shares of traffic are read: weights do as well as effective rows. */
function sumTraffic(panes: ReferencePanes, from: number, to: number, hours: Float64Array): void {
  hours.fill(0);
  for (let i = from; i < to; i++) {
    const hour = panes.hours[i] as number;
    hours[hour] = (hours[hour] as number) + (panes.weights[i] as number);
  }
}

/** Variance of windows of one length; undefined where there are fewer than `windowsMin` of them. */
export function* learnVariance(
  windows: Iterable<ReferenceWindow | undefined>,
  bins: number,
  windowsMin: number,
): Steps<WindowVariance | undefined> {
  const x: number[] = [];
  const z: number[][] = Array.from({ length: order }, () => []);
  const smooth: number[][] = Array.from({ length: order }, () => []);
  const binned: number[][] = Array.from({ length: bins }, () => []);
  const psi: number[] = [];
  for (const window of windows) {
    if (window === undefined) {
      yield;
      continue;
    }
    const { bins: counts, n, expected } = window.comparison;
    x.push(window.x);
    smoothComponents(counts, n, expected, window.basis, window.x).forEach((one, k) => {
      z[k]?.push(one);
      smooth[k]?.push(one * one * window.x);
    });
    for (let j = 0; j < bins; j++) binned[j]?.push(squaredDeviation(window.comparison, j));
    psi.push(psiOfPairs(window.comparison) / pairFreedom(bins));
  }
  if (x.length < windowsMin) return undefined;
  yield;
  const fits = smooth.map((y) => fitVariance(y, x));
  const psiFit = fitVariance(psi, x);
  const nu = Math.min(...z.map((series) => effectiveWindows(series).nu));
  const phiMax = Math.max(psiFit.phi, ...fits.map((fit) => fit.phi));
  return {
    smooth: shareWander(fits),
    bins: new BinFits(binned.map((y) => fitVariance(y, x))),
    psi: psiFit,
    nu,
    guard: guardOf(phiMax, nu),
    phiMax,
    clustering: phiMax,
    windows: x.length,
  };
}

/** Mean of T / 4: 1 for independent rows and the right season; more for what the profile leaves unexplained. */
export function* meanInflation(
  windows: Iterable<ReferenceWindow | undefined>,
): Steps<{ mean: number; windows: number }> {
  let sum = 0;
  let count = 0;
  for (const window of windows) {
    if (window === undefined) {
      yield;
      continue;
    }
    const { comparison, x, basis } = window;
    const z = smoothComponents(comparison.bins, comparison.n, comparison.expected, basis, x);
    sum += z.reduce((total, one) => total + one * one, 0) / order;
    count++;
  }
  return { mean: count === 0 ? Number.NaN : sum / count, windows: count };
}
