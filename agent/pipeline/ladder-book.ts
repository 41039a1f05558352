import { decodeJson, encodeJson } from '../../core/json.ts';
import type { Counters } from '../../core/pane.ts';
import type { Log, Meter, StoreWrite } from '../../core/ports.ts';
import { type Series, seriesKey, signalOf } from '../../core/series.ts';
import { isoTime } from '../../core/time.ts';
import { addBins, type Binning, binningOf } from '../../detectors/ladder/binning.ts';
import { ModelReader } from '../../detectors/ladder/judge-series.ts';
import type { ReferenceHealth } from '../../detectors/ladder/reference-health.ts';
import {
  buildReferenceModel,
  modelOfCounts,
  type ReferenceModelJson,
  referenceModelFromJson,
  referenceModelToJson,
} from '../../detectors/ladder/reference-model.ts';
import { PaneHistory } from '../../detectors/ladder/reference-panes.ts';
import { hoursPerWeek, type RingPane, WindowRing } from '../../detectors/ladder/window-ring.ts';
import { type ModelState, placeOf, type SignalState, seriesOf } from './model-state.ts';
import { movesFromMs } from './reference-checks.ts';
import { modelPrefix } from './references.ts';
import { packSections, unpackSections } from './sections.ts';
import type { ClosedPane } from './window.ts';

/** Series followed, at most: 18 KB each. More are counted and judged by other rules only. */
export const ladderSeriesMax = 4_000;
/** A learned reference is refined each day until it is this old, in panes: four weeks of five minutes. */
const refineTicks = 28 * 288;
const refineEveryTicks = 288;
const ticksPerHour = 12;
const prefix = 'ladder/';

/** What the default rule knows of one signal of one model, over all versions. */
export interface SignalLadder {
  readonly series: Series;
  readonly binning: Binning;
  readonly scaleId: string;
  /** Panes the model is made from, while it is still refined. */
  history: PaneHistory | undefined;
  reader: ModelReader | undefined;
  /** The reference it stands for; another one makes it anew. */
  referenceId: string;
  startedTick: number;
  builtTick: number;
  readonly rings: Map<string, WindowRing>;
  /** Some version drifts: the model is not refined meanwhile, as it would learn the drift. */
  drifting: boolean;
}

/** A model as it is stored and exported. */
export interface StoredLadder {
  readonly referenceId: string;
  readonly scaleId: string;
  readonly startedTick: number;
  readonly builtTick: number;
  readonly binOf: readonly number[];
  readonly model: ReferenceModelJson;
}

/**
 * The windows and reference models of the default rule, fed once per closed pane. Windows are kept as running sums
 * (window-ring.ts); a model is made when the reference freezes, and anew each day for four weeks, as long as nothing
 * drifts. A tick is a pane: with the usual panes of five minutes the windows are 5 minutes to 7 days.
 */
export class LadderBook {
  readonly #ladders = new Map<string, SignalLadder>();
  readonly #stored: Map<string, StoredLadder>;
  readonly #modelOf: (referenceId: string) => StoredLadder | undefined;
  readonly #paneMs: number;
  readonly #meter: Meter;
  readonly #log: Log;
  /** Rings of a checkpoint that no pane has asked for yet, by series and version. */
  readonly #saved = new Map<string, Uint8Array>();
  /** Panes of references that are learned or refined, from a checkpoint, by series. */
  readonly #savedHistories = new Map<string, SavedHistory>();
  #writes: StoreWrite[] = [];
  #rings = 0;

  constructor(options: {
    readonly paneMs: number;
    readonly meter: Meter;
    readonly log: Log;
    /** Every `ladder/` record of the store, by what follows the prefix. */
    readonly stored: ReadonlyMap<string, Uint8Array>;
    /** The model that came with a reference, by its id: of imported ones. */
    readonly modelOf?: (referenceId: string) => StoredLadder | undefined;
  }) {
    this.#modelOf = options.modelOf ?? (() => undefined);
    this.#paneMs = options.paneMs;
    this.#meter = options.meter;
    this.#log = options.log;
    this.#stored = new Map([...options.stored].flatMap(([key, bytes]) => this.#read(key, bytes)));
  }

