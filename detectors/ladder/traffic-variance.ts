/**
 * How much windows vary, for a reference that does not say: a file has rows, but no times. What its windows would be like
 * is learned from the traffic that is judged: it is compared with itself, never with the file, so that a lasting difference
 * between the two is still found.
 *
 * 1. In the first day nothing is known, neither season nor whether users repeat: ten rows are taken to be worth one, and
 *    only a large effect (PSI 0.25 beyond chance, half a standard deviation) may alarm.
 * 2. Then each part of the traffic is judged by all others, with one profile, as the file has but one: what the season does
 *    counts as variance. Days are the parts, eighths of what there is before the second day is over, weeks from two weeks on.
 * 3. Learned anew when the traffic is twice as old, up to four weeks. Where windows are too few to learn from, they are
 *    taken as independent with the uncertainty of 28 (`unlearnedVariance`), at a tenth of the alpha.
 *
 * Simulated with a file of 10,000 rows and 200 signals, before: users of ten rows each gave some 37,000 alarms a month.
 */
import { ladderTicks } from './alpha-ladder.ts';
import { foldsOf } from './cross-fit.ts';
import { learnAll, type ReferenceModel } from './reference-model.ts';
import { type ReferencePanes, ticksPerDay } from './reference-panes.ts';
import { guardOf, nuUnlearned, unlearnedVariance, type WindowVariance } from './variance.ts';

const unknownClustering = 10;
const unknownEffectFloor = 0.25;
const daysLearned = 28;
const partsOfFirstDays = 8;

/** The model of a file, with what its traffic so far says of variance. */
export function withTrafficVariance(model: ReferenceModel, panes: ReferencePanes): ReferenceModel {
  const { bins } = model;
  const day = panes.dayTicks;
  const span = spanOf(panes);
  if (span < day) {
    const strange = strangeVariance(bins);
    return { ...model, variance: ladderTicks.map(() => strange), effectFloor: unknownEffectFloor };
  }
  const folds = span < 2 * day ? foldsOf(panes, Math.ceil(span / partsOfFirstDays)) : foldsOf(panes);
  const variance =
    folds.count < 2 ? ladderTicks.map(() => unlearnedVariance(bins)) : learnAll(panes, folds, 'one');
  const isLearned = variance.some((one) => one.windows > 0);
  return { ...model, variance, alphaFactor: isLearned ? 1 : model.alphaFactor, effectFloor: undefined };
}

/** Is it time to learn, when so many ticks have passed since the first, and had when last learned? */
export function isTrafficDue(ticks: number, ticksBefore: number, dayTicks = ticksPerDay): boolean {
  return ticks >= Math.min(daysLearned * dayTicks, Math.max(dayTicks, 2 * ticksBefore));
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
    bins: Array.from({ length: bins }, () => fit),
    psi: fit,
    guard: guardOf(unknownClustering, nuUnlearned),
    phiMax: unknownClustering,
  };
}
