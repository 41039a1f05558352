import { decodeJson, encodeJson } from '../../core/json.ts';
import type { Counters } from '../../core/pane.ts';
import type { Clock, Log, Meter, StoreWrite } from '../../core/ports.ts';
import type { Reference } from '../../core/reference.ts';
import { type Series, seriesKey } from '../../core/series.ts';
import { addBins, type Binning, binningOf } from '../../detectors/ladder/binning.ts';
import type { Steps } from '../../detectors/ladder/cross-fit.ts';
import { JudgeRoom, ModelReader } from '../../detectors/ladder/judge-series.ts';
import {
  modelOfCounts,
  type ReferenceModel,
  referenceModelSteps,
  referenceModelToJson,
} from '../../detectors/ladder/reference-model.ts';
import { PaneHistory, type ReferencePanes, ticksPerDay } from '../../detectors/ladder/reference-panes.ts';
import { hourOfWeek } from '../../detectors/ladder/seasonal.ts';
import {
  isTrafficDue,
  isTrafficLearned,
  trafficVarianceSteps,
} from '../../detectors/ladder/traffic-variance.ts';
import { binsMax, hoursPerWeek, WindowRing } from '../../detectors/ladder/window-ring.ts';
import { fromStored, keepThin, type SignalLadder, type StoredLadder } from './ladder-state.ts';
import { ModelQueue } from './model-queue.ts';
import { type ModelState, placeOf, type SignalState } from './model-state.ts';
import { packSections, unpackSections } from './sections.ts';
import type { ClosedPane } from './window.ts';

/** Series followed, at most: some 40 KB each. More are counted and judged by other rules only. */
export const ladderSeriesMax = 4_000;
/** A learned reference is refined each day until it is this old. */
const refineDays = 28;
const ticksPerHour = 12;
const dayMs = 86_400_000;
const prefix = 'ladder/';

/**
 * The windows and reference models of the default rule, fed once per closed pane. Windows are kept as running sums
 * (window-ring.ts); a model is made when the reference freezes, and anew each day for four weeks, as long as nothing
 * drifts. A tick is a pane: with the usual panes of five minutes the windows are 5 minutes to 7 days.
 */
export class LadderBook {
  readonly #ladders = new Map<string, SignalLadder>();
  readonly #bySignal = new WeakMap<SignalState, SignalLadder>();
  /** Of before a restart, until a signal asks for its own. */
  readonly #stored: Map<string, Uint8Array>;
  readonly #isWatched: (series: Series) => boolean;
  readonly #unwatched = new WeakSet<SignalState>();
  readonly #queue: ModelQueue;
  readonly #room = new JudgeRoom();
  readonly #paneMs: number;
  readonly #dayTicks: number;
  readonly #meter: Meter;
  readonly #log: Log;
  /** Rings of a checkpoint that no pane has asked for yet, by series and version. */
  readonly #saved = new Map<string, Uint8Array>();
  readonly #bins = new Float64Array(binsMax);
  #writes: StoreWrite[] = [];
  #rings = 0;

  constructor(options: {
    readonly paneMs: number;
    readonly clock: Clock;
    readonly meter: Meter;
    readonly log: Log;
    /** Whether a rule judges this signal by the default rule: only then is anything kept of it. */
    readonly isWatched: (series: Series) => boolean;
    /** Every `ladder/` record of the store, by what follows the prefix. */
    readonly stored: ReadonlyMap<string, Uint8Array>;
  }) {
    this.#paneMs = options.paneMs;
    this.#dayTicks = Math.max(1, Math.min(ticksPerDay, Math.round(dayMs / options.paneMs)));
    this.#meter = options.meter;
    this.#log = options.log;
    this.#isWatched = options.isWatched;
    this.#queue = new ModelQueue(options.clock);
    this.#stored = new Map(options.stored);
  }

  /** Adds a closed pane of some signals of a model. */
  feed(closed: ClosedPane, signals: readonly SignalState[]): void {
    for (const signal of signals) {
      try {
        this.#feedSignal(closed, signal);
      } catch (fault) {
        this.#tell(fault, { model: closed.state.model, signal: signal.name });
      }
    }
    this.#queue.work();
  }

  /** Makes no more models. */
  stop(): void {
    this.#queue.stop();
  }