  /** Adds a closed pane of a model. */
  feed(closed: ClosedPane): void {
    for (const signal of closed.state.signals.values()) {
      try {
        this.#feedSignal(closed, signal);
      } catch (fault) {
        // One signal's trouble must not keep the others from being judged.
        this.#meter.add('internal_errors', 1, { stage: 'judge' });
        const { model } = closed.state;
        const said = fault instanceof Error ? fault.message : 'unknown';
        this.#log.error('the default rule cannot follow a signal', {
          model,
          signal: signal.name,
          fault: said,
        });
      }
    }
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
    const series = seriesOf(state, signal.name);
    const key = seriesKey(series);
    const known = this.#ladders.get(key);
    if (known !== undefined) return known;
    const learned = signal.learner?.reference ?? signal.learner?.snapshot();
    if (learned === undefined) return undefined;
    const binning = binningOf(learned.scale, learned.counters);
    if (binning === undefined) return undefined;
    const ladder: SignalLadder = {
      series,
      binning,
      scaleId: learned.scale.id,
      history: isBeingLearned(state, signal) ? new PaneHistory(binning.size) : undefined,
      reader: undefined,
      referenceId: '',
      startedTick: this.tickOf(learned.fromMs),
      builtTick: Number.NEGATIVE_INFINITY,
      rings: new Map(),
      drifting: false,
    };
    const stored = this.#modelOf(signal.learner?.reference?.id ?? '') ?? this.#stored.get(key);
    const made =
      stored !== undefined && stored.scaleId === learned.scale.id ? fromStored(ladder, stored) : ladder;
    const whole = this.#withHistory(key, made);
    this.#ladders.set(key, whole);
    return whole;
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
      const history = PaneHistory.fromBytes(take(length));
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
    for (const [version, ring] of ladder?.rings ?? []) {
      this.#saved.set(JSON.stringify([key, version]), ring.toBytes());
      this.#rings--;
    }
    this.#ladders.delete(key);
    this.#savedHistories.delete(key);
    this.#stored.delete(key);
    const [read] = model === undefined ? [] : this.#read(key, model);
    if (read !== undefined) this.#stored.set(key, read[1]);
  }

  /** What is known of the reference in force of a signal, and of which reference that is. */
  healthOf(series: Series): { readonly referenceId: string; readonly health: ReferenceHealth | undefined } {
    const ladder = this.#ladders.get(seriesKey(series));
    const stored = this.#stored.get(seriesKey(series));
    if (ladder?.reader !== undefined)
      return { referenceId: ladder.referenceId, health: ladder.reader.model.health };
    return { referenceId: stored?.referenceId ?? '', health: stored?.model.health ?? undefined };
  }

  /** What is stored of the model of a signal's reference: for an export. Undefined where there is none yet. */
  modelOf(series: Series): StoredLadder | undefined {
    const ladder = this.#ladders.get(seriesKey(series));
    const stored = this.#stored.get(seriesKey(series));
    return ladder?.reader === undefined ? stored : storedOf(ladder, ladder.reader);
  }

  /** Models made since the last call, for the transaction of this tick. */
  takeWrites(): readonly StoreWrite[] {
    const writes = this.#writes;
    this.#writes = [];
    return writes;
  }

  #addPanes(ladder: SignalLadder, closed: ClosedPane, signal: SignalState, tick: number): void {
    for (const version of closed.state.versions.values()) {
      const counters = placeOf(version, signal.name)?.track?.pane(closed.startMs);
      if (counters === undefined) continue;
      const pane = binnedPane(ladder.binning, counters, tick);
      this.#ringOf(ladder, version.version)?.add(pane);
      ladder.history?.add(pane);
    }
    for (const version of ladder.rings.keys()) {
      if (!closed.state.versions.has(version)) {
        ladder.rings.delete(version);
        this.#rings--;
      }
    }
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
    const isNew = ladder.referenceId !== reference.id;
    const isDue = ladder.history !== undefined && !ladder.drifting && this.#isRefineTick(ladder, tick);
    if (!isNew && !isDue) return;
    const panes = ladder.history?.panes();
    const hasTimes = panes !== undefined && panes.ticks.length > 1;
    const counted = new Float64Array(ladder.binning.size);
    addBins(ladder.binning, reference.counters, counted);
    const { weight, weightSquared } = reference.counters;
    ladder.reader = new ModelReader(
      hasTimes ? buildReferenceModel(panes) : modelOfCounts(counted, weight, weightSquared),
    );
    ladder.referenceId = reference.id;
    ladder.builtTick = tick;
    if (tick - ladder.startedTick >= refineTicks) ladder.history = undefined;
    this.#keep(ladder);
  }

  /** Once a day, each signal at a tick of its own: making a model takes some 50 ms, and many begin at once. */
  #isRefineTick(ladder: SignalLadder, tick: number): boolean {
    const signal = signalOf(ladder.series);
    let offset = signal.length;
    for (let i = 0; i < signal.length; i++) offset = (offset * 31 + signal.charCodeAt(i)) % refineEveryTicks;
    return tick > ladder.builtTick && tick % refineEveryTicks === offset;
  }

  #keep(ladder: SignalLadder): void {
    const { reader, referenceId, series } = ladder;
    if (reader === undefined) return;
    const { health } = reader.model;
    if (health !== undefined && health.warnings.length > 0) {
      this.#log.warn('the reference has weaknesses', {
        name: referenceId,
        model: series.model,
        signal: signalOf(series),
        warnings: health.warnings.join(', '),
        ...movingSince(health, this.#paneMs),
      });
    }
    const value = encodeJson(storedOf(ladder, reader));
    this.#writes.push({ key: prefix + seriesKey(series), value }, { key: modelPrefix + referenceId, value });
  }

  #read(key: string, bytes: Uint8Array): readonly (readonly [string, StoredLadder])[] {
    try {
      return [[key, decodeJson<StoredLadder>(bytes)]];
    } catch {
      this.#meter.add('corrupt_records', 1, { kind: 'record' });
      return [];
    }
  }
}

