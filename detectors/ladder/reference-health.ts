/** Is a reference fit to be judged against? Facts a person can check before it is frozen, and what to warn about. */
import { ladderTicks } from './alpha-ladder.ts';
import {
  type Folds,
  hourCountsOf,
  learnVariance,
  profilesOfOthers,
  referenceWindows,
  type Steps,
} from './cross-fit.ts';
import { psiOfPairs } from './effect.ts';
import { judgeWindow } from './judge-window.ts';
import type { ReferencePanes } from './reference-panes.ts';
import {
  expectationOf,
  type HourCounts,
  makeProfile,
  type SeasonalProfile,
  type SeasonStage,
} from './seasonal.ts';
import { unlearnedVariance, type WindowVariance, windowsFew } from './variance.ts';
import { hoursPerWeek } from './window-ring.ts';

const hourTicks = 12;
const rowsMin = 10_000;
/** The reference should hold so many windows of an hour. */
const referenceOverWindow = 20;
/** Over all parts of the reference together. */
const alphaOfParts = 1e-3;
const minEffect = 0.01;
const minRows = 200;
const unseenMax = 0.01;

/**
 * `short_for_windows`: fewer than 20 times the rows of an hour. `few_windows`: variance rests on fewer than 28 hours.
 * `unseen`: more than 1 % of the second half lies where the first half had no row.
 */
export type ReferenceWarning =
  | 'few_rows'
  | 'short_for_windows'
  | 'few_windows'
  | 'part_differs'
  | 'halves_differ'
  | 'unseen';

/** One part of the reference against the rest. */
export interface PartFacts {
  /** First tick. */
  readonly fromTick: number;
  /** Null where it has too few rows. */
  readonly p: number | null;
  readonly excess: number;
  readonly differs: boolean;
}

export interface ReferenceHealth {
  readonly fromTick: number;
  /** The first tick after it. */
  readonly toTick: number;
  readonly days: number;
  readonly stage: SeasonStage;
  /** Effective rows. */
  readonly rows: number;
  /** The median of its hours. */
  readonly rowsPerHour: number;
  /** At windows of an hour: so many rows are worth one; standard deviation of the wander; windows; degrees of freedom. */
  readonly phi: number;
  readonly tau: number;
  readonly windows: number;
  readonly nu: number;
  /** Weeks, or days where there are fewer than two weeks, each against all others. */
  readonly parts: readonly PartFacts[];
  readonly secondHalf: PartFacts;
  /** Share of the second half in bins that the first half left empty; absent in records of before. */
  readonly unseen?: number;
  /** Where it moves: the first tick of the part from which on it differs most from what was before. */
  readonly movesFromTick?: number;
  readonly warnings: readonly ReferenceWarning[];
}

export function* checkReference(
  panes: ReferencePanes,
  folds: Folds,
  stage: SeasonStage,
  variance: readonly (WindowVariance | undefined)[],
): Steps<ReferenceHealth> {
  const others = profilesOfOthers(folds, stage);
  const fromTick = panes.ticks[0] ?? 0;
  const toTick = (panes.ticks.at(-1) ?? fromTick - 1) + 1;
  const within = yield* varianceWithin(panes, folds, stage);
  const alpha = alphaOfParts / (folds.count + 1);
  const starts = others.map((_, fold) => panes.ticks[folds.of.indexOf(fold)] ?? fromTick);
  const parts =
    folds.count < 2
      ? []
      : others.map((profile, fold) =>
          partFacts(folds.own[fold] as HourCounts, starts[fold] as number, profile, within, alpha),
        );
  const middle = (fromTick + toTick) / 2;
  const isLate = (i: number) => (panes.ticks[i] as number) >= middle;
  const early = hourCountsOf(panes, (i) => !isLate(i));
  const late = hourCountsOf(panes, isLate);
  const secondHalf = partFacts(late, Math.ceil(middle), makeProfile(stage, early), within, alpha);
  const hours: number[] = [];
  for (const window of referenceWindows(panes, folds, others, hourTicks)) {
    if (window === undefined) yield;
    else hours.push(window.comparison.n);
  }
  const hourly = variance[ladderTicks.indexOf(hourTicks)];
  const facts = {
    fromTick,
    toTick,
    days: (toTick - fromTick) / panes.dayTicks,
    stage,
    rows: totalOf(early) + totalOf(late),
    rowsPerHour: median(hours),
    phi: hourly?.phiMax ?? 1,
    tau: Math.sqrt(Math.max(0, ...(hourly?.smooth ?? []).map((fit) => fit.tau2))),
    windows: hourly?.windows ?? 0,
    nu: hourly?.nu ?? 0,
    parts,
    secondHalf,
    unseen: unseenShare(early, late),
  };
  const moves = secondHalf.differs || parts.some((part) => part.differs);
  const movesFromTick = moves ? changeTick(folds, starts, stage) : undefined;
  return { ...facts, ...(movesFromTick !== undefined && { movesFromTick }), warnings: warningsOf(facts) };
}

