import { decodeJson } from '../../core/json.ts';
import type { Counters } from '../../core/pane.ts';
import type { Clock, Log, Meter, StoreWrite } from '../../core/ports.ts';
import type { Reference } from '../../core/reference.ts';
import { type Series, seriesKey, signalOf } from '../../core/series.ts';
import { addBins, type Binning, binningOf } from '../../detectors/ladder/binning.ts';
import type { ReferenceHealth } from '../../detectors/ladder/reference-health.ts';
import { PaneHistory, ticksPerDay } from '../../detectors/ladder/reference-panes.ts';
import { hourOfWeek } from '../../detectors/ladder/seasonal.ts';
import { isTrafficDue, isTrafficLearned } from '../../detectors/ladder/traffic-variance.ts';
import { binsMax, hoursPerWeek, WindowRing } from '../../detectors/ladder/window-ring.ts';
import { LadderModels } from './ladder-models.ts';
import { fromStored, keepThin, type SignalLadder, type StoredLadder } from './ladder-state.ts';
import { type ModelState, placeOf, type SignalState, seriesOf } from './model-state.ts';
import { packSections, unpackSections } from './sections.ts';
import type { ClosedPane } from './window.ts';

/** Series followed, at most: some 40 KB each. More are counted and judged by other rules only. */
export const ladderSeriesMax = 4_000;
const ticksPerHour = 12;
const dayMs = 86_400_000;

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
  readonly #models: LadderModels;
  readonly #paneMs: number;
  readonly #dayTicks: number;
  readonly #meter: Meter;
  readonly #log: Log;
  /** Rings of a checkpoint that no pane has asked for yet, by series and version. */
  readonly #saved = new Map<string, Uint8Array>();
  readonly #bins = new Float64Array(binsMax);
  readonly #givenModel: (referenceId: string) => StoredLadder | undefined;
  /** Panes of references that are learned or refined, from a checkpoint, by series. */
  readonly #savedHistories = new Map<string, SavedHistory>();
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
    /** The model that came with a reference, by its id: of imported ones. */
    readonly modelOf?: (referenceId: string) => StoredLadder | undefined;
  }) {
    this.#givenModel = options.modelOf ?? (() => undefined);
    this.#paneMs = options.paneMs;
    this.#dayTicks = Math.max(1, Math.min(ticksPerDay, Math.round(dayMs / options.paneMs)));
    this.#meter = options.meter;
    this.#log = options.log;
    this.#isWatched = options.isWatched;
    const { clock, paneMs, log } = options;
    const onFault = (fault: unknown, series: Series) => this.#tell(fault, series);
    this.#models = new LadderModels({ clock, paneMs, log, dayTicks: this.#dayTicks, onFault });
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
    this.#models.work();
  }

  /** Makes no more models. */
  stop(): void {
    this.#models.stop();
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
    if ((made !== undefined && !made.isReplaced) || this.#unwatched.has(signal)) return made;
    const series = seriesOf(state, signal.name);
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
    const series = seriesOf(state, signal.name);
    const learned = signal.learner?.reference ?? signal.learner?.snapshot();
    if (learned === undefined) return undefined;
    const binning = binningOf(learned.scale, learned.counters);
    if (binning === undefined) return undefined;
    const ladder: SignalLadder = {
      series,
      binning,
      scaleId: learned.scale.id,
      history: isBeingLearned(state, signal) ? new PaneHistory(binning.size, this.#dayTicks) : undefined,
      reader: undefined,
      referenceId: '',
      startedTick: this.tickOf(learned.fromMs),
      builtTick: Number.NEGATIVE_INFINITY,
      rings: new Map(),
      recent: new Map(),
      awaits: '',
      drifting: false,
      isReplaced: false,
    };
    const stored = this.#givenModel(signal.learner?.reference?.id ?? '') ?? this.#takeStored(key);
    let made = stored?.scaleId === learned.scale.id ? fromStored(ladder, stored, this.#models.room) : ladder;
    const isFile = signal.learner?.reference?.kind === 'file';
    if (isFile && made.reader !== undefined) made = this.#learnOn(made, this.tickOf(state.closedMs));
    made = this.#withHistory(key, made);
    this.#ladders.set(key, made);
    return made;
  }

  /** The panes of before a restart, where they have the cells of today: with them goes the way they were binned. */
  #withHistory(key: string, ladder: SignalLadder): SignalLadder {
    const saved = this.#savedHistories.get(key);
    this.#savedHistories.delete(key);
    const { binning } = ladder;
    if (saved === undefined || saved.binOf.length !== binning.binOf.length) return ladder;
    // Panes of another reference than the one in force now are no panes of its model.
    if (saved.history.bins !== binning.size || saved.startedTick !== ladder.startedTick) return ladder;
    return { ...ladder, binning: { ...binning, binOf: saved.binOf }, history: saved.history };
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

  /** The panes that models are made from, for the checkpoint: without them a season is not learned over a restart. */
  encodeHistories(): Uint8Array {
    const parts: Uint8Array[] = [];
    const head: HistoryHead[] = [];
    for (const [key, { history, binning, startedTick }] of this.#ladders) {
      if (history === undefined) continue;
      const bytes = history.toBytes();
      parts.push(bytes);
      head.push([key, [...binning.binOf], startedTick, bytes.length]);
    }
    return packSections(head, parts);
  }

  /** The reverse. Throws on bytes that are no histories. */
  restoreHistories(bytes: Uint8Array): void {
    const { head, take } = unpackSections<readonly HistoryHead[]>(bytes);
    for (const [key, binOf, startedTick, length] of head) {
      const history = PaneHistory.fromBytes(take(length), this.#dayTicks);
      this.#savedHistories.set(key, { binOf: Uint8Array.from(binOf), startedTick, history });
    }
  }

  /**
   * Another reference came into force for a signal: its ladder is made anew from it, with the model that was stored of it
   * where there is one. Windows go on where the bins stay the same.
   */
  replace(series: Series, model: Uint8Array | undefined): void {
    const key = seriesKey(series);
    const ladder = this.#ladders.get(key);
    if (ladder !== undefined) ladder.isReplaced = true;
    for (const [version, ring] of ladder?.rings ?? []) {
      this.#saved.set(JSON.stringify([key, version]), ring.toBytes());
      this.#rings--;
    }
    this.#ladders.delete(key);
    this.#savedHistories.delete(key);
    if (model === undefined) this.#stored.delete(key);
    else this.#stored.set(key, model);
  }

  /** What is known of the reference in force of a signal, and of which reference that is. */
  healthOf(series: Series): { readonly referenceId: string; readonly health: ReferenceHealth | undefined } {
    const key = seriesKey(series);
    const ladder = this.#ladders.get(key);
    if (ladder?.reader !== undefined)
      return { referenceId: ladder.referenceId, health: ladder.reader.model.health };
    const stored = this.#decode(this.#stored.get(key));
    return { referenceId: stored?.referenceId ?? '', health: stored?.model.health ?? undefined };
  }

  /** Models made since the last call, for the transaction of this tick. */
  takeWrites(): readonly StoreWrite[] {
    return this.#models.takeWrites();
  }

  #addPanes(ladder: SignalLadder, closed: ClosedPane, signal: SignalState, tick: number): void {
    const hour = this.hourOf(closed.startMs);
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

  /** Hour of the week of a pane. Panes shorter than five minutes are a demo's: twelve of them are its hour. */
  hourOf(startMs: number): number {
    const isReal = this.#dayTicks < ticksPerDay || this.#paneMs * ticksPerDay === dayMs;
    return isReal ? hourOfWeek(startMs) : Math.floor(this.tickOf(startMs) / ticksPerHour) % hoursPerWeek;
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
    if (isNew || isDue) this.#models.order(ladder, reference, tick);
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
    if (isNew || isDue) this.#models.order(ladder, reference, tick);
  }

  /** Lasts until the next question. */
  #binsOf(binning: Binning, counters: Counters): Float64Array {
    const bins = this.#bins.subarray(0, binning.size).fill(0);
    addBins(binning, counters, bins);
    return bins;
  }

  /** Once a day, each signal at a tick of its own: making a model takes some 10 ms, and many begin at once. */
  #isRefineTick(ladder: SignalLadder, tick: number): boolean {
    const signal = signalOf(ladder.series);
    const every = this.#dayTicks;
    let offset = signal.length % every;
    for (let i = 0; i < signal.length; i++) offset = (offset * 31 + signal.charCodeAt(i)) % every;
    return tick > ladder.builtTick && tick % every === offset;
  }

  #takeStored(key: string): StoredLadder | undefined {
    const stored = this.#decode(this.#stored.get(key));
    this.#stored.delete(key);
    return stored;
  }

  #decode(bytes: Uint8Array | undefined): StoredLadder | undefined {
    try {
      return bytes && decodeJson<StoredLadder>(bytes);
    } catch {
      this.#meter.add('corrupt_records', 1, { kind: 'record' });
      return undefined;
    }
  }

  /** One signal's trouble must not keep the others from being judged. */
  #tell(fault: unknown, series: Pick<Series, 'model' | 'signal' | 'segment'>): void {
    this.#meter.add('internal_errors', 1, { stage: 'judge' });
    const said = fault instanceof Error ? fault.message : 'unknown';
    this.#log.error('the default rule cannot follow a signal', {
      model: series.model,
      signal: signalOf(series),
      fault: said,
    });
  }
}

type RingHead = readonly [series: string, version: string, bytes: number];
type HistoryHead = readonly [series: string, binOf: readonly number[], startedTick: number, bytes: number];

interface SavedHistory {
  readonly binOf: Uint8Array;
  readonly startedTick: number;
  readonly history: PaneHistory;
}

/** Is it learned still, or was until the pane that closes? A model is refined with panes that follow on its own only. */
function isBeingLearned(state: ModelState, signal: SignalState): boolean {
  const reference = signal.learner?.reference;
  return reference === undefined || (reference.kind === 'learned' && reference.toMs >= state.closedMs);
}
