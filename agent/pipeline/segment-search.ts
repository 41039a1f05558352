import { formatDuration } from '../../core/duration.ts';
import type { Finding } from '../../core/verdict.ts';
import { numberText, probabilityText } from '../../detectors/counters/finding.ts';
import { rowsOf, varianceOf } from '../../detectors/segments/sums.ts';
import {
  findWorstSlices,
  type SliceSearch,
  type SlicesFound,
  usualLimits,
} from '../../detectors/segments/worst-slices.ts';
import { dayMs } from './segment-days.ts';
import type { SegmentTally } from './segment-tally.ts';
import { sliceEvidence, slicesText, sliceText } from './segment-words.ts';
import { daysKept } from './slice-counts.ts';
import type { Outcome } from './slice-outcomes.ts';

/** In days: the window, how far apart its looks are, and how much of it must be there. Four weeks are whole ones. */
const windows = [
  { days: 1, stride: 1, daysMin: 1 },
  { days: daysKept, stride: 1, daysMin: 2 },
  { days: 28, stride: 7, daysMin: 14 },
] as const;
type WindowDays = (typeof windows)[number]['days'];
const daysPerMonth = 30;
/** A p above this in a window of the same length that began after the drift was found says that it is over. */
const clearP = 0.05;

/** What is remembered of one outcome between the days: plain data, stored with the sums. */
export interface SearchMemory {
  /** Since when slices have moved, and in a window of how many days it was seen. */
  readonly open?: { readonly day: number; readonly days: WindowDays };
  /** Days before are asked no more: they hold a drift that is over. */
  readonly clearedDay: number;
  /** The last breach, told on until it is over. */
  readonly finding?: Finding;
}

export const noMemory: SearchMemory = { clearedDay: 0 };

export interface SearchOptions {
  /** False alarms that all searches of this model may give in 30 days. */
  readonly falseAlarms: number;
  readonly minRows: number;
  /** Least effect of a share, 0..1, and of a mean in standard deviations. */
  readonly minPoints: number;
  readonly minShift: number;
}

interface Look {
  readonly days: WindowDays;
  readonly from: number;
  readonly search: SliceSearch;
  readonly found: SlicesFound;
  readonly alpha: number;
}

/** One outcome of a model at the end of a day: the shortest window that breaches speaks, else the longest. */
export function searchOutcome(
  tally: SegmentTally,
  at: number,
  memory: SearchMemory,
  options: SearchOptions,
): { readonly finding: Finding; readonly memory: SearchMemory; readonly startMs: number } {
  const outcome = tally.outcomes[at] as Outcome;
  const all = looksOf(tally, at, memory, options);
  const settled = settle(memory, all);
  const looks = all.filter((look) => look.from >= settled.clearedDay);
  const breach = looks.find((look) => look.found.worst.length > 0 && look.found.familyP <= look.alpha);
  const startMs = ((breach ?? looks.at(-1))?.from ?? tally.foldedDay - 1) * dayMs;
  if (breach === undefined) {
    return { finding: quietFinding(tally, outcome, looks, settled, options), memory: settled, startMs };
  }
  const finding = breachFinding(outcome, breach);
  const open = settled.open ?? { day: tally.foldedDay, days: breach.days };
  return { finding, memory: { ...settled, open, finding }, startMs };
}

function looksOf(tally: SegmentTally, at: number, memory: SearchMemory, options: SearchOptions): Look[] {
  const { falseAlarms, minRows } = options;
  const to = tally.foldedDay;
  const first = Math.max(tally.learnedDay ?? Number.POSITIVE_INFINITY, memory.clearedDay);
  // A variance that was not learned may be larger than that of independent rows.
  const caution = tally.variances[at]?.isLearned === true ? 1 : 0.1;
  return windows.flatMap(({ days, stride, daysMin }): Look[] => {
    if (to % stride !== 0 || first > to - daysMin) return [];
    const from = Math.max(to - days, first);
    const search = tally.searchOf(at, from, to);
    if (rowsOf(search.total.current) < minRows) return [];
    const looksPerMonth = windows.length * tally.outcomes.length * (daysPerMonth / stride);
    const alpha = (falseAlarms * caution) / looksPerMonth;
    const found = findWorstSlices(search, { ...usualLimits, floor: floorOf(search, options) });
    return [{ days, from, search, found, alpha }];
  });
}

/** The least effect that counts, in the outcome's own unit. */
function floorOf({ kind, total }: SliceSearch, { minPoints, minShift }: SearchOptions): number {
  return kind === 'share' ? minPoints : minShift * Math.sqrt(varianceOf(total.reference));
}

/** Over, where a window as long as the one that found it, begun after that, finds nothing. */
function settle(memory: SearchMemory, looks: readonly Look[]): SearchMemory {
  const { open } = memory;
  if (open === undefined) return memory;
  const fresh = looks.find(
    (look) => look.days >= open.days && look.from >= open.day && look.found.familyP > clearP,
  );
  return fresh === undefined ? memory : { clearedDay: fresh.from };
}

function breachFinding(outcome: Outcome, { days, search, found, alpha }: Look): Finding {
  const [first] = found.worst;
  const effect = first?.effect ?? 0;
  const unit = outcome.kind === 'share' ? 1 : Math.sqrt(varianceOf(search.total.reference)) || 1;
  const span = formatDuration(days * dayMs);
  return {
    status: 'breach',
    effect: Math.abs(effect) / unit,
    pValue: found.familyP,
    direction: effect < 0 ? 'low' : 'high',
    size: { reference: rowsOf(search.total.reference), current: rowsOf(search.total.current) },
    reason:
      `${outcome.signal}: ${slicesText(outcome, found.worst, found.moved)} in ${span} ` +
      `(${probabilityText(found.familyP)} over ${found.tested} slices, where ${numberText(alpha)} is allowed).`,
    evidence: sliceEvidence(outcome, found.worst),
  };
}

function quietFinding(
  tally: SegmentTally,
  outcome: Outcome,
  looks: readonly Look[],
  memory: SearchMemory,
  { minRows }: SearchOptions,
): Finding {
  const { signal } = outcome;
  const at = tally.outcomes.indexOf(outcome);
  const total = tally.searchOf(at, tally.foldedDay - 1, tally.foldedDay).total;
  const size = { reference: rowsOf(total.reference), current: rowsOf(total.current) };
  const blank = { size, evidence: [] };
  if (tally.learnedDay === undefined) {
    const reason = `What is usual in the slices of ${signal} is being learned: ${tally.rowsSeen} rows so far.`;
    return { ...blank, status: 'inconclusive', cause: 'no_reference', reason };
  }
  const look = looks.at(-1);
  if (look === undefined) {
    const reason = `The slices of ${signal} need ${minRows} rows; there are ${Math.round(size.current)} of the last day.`;
    return { ...blank, status: 'inconclusive', cause: 'too_few', reason };
  }
  if (memory.open !== undefined && memory.finding !== undefined) {
    const reason = `Slices of ${signal} had moved, and no fresh window says yet that it is over: ${memory.finding.reason}`;
    return { ...memory.finding, reason };
  }
  const [first] = look.found.worst;
  const least = first === undefined ? '' : `; the nearest to it is ${sliceText(first.terms)}`;
  return {
    ...blank,
    status: 'ok',
    pValue: look.found.familyP,
    reason: `No slice of ${signal} has moved: ${look.found.tested} asked, ${probabilityText(look.found.familyP)}${least}.`,
  };
}
