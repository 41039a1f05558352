/**
 * What is expected of a window by the hours it covers: traffic at night is not traffic at noon.
 *
 * The reference is counted per hour of the week. Hours are shrunk towards their hour of the day and those towards the
 * whole, as if 200 rows of the coarser profile had been seen as well: a thin hour borrows, a full one stands alone. A
 * window expects the mixture of its hours by its own traffic, e_j = Σ_h (n_h/n) p_hj, and the rows behind it are
 * 1/m = Σ_h (n_h/n)² / N_h: an hour that carries much of the window and little of the reference makes it uncertain.
 *
 * Three stages: `one` profile for all hours, `hour_of_day`, `hour_of_week`. Hour 0 begins Monday 00:00.
 */
import { hoursPerWeek } from './window-ring.ts';

export type SeasonStage = 'one' | 'hour_of_day' | 'hour_of_week';
export const seasonStages: readonly SeasonStage[] = ['one', 'hour_of_day', 'hour_of_week'];

const hoursPerDay = 24;
const shrinkageRows = 200;
const hourMs = 3_600_000;
/** The epoch was a Thursday. */
const epochHour = 72;

/** Hour of the week of a time, 0 to 167; `offsetMs` is how far the model's local time is ahead of UTC then. */
export function hourOfWeek(timeMs: number, offsetMs = 0): number {
  const hour = Math.floor((timeMs + offsetMs) / hourMs) + epochHour;
  return ((hour % hoursPerWeek) + hoursPerWeek) % hoursPerWeek;
}

/** Effective rows of a reference by hour of week and bin: 168 × B, and their sums by hour. */
export interface HourCounts {
  readonly bins: number;
  readonly counts: Float64Array;
  readonly totals: Float64Array;
}

export interface SeasonalProfile {
  readonly stage: SeasonStage;
  readonly bins: number;
  /** Seasons of the stage (1, 24 or 168) × B. */
  readonly shares: Float64Array;
  /** Effective rows behind each season. */
  readonly totals: Float64Array;
  /** Effective rows in all. */
  readonly rows: number;
}

export interface Expectation {
  readonly expected: Float64Array;
  readonly inverseM: number;
  /** The season where the window lies in one only, else -1: such expectations are equal. */
  readonly season: number;
}

export function makeProfile(stage: SeasonStage, hours: HourCounts): SeasonalProfile {
  const { bins } = hours;
  const all = sumInto(hours, () => 0, 1);
  const rows = all.totals[0] as number;
  const shareOfAll = all.counts.map((count) => (rows > 0 ? count / rows : 1 / bins));
  if (stage === 'one') return { stage, bins, shares: shareOfAll, totals: all.totals, rows };
  const days = sumInto(hours, (hour) => hour % hoursPerDay, hoursPerDay);
  const shareOfDay = shrink(days, (_, j) => shareOfAll[j] as number);
  if (stage === 'hour_of_day') return { stage, bins, shares: shareOfDay, totals: days.totals, rows };
  const shares = shrink(hours, (hour, j) => shareOfDay[(hour % hoursPerDay) * bins + j] as number);
  return { stage, bins, shares, totals: hours.totals, rows };
}

/** Arrays for callers who ask often; what is answered lies in `expected` and lasts until the next question. */
export interface ExpectationRoom {
  readonly expected: Float64Array;
  /** One number a season. */
  readonly traffic: Float64Array;
}

export function newExpectationRoom(profile: SeasonalProfile): ExpectationRoom {
  return { expected: new Float64Array(profile.bins), traffic: new Float64Array(profile.totals.length) };
}

/** Of a window with so many effective rows in each hour of the week; undefined where it has none. */
export function expectationOf(
  profile: SeasonalProfile,
  hours: ArrayLike<number>,
  room: ExpectationRoom = newExpectationRoom(profile),
): Expectation | undefined {
  const { bins, shares, totals } = profile;
  const seasons = totals.length;
  if (seasons === 1) return { expected: shares, inverseM: 1 / (totals[0] as number), season: 0 };
  const { expected, traffic } = room;
  traffic.fill(0);
  for (let hour = 0; hour < hours.length; hour++) {
    const rows = hours[hour] as number;
    if (rows === 0) continue;
    const season = hour % seasons;
    traffic[season] = (traffic[season] as number) + rows;
  }
  expected.fill(0);
  let n = 0;
  let squares = 0;
  let only = -1;
  for (let season = 0; season < seasons; season++) {
    const rows = traffic[season] as number;
    if (rows === 0) continue;
    only = n === 0 ? season : -1;
    n += rows;
    squares += (rows * rows) / Math.max(1, totals[season] as number);
    const from = season * bins;
    for (let j = 0; j < bins; j++)
      expected[j] = (expected[j] as number) + rows * (shares[from + j] as number);
  }
  if (!(n > 0)) return undefined;
  for (let j = 0; j < bins; j++) expected[j] = (expected[j] as number) / n;
  return { expected, inverseM: squares / (n * n), season: only };
}

function sumInto(hours: HourCounts, seasonOf: (hour: number) => number, seasons: number): HourCounts {
  const { bins } = hours;
  const counts = new Float64Array(seasons * bins);
  const totals = new Float64Array(seasons);
  for (let hour = 0; hour < hoursPerWeek; hour++) {
    const season = seasonOf(hour);
    totals[season] = (totals[season] as number) + (hours.totals[hour] as number);
    for (let j = 0; j < bins; j++) {
      const at = season * bins + j;
      counts[at] = (counts[at] as number) + (hours.counts[hour * bins + j] as number);
    }
  }
  return { bins, counts, totals };
}

function shrink(hours: HourCounts, prior: (season: number, bin: number) => number): Float64Array {
  const { bins, counts, totals } = hours;
  const shares = new Float64Array(counts.length);
  for (let season = 0; season < totals.length; season++) {
    const rows = (totals[season] as number) + shrinkageRows;
    for (let j = 0; j < bins; j++) {
      const at = season * bins + j;
      shares[at] = ((counts[at] as number) + shrinkageRows * prior(season, j)) / rows;
    }
  }
  return shares;
}
