import type { Counters } from '../../core/pane.ts';
import type { Scale } from '../../core/scale.ts';
import { mergeInto, newCounters } from '../../detectors/counters/counters.ts';
import { addBins, type Binning } from '../../detectors/ladder/binning.ts';
import type { ModelReader } from '../../detectors/ladder/judge-series.ts';
import { modelOfCounts, type ReferenceModel } from '../../detectors/ladder/reference-model.ts';
import { hourOfWeek, makeProfile, type SeasonStage } from '../../detectors/ladder/seasonal.ts';
import { hoursPerWeek } from '../../detectors/ladder/window-ring.ts';
import type { Hour } from './hour-book.ts';

/** Hours of the past added up: what a window is compared with. */
export interface Past {
  readonly counters: Counters;
  readonly hours: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Undefined where no hour is let in. */
export function addUp(
  hours: Iterable<Hour>,
  scale: Scale,
  hourMs: number,
  isIn: (index: number) => boolean,
): Past | undefined {
  const counters = newCounters(scale);
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  let count = 0;
  for (const hour of hours) {
    if (!isIn(hour.index)) continue;
    mergeInto(counters, hour.counters);
    first = Math.min(first, hour.index);
    last = Math.max(last, hour.index);
    count++;
  }
  if (count === 0) return undefined;
  return { counters, hours: count, fromMs: first * hourMs, toMs: (last + 1) * hourMs };
}

/** Which hours of the week (or days, where panes are that long) a stretch of time touches. */
export function seasonsOf(
  startMs: number,
  endMs: number,
  hourMs: number,
  seasons: number,
): ReadonlySet<number> {
  const found = new Set<number>();
  const last = Math.ceil(endMs / hourMs);
  for (let index = Math.floor(startMs / hourMs); index < last && found.size < seasons; index++)
    found.add(index % seasons);
  return found;
}

/**
 * A model for the default rule from hours of the past: its profile is theirs, how much windows vary is what the reference
 * in force has taught, as that is the signal's way and not that of some weeks. Without one, rows are taken as
 * independent and alpha is a tenth.
 */
export function modelOfHours(
  hours: Iterable<Hour>,
  hourMs: number,
  binning: Binning,
  stage: SeasonStage,
  learned: ModelReader | undefined,
): ReferenceModel | undefined {
  const bins = binning.size;
  const counts = new Float64Array(hoursPerWeek * bins);
  const weights = new Float64Array(hoursPerWeek);
  const squares = new Float64Array(hoursPerWeek);
  for (const { index, counters } of hours) {
    const hour = hourOfWeek(index * hourMs);
    addBins(binning, counters, counts.subarray(hour * bins, (hour + 1) * bins));
    weights[hour] = (weights[hour] as number) + counters.weight;
    squares[hour] = (squares[hour] as number) + counters.weightSquared;
  }
  const factor = weights.map((weight, hour) => (weight > 0 ? weight / (squares[hour] as number) : 0));
  const totals = weights.map((weight, hour) => weight * (factor[hour] as number));
  if (!totals.some((total) => total > 0)) return undefined;
  const own = {
    bins,
    counts: counts.map((count, at) => count * (factor[Math.floor(at / bins)] as number)),
    totals,
  };
  const plain = modelOfCounts(new Float64Array(bins), 0, 0);
  const { variance, alphaFactor } = learned?.model ?? plain;
  return { bins, profile: makeProfile(stage, own), hours: own, variance, alphaFactor, health: undefined };
}

/** The richest season that so much time can tell of. */
export function stageOfSpan(spanMs: number): SeasonStage {
  const dayMs = 86_400_000;
  if (spanMs >= 14 * dayMs) return 'hour_of_week';
  return spanMs >= dayMs ? 'hour_of_day' : 'one';
}
