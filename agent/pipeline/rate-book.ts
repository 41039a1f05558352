import type { Config } from '../../config/config.ts';
import { decodeJson, encodeJson } from '../../core/json.ts';
import type { Counters } from '../../core/pane.ts';
import type { Log, Meter, StoreWrite } from '../../core/ports.ts';
import type { Scale } from '../../core/scale.ts';
import { type Series, seriesKey } from '../../core/series.ts';
import type { RateKind } from '../../detectors/detector.ts';
import { RateHours, rateBins, rateColumns } from '../../detectors/ladder/rate-hours.ts';
import { buildRateModel, type RateModel } from '../../detectors/ladder/rate-model.ts';
import { WindowRing } from '../../detectors/ladder/window-ring.ts';
import { type ModelState, placeOf, type SignalState, seriesOf } from './model-state.ts';
import { resultScale } from './result-scale.ts';
import { packSections, unpackSections } from './sections.ts';
import type { ClosedPane } from './window.ts';

/** Signals and versions followed, at most: 7 KB each, and 16 KB while a reference is learned. More are counted only. */
export const rateSeriesMax = 8_000;
/** As the default rule: refined each day until it is four weeks old. */
const refineTicks = 28 * 288;
const refineEveryTicks = 288;
const ticksPerHour = 12;
const hoursPerWeek = 168;
const weekTicks = 2016;
/** The longest window moves on by so many ticks. */
const weekStride = 168;
const prefix = 'rate/';
const errorSignal = 'error_share';

/** What is known of the missing, malformed, unseen and failed rows of one signal of one model, over all versions. */
export interface SignalRates {
  readonly series: Series;
  readonly kinds: readonly RateKind[];
  /** What the models are made from, while they are still refined. */
  history: RateHours | undefined;
  models: Partial<Readonly<Record<RateKind, RateModel>>> | undefined;
  startedTick: number;
  /** Windows that began before were learned from. */
  learnedTick: number;
  builtTick: number;
  /** Effective rows since it is followed. */
  rows: number;
  /** Of those, in a tick of the last week; undefined until it was looked at. */
  weekly: number | undefined;
  readonly rings: Map<string, WindowRing>;
  /** Rules under which it drifts: it is not refined meanwhile, as it would learn that. */
  readonly drifting: Set<string>;
}

/** Plain JSON. */
interface StoredRates {
  readonly models: SignalRates['models'];
  readonly startedTick: number;
  readonly learnedTick: number;
  readonly builtTick: number;
}

interface SavedRates {
  readonly startedTick: number;
  readonly rows: number;
  /** Bytes in the body; null: it is refined no more. */
  readonly history: number | null;
  /** Ring bytes in the body, by version. */
  readonly rings: readonly (readonly [version: string, bytes: number])[];
}

/**
 * The windows of every signal's rates, and what is expected of them. The reference of a rate is always learned from the first
 * traffic, by the times and rows of `references.learn`: a file was often cleaned of just the rows that matter here.
 */
export class RateBook {
  readonly #config: Config;
  readonly #meter: Meter;
  readonly #log: Log;
  readonly #known = new Map<string, SignalRates>();
  readonly #stored: ReadonlyMap<string, Uint8Array>;
  readonly #saved = new Map<
    string,
    { readonly head: SavedRates; readonly history: Uint8Array; readonly rings: Map<string, Uint8Array> }
  >();
  #writes: StoreWrite[] = [];
  #rings = 0;
  #changes = 0;

  constructor(options: {
    readonly config: Config;
    readonly meter: Meter;
    readonly log: Log;
    /** Every `rate/` record of the store, by what follows the prefix. */
    readonly stored: ReadonlyMap<string, Uint8Array>;
  }) {
    this.#config = options.config;
    this.#meter = options.meter;
    this.#log = options.log;
    this.#stored = options.stored;
  }

  /** Panes fed so far: what a checkpoint holds is the same while this is. */
  get changes(): number {
    return this.#changes;
  }

  /** Adds a closed pane of a model. */
  feed(closed: ClosedPane): void {
    this.#changes++;
    const tick = this.tickOf(closed.startMs);
    for (const signal of closed.state.signals.values()) {
      const rates = this.of(closed.state, signal);
      if (rates === undefined) continue;
      for (const version of closed.state.versions.values()) {
        const track = placeOf(version, signal.name)?.track;
        const counters = track?.pane(closed.startMs);
        if (track === undefined || counters === undefined) continue;
        this.#addPane(rates, version.version, tick, track.scale, counters);
      }
      this.#forgetVersions(rates, closed.state);
      if ((tick + 1) % weekStride === 0) rates.weekly = rowsOfWeek(rates, tick + 1);
      this.#refine(rates, tick);
    }
  }

