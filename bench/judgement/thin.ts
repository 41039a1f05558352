/** One value a day against a file of a few: how often does the default rule alarm over a year in which nothing changes? */
import { dueWindows, ladderAlpha, tickMs, ticksPerMonth } from '../../detectors/ladder/alpha-ladder.ts';
import type { CriticalValues } from '../../detectors/ladder/critical-values.ts';
import { judgeSeries, ModelReader } from '../../detectors/ladder/judge-series.ts';
import { modelOfCounts } from '../../detectors/ladder/reference-model.ts';
import { PaneHistory } from '../../detectors/ladder/reference-panes.ts';
import { hourOfWeek } from '../../detectors/ladder/seasonal.ts';
import { RecentPanes } from '../../detectors/ladder/serial.ts';
import {
  isTrafficDue,
  isTrafficLearned,
  withTrafficVariance,
} from '../../detectors/ladder/traffic-variance.ts';
import { WindowRing } from '../../detectors/ladder/window-ring.ts';
import { asked, minEffect, minRows } from './default-rule.ts';
import { SeededRandom } from './random.ts';

/** Correlation of neighbouring days; rows of the file. */
export const thinCases = [
  { rho: 0, m: 31 },
  { rho: 0, m: 365 },
  { rho: 0.5, m: 93 },
  { rho: 0.8, m: 365 },
] as const;

export interface ThinFound {
  readonly rho: number;
  readonly m: number;
  readonly signals: number;
  /** Of 30 days, of a family of `signals`. */
  readonly months: number;
  readonly raw: number;
  readonly episodes: number;
}

const days = 180;
const daysPerMonth = 30;
const dayMs = 86_400_000;
/** Days without an alarm after which the next one is a new episode. */
const episodeDays = 12;
const budgetSignals = 20;

export function runThin(
  { rho, m }: { readonly rho: number; readonly m: number },
  signals: number,
  seed: number,
  criticals: CriticalValues,
): ThinFound {
  let raw = 0;
  let episodes = 0;
  for (let signal = 0; signal < signals; signal++) {
    const alarms = alarmDays(rho, m, new SeededRandom(seed, 61, m, Math.round(100 * rho), signal), criticals);
    raw += alarms.length;
    episodes += alarms.filter(
      (day, i) => day - (alarms[i - 1] ?? Number.NEGATIVE_INFINITY) > episodeDays,
    ).length;
  }
  const months = (days / daysPerMonth) * (signals / budgetSignals);
  return { rho, m, signals: budgetSignals, months, raw, episodes };
}

/** A value of an autoregression of order one each day; the file is of the same, some years before. */
function alarmDays(rho: number, m: number, random: SeededRandom, criticals: CriticalValues): number[] {
  let value = random.normal();
  const next = () => {
    value = rho * value + Math.sqrt(1 - rho * rho) * random.normal();
    return value;
  };
  const file = Float64Array.from({ length: m }, next).sort();
  for (let gap = 0; gap < days; gap++) next();
  const bins = Math.min(20, m);
  const edges = Array.from(
    { length: bins - 1 },
    (_, i) => file[Math.floor(((i + 1) * m) / bins) - 1] as number,
  );
  const binOf = (one: number) => edges.filter((edge) => edge < one).length;
  const counts = new Float64Array(bins);
  for (const one of file) counts[binOf(one)] = (counts[binOf(one)] as number) + 1;
  const model = modelOfCounts(counts, m, m);
  const history = new PaneHistory(bins, 1);
  const ring = new WindowRing(bins);
  const recent = new RecentPanes();
  let reader = new ModelReader(withTrafficVariance(model, history.panes()));
  let learned = 1;
  const alarms: number[] = [];
  for (let day = 0; day < days; day++) {
    const bin = binOf(next());
    const pane = {
      ...{ tick: day, hour: hourOfWeek(day * dayMs), weight: 1, weightSquared: 1, missing: 0, malformed: 0 },
      bins: Float64Array.from({ length: bins }, (_, j) => (j === bin ? 1 : 0)),
    };
    ring.add(pane);
    recent.add(day, bin / (bins - 1));
    if (!isTrafficLearned(learned, 1)) history.add(pane);
    if (isTrafficDue(day + 1, learned, 1) && !isTrafficLearned(learned, 1)) {
      reader = new ModelReader(withTrafficVariance(model, history.panes()));
      learned = day + 1;
    }
    if (dueWindows(day + 1).some((ticks) => isAlarm(ticks, day + 1))) alarms.push(day);
  }
  return alarms;

  function isAlarm(windowTicks: ReturnType<typeof dueWindows>[number], endTick: number): boolean {
    const window = ring.windowAt(windowTicks, endTick);
    if (window === undefined) return false;
    const perLadderMonth = (asked * ticksPerMonth * tickMs * (dayMs / tickMs)) / (daysPerMonth * dayMs);
    const alpha = ladderAlpha(windowTicks, perLadderMonth, budgetSignals);
    const thin = { clustering: recent.clusteringIn(endTick - windowTicks, endTick, 'ordered') };
    const found = judgeSeries(reader, window, { windowTicks, alpha, minEffect, minRows, criticals, thin });
    return found?.status === 'breach';
  }
}
