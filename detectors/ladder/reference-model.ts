/**
 * A reference as the default rule reads it: what is expected at each hour, and how much windows of each length vary.
 *
 * Made once when a reference is frozen. By its age: less than a day, or counts without times, one profile and a tenth of
 * the alpha, as nothing is known about how it varies; up to 14 days, the hour of the day; from 14 days, the hour of the
 * week. Of the stages allowed the simplest is taken that leaves no more unexplained than the best, to within a tenth.
 */

import { ladderTicks } from './alpha-ladder.ts';
import {
  type Folds,
  foldsOf,
  hourCountsOf,
  learnVariance,
  meanInflation,
  profilesOfOthers,
  referenceWindows,
  runAll,
  type Steps,
} from './cross-fit.ts';
import { checkReference, type ReferenceHealth } from './reference-health.ts';
import type { ReferencePanes } from './reference-panes.ts';
import {
  type HourCounts,
  makeProfile,
  type SeasonalProfile,
  type SeasonStage,
  seasonStages,
} from './seasonal.ts';
import {
  BinFits,
  clusteringOf,
  unlearnedVariance,
  type VarianceFit,
  type WindowVariance,
  windowsFew,
} from './variance.ts';
import { hoursPerWeek } from './window-ring.ts';

const hourOfWeekDays = 14;
/** A reference learned for 14 days may lack its first minutes: an hour of a day. */
const slackOfDay = 1 / 24;
/** Window lengths at which stages are compared, the first that has windows enough. */
const stageTicks = [12, 48, 144] as const;
const stageSlack = 1.1;
const unknownAlphaFactor = 0.1;

export interface ReferenceModel {
  readonly bins: number;
  readonly profile: SeasonalProfile;
  /** What the profile was made from; kept for storing. */
  readonly hours: HourCounts;
  /** By place in `ladderTicks`; undefined: rows are taken as independent. */
  readonly variance: readonly (WindowVariance | undefined)[];
  /** What alpha is multiplied with: 0.1 where variance could not be learned. */
  readonly alphaFactor: number;
  /** Absent for counts without times. */
  readonly health: ReferenceHealth | undefined;
  /** The least effect that may alarm, where that of a rule is too fine for what is known; absent: none. */
  readonly effectFloor?: number | undefined;
}

/** From the panes of a learned reference, in rising order. */
export function buildReferenceModel(panes: ReferencePanes): ReferenceModel {
  return runAll(referenceModelSteps(panes));
}

/** The same a little at a time: with four weeks of panes it takes some 20 ms in all. */
export function* referenceModelSteps(panes: ReferencePanes): Steps<ReferenceModel> {
  const { bins } = panes;
  const hours = hourCountsOf(panes, () => true);
  const span = panes.ticks.length === 0 ? 0 : (panes.ticks.at(-1) as number) + 1 - (panes.ticks[0] as number);
  const days = span / panes.dayTicks + slackOfDay;
  if (days < 1) return modelOfHours(hours);
  const folds = foldsOf(panes);
  yield;
  const stage = yield* chooseStage(panes, folds, stagesOfAge(days));
  const profile = makeProfile(stage, hours);
  const variance =
    folds.count < 2 ? ladderTicks.map(() => unlearnedVariance(bins)) : yield* learnAll(panes, folds, stage);
  const health = yield* checkReference(panes, folds, stage, variance);
  return { bins, profile, hours, variance, alphaFactor: 1, health };
}

/** From counts without times, such as a file: one profile, independent rows, a tenth of alpha. */
export function modelOfCounts(
  counts: ArrayLike<number>,
  weight: number,
  weightSquared: number,
): ReferenceModel {
  const bins = counts.length;
  const factor = weightSquared > 0 ? weight / weightSquared : 0;
  const all = new Float64Array(hoursPerWeek * bins);
  const totals = new Float64Array(hoursPerWeek);
  for (let j = 0; j < bins; j++) all[j] = (counts[j] as number) * factor;
  totals[0] = weight * factor;
  return modelOfHours({ bins, counts: all, totals });
}

function modelOfHours(hours: HourCounts): ReferenceModel {
  return {
    bins: hours.bins,
    profile: makeProfile('one', hours),
    hours,
    variance: ladderTicks.map(() => undefined),
    alphaFactor: unknownAlphaFactor,
    health: undefined,
  };
}

function stagesOfAge(days: number): readonly SeasonStage[] {
  return days >= hourOfWeekDays ? seasonStages : seasonStages.slice(0, 2);
}

/** Where it cannot be tried out, the richest stage: a season missed costs more than rows spread thin. */
function* chooseStage(
  panes: ReferencePanes,
  folds: Folds,
  allowed: readonly SeasonStage[],
): Steps<SeasonStage> {
  const richest = allowed.at(-1) ?? 'one';
  if (folds.count < 2) return richest;
  for (const ticks of stageTicks) {
    const tried: { stage: SeasonStage; mean: number; windows: number }[] = [];
    for (const stage of allowed) {
      const others = profilesOfOthers(folds, stage);
      yield;
      const found = yield* meanInflation(referenceWindows(panes, folds, others, ticks));
      tried.push({ stage, ...found });
    }
    if (tried.some((one) => one.windows < windowsFew)) continue;
    // Below 1 is no better than 1: thin hours borrow from others, and are surer than their own rows say.
    const best = Math.max(1, Math.min(...tried.map((one) => one.mean)));
    return tried.find((one) => one.mean <= best * stageSlack)?.stage ?? richest;
  }
  return richest;
}

