import type { Config } from '../../config/config.ts';
import { falseAlarmsOf } from '../../config/model-settings.ts';
import { formatDuration } from '../../core/duration.ts';
import type { Counters } from '../../core/pane.ts';
import type { Scale } from '../../core/scale.ts';
import {
  familyShares,
  type LadderTicks,
  ladderAlpha,
  ladderTicks,
  ticksPerMonth,
} from '../../detectors/ladder/alpha-ladder.ts';
import type { Binning } from '../../detectors/ladder/binning.ts';
import { criticalValue } from '../../detectors/ladder/critical-values.ts';
import type { ModelReader } from '../../detectors/ladder/judge-series.ts';
import { minDetectableMove } from '../../detectors/ladder/min-detectable-move.ts';
import { minDetectableShift } from '../../detectors/ladder/min-detectable-shift.ts';
import type { SeasonalProfile } from '../../detectors/ladder/seasonal.ts';
import { inflation } from '../../detectors/ladder/variance.ts';
import { hoursPerWeek } from '../../detectors/ladder/window-ring.ts';
import { familyOf } from './ladder-judge.ts';

const ticksPerHour = 12;

/** What one window of a signal would find with 90 % probability. */
export interface Detectable {
  /** `1h`. */
  readonly window: string;
  readonly ticks: LadderTicks;
  /** Effective rows of a usual window of this length. */
  readonly rows: number;
  /** In sd of the reference for numbers, in points of share (0.01 is one) for levels; undefined: nothing of that kind. */
  readonly change: number | undefined;
}

export interface DetectableQuestion {
  readonly config: Config;
  readonly model: string;
  readonly environment: string;
  readonly signal: string;
  /** Signals and rules that share the budget of its family. */
  readonly family: number;
  readonly minRows: number;
  readonly minEffect: number;
  readonly scale: Scale;
  readonly reference: Counters;
  readonly binning: Binning;
  readonly reader: ModelReader;
  /** Effective rows of a tick, as seen lately. */
  readonly rowsPerTick: number;
}

/** Per window length, where a usual window has the rows that are needed. */
export function detectablesOf(question: DetectableQuestion): readonly Detectable[] {
  return ladderTicks.flatMap((ticks) => detectableAt(question, ticks) ?? []);
}

function detectableAt(question: DetectableQuestion, ticks: LadderTicks): Detectable | undefined {
  const { config, reader, rowsPerTick, binning, minRows, minEffect } = question;
  const rows = rowsPerTick * ticks;
  const variance = reader.model.variance[ladderTicks.indexOf(ticks)];
  const clustering = Math.max(1, variance?.clustering ?? 1);
  if (!(rows >= minRows * clustering)) return undefined;
  const expectation = reader.expectationOf(usualHours(hourTotalsOf(reader.model.profile), ticks));
  if (expectation === undefined) return undefined;
  const x = 1 / rows + expectation.inverseM;
  const alpha = alphaOf(question, ticks) * reader.model.alphaFactor;
  const common = { expected: expectation.expected, x, minEffect };
  const change =
    binning.kind === 'ordered'
      ? shiftOf(question, {
          ...common,
          basis: expectation.basis,
          inflation: variance?.smooth.map((fit) => inflation(fit, x)),
          criticalT: criticalValue(alpha, binning.size, variance).t,
        })
      : minDetectableMove({
          ...common,
          alpha,
          certainty: variance,
          inflation: variance === undefined ? 1 : inflation(variance.psi, x),
        });
  return { window: formatDuration(ticks * config.windows.paneMs), ticks, rows, change };
}

/** Rows of the reference by hour of the week, as far as its profile tells hours apart. */
function hourTotalsOf({ totals }: SeasonalProfile): Float64Array {
  const perSeason = hoursPerWeek / totals.length;
  return Float64Array.from(
    { length: hoursPerWeek },
    (_, hour) => (totals[hour % totals.length] as number) / perSeason,
  );
}

function alphaOf({ config, model, environment, signal, family }: DetectableQuestion, ticks: number): number {
  const { count, perMs } = falseAlarmsOf(config, model, environment);
  const perLadderMonth = (count * ticksPerMonth * config.windows.paneMs) / perMs;
  return ladderAlpha(ticks, perLadderMonth * familyShares[familyOf(signal)], family);
}

function shiftOf(
  { scale, reference, binning }: DetectableQuestion,
  look: Omit<Parameters<typeof minDetectableShift>[0], 'edges' | 'sd'>,
): number | undefined {
  if (scale.kind !== 'numeric' || !(reference.weight > 0)) return undefined;
  const sd = Math.sqrt(reference.m2 / reference.weight);
  if (!(sd > 0)) return undefined;
  return minDetectableShift({ ...look, sd, edges: binEdges(scale.edges, binning, reference) });
}

/** Rising edges around the bins; the outer ones are the reference's minimum and maximum. */
function binEdges(edges: Float64Array, binning: Binning, { min, max }: Counters): Float64Array {
  const around = new Float64Array(binning.size + 1);
  for (let bin = 1; bin < binning.size; bin++)
    around[bin] = edges[binning.binOf.indexOf(bin) - 1] ?? around[bin - 1] ?? min;
  around[0] = Math.min(min, around[1] as number);
  around[binning.size] = Math.max(max, around[binning.size - 1] as number);
  return around;
}

/** The traffic of a window that begins in the hour of the week with the median of it. */
function usualHours(totals: Float64Array, ticks: number): Float64Array {
  const length = Math.max(1, Math.round(ticks / ticksPerHour));
  if (length >= hoursPerWeek) return totals;
  const used = [...totals.keys()].filter((hour) => (totals[hour] as number) > 0);
  used.sort((a, b) => (totals[a] as number) - (totals[b] as number) || a - b);
  const start = used[Math.floor(used.length / 2)] ?? 0;
  const hours = new Float64Array(totals.length);
  for (let i = 0; i < length; i++) {
    const hour = (start + i) % totals.length;
    hours[hour] = totals[hour] as number;
  }
  return hours;
}
