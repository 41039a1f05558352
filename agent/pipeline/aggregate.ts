import type { Config } from '../../config/config.ts';
import type { DropReason } from '../../core/metrics.ts';
import type { Call } from '../../core/observation.ts';
import type { Counters } from '../../core/pane.ts';
import type { Digest, Log, Meter } from '../../core/ports.ts';
import type { Reference } from '../../core/reference.ts';
import type { Scale } from '../../core/scale.ts';
import { type Series, seriesKey } from '../../core/series.ts';
import { newCounters } from '../../detectors/counters/counters.ts';
import type { ContentBook } from './content-book.ts';
import { type Row, RowCounter, trackOf } from './count-row.ts';
import { Dedupe } from './dedupe.ts';
import { Learner } from './learner.ts';
import {
  type ModelState,
  newVersion,
  type SignalState,
  type SignalTrack,
  seriesOf,
  type VersionState,
} from './model-state.ts';
import { isUsableName } from './names.ts';
import { fixedScale } from './result-scale.ts';
import { RowBlock } from './row-block.ts';
import { segmentSampleMax, segmentsWith } from './segment-known.ts';
import { SegmentSplit } from './segment-split.ts';
import { type PaneBudget, Track } from './track.ts';

/** A row dated further ahead of our clock than this is refused: it would push the watermark. */
export const aheadMaxMs = 600_000;

export interface AggregatorOptions {
  readonly config: Config;
  readonly digest: Digest;
  readonly meter: Meter;
  readonly log: Log;
  readonly nowMs: number;
  /** What is learned of texts and vectors; without it they are not compared with a reference. */
  readonly contentBook?: ContentBook;
  /** References of files and of the store; the first of equal series wins. */
  readonly references: readonly Reference[];
  /** The reference in force of a signal that is seen for the first time; else a scale to learn one on. */
  readonly referenceOf?: (series: Series) => { readonly reference?: Reference; readonly scale?: Scale };
  /** Every reference there is: segments with one get their place at once. */
  readonly listed?: () => readonly Reference[];
  /** The longest window any rule takes over this signal, ms; 0 where none watches it. */
  readonly keepMs: (model: string, environment: string, signal: string) => number;
  /** Event time up to which windows of a model were judged before a restart: rows before it are late for good. */
  readonly judgedMs?: (environment: string, model: string) => number | undefined;
  /** Told of each row once it is counted. */
  readonly onRow?: (state: ModelState, call: Call) => void;
}

/** Where a number that is no field of a row belongs. */
export interface NumberPlace {
  readonly environment: string;
  readonly model: string;
  readonly version: string;
  readonly timeMs: number;
  readonly weight: number;
}

/**
 * Rows in, panes of counters out. Per row nothing is allocated once its series are known: names come interned from the
 * reader, and a value goes straight into the counters of the open pane.
 */
export class Aggregator {
  readonly models = new Map<string, Map<string, ModelState>>();
  readonly budget: PaneBudget;
  readonly #options: AggregatorOptions;
  readonly #dedupe: Dedupe;
  readonly #references = new Map<string, Reference>();
  readonly #counter: RowCounter;
  readonly #rows = new Map<string, number>();
  /** Absent where no segment is declared: rows then take no look at it. */
  readonly #split: SegmentSplit | undefined;
  #modelCount = 0;