  #feedSignal(closed: ClosedPane, signal: SignalState): void {
    const ladder = this.of(closed.state, signal);
    if (ladder === undefined) return;
    const tick = this.tickOf(closed.startMs);
    this.#addPanes(ladder, closed, signal, tick);
    this.#refine(ladder, signal, tick);
  }

  /** Undefined where the signal has no scale yet, or one the rule cannot read. */
  of(state: ModelState, signal: SignalState): SignalLadder | undefined {
    const made = this.#bySignal.get(signal);
    if (made !== undefined || this.#unwatched.has(signal)) return made;
    const series = { model: state.model, environment: state.environment, version: '', signal: signal.name };
    if (!this.#isWatched(series)) {
      this.#unwatched.add(signal);
      return undefined;
    }
    const key = seriesKey(series);
    const known = this.#ladders.get(key) ?? this.#make(key, state, signal);
    if (known !== undefined) this.#bySignal.set(signal, known);
    return known;
  }

  #make(key: string, state: ModelState, signal: SignalState): SignalLadder | undefined {
    const series = { model: state.model, environment: state.environment, version: '', signal: signal.name };
    const learned = signal.learner?.reference ?? signal.learner?.snapshot();
    if (learned === undefined) return undefined;
    const binning = binningOf(learned.scale, learned.counters);
    if (binning === undefined) return undefined;
    const ladder: SignalLadder = {
      series,
      binning,
      history: new PaneHistory(binning.size, this.#dayTicks),
      reader: undefined,
      referenceId: '',
      startedTick: this.tickOf(learned.fromMs),
      builtTick: Number.NEGATIVE_INFINITY,
      rings: new Map(),
      recent: new Map(),
      awaits: '',
      drifting: false,
    };
    const stored = this.#takeStored(key);
    let made = stored?.scaleId === learned.scale.id ? fromStored(ladder, stored, this.#room) : ladder;
    const isFile = signal.learner?.reference?.kind === 'file';
    if (isFile && made.reader !== undefined) made = this.#learnOn(made, this.tickOf(state.closedMs));
    this.#ladders.set(key, made);
    return made;
  }

  /** After a restart traffic is learned from anew, and replaces what was known once it is as old as that was. */
  #learnOn(ladder: SignalLadder, tick: number): SignalLadder {
    const known = ladder.builtTick + 1 - ladder.startedTick;
    if (isTrafficLearned(known, this.#dayTicks)) return ladder;
    const history = new PaneHistory(ladder.binning.size, this.#dayTicks);
    return { ...ladder, history, startedTick: tick, builtTick: tick + Math.floor(known / 2) };
  }

  tickOf(timeMs: number): number {
    return Math.floor(timeMs / this.#paneMs);
  }

  /** The windows of every series, for the checkpoint: a JSON head with lengths, then the bytes of each ring. */
  encode(): Uint8Array {
    const parts: Uint8Array[] = [];
    const head: RingHead[] = [];
    for (const [key, ladder] of this.#ladders) {
      for (const [version, ring] of ladder.rings) {
        const bytes = ring.toBytes();
        parts.push(bytes);
        head.push([key, version, bytes.length]);
      }
    }
    return packSections(head, parts);
  }

  /** Takes windows of a checkpoint; what cannot be read is left out, and begins anew. */
  restore(bytes: Uint8Array): void {
    const { head, take } = unpackSections<readonly RingHead[]>(bytes);
    for (const [key, version, length] of head) this.#saved.set(JSON.stringify([key, version]), take(length));
  }

  /** Models made since the last call, for the transaction of this tick. */
  takeWrites(): readonly StoreWrite[] {
    const writes = this.#writes;
    this.#writes = [];
    return writes;
  }

  #addPanes(ladder: SignalLadder, closed: ClosedPane, signal: SignalState, tick: number): void {
    const hour = this.#hourOf(closed.startMs, tick);
    for (const version of closed.state.versions.values()) {
      const counters = placeOf(version, signal.name)?.track?.pane(closed.startMs);
      if (counters === undefined) continue;
      const bins = this.#binsOf(ladder.binning, counters);
      const { weight, weightSquared, missing, malformed } = counters;
      const pane = { tick, hour, bins, weight, weightSquared, missing, malformed };
      this.#ringOf(ladder, version.version)?.add(pane);
      keepThin(ladder, version.version, pane);
      // Traffic that differs from its file must not be what tells how much is usual.
      if (!(ladder.drifting && signal.learner?.reference?.kind === 'file')) ladder.history?.add(pane);
    }
    for (const version of ladder.rings.keys()) {
      if (!closed.state.versions.has(version)) {
        ladder.rings.delete(version);
        ladder.recent.delete(version);
        this.#rings--;
      }
    }
  }

  /** Panes shorter than five minutes are a demo's: twelve of them are its hour. */
  #hourOf(startMs: number, tick: number): number {
    const isReal = this.#dayTicks < ticksPerDay || this.#paneMs * ticksPerDay === dayMs;
    return isReal ? hourOfWeek(startMs) : Math.floor(tick / ticksPerHour) % hoursPerWeek;
  }

  #ringOf(ladder: SignalLadder, version: string): WindowRing | undefined {
    const known = ladder.rings.get(version);
    if (known !== undefined) return known;
    if (this.#rings >= ladderSeriesMax) {
      this.#meter.add('dropped', 1, { reason: 'ladder_max' });
      return undefined;
    }
    const ring = this.#savedRing(ladder, version) ?? new WindowRing(ladder.binning.size);
    ladder.rings.set(version, ring);
    this.#rings++;
    return ring;
  }

  /** The ring of before a restart, where it has the bins of today. */
  #savedRing(ladder: SignalLadder, version: string): WindowRing | undefined {
    const key = JSON.stringify([seriesKey(ladder.series), version]);
    const bytes = this.#saved.get(key);
    this.#saved.delete(key);
    if (bytes === undefined) return undefined;
    try {
      const ring = WindowRing.fromBytes(bytes);
      return ring.bins === ladder.binning.size ? ring : undefined;
    } catch {
      this.#meter.add('corrupt_records', 1, { kind: 'checkpoint' });
      return undefined;
    }
  }

  /** Makes the model when its reference is there, and anew each day while it is young and nothing drifts. */
  #refine(ladder: SignalLadder, signal: SignalState, tick: number): void {
    const reference = signal.learner?.reference;
    if (reference === undefined) return;
    if (reference.kind === 'file') {
      this.#followTraffic(ladder, reference, tick);
      return;
    }
    const isNew = ladder.referenceId !== reference.id;
    const isDue = ladder.history !== undefined && !ladder.drifting && this.#isRefineTick(ladder, tick);
    if (isNew || isDue) this.#order(ladder, reference, tick);
  }

  /** A file says nothing of how windows vary: that is learned from the traffic, while nothing drifts. */
  #followTraffic(ladder: SignalLadder, reference: Reference, tick: number): void {
    const isNew = ladder.referenceId !== reference.id && ladder.awaits !== reference.id;
    if (isNew) {
      ladder.startedTick = tick;
      ladder.history ??= new PaneHistory(ladder.binning.size, this.#dayTicks);
    }
    if (ladder.history === undefined) return;
    const age = tick + 1 - ladder.startedTick;
    const isDue =
      !ladder.drifting && isTrafficDue(age, ladder.builtTick - ladder.startedTick, this.#dayTicks);
    if (isNew || isDue) this.#order(ladder, reference, tick);
  }

  #order(ladder: SignalLadder, reference: Reference, tick: number): void {
    if (ladder.awaits === reference.id) return;
    ladder.awaits = reference.id;
    this.#queue.add(this.#model(ladder, reference, tick));
  }

  *#model(ladder: SignalLadder, reference: Reference, tick: number): Steps<void> {
    try {
      const panes = ladder.history?.panes();
      yield;
      const model = yield* this.#modelSteps(ladder, reference, panes);
      yield;
      // The counts it was made from are for the store: in memory they would be the largest part of it.
      const { hours: _, ...judged } = model;
      ladder.reader = new ModelReader(judged, this.#room);
      ladder.referenceId = reference.id;
      ladder.builtTick = tick;
      if (this.#isLearned(ladder, reference, tick)) ladder.history = undefined;
      this.#keep(ladder, model, reference.scale.id);
    } catch (fault) {
      this.#tell(fault, ladder.series);
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
    const bins = this.#binsOf(binning, counters).slice();
    return modelOfCounts(bins, counters.weight, counters.weightSquared);
  }

  /** Lasts until the next question. */
  #binsOf(binning: Binning, counters: Counters): Float64Array {
    const bins = this.#bins.subarray(0, binning.size).fill(0);
    addBins(binning, counters, bins);
    return bins;
  }

  /** Once a day, each signal at a tick of its own: making a model takes some 10 ms, and many begin at once. */
  #isRefineTick(ladder: SignalLadder, tick: number): boolean {
    const { signal } = ladder.series;
    const every = this.#dayTicks;
    let offset = signal.length % every;
    for (let i = 0; i < signal.length; i++) offset = (offset * 31 + signal.charCodeAt(i)) % every;
    return tick > ladder.builtTick && tick % every === offset;
  }

  #keep(ladder: SignalLadder, model: ReferenceModel, scaleId: string): void {
    const { referenceId, startedTick, builtTick, binning, series } = ladder;
    const { health } = model;
    if (health !== undefined && health.warnings.length > 0) {
      this.#log.warn('the reference has weaknesses', {
        name: referenceId,
        model: series.model,
        signal: series.signal,
        warnings: health.warnings.join(', '),
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
    this.#writes.push({ key: prefix + seriesKey(series), value: encodeJson(stored) });
  }

  #takeStored(key: string): StoredLadder | undefined {
    const bytes = this.#stored.get(key);
    this.#stored.delete(key);
    try {
      return bytes && decodeJson<StoredLadder>(bytes);
    } catch {
      this.#meter.add('corrupt_records', 1, { kind: 'record' });
      return undefined;
    }
  }

  /** One signal's trouble must not keep the others from being judged. */
  #tell(fault: unknown, { model, signal }: Pick<Series, 'model' | 'signal'>): void {
    this.#meter.add('internal_errors', 1, { stage: 'judge' });
    const said = fault instanceof Error ? fault.message : 'unknown';
    this.#log.error('the default rule cannot follow a signal', { model, signal, fault: said });
  }
}

type RingHead = readonly [series: string, version: string, bytes: number];