  /** Undefined where a signal has no such rates: latencies and costs. */
  of(state: ModelState, signal: SignalState): SignalRates | undefined {
    const isError = signal.name === errorSignal;
    const scale = isError ? undefined : signal.learner?.scale;
    if (!isError && scale === undefined) return undefined;
    const series = seriesOf(state, signal.name);
    const key = seriesKey(series);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made: SignalRates = {
      series,
      kinds: kindsOf(scale),
      history: new RateHours(),
      models: undefined,
      startedTick: Number.NaN,
      learnedTick: Number.POSITIVE_INFINITY,
      builtTick: Number.NEGATIVE_INFINITY,
      rows: 0,
      weekly: undefined,
      rings: new Map(),
      drifting: new Set(),
    };
    this.#takeStored(key, made);
    this.#known.set(key, made);
    return made;
  }

  all(): Iterable<SignalRates> {
    return this.#known.values();
  }

  tickOf(timeMs: number): number {
    return Math.floor(timeMs / this.#config.windows.paneMs);
  }

  /** How far learning has come. */
  progressOf({ rows }: SignalRates): { readonly rows: number; readonly needed: number } {
    return { rows: Math.round(rows), needed: this.#config.references.learn.rows };
  }

  /** Models made since the last call, for the transaction of this tick. */
  takeWrites(): readonly StoreWrite[] {
    const writes = this.#writes;
    this.#writes = [];
    return writes;
  }

  /** Windows, and what is learned from, for the checkpoint. */
  encode(): Uint8Array {
    const parts: Uint8Array[] = [];
    const head: [string, SavedRates][] = [];
    for (const [key, { startedTick, rows, history, rings }] of this.#known) {
      const hours = history?.toBytes();
      if (hours !== undefined) parts.push(hours);
      const saved = [...rings].map(([version, ring]): [string, number] => {
        const bytes = ring.toBytes();
        parts.push(bytes);
        return [version, bytes.length];
      });
      head.push([key, { startedTick, rows, history: hours?.length ?? null, rings: saved }]);
    }
    return packSections(head, parts);
  }

  /** Takes what a checkpoint holds, before the first pane is fed. Throws on damaged bytes. */
  restore(bytes: Uint8Array): void {
    const { head, take } = unpackSections<readonly (readonly [string, SavedRates])[]>(bytes);
    for (const [key, saved] of head) {
      const rings = new Map<string, Uint8Array>();
      const history = take(saved.history ?? 0);
      for (const [version, length] of saved.rings) rings.set(version, take(length));
      this.#saved.set(key, { head: saved, history, rings });
    }
  }

  #addPane(rates: SignalRates, version: string, tick: number, scale: Scale, counters: Counters): void {
    const bins = rateBinsOf(scale, counters);
    const weight = bins.reduce((sum, one) => sum + one, 0);
    if (!(weight > 0)) return;
    // The weights of rows without a value are not squared one by one: they are taken to be as those of the others.
    const squaredPerWeight = counters.weight > 0 ? counters.weightSquared / counters.weight : 1;
    const weightSquared = weight * squaredPerWeight;
    if (Number.isNaN(rates.startedTick)) rates.startedTick = tick;
    rates.rows += weight / squaredPerWeight;
    rates.history?.add({ tick, bins, weightSquared });
    const hour = Math.floor(tick / ticksPerHour) % hoursPerWeek;
    this.#ringOf(rates, version)?.add({ tick, hour, bins, weight, weightSquared, missing: 0, malformed: 0 });
  }

  #ringOf(rates: SignalRates, version: string): WindowRing | undefined {
    const known = rates.rings.get(version);
    if (known !== undefined) return known;
    if (this.#rings >= rateSeriesMax) {
      this.#meter.add('dropped', 1, { reason: 'ladder_max' });
      return undefined;
    }
    const ring = this.#savedRing(rates, version) ?? new WindowRing(rateBins);
    rates.rings.set(version, ring);
    this.#rings++;
    return ring;
  }