/**
 * A length with too few windows takes all values of the next shorter one, and where there is none, of the shortest that
 * has enough: its windows have too few rows as a rule, but in a burst they are looked at.
 */
export function* learnAll(
  panes: ReferencePanes,
  folds: Folds,
  stage: SeasonStage,
  { rows, windows: windowsNeeded }: { readonly rows?: number; readonly windows: number } = {
    windows: windowsFew,
  },
): Steps<WindowVariance[]> {
  const others = profilesOfOthers(folds, stage);
  const learned: (WindowVariance | undefined)[] = [];
  for (const ticks of ladderTicks) {
    yield;
    const windows = referenceWindows(panes, folds, others, ticks, rows);
    learned.push(yield* learnVariance(windows, panes.bins, windowsNeeded));
  }
  const shortest = learned.find((one) => one !== undefined) ?? unlearnedVariance(panes.bins);
  const clustering = clusteringOf(shortest);
  let last = shortest;
  return learned.map((one) => {
    last = one ?? last;
    return { ...last, clustering: Math.max(clustering, last.phiMax) };
  });
}

/** Of a window length, as plain JSON. */
export type StoredVariance = Omit<WindowVariance, 'bins'> & { readonly bins: readonly VarianceFit[] };

/** A model as plain JSON. */
export interface ReferenceModelJson {
  readonly format: 1;
  readonly bins: number;
  readonly stage: SeasonStage;
  /** Hours with rows: hour, effective rows, effective rows by bin. */
  readonly hours: readonly (readonly [hour: number, rows: number, counts: readonly number[]])[];
  readonly variance: readonly (StoredVariance | null)[];
  readonly alphaFactor: number;
  readonly health: ReferenceHealth | null;
  readonly effectFloor?: number;
}

export function referenceModelToJson(model: ReferenceModel): ReferenceModelJson {
  const { bins, hours, alphaFactor } = model;
  const held = [...hours.totals.keys()].filter((hour) => (hours.totals[hour] as number) > 0);
  return {
    format: 1,
    bins,
    stage: model.profile.stage,
    hours: held.map((hour) => [
      hour,
      hours.totals[hour] as number,
      [...hours.counts.subarray(hour * bins, (hour + 1) * bins)],
    ]),
    variance: model.variance.map((one) => (one === undefined ? null : storeVariance(one))),
    alphaFactor,
    health: model.health ?? null,
    ...(model.effectFloor === undefined ? {} : { effectFloor: model.effectFloor }),
  };
}

/** The reverse. Throws an Error for what it did not write. */
export function referenceModelFromJson(json: unknown): ReferenceModel {
  const stored = json as Partial<ReferenceModelJson> | null;
  const { bins, stage, hours, variance } = stored ?? {};
  if (stored?.format !== 1 || bins === undefined || stage === undefined) throw damagedModel();
  if (!seasonStages.includes(stage) || !Array.isArray(hours) || variance?.length !== ladderTicks.length)
    throw damagedModel();
  const counts = new Float64Array(hoursPerWeek * bins);
  const totals = new Float64Array(hoursPerWeek);
  for (const [hour, rows, ofHour] of hours as ReferenceModelJson['hours']) {
    if (!(hour >= 0 && hour < hoursPerWeek) || ofHour.length !== bins) throw damagedModel();
    totals[hour] = rows;
    counts.set(ofHour, hour * bins);
  }
  const counted = { bins, counts, totals };
  return {
    bins,
    profile: makeProfile(stage, counted),
    hours: counted,
    variance: restoreVariance(variance),
    alphaFactor: stored.alphaFactor ?? unknownAlphaFactor,
    health: stored.health ?? undefined,
    effectFloor: stored.effectFloor,
  };
}

export function storeVariance(variance: WindowVariance): StoredVariance {
  return { ...variance, bins: variance.bins.toJSON() };
}

export function loadVariance(stored: StoredVariance): WindowVariance {
  return { ...stored, bins: new BinFits(stored.bins) };
}

/** Window lengths without windows enough share what a shorter one has learned: in memory once more. */
function restoreVariance(stored: ReferenceModelJson['variance']): (WindowVariance | undefined)[] {
  let last: WindowVariance | undefined;
  return stored.map((one) => {
    if (one === null) return undefined;
    const isSame = last !== undefined && JSON.stringify(last.bins) === JSON.stringify(one.bins);
    last = { ...one, bins: isSame && last !== undefined ? last.bins : new BinFits(one.bins) };
    return last;
  });
}

function damagedModel(): Error {
  return new Error('The stored reference model is damaged: freeze the reference anew.');
}