type RingHead = readonly [series: string, version: string, bytes: number];
type HistoryHead = readonly [series: string, binOf: readonly number[], startedTick: number, bytes: number];

interface SavedHistory {
  readonly binOf: Uint8Array;
  readonly startedTick: number;
  readonly history: PaneHistory;
}

/** The sums of one pane as rings and histories take them; the hour is that of ticks of five minutes. */
export function binnedPane(binning: Binning, counters: Counters, tick: number): RingPane {
  const bins = new Float64Array(binning.size);
  addBins(binning, counters, bins);
  const { weight, weightSquared, missing, malformed } = counters;
  const hour = Math.floor(tick / ticksPerHour) % hoursPerWeek;
  return { tick, hour, bins, weight, weightSquared, missing, malformed };
}

/** Where the reference itself moves, it is said since when. */
function movingSince(health: ReferenceHealth, tickMs: number): { readonly movesSince?: string } {
  const fromMs = movesFromMs(health, tickMs);
  return fromMs === undefined ? {} : { movesSince: isoTime(fromMs) };
}

/** Is it learned still, or was until the pane that closes? A model is refined with panes that follow on its own only. */
function isBeingLearned(state: ModelState, signal: SignalState): boolean {
  const reference = signal.learner?.reference;
  return reference === undefined || (reference.kind === 'learned' && reference.toMs >= state.closedMs);
}

function storedOf(ladder: SignalLadder, reader: ModelReader): StoredLadder {
  const { referenceId, scaleId, startedTick, builtTick, binning } = ladder;
  const model = referenceModelToJson(reader.model);
  return { referenceId, scaleId, startedTick, builtTick, binOf: [...binning.binOf], model };
}

/** A model of before: it is judged with, and refined no more unless the panes it was made from come with a checkpoint. */
function fromStored(ladder: SignalLadder, stored: StoredLadder): SignalLadder {
  try {
    const binning: Binning = { ...ladder.binning, binOf: Uint8Array.from(stored.binOf) };
    const reader = new ModelReader(referenceModelFromJson(stored.model));
    const { referenceId, startedTick, builtTick } = stored;
    return { ...ladder, binning, reader, referenceId, startedTick, builtTick, history: undefined };
  } catch {
    return ladder;
  }
}