  #savedRing(rates: SignalRates, version: string): WindowRing | undefined {
    const rings = this.#saved.get(seriesKey(rates.series))?.rings;
    const bytes = rings?.get(version);
    rings?.delete(version);
    if (bytes === undefined) return undefined;
    try {
      const ring = WindowRing.fromBytes(bytes);
      return ring.bins === rateBins ? ring : undefined;
    } catch {
      this.#meter.add('corrupt_records', 1, { kind: 'checkpoint' });
      return undefined;
    }
  }

  #forgetVersions(rates: SignalRates, state: ModelState): void {
    for (const version of rates.rings.keys()) {
      if (state.versions.has(version)) continue;
      rates.rings.delete(version);
      this.#rings--;
    }
  }

  /** Makes the models when enough was seen, and anew each day while they are young and nothing drifts. */
  #refine(rates: SignalRates, tick: number): void {
    const { history } = rates;
    if (history === undefined || Number.isNaN(rates.startedTick)) return;
    const isNew = rates.models === undefined;
    if (isNew ? !this.#isEnough(rates, tick) : !isRefineTick(rates, tick)) return;
    const hours = history.all();
    rates.models = Object.fromEntries(rates.kinds.map((kind) => [kind, buildRateModel(hours, kind)]));
    rates.builtTick = tick;
    if (isNew) {
      rates.learnedTick = tick + 1;
      this.#announce(rates);
    }
    if (tick - rates.startedTick >= refineTicks) rates.history = undefined;
    const { models, startedTick, learnedTick, builtTick } = rates;
    const stored: StoredRates = { models, startedTick, learnedTick, builtTick };
    this.#writes.push({ key: prefix + seriesKey(rates.series), value: encodeJson(stored) });
  }

  #isEnough({ rows, startedTick }: SignalRates, tick: number): boolean {
    const { rows: wanted, rowsMin, atLeastMs, atMostMs } = this.#config.references.learn;
    const ageMs = (tick + 1 - startedTick) * this.#config.windows.paneMs;
    return (rows >= wanted && ageMs >= atLeastMs) || (rows >= rowsMin && ageMs >= atMostMs);
  }

  #announce(rates: SignalRates): void {
    const { model, signal } = rates.series;
    const shares = Object.entries(rates.models ?? {}).map(([kind, { events, n }]) => [
      kind,
      n > 0 ? Number((events / n).toPrecision(3)) : 0,
    ]);
    this.#log.info('rates learned', { model, signal, ...Object.fromEntries(shares) });
  }

  #takeStored(key: string, rates: SignalRates): void {
    const found = this.#saved.get(key);
    const saved = found?.head;
    if (found !== undefined && saved !== undefined) {
      rates.startedTick = saved.startedTick ?? Number.NaN;
      rates.rows = saved.rows;
      rates.history = saved.history === null ? undefined : RateHours.fromBytes(found.history);
    }
    const bytes = this.#stored.get(key);
    if (bytes === undefined) return;
    try {
      const stored = decodeJson<StoredRates>(bytes);
      Object.assign(rates, stored);
      // The hours it was made from are gone with the checkpoint: it stays as it is.
      if (saved === undefined) rates.history = undefined;
    } catch {
      this.#meter.add('corrupt_records', 1, { kind: 'record' });
    }
  }
}

/** Effective rows of a tick over the last week, or as long as there was traffic, all versions together. */
export function rowsPerTick({ weekly, rows, startedTick }: SignalRates, endTick: number): number {
  return weekly ?? rows / Math.max(1, endTick - startedTick);
}

function rowsOfWeek({ rings, startedTick }: SignalRates, endTick: number): number {
  let rows = 0;
  for (const ring of rings.values()) rows += ring.windowAt(weekTicks, endTick)?.n ?? 0;
  return rows / Math.max(1, Math.min(weekTicks, endTick - startedTick));
}

function kindsOf(scale: Scale | undefined): readonly RateKind[] {
  if (scale === undefined) return ['error'];
  return scale.kind === 'levels' ? ['missing', 'malformed', 'unseen'] : ['missing', 'malformed'];
}

/** Weights by column. Of levels the rest is unseen; of `error_share`, whose cells are ok and error, the failed ones are. */
function rateBinsOf(scale: Scale, counters: Counters): Float64Array {
  const bins = new Float64Array(rateBins);
  const cell = scale.kind !== 'levels' ? undefined : scale.id === resultScale.id ? 1 : scale.cells.size;
  const apart = cell === undefined ? 0 : (counters.counts[cell] ?? 0);
  bins[rateColumns.plain] = Math.max(0, counters.weight - apart);
  bins[rateColumns.unseen] = apart;
  bins[rateColumns.missing] = counters.missing;
  bins[rateColumns.malformed] = counters.malformed;
  return bins;
}

/** Once a day, each signal at a tick of its own. */
function isRefineTick({ series, builtTick, drifting }: SignalRates, tick: number): boolean {
  if (drifting.size > 0) return false;
  let offset = series.signal.length;
  for (let i = 0; i < series.signal.length; i++)
    offset = (offset * 31 + series.signal.charCodeAt(i)) % refineEveryTicks;
  return tick > builtTick && tick % refineEveryTicks === offset;
}
