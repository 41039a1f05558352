import { encodeJson } from '../../core/json.ts';
import type { Clock, Log, StoreWrite } from '../../core/ports.ts';
import type { Reference } from '../../core/reference.ts';
import { type Series, seriesKey, signalOf } from '../../core/series.ts';
import { isoTime } from '../../core/time.ts';
import { addBins } from '../../detectors/ladder/binning.ts';
import type { Steps } from '../../detectors/ladder/cross-fit.ts';
import { JudgeRoom, ModelReader } from '../../detectors/ladder/judge-series.ts';
import type { ReferenceHealth } from '../../detectors/ladder/reference-health.ts';
import {
  modelOfCounts,
  type ReferenceModel,
  referenceModelSteps,
  referenceModelToJson,
} from '../../detectors/ladder/reference-model.ts';
import type { ReferencePanes } from '../../detectors/ladder/reference-panes.ts';
import { isTrafficLearned, trafficVarianceSteps } from '../../detectors/ladder/traffic-variance.ts';
import type { SignalLadder, StoredLadder } from './ladder-state.ts';
import { ModelQueue } from './model-queue.ts';
import { movesFromMs } from './reference-checks.ts';
import { modelPrefix } from './references.ts';

export const ladderPrefix = 'ladder/';
/** A learned reference is refined each day until it is this old. */
const refineDays = 28;

export interface LadderModelsOptions {
  readonly clock: Clock;
  readonly paneMs: number;
  /** Panes of a day. */
  readonly dayTicks: number;
  readonly log: Log;
  readonly onFault: (fault: unknown, series: Series) => void;
}

/** Makes the models of references between everything else, and says what is to be stored of them. */
export class LadderModels {
  /** What the readers of all models share while they work. */
  readonly room = new JudgeRoom();
  readonly #queue: ModelQueue;
  readonly #paneMs: number;
  readonly #dayTicks: number;
  readonly #log: Log;
  readonly #onFault: LadderModelsOptions['onFault'];
  #writes: StoreWrite[] = [];

  constructor(options: LadderModelsOptions) {
    this.#queue = new ModelQueue(options.clock);
    this.#paneMs = options.paneMs;
    this.#dayTicks = options.dayTicks;
    this.#log = options.log;
    this.#onFault = options.onFault;
  }

  work(): void {
    this.#queue.work();
  }

  /** Makes no more models. */
  stop(): void {
    this.#queue.stop();
  }

  /** Models made since the last call, for the transaction of this tick. */
  takeWrites(): readonly StoreWrite[] {
    const writes = this.#writes;
    this.#writes = [];
    return writes;
  }

  /** A model of this reference is to be made; it is when its turn comes. */
  order(ladder: SignalLadder, reference: Reference, tick: number): void {
    if (ladder.awaits === reference.id) return;
    ladder.awaits = reference.id;
    this.#queue.add(this.#model(ladder, reference, tick));
  }

  *#model(ladder: SignalLadder, reference: Reference, tick: number): Steps<void> {
    try {
      if (ladder.isReplaced) return;
      const panes = ladder.history?.panes();
      yield;
      const model = yield* this.#modelSteps(ladder, reference, panes);
      yield;
      if (ladder.isReplaced) return;
      // The counts it was made from are for the store: in memory they would be the largest part of it.
      const { hours: _, ...judged } = model;
      ladder.reader = new ModelReader(judged, this.room);
      ladder.referenceId = reference.id;
      ladder.builtTick = tick;
      if (this.#isLearned(ladder, reference, tick)) ladder.history = undefined;
      this.#keep(ladder, model);
    } catch (fault) {
      this.#onFault(fault, ladder.series);
    } finally {
      ladder.awaits = '';
    }
  }

  *#modelSteps(
    ladder: SignalLadder,
    reference: Reference,
    panes: ReferencePanes | undefined,
  ): Steps<ReferenceModel> {
    const hasTimes = panes !== undefined && panes.ticks.length > 1;
    if (reference.kind === 'file' && panes !== undefined)
      return yield* trafficVarianceSteps(this.#modelOf(ladder, reference), panes);
    return hasTimes ? yield* referenceModelSteps(panes) : this.#modelOf(ladder, reference);
  }

  /** From here on its model stays as it is. */
  #isLearned({ startedTick }: SignalLadder, reference: Reference, tick: number): boolean {
    return reference.kind === 'file'
      ? isTrafficLearned(tick + 1 - startedTick, this.#dayTicks)
      : tick - startedTick >= refineDays * this.#dayTicks;
  }

  /** As if its rows had no times. */
  #modelOf({ binning }: SignalLadder, { counters }: Reference): ReferenceModel {
    const bins = new Float64Array(binning.size);
    addBins(binning, counters, bins);
    return modelOfCounts(bins, counters.weight, counters.weightSquared);
  }

  #keep(ladder: SignalLadder, model: ReferenceModel): void {
    const { referenceId, scaleId, startedTick, builtTick, binning, series } = ladder;
    const { health } = model;
    if (health !== undefined && health.warnings.length > 0) {
      this.#log.warn('the reference has weaknesses', {
        name: referenceId,
        model: series.model,
        signal: signalOf(series),
        warnings: health.warnings.join(', '),
        ...movingSince(health, this.#paneMs),
      });
    }
    const stored: StoredLadder = {
      referenceId,
      scaleId,
      startedTick,
      builtTick,
      binOf: [...binning.binOf],
      model: referenceModelToJson(model),
    };
    const value = encodeJson(stored);
    this.#writes.push(
      { key: ladderPrefix + seriesKey(series), value },
      { key: modelPrefix + referenceId, value },
    );
  }
}

/** Where the reference itself moves, it is said since when. */
function movingSince(health: ReferenceHealth, tickMs: number): { readonly movesSince?: string } {
  const fromMs = movesFromMs(health, tickMs);
  return fromMs === undefined ? {} : { movesSince: isoTime(fromMs) };
}
