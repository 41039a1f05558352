/** The bars: each figure with its key, what it should be, and whether it is. Keys are an interface: never renamed. */
import { quantileRanks } from '../../detectors/math/binomial.ts';
import { chiSquareUpperInverse } from '../../detectors/math/chi-square.ts';
import { asked } from './default-rule.ts';
import { type Delays, quantileOf } from './delays.ts';
import type { FalseAlarms } from './false-alarms.ts';
import type { MatrixCell } from './matrix.ts';
import type { Share } from './sequential.ts';
import type { ThinFound } from './thin.ts';
import type { Calibration, ShiftFound } from './windows.ts';
import { calibrationAlphas } from './windows.ts';

export interface Figure {
  /** Null where it was not measured; `why` says why. */
  readonly value: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly unit: string;
  readonly better: 'lower' | 'higher' | 'between';
  /** Undefined for figures without a bar. */
  readonly bar: number | readonly [number, number] | null;
  readonly ok: boolean;
  readonly why?: string;
}

export type Figures = Record<string, Figure>;

/** 95 % interval of a Poisson mean after so many events (Garwood 1936). */
export function poissonInterval(events: number): { readonly low: number; readonly high: number } {
  const low = events === 0 ? 0 : chiSquareUpperInverse(0.975, 2 * events) / 2;
  return { low, high: chiSquareUpperInverse(0.025, 2 * events + 2) / 2 };
}

/** `strict`: enough was run to hold the estimate itself against the bar; else only its interval's lower end. */
export function falseAlarmFigures(runs: readonly FalseAlarms[], strict: boolean): Figures {
  const figures: Figures = {};
  let episodes = 0;
  let months = 0;
  for (const run of runs) {
    const { low, high } = poissonInterval(run.default.episodes);
    const value = run.default.episodes / run.months;
    const [min, max] = [low / run.months, high / run.months];
    const ok = strict ? value <= 1 && max < 2 : min <= 1;
    const why = strict ? undefined : 'short form: only its lower 95 % bound is held against the bar';
    figures[`false_alarms.${run.process}.per_month`] = {
      ...{ value, min, max, unit: 'episodes per month', better: 'lower', bar: 1, ok },
      ...(why === undefined ? {} : { why }),
    };
    episodes += run.default.episodes;
    months += run.months;
  }
  if (months === 0) return figures;
  const { low, high } = poissonInterval(episodes);
  const given = (events: number) => events / months / asked;
  const max = given(high);
  figures['false_alarms.promised_over_given'] = {
    ...{ value: given(episodes), min: given(low), max, unit: 'given over asked', better: 'lower', bar: 2 },
    ok: strict ? max <= 2 : given(low) <= 2,
  };
  return figures;
}

/** Over all sizes of windows and files of a shape: a month of a family each. */
export function fileFigures(byShape: readonly (readonly MatrixCell[])[]): Figures {
  const figures: Figures = {};
  for (const cells of byShape) {
    const shape = cells[0]?.shape ?? 'normal';
    const { value, low, high } = rateOf(cells);
    figures[`false_alarms.file.${shape}.per_month`] = {
      ...{ value, min: low, max: high, unit: 'episodes per month', better: 'lower', bar: asked },
      ok: low <= asked,
    };
  }
  return figures;
}

/** The worst of all correlations of neighbouring days. */
export function thinFigures(found: readonly ThinFound[]): Figures {
  const episodes = Math.max(...found.map((one) => one.episodes));
  const months = found[0]?.months ?? 1;
  const { low, high } = poissonInterval(episodes);
  const [value, min, max] = [episodes / months, low / months, high / months];
  return {
    'false_alarms.thin.per_month': {
      ...{ value, min, max, unit: 'episodes per month', better: 'lower', bar: asked, ok: min <= asked },
    },
  };
}

/** Episodes a month of a whole family, with the Poisson interval of those that were seen. */
export function rateOf(cells: readonly MatrixCell[]): { value: number; low: number; high: number } {
  const episodes = cells.reduce((sum, cell) => sum + cell.episodes, 0);
  const months = cells.reduce((sum, { family }) => sum + family.run / family.signals, 0);
  const { low, high } = poissonInterval(episodes);
  return { value: episodes / months, low: low / months, high: high / months };
}

export function goldenFigures(failed: number): Figures {
  return { 'golden.failed': atMost(failed, 'values', 0) };
}

export function sequentialFigures(key: string, { events, runs }: Share, bar: number): Figures {
  const { low, high } = poissonInterval(events);
  const [min, max] = [low / runs, high / runs];
  return { [key]: { value: events / runs, min, max, unit: 'share', better: 'lower', bar, ok: min <= bar } };
}

