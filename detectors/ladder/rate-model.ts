/**
 * What is expected of a rate (missing, malformed, unseen, failed rows), and how much windows of each length vary about it.
 *
 * The reference is cut into windows of whole hours, each compared with all other days (weeks, where there are two): y = d² /
 * (π(1 − π)), x = 1/n + 1/m, fitted as phi + tau²/x (variance.ts). Hours of the day are not told apart: a season in a rate is
 * taken as wander.
 *
 * 1. A length with fewer than 28 windows of 200 rows takes the fit of the next shorter one; windows under an hour take that of
 *    an hour.
 * 2. Where no length has 28, as with a batch a day, the shortest with most windows tells what it can, with as many degrees of
 *    freedom as it has windows, less one: such a rate must move far before that is surely more than days differ.
 * 3. Where 100 windows and more do not surely vary more than independent rows would (three standard errors of the mean of y/x)
 *    the exact tail alone is judged; else the uncertainty of the fit counts as well. No length counts as calmer than a shorter
 *    one, and one too long to be learned from is no surer than the windows of it that the reference holds allow.
 *
 * Simulated over 200 signals and a month (1 false alarm asked; references of 14 days; 20 rows a tick, 2 % of them): without 3,
 * a rate that wanders by 30 % with a memory of 6 h gave 42; with it 0 to 2, and 0 for one that wanders by 15 % with 48 h.
 */
import type { RateKind } from '../detector.ts';
import { type LadderTicks, ladderTicks } from './alpha-ladder.ts';
import { type RateHour, rateBins, rateColumns } from './rate-hours.ts';
import type { Certainty } from './smooth-test.ts';
import {
  effectiveWindows,
  fitVariance,
  guardOf,
  nuUnlearned,
  plainFit,
  type VarianceFit,
  windowsFew,
} from './variance.ts';

const rowsFew = 200;
const hoursPerDay = 24;
const hoursPerWeek = 168;
/** Window lengths it is learned from, in hours. */
const learnedHours = [1, 4, 12, 24] as const;
const ticksPerHour = 12;
/** So many windows that show no wander have none worth the name; of fewer it may have been luck. */
const windowsMany = 100;
const nuLeast = 2;
/** Fewer windows than this tell nothing about how they vary. */
const windowsLeast = 4;

export interface RateVariance {
  readonly fit: VarianceFit;
  /** Absent: the exact tail is enough. */
  readonly certainty: Certainty | null;
  readonly windows: number;
}

/** Plain JSON. */
export interface RateModel {
  /** Effective rows that count, and all of them. */
  readonly events: number;
  readonly n: number;
  /** By place in `ladderTicks`. */
  readonly variance: readonly RateVariance[];
}

/** Which columns of a row count, and which are all rows. Unseen levels and errors are a share of the rows with a value. */
export function eventsOf(
  bins: ArrayLike<number>,
  kind: RateKind,
): { readonly k: number; readonly n: number } {
  const at = (column: number) => bins[column] ?? 0;
  const seen = at(rateColumns.plain) + at(rateColumns.unseen);
  switch (kind) {
    case 'unseen':
    case 'error':
      return { k: at(rateColumns.unseen), n: seen };
    case 'missing':
    case 'malformed': {
      const all = seen + at(rateColumns.missing) + at(rateColumns.malformed);
      return { k: at(rateColumns[kind]), n: all };
    }
  }
}

export function buildRateModel(hours: readonly RateHour[], kind: RateKind): RateModel {
  const whole = sumOf(hours, kind);
  const folds = foldsOf(hours, kind);
  const learned = learnedHours.map((length) => windowsOf(hours, kind, length, folds));
  const span = hours.length === 0 ? 0 : (hours.at(-1)?.hour ?? 0) + 1 - (hours[0]?.hour ?? 0);
  let shorter: RateVariance | undefined;
  const enough = learned.map((windows) => {
    if (windows.length < windowsFew) return undefined;
    shorter = learn(windows, shorter);
    return shorter;
  });
  const first = enough.find((one) => one !== undefined) ?? learnFromFew(learned);
  const variance = ladderTicks.map((ticks): RateVariance => {
    const place = learnedHours.findLastIndex((hour) => hour * ticksPerHour <= ticks);
    const known = enough.slice(0, place + 1).findLast((one) => one !== undefined) ?? first;
    const isOwn =
      ticks <= ticksPerHour || enough[learnedHours.findIndex((hour) => hour * ticksPerHour === ticks)];
    return isOwn ? known : extended(known, (span * ticksPerHour) / ticks);
  });
  return { events: whole.k, n: whole.n, variance };
}

export function varianceAt(model: RateModel, ticks: LadderTicks): RateVariance {
  return model.variance[ladderTicks.indexOf(ticks)] ?? unlearned;
}

const unlearned: RateVariance = {
  fit: plainFit,
  certainty: { nu: nuUnlearned, guard: guardOf(1, nuUnlearned) },
  windows: 0,
};