  constructor(options: AggregatorOptions) {
    this.#options = options;
    this.#dedupe = new Dedupe(options.nowMs);
    this.budget = { used: 0, max: options.config.limits.panesMax };
    this.#counter = new RowCounter({
      signal: (state, version, group, name) => this.signal(state, version, group, name),
      budget: this.budget,
      meter: options.meter,
      ...(options.contentBook === undefined ? {} : { contentBook: options.contentBook }),
    });
    for (const reference of options.references) {
      const key = seriesKey(reference.series);
      if (!this.#references.has(key)) this.#references.set(key, reference);
    }
    const { segments = [] } = options.config;
    if (segments.length === 0) return;
    this.#split = new SegmentSplit({
      segments,
      known: (state) => segmentsWith([...this.#references.values(), ...(options.listed?.() ?? [])], state),
      meter: options.meter,
      log: options.log,
    });
  }

  get modelCount(): number {
    return this.#modelCount;
  }

  /** Every model, and after each its segments. */
  *states(): Generator<ModelState> {
    for (const byModel of this.models.values()) {
      for (const state of byModel.values()) {
        yield state;
        if (state.segments !== undefined) yield* state.segments.values();
      }
    }
  }

  /** What was seen of the versions of a model. */
  versionsOf(model: string, environment: string): readonly VersionState[] {
    return [...(this.models.get(environment)?.get(model)?.versions.values() ?? [])];
  }

  /** Tells the meter what was counted since the last time: once a tick, as a metric per row would cost more than the row. */
  flushMetrics(): void {
    for (const [convention, rows] of this.#rows) this.#options.meter.add('rows', rows, { convention });
    this.#rows.clear();
  }

  /** Counts one call; `false`: it was dropped, with a reason. It never throws on data. */
  add(call: Call, nowMs: number): boolean {
    const row = this.#admit(call, nowMs);
    if (row === undefined) return false;
    const { state, version } = row;
    if (call.timeMs > state.newestMs) state.newestMs = call.timeMs;
    state.arrivedMs = nowMs;
    version.rows++;
    if (call.timeMs > version.lastSeenMs) version.lastSeenMs = call.timeMs;
    this.#rows.set(call.convention, (this.#rows.get(call.convention) ?? 0) + 1);
    this.#counter.count(row, call);
    if (this.#split !== undefined) this.#countSegments(this.#split.of(state, call), row, call);
    this.#options.onRow?.(state, call);
    return true;
  }

  /** Counts one number of a model that is no field of a row, such as the cost of a whole transaction. */
  addNumber(signal: string, value: number, at: NumberPlace): void {
    const state = this.model(at.environment || this.#options.config.environment, at.model, at.timeMs);
    if (state === undefined) return;
    const paneStartMs = this.#paneOf(at.timeMs);
    if (paneStartMs < state.closedMs) {
      this.#drop('late');
      return;
    }
    const version = this.version(state, at.version, at.timeMs);
    if (version === undefined) return;
    const track = this.signal(state, version, 'builtin', signal)?.track;
    if (!track?.addNumber(paneStartMs, value, at.weight)) this.#drop('panes_max');
  }

  /** The state of a model, discovered on its first row; undefined (and counted) where a limit or its name forbids it. */
  model(environment: string, model: string, timeMs: number): ModelState | undefined {
    const known = this.models.get(environment)?.get(model);
    if (known !== undefined) return known;
    if (!isUsableName(model) || !isUsableName(environment)) return this.#drop('invalid_name');
    if (this.#modelCount >= this.#options.config.limits.modelsMax) return this.#drop('models_max');
    const firstMs = this.#paneOf(timeMs - this.#options.config.windows.allowedLatenessMs);
    const judgedMs = this.#options.judgedMs?.(environment, model) ?? Number.NEGATIVE_INFINITY;
    const closedMs = Math.max(firstMs, this.#paneOf(judgedMs));
    const state = {
      model,
      environment,
      newestMs: timeMs,
      arrivedMs: this.#options.nowMs,
      closedMs,
      versions: new Map(),
      signals: new Map(),
    };
    const byModel = this.models.get(environment) ?? new Map<string, ModelState>();
    this.models.set(environment, byModel.set(model, state));
    this.#modelCount++;
    this.#options.log.info('model discovered', { model, environment });
    return state;
  }

  /** The state of a version. The one seen longest ago makes room for a new one where the limit is reached. */
  version(state: ModelState, version: string, timeMs: number): VersionState | undefined {
    const known = state.versions.get(version);
    if (known !== undefined) return known;
    if (version !== '' && !isUsableName(version)) return this.#drop('invalid_name');
    if (
      state.versions.size >= this.#options.config.limits.versionsMax &&
      !this.#forgetOldVersion(state, timeMs)
    ) {
      return this.#drop('versions_max');
    }
    const made = newVersion(version, timeMs, new RowBlock((values) => this.#dropMany('panes_max', values)));
    state.versions.set(version, made);
    // A segment has the versions of its model: to say it of each would say nothing new.
    if (state.whole === undefined) {
      this.#options.log.info('version discovered', {
        model: state.model,
        environment: state.environment,
        version,
      });
    }
    return made;
  }

  /** The place of a signal in a version; undefined (and counted) where a limit or its name forbids it. */
  signal(
    state: ModelState,
    version: VersionState,
    group: 'inputs' | 'outputs' | 'builtin',
    name: string,
  ): SignalTrack | undefined {
    const known = version[group].get(name);
    if (known !== undefined) return known;
    const signalName = group === 'builtin' ? name : `${group === 'inputs' ? 'input' : 'output'}.${name}`;
    let signal = state.signals.get(signalName);
    if (signal === undefined) {
      if (!isUsableName(name)) return this.#drop('invalid_name');
      if (state.signals.size >= this.#options.config.limits.signalsMax) return this.#drop('signals_max');
      signal = this.#newSignal(state, signalName);
      state.signals.set(signalName, signal);
    }
    const scale = signal.learner === undefined ? fixedScale(signalName) : signal.learner.scale;
    const made: SignalTrack = {
      signal,
      block: version.block,
      track: scale === undefined ? undefined : new Track(scale, this.budget, version.block),
    };
    version[group].set(name, made);
    return made;
  }

  /**
   * Puts a pane of a checkpoint back. `false`: its scale is no longer the signal's (its reference was replaced), or the
   * budget is spent. A track whose learner has no scale yet takes the one its learner gets back, so that comes first.
   */
  restorePane(place: SignalTrack, startMs: number, counters: Counters): boolean {
    const track = trackOf(place, this.budget);
    if (track === undefined || track.scale.id !== counters.scaleId) return false;
    return track.restore(startMs, counters);
  }

  #newSignal(state: ModelState, name: string): SignalState {
    const keepMs = this.#options.keepMs(state.model, state.environment, name);
    if (fixedScale(name) !== undefined) return { name, learner: undefined, keepMs };
    const sha256 = (text: string) => this.#options.digest.sha256(text);
    const { learn } = this.#options.config.references;
    const sample = state.whole === undefined ? undefined : segmentSampleMax;
    const learner = new Learner(learn, sha256, sample);
    const series = seriesOf(state, name);
    const known = this.#options.referenceOf?.(series);
    const reference = this.#references.get(seriesKey(series)) ?? known?.reference;
    if (reference !== undefined) learner.adopt(reference);
    else if (known?.scale !== undefined)
      learner.restore({ scale: known.scale, counters: newCounters(known.scale), fromMs: state.closedMs });
    return { name, learner, keepMs };
  }

  #admit(call: Call, nowMs: number): Row | undefined {
    if (call.timeMs > nowMs + aheadMaxMs) return this.#drop('future');
    const state = this.model(call.environment || this.#options.config.environment, call.model, call.timeMs);
    if (state === undefined) return undefined;
    const paneStartMs = this.#paneOf(call.timeMs);
    if (paneStartMs < state.closedMs) return this.#drop('late');
    if (this.#dedupe.seen(call.idHigh, call.idLow, nowMs)) return this.#drop('duplicate');
    const version = this.version(state, call.version, call.timeMs);
    return version && { state, version, paneStartMs, timeMs: call.timeMs, weight: call.weight };
  }

  /** The row again, as one of each segment it belongs to. */
  #countSegments(segments: readonly ModelState[], row: Row, call: Call): void {
    for (const state of segments) {
      const version = this.version(state, call.version, call.timeMs);
      if (version === undefined) continue;
      version.rows++;
      if (call.timeMs > version.lastSeenMs) version.lastSeenMs = call.timeMs;
      this.#counter.count({ ...row, state, version }, call);
    }
  }

  /** Makes room by forgetting the version that was seen longest ago, if it has been silent for an hour of event time. */
  #forgetOldVersion(state: ModelState, timeMs: number): boolean {
    let oldest: VersionState | undefined;
    for (const version of state.versions.values()) {
      if (oldest === undefined || version.lastSeenMs < oldest.lastSeenMs) oldest = version;
    }
    if (oldest === undefined || timeMs - oldest.lastSeenMs < 3_600_000) return false;
    for (const place of [...oldest.inputs.values(), ...oldest.outputs.values(), ...oldest.builtin.values()]) {
      place.track?.forgetBefore(Number.POSITIVE_INFINITY);
    }
    return state.versions.delete(oldest.version);
  }

  #paneOf(timeMs: number): number {
    const { paneMs } = this.#options.config.windows;
    return Math.floor(timeMs / paneMs) * paneMs;
  }

  #drop(reason: DropReason): undefined {
    this.#dropMany(reason, 1);
    return undefined;
  }

  #dropMany(reason: DropReason, count: number): void {
    this.#options.meter.add('dropped', count, { reason });
  }
}