const delayBars: Readonly<Record<string, { readonly median?: number; readonly p90?: number }>> = {
  'iid.shift025': { median: 1_000, p90: 1_700 },
  'daily.shift025': { median: 1_000, p90: 1_700 },
  shift05: { median: 320 },
  sd125: { median: 750 },
  spike5: { median: 2_000 },
};
const rampDaysBar = 2;
const ticksPerDay = 288;
const runsStrict = 100;

export function delayFigures(all: readonly Delays[]): Figures {
  const figures: Figures = {};
  for (const delays of all) {
    const rows = delays.rows.default;
    const { name } = delays.of;
    figures[`delay.${name}.median`] = delayFigure(rows, 0.5, 'rows', delayBars[name]?.median);
    figures[`delay.${name}.p90`] = delayFigure(rows, 0.9, 'rows', delayBars[name]?.p90);
    if (name !== 'ramp') continue;
    const days = delays.ticks.map((ticks) => ticks / ticksPerDay);
    figures['delay.ramp.days'] = delayFigure(days, 0.5, 'days', rampDaysBar);
  }
  return figures;
}

/** With fewer runs than a full form has, the lower 95 % bound of the quantile is held against the bar. */
function delayFigure(sorted: readonly number[], q: number, unit: string, bar: number | undefined): Figure {
  const figure = atMost(quantileOf(sorted, q), unit, bar);
  const ranks = quantileRanks(sorted.length, q, 0.025);
  const min = sorted[(ranks.low ?? 1) - 1] ?? 0;
  const max = ranks.high === undefined ? Number.POSITIVE_INFINITY : (sorted[ranks.high - 1] ?? 0);
  const ok = sorted.length < runsStrict && bar !== undefined ? min <= bar : figure.ok;
  return { ...figure, min: finiteOrNull(min), max: finiteOrNull(max), ok };
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

export function rowsFigures(unseen: number, missing: number): Figures {
  return {
    'delay.unseen2.rows': atMost(unseen, 'rows', 500),
    'delay.missing1to3.rows': atMost(missing, 'rows', 2_400),
  };
}

export function calibrationFigures(all: readonly Calibration[]): Figures {
  const figures: Figures = {};
  const worst = all.filter((one) => one.marginal === 'continuous');
  calibrationAlphas.forEach((alpha, i) => {
    const events = worst.reduce((sum, one) => sum + (one.smooth[i] ?? 0), 0);
    const wanted = worst.reduce((sum, one) => sum + one.windows * alpha, 0);
    const { low, high } = poissonInterval(events);
    const [min, max] = [low / wanted, high / wanted];
    // The bar holds where the interval meets it: at 1e-5 few windows are rejected at all.
    const ok = max >= 0.5 && min <= 2;
    figures[`calibration.${alpha.toExponential()}.ratio`] = {
      ...{ value: events / wanted, min, max, unit: 'rejected over nominal', better: 'between' },
      ...{ bar: [0.5, 2], ok },
    };
  });
  return figures;
}

export function shiftFigures(all: readonly ShiftFound[]): Figures {
  const error = Math.max(...all.map((one) => Math.abs(one.delta - one.needed) / one.needed));
  const found = all.map((one) => one.found);
  const [min, max] = [Math.min(...found), Math.max(...found)];
  const mean = found.reduce((sum, one) => sum + one, 0) / found.length;
  return {
    'mds.relative_error': atMost(error, 'of the shift found in 90 %', 0.25),
    'mds.found': {
      ...{ value: mean, min, max, unit: 'share found at δ_min', better: 'between' },
      ...{ bar: [0.8, 0.97], ok: min >= 0.8 - 0.03 && max <= 0.97 + 0.03 },
    },
  };
}

export function weightFigures(found: { readonly rate: number; readonly windows: number }): Figures {
  const { low, high } = poissonInterval(Math.round(found.rate * found.windows));
  const [min, max] = [low / found.windows, high / found.windows];
  return {
    'weights.rate_at_1e-3': {
      ...{ value: found.rate, min, max, unit: 'rejected', better: 'lower', bar: 2e-3, ok: min <= 2e-3 },
    },
  };
}

function atMost(value: number, unit: string, bar: number | undefined): Figure {
  const finite = finiteOrNull(value);
  return {
    ...{ value: finite, min: null, max: null, unit, better: 'lower', bar: bar ?? null },
    ok: bar === undefined || value <= bar,
    ...(finite === null ? { why: 'not found in so many runs' } : {}),
  };
}
