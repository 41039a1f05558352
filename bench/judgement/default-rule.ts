/** The default rule on one stream: a reference, then a look at each window whose turn it is after each tick. */
import {
  dueWindows,
  type LadderTicks,
  ladderAlpha,
  ladderTicks,
  tickMs,
} from '../../detectors/ladder/alpha-ladder.ts';
import type { CriticalValues } from '../../detectors/ladder/critical-values.ts';
import { judgeLevels } from '../../detectors/ladder/judge-levels.ts';
import { judgeSeries, ModelReader } from '../../detectors/ladder/judge-series.ts';
import type { WindowFinding } from '../../detectors/ladder/judge-window.ts';
import type { ReferenceModel } from '../../detectors/ladder/reference-model.ts';
import { emptyPanes, type ReferencePanes } from '../../detectors/ladder/reference-panes.ts';
import { hourOfWeek } from '../../detectors/ladder/seasonal.ts';
import { newWindowScratch, type RingWindow, WindowRing } from '../../detectors/ladder/window-ring.ts';
import { bins, type Stream } from './stream.ts';

export const minEffect = 0.01;
export const minRows = 200;
/** Asked: so many false alarms in 30 days over all signals. */
export const asked = 0.5;
export const warmTicks = 2016;

export interface Look {
  readonly windowTicks: LadderTicks;
  readonly p: number;
  readonly excess: number;
}

/** What one tick of a signal counted. */
export interface TickCounts {
  readonly tick: number;
  readonly ventiles: Float64Array;
  /** Their sum, and that of the squared weights. */
  readonly rows: number;
  readonly weightSquared?: number;
}

export class DefaultRule {
  readonly #ring: WindowRing;
  readonly #scratch: ReturnType<typeof newWindowScratch>;
  #reader: ModelReader;
  readonly #criticals: CriticalValues;
  readonly #alpha: ReadonlyMap<LadderTicks, number>;
  readonly #firstTick: number;
  readonly #kind: 'ordered' | 'levels';

  /** Windows that begin before `firstTick` are not looked at: they are the reference's, or of another stream. */
  constructor(
    model: ReferenceModel,
    signals: number,
    criticals: CriticalValues,
    firstTick: number,
    kind: 'ordered' | 'levels' = 'ordered',
  ) {
    this.#ring = new WindowRing(model.bins);
    this.#scratch = newWindowScratch(model.bins);
    this.#reader = new ModelReader(model);
    this.#kind = kind;
    this.#criticals = criticals;
    this.#alpha = new Map(ladderTicks.map((ticks) => [ticks, ladderAlpha(ticks, asked, signals)]));
    this.#firstTick = firstTick;
  }

  set model(model: ReferenceModel) {
    this.#reader = new ModelReader(model);
  }

  feed(stream: TickCounts): void {
    this.#ring.add({
      tick: stream.tick,
      hour: hourOfWeek(stream.tick * tickMs),
      bins: stream.ventiles,
      weight: stream.rows,
      weightSquared: stream.weightSquared ?? stream.rows,
      missing: 0,
      malformed: 0,
    });
  }

  /** The shortest window that breaches after this tick. */
  look(tick: number): Look | undefined {
    const endTick = tick + 1;
    for (const windowTicks of dueWindows(endTick)) {
      if (endTick - windowTicks < this.#firstTick) continue;
      const window = this.#ring.windowAt(windowTicks, endTick, this.#scratch);
      if (window === undefined) continue;
      const found = this.#judge(windowTicks, window);
      if (found?.status === 'breach') return { windowTicks, p: found.p as number, excess: found.excess };
    }
    return undefined;
  }

  /** As the agent does (pipeline/ladder-judge.ts). */
  #judge(windowTicks: LadderTicks, window: RingWindow): WindowFinding | undefined {
    const alpha = this.#alpha.get(windowTicks) as number;
    const criticals = this.#criticals;
    if (this.#kind === 'ordered')
      return judgeSeries(this.#reader, window, { windowTicks, alpha, minEffect, minRows, criticals });
    const expectation = this.#reader.expectationOf(window.hours);
    if (expectation === undefined || !(window.n > 0)) return undefined;
    const { model } = this.#reader;
    return judgeLevels({
      bins: window.bins,
      n: window.n,
      expected: expectation.expected,
      inverseM: expectation.inverseM,
      variance: model.variance[ladderTicks.indexOf(windowTicks)],
      alpha: alpha * model.alphaFactor,
      minEffect: Math.max(minEffect, model.effectFloor ?? 0),
      minRows,
    });
  }
}

/** Draws the next `ticks` of the stream as panes of a reference. */
export function drawReference(stream: Stream, ticks: number, onTick?: () => void): ReferencePanes {
  const panes = emptyPanes(bins, ticks);
  for (let i = 0; i < ticks; i++) {
    stream.next();
    panes.ticks[i] = stream.tick;
    panes.hours[i] = hourOfWeek(stream.tick * tickMs);
    panes.weights[i] = stream.rows;
    panes.weightsSquared[i] = stream.rows;
    panes.counts.set(stream.ventiles, i * bins);
    onTick?.();
  }
  return panes;
}