interface Share {
  readonly k: number;
  readonly n: number;
}

/** Effective events and rows of some hours. */
function sumOf(hours: readonly RateHour[], kind: RateKind): Share {
  const bins = new Float64Array(rateBins);
  let squares = 0;
  for (const hour of hours) {
    for (let bin = 0; bin < rateBins; bin++) bins[bin] = (bins[bin] as number) + (hour.bins[bin] as number);
    squares += hour.weightSquared;
  }
  const weight = bins.reduce((sum, one) => sum + one, 0);
  const worth = squares > 0 ? weight / squares : 0;
  const { k, n } = eventsOf(bins, kind);
  return { k: k * worth, n: n * worth };
}

interface Folds {
  foldOf(hour: number): number;
  /** Of all other folds. */
  readonly others: ReadonlyMap<number, Share>;
}

function foldsOf(hours: readonly RateHour[], kind: RateKind): Folds {
  const first = hours[0]?.hour ?? 0;
  const span = (hours.at(-1)?.hour ?? first) + 1 - first;
  const length = span >= 2 * hoursPerWeek ? hoursPerWeek : hoursPerDay;
  const count = Math.max(1, Math.floor(span / length));
  const foldOf = (hour: number) => Math.min(count - 1, Math.floor((hour - first) / length));
  const others = new Map<number, Share>();
  for (let fold = 0; fold < count; fold++) {
    others.set(
      fold,
      sumOf(
        hours.filter(({ hour }) => foldOf(hour) !== fold),
        kind,
      ),
    );
  }
  return { foldOf, others };
}

interface RateWindow {
  readonly y: number;
  readonly x: number;
  readonly z: number;
  /** Events expected in it. */
  readonly expected: number;
}

function windowsOf(
  hours: readonly RateHour[],
  kind: RateKind,
  length: number,
  { foldOf, others }: Folds,
): RateWindow[] {
  const first = hours[0]?.hour ?? 0;
  const byWindow = new Map<number, RateHour[]>();
  for (const one of hours) {
    const index = Math.floor((one.hour - first) / length);
    byWindow.set(index, [...(byWindow.get(index) ?? []), one]);
  }
  const windows: RateWindow[] = [];
  for (const parts of byWindow.values()) {
    const own = sumOf(parts, kind);
    const rest = others.get(foldOf((parts[0] as RateHour).hour));
    if (rest === undefined || own.n < rowsFew || !(rest.n > 0)) continue;
    const pooled = (own.k + rest.k) / (own.n + rest.n);
    const spread = pooled * (1 - pooled);
    const x = 1 / own.n + 1 / rest.n;
    const moved = own.k / own.n - rest.k / rest.n;
    const z = spread > 0 ? moved / Math.sqrt(spread * x) : 0;
    windows.push({ y: z * z * x, x, z, expected: pooled * own.n });
  }
  return windows;
}

/** For windows longer than those it was learned from: no surer than as many of them as the reference holds allow. */
function extended({ fit, certainty, windows }: RateVariance, held: number): RateVariance {
  if (certainty === null) return { fit, certainty, windows };
  return {
    fit,
    certainty: { ...certainty, nu: Math.min(certainty.nu, Math.max(nuLeast, held - 1)) },
    windows,
  };
}

/** `shorter`: what windows of the next shorter length taught. */
function learn(windows: readonly RateWindow[], shorter: RateVariance | undefined): RateVariance {
  const own = fitVariance(
    windows.map(({ y }) => y),
    windows.map(({ x }) => x),
  );
  const { nu } = effectiveWindows(windows.map(({ z }) => z));
  const mean = windows.reduce((sum, { z }) => sum + z * z, 0) / windows.length;
  const expected = windows.reduce((sum, one) => sum + one.expected, 0) / windows.length;
  // The variance of z² is 2 for a normal z, and 1/(events expected) more for so few of them.
  const error = Math.sqrt((2 + (expected > 0 ? 1 / expected : 0)) / windows.length);
  const isSure = mean > 1 + 3 * error;
  const isCalm = !isSure && windows.length >= windowsMany;
  // Few long windows may be calm by luck where more short ones are not.
  const fit = { ...own, phiOnly: Math.max(own.phiOnly, shorter?.fit.phiOnly ?? 1) };
  const guard = isSure ? guardOf(fit.phi, nu) : 1;
  return { fit, certainty: isCalm ? null : { nu, guard }, windows: windows.length };
}

function learnFromFew(learned: readonly (readonly RateWindow[])[]): RateVariance {
  const most = Math.max(...learned.map(({ length }) => length));
  const windows = learned.find(({ length }) => length === most) ?? [];
  if (windows.length < windowsLeast) return unlearned;
  const nu = windows.length - 1;
  return { ...learn(windows, undefined), certainty: { nu, guard: guardOf(1, nu) } };
}
