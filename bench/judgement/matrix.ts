/**
 * False alarms by the rows of an hour, the rows of the reference and the shape of the values: a month each, from the first
 * row on, against a file. The variance of windows is learned from the traffic on the way, as the agent does.
 */

import { tickMs } from '../../detectors/ladder/alpha-ladder.ts';
import type { CriticalValues } from '../../detectors/ladder/critical-values.ts';
import { modelOfCounts, type ReferenceModel } from '../../detectors/ladder/reference-model.ts';
import { PaneHistory } from '../../detectors/ladder/reference-panes.ts';
import { hourOfWeek } from '../../detectors/ladder/seasonal.ts';
import {
  isTrafficDue,
  isTrafficLearned,
  withTrafficVariance,
} from '../../detectors/ladder/traffic-variance.ts';
import { DefaultRule, type TickCounts } from './default-rule.ts';
import { monthTicks } from './false-alarms.ts';
import { makeSignal, type Shape, type ShapedSignal, shapes } from './shapes.ts';
import type { Tables } from './stream.ts';

/** A family of so many signals share the budget; `run` of them are simulated, and their alarms scaled up. */
export interface Family {
  readonly signals: number;
  readonly run: number;
}

export interface MatrixOptions {
  readonly families: readonly Family[];
  readonly rowsPerHour: readonly number[];
  readonly references: readonly number[];
}

export const fullMatrix: MatrixOptions = {
  families: [
    { signals: 200, run: 40 },
    { signals: 20, run: 20 },
  ],
  rowsPerHour: [50, 200, 1_000, 10_000, 100_000],
  references: [10_000, 100_000],
};
export const shortMatrix: MatrixOptions = {
  families: [{ signals: 20, run: 2 }],
  rowsPerHour: [200, 10_000],
  references: [10_000],
};

/** One month of a family of signals. */
export interface MatrixCell {
  readonly shape: Shape;
  readonly m: number;
  readonly rowsPerHour: number;
  readonly family: Family;
  raw: number;
  episodes: number;
}

const hourTicks = 12;
const episodeTicks = 12;

export function runMatrix(
  shape: Shape,
  options: MatrixOptions,
  seed: number,
  tables: Tables,
  criticals: CriticalValues,
): MatrixCell[] {
  const found: MatrixCell[] = [];
  const most = Math.max(...options.families.map(({ run }) => run));
  for (const m of options.references) {
    for (const rowsPerHour of options.rowsPerHour) {
      const cells = options.families.map((family) => ({
        shape,
        m,
        rowsPerHour,
        family,
        raw: 0,
        episodes: 0,
      }));
      for (let signal = 0; signal < most; signal++) {
        const ofSignal = [seed, 41, shapes.indexOf(shape), m, rowsPerHour, signal];
        const made = makeSignal(shape, { seed: ofSignal, m, rowsPerTick: rowsPerHour / hourTicks }, tables);
        const judged = cells.filter(({ family }) => signal < family.run);
        runMonth(made, judged, criticals);
      }
      found.push(...cells);
    }
  }
  return found;
}

/** The same stream for families of several sizes: only their alphas differ. */
function runMonth(signal: ShapedSignal, cells: readonly MatrixCell[], criticals: CriticalValues): void {
  const traffic = new Traffic(signal);
  const judged = cells.map((cell) => ({
    cell,
    rule: new DefaultRule(
      traffic.model,
      cell.family.signals,
      criticals,
      Number.NEGATIVE_INFINITY,
      signal.kind,
    ),
    lastTick: Number.NEGATIVE_INFINITY,
  }));
  for (let tick = 0; tick < monthTicks; tick++) {
    const counts = signal.next();
    const isNew = traffic.add(counts);
    for (const one of judged) {
      if (isNew) one.rule.model = traffic.model;
      one.rule.feed(counts);
      if (one.rule.look(counts.tick) === undefined) continue;
      one.cell.raw++;
      if (counts.tick - one.lastTick > episodeTicks) one.cell.episodes++;
      one.lastTick = counts.tick;
    }
  }
}

/** The model of a file, as the agent makes it anew while its traffic grows older. */
class Traffic {
  model: ReferenceModel;
  readonly #file: ReferenceModel;
  readonly #history: PaneHistory;
  #age = 0;
  #learnedAge = 1;

  constructor(signal: ShapedSignal) {
    const rows = signal.reference.reduce((sum, count) => sum + count, 0);
    this.#file = modelOfCounts(signal.reference, rows, rows);
    this.#history = new PaneHistory(signal.bins);
    this.model = withTrafficVariance(this.#file, this.#history.panes());
  }

  /** True where the model was made anew. */
  add({ tick, ventiles, rows: weight, weightSquared = weight }: TickCounts): boolean {
    this.#age++;
    if (isTrafficLearned(this.#learnedAge)) return false;
    this.#history.add({ tick, hour: hourOfWeek(tick * tickMs), bins: ventiles, weight, weightSquared });
    if (!isTrafficDue(this.#age, this.#learnedAge)) return false;
    this.#learnedAge = this.#age;
    this.model = withTrafficVariance(this.#file, this.#history.panes());
    return true;
  }
}