/** Of all cuts between two parts the one that divides the reference most: PSI over what chance would make of it. */
function changeTick(folds: Folds, starts: readonly number[], stage: SeasonStage): number | undefined {
  let found: { readonly tick: number; readonly score: number } | undefined;
  for (let cut = 1; cut < folds.count; cut++) {
    const before = addUp(folds.own.slice(0, cut));
    const after = addUp(folds.own.slice(cut));
    const expectation = expectationOf(makeProfile(stage, before), after.totals);
    const n = totalOf(after);
    if (expectation === undefined || !(n > 0) || !(expectation.inverseM > 0)) continue;
    const { expected, inverseM } = expectation;
    const psi = psiOfPairs({ bins: binsOf(after), n, expected, m: 1 / inverseM });
    const score = psi / (1 / n + inverseM);
    if (found === undefined || score > found.score) found = { tick: starts[cut] as number, score };
  }
  return found?.tick;
}

function addUp(parts: readonly HourCounts[]): HourCounts {
  const bins = parts[0]?.bins ?? 1;
  const sum = { bins, counts: new Float64Array(hoursPerWeek * bins), totals: new Float64Array(hoursPerWeek) };
  for (const { counts, totals } of parts) {
    counts.forEach((count, at) => {
      sum.counts[at] = (sum.counts[at] as number) + count;
    });
    totals.forEach((total, hour) => {
      sum.totals[hour] = (sum.totals[hour] as number) + total;
    });
  }
  return sum;
}

function binsOf(hours: HourCounts): Float64Array {
  const bins = new Float64Array(hours.bins);
  hours.counts.forEach((count, at) => {
    bins[at % hours.bins] = (bins[at % hours.bins] as number) + count;
  });
  return bins;
}

/**
 * How windows vary within a week (or day): what the reference moves from one to the next must not excuse itself. A part of
 * its own has each hour of the week once only, so at most the hour of the day is allowed for.
 */
function* varianceWithin(panes: ReferencePanes, folds: Folds, stage: SeasonStage): Steps<WindowVariance> {
  const own = folds.own.map((hours) => makeProfile(stage === 'one' ? 'one' : 'hour_of_day', hours));
  for (const ticks of [144, 48, 12]) {
    const learned = yield* learnVariance(referenceWindows(panes, folds, own, ticks), panes.bins, windowsFew);
    if (learned !== undefined) return learned;
  }
  return unlearnedVariance(panes.bins);
}

function warningsOf(facts: Omit<ReferenceHealth, 'warnings'>): ReferenceWarning[] {
  const warnings: ReferenceWarning[] = [];
  if (facts.rows < rowsMin) warnings.push('few_rows');
  if (facts.rows < referenceOverWindow * facts.rowsPerHour) warnings.push('short_for_windows');
  if (facts.windows < windowsFew) warnings.push('few_windows');
  if (facts.parts.some((part) => part.differs)) warnings.push('part_differs');
  if (facts.secondHalf.differs) warnings.push('halves_differ');
  if ((facts.unseen ?? 0) > unseenMax) warnings.push('unseen');
  return warnings;
}

function partFacts(
  own: HourCounts,
  fromTick: number,
  against: SeasonalProfile,
  variance: WindowVariance | undefined,
  alpha: number,
): PartFacts {
  const bins = binsOf(own);
  const n = totalOf(own);
  const expectation = expectationOf(against, own.totals);
  if (expectation === undefined) return { fromTick, p: null, excess: 0, differs: false };
  const { expected, inverseM } = expectation;
  const found = judgeWindow({
    bins,
    n,
    expected,
    inverseM,
    variance,
    alpha,
    minEffect,
    minRows,
    wantP: true,
  });
  return { fromTick, p: found.p ?? null, excess: found.excess, differs: found.status === 'breach' };
}

function unseenShare(early: HourCounts, late: HourCounts): number {
  const seen = new Uint8Array(early.bins);
  early.counts.forEach((count, at) => {
    if (count > 0) seen[at % early.bins] = 1;
  });
  const isEmpty = seen.every((one) => one === 0);
  const total = totalOf(late);
  if (isEmpty || !(total > 0)) return 0;
  return late.counts.reduce((sum, count, at) => sum + (seen[at % late.bins] === 1 ? 0 : count), 0) / total;
}

function totalOf(hours: HourCounts): number {
  return hours.totals.reduce((sum, one) => sum + one, 0);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
