/**
 * How much windows vary, for a reference that does not say: a file has rows, but no times. What its windows would be like
 * is learned from the traffic that is judged: it is compared with itself, never with the file, so that a lasting difference
 * between the two is still found.
 *
 * 1. In the first day, and up to a week while there are too few windows to learn from, nothing is known, neither season nor
 *    whether users repeat: ten rows are taken to be worth one, and only a large effect (PSI 0.25 beyond chance, half a
 *    standard deviation) may alarm.
 * 2. Then each part of the traffic is judged by all others, with one profile, as the file has but one: what the season does
 *    counts as variance. Days are the parts, eighths of what there is before the second day is over, weeks from two weeks on.
 * 3. 14 windows of 200 rows will do, as few windows make few degrees of freedom; learned anew whenever the traffic is a third
 *    older, up to four weeks. Traffic that differs from the file is left out by the caller.
 * 4. So thin that only windows of a day and more have 200 rows: after a week they are taken as independent with the
 *    uncertainty of 28 (`unlearnedVariance`), at a tenth of the alpha. From a handful of days clusters and wander cannot be
 *    told apart, and every drift of a day would excuse the next one.
 *
 * Simulated with files of 10,000 and 100,000 rows: docs/judgement.md. Taken as independent from the first row on, users of
 * ten rows each alarmed all the time.
 */
import { ladderTicks } from './alpha-ladder.ts';
import { type Folds, foldsOf, profilesOfOthers, referenceWindows, runAll, type Steps } from './cross-fit.ts';
import { learnAll, type ReferenceModel } from './reference-model.ts';
import { type ReferencePanes, ticksPerDay } from './reference-panes.ts';
import { BinFits, guardOf, nuUnlearned, unlearnedVariance, type WindowVariance } from './variance.ts';

const unknownClustering = 10;
const unknownEffectFloor = 0.25;
const daysLearned = 28;
const partsOfFirstDays = 8;
/** Fewer windows than of a reference will do: their degrees of freedom are counted. */
const thin = { windows: 14 };
const unknownDays = 7;
const growth = 1.3;

/** The model of a file, with what its traffic so far says of variance. */
export function withTrafficVariance(model: ReferenceModel, panes: ReferencePanes): ReferenceModel {
  return runAll(trafficVarianceSteps(model, panes));
}

/** The same in steps. */
export function* trafficVarianceSteps(model: ReferenceModel, panes: ReferencePanes): Steps<ReferenceModel> {
  const { bins } = model;
  const day = panes.dayTicks;
  const span = spanOf(panes);
  if (span < day) return unknownModel(model);
  const folds = span < 2 * day ? foldsOf(panes, Math.ceil(span / partsOfFirstDays)) : foldsOf(panes);
  if (yield* isEnough(panes, folds)) {
    const variance = yield* learnAll(panes, folds, 'one', thin);
    return { ...model, variance, alphaFactor: 1, effectFloor: undefined };
  }
  if (span < unknownDays * day) return unknownModel(model);
  return { ...model, variance: ladderTicks.map(() => unlearnedVariance(bins)), effectFloor: undefined };
}

function unknownModel(model: ReferenceModel): ReferenceModel {
  const strange = strangeVariance(model.bins);
  return { ...model, variance: ladderTicks.map(() => strange), effectFloor: unknownEffectFloor };
}

/** Are there windows shorter than a day to learn from? */
function* isEnough(panes: ReferencePanes, folds: Folds): Steps<boolean> {
  if (folds.count < 2) return false;
  const others = profilesOfOthers(folds, 'one');
  for (const ticks of ladderTicks) {
    if (ticks >= panes.dayTicks) break;
    let windows = 0;
    for (const window of referenceWindows(panes, folds, others, ticks)) {
      if (window === undefined) yield;
      else if (++windows >= thin.windows) return true;
    }
  }
  return false;
}

/** Is it time to learn, when so many ticks have passed since the first, and had when last learned? */
export function isTrafficDue(ticks: number, ticksBefore: number, dayTicks = ticksPerDay): boolean {
  return ticks >= Math.min(daysLearned * dayTicks, Math.max(dayTicks, Math.ceil(growth * ticksBefore)));
}

/** From here on nothing more is learned. */
export function isTrafficLearned(ticks: number, dayTicks = ticksPerDay): boolean {
  return ticks >= daysLearned * dayTicks;
}

function spanOf(panes: ReferencePanes): number {
  return panes.ticks.length === 0 ? 0 : (panes.ticks.at(-1) as number) + 1 - (panes.ticks[0] as number);
}

function strangeVariance(bins: number): WindowVariance {
  const fit = { phi: unknownClustering, tau2: 0, phiOnly: unknownClustering, tau2Only: 0 };
  return {
    ...unlearnedVariance(bins),
    smooth: [fit, fit, fit, fit],
    bins: new BinFits(Array.from({ length: bins }, () => fit)),
    psi: fit,
    guard: guardOf(unknownClustering, nuUnlearned),
    phiMax: unknownClustering,
  };
}
