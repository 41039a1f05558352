import type { Counters } from '../../core/pane.ts';
import type { Meter } from '../../core/ports.ts';
import { decodeCounters, encodeCounters } from '../../detectors/counters/codec.ts';
import { emptyCountersLike, mergeInto } from '../../detectors/counters/counters.ts';
import { type ModelState, placeOf, type SignalState } from './model-state.ts';
import { packSections, unpackSections } from './sections.ts';
import type { ClosedPane } from './window.ts';

const hourMs = 3_600_000;
/** Bytes of all hours together, at most; about 130 an hour and series, 90 KB in four weeks. Over it none are added. */
export const hourBytesMax = 128 * 1_048_576;

/** One hour of one version of a signal. */
export interface Hour {
  /** Hours (or panes, where those are longer) since the epoch. */
  readonly index: number;
  readonly counters: Counters;
}

export interface HourSpan {
  /** All versions together where it is absent. */
  readonly version?: string | undefined;
  readonly fromMs: number;
  /** Not in it any more. */
  readonly toMs: number;
  /** Hours in which an alert was open are left out. */
  readonly onlyQuiet: boolean;
}

/** What is kept of one version of a signal. Hours rise; the newest is open, those before are packed. */
interface HourSeries {
  scaleId: string;
  newest: { index: number; counters: Counters } | undefined;
  readonly packed: Map<number, Uint8Array>;
  readonly loud: Set<number>;
}

type Saved = readonly [
  key: string,
  version: string,
  scaleId: string,
  hours: readonly (readonly [index: number, length: number])[],
  loud: readonly number[],
];

/**
 * Counts by hour of the signals whose rules compare with the past: rolling, seasonal, previous version. Counters move, the
 * edges stay: hours of another scale are forgotten.
 */
export class HourBook {
  readonly #isKept: ((state: ModelState, signal: string) => boolean) | undefined;
  readonly #meter: Meter;
  readonly #keepHours: number;
  readonly hourMs: number;
  readonly #series = new Map<string, Map<string, HourSeries>>();
  #bytes = 0;

  constructor(options: {
    /** Does a rule compare this signal with the past? Absent: no rule does. */
    readonly isKept: ((state: ModelState, signal: string) => boolean) | undefined;
    readonly paneMs: number;
    readonly keepMs: number;
    readonly meter: Meter;
  }) {
    this.#isKept = options.isKept;
    this.#meter = options.meter;
    this.hourMs = Math.max(hourMs, options.paneMs);
    this.#keepHours = Math.ceil(options.keepMs / this.hourMs) + 1;
  }

  /** Does any rule compare with the past at all? */
  get isUsed(): boolean {
    return this.#isKept !== undefined;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a pane that closed. `isLoud`: an alert is open on the signal. */
  feed(closed: ClosedPane, isLoud: (signal: string) => boolean): void {
    if (this.#isKept === undefined) return;
    const { state } = closed;
    for (const signal of state.signals.values()) {
      if (!this.#isKept(state, signal.name)) continue;
      for (const version of state.versions.values()) {
        const counters = placeOf(version, signal.name)?.track?.pane(closed.startMs);
        if (counters === undefined) continue;
        this.#add(this.#of(state, signal, version.version), closed.startMs, counters, isLoud(signal.name));
      }
      this.#forget(state, signal);
    }
  }

  /** The hours inside the span, with the version they are of. Counts of another scale are not among them. */
  *hours(state: ModelState, signal: string, scaleId: string, span: HourSpan): Generator<Hour> {
    for (const [version, series] of this.#series.get(keyOf(state, signal)) ?? []) {
      if ((span.version !== undefined && span.version !== version) || series.scaleId !== scaleId) continue;
      const isIn = (index: number) =>
        index * this.hourMs >= span.fromMs &&
        (index + 1) * this.hourMs <= span.toMs &&
        !(span.onlyQuiet && series.loud.has(index));
      for (const [index, packed] of series.packed)
        if (isIn(index)) yield { index, counters: decodeCounters(packed) };
      if (series.newest !== undefined && isIn(series.newest.index)) yield series.newest;
    }
  }

  /** When the first hour that is kept of a version (of any, where none is given) began; undefined where there is none. */
  firstMs(state: ModelState, signal: string, version?: string): number | undefined {
    let first: number | undefined;
    for (const [name, series] of this.#series.get(keyOf(state, signal)) ?? []) {
      if (version !== undefined && version !== name) continue;
      const [oldest = series.newest?.index] = series.packed.keys();
      if (oldest !== undefined) first = Math.min(first ?? Number.POSITIVE_INFINITY, oldest * this.hourMs);
    }
    return first;
  }

  /** For the checkpoint. */
  encode(): Uint8Array {
    const head: Saved[] = [];
    const parts: Uint8Array[] = [];
    for (const [key, versions] of this.#series) {
      for (const [version, series] of versions) {
        const hours = [...series.packed];
        if (series.newest !== undefined)
          hours.push([series.newest.index, encodeCounters(series.newest.counters)]);
        parts.push(...hours.map(([, bytes]) => bytes));
        const lengths = hours.map(([index, bytes]) => [index, bytes.length] as const);
        head.push([key, version, series.scaleId, lengths, [...series.loud]]);
      }
    }
    return packSections(head, parts);
  }

  /** Takes the hours of a checkpoint. Throws on bytes that are none. */
  restore(bytes: Uint8Array): void {
    const { head, take } = unpackSections<readonly Saved[]>(bytes);
    for (const [key, version, scaleId, hours, loud] of head) {
      const packed = new Map(hours.map(([index, length]) => [index, take(length).slice()]));
      const series: HourSeries = { scaleId, newest: undefined, packed, loud: new Set(loud) };
      for (const one of packed.values()) this.#bytes += one.length;
      const versions = this.#series.get(key) ?? new Map<string, HourSeries>();
      this.#series.set(key, versions.set(version, series));
    }
  }

  #of(state: ModelState, signal: SignalState, version: string): HourSeries {
    const key = keyOf(state, signal.name);
    const versions = this.#series.get(key) ?? new Map<string, HourSeries>();
    this.#series.set(key, versions);
    const known = versions.get(version);
    if (known !== undefined) return known;
    const made: HourSeries = { scaleId: '', newest: undefined, packed: new Map(), loud: new Set() };
    versions.set(version, made);
    return made;
  }

  #add(series: HourSeries, startMs: number, counters: Counters, isLoud: boolean): void {
    if (series.scaleId !== counters.scaleId) this.#clear(series, counters.scaleId);
    const index = Math.floor(startMs / this.hourMs);
    if (isLoud) series.loud.add(index);
    if (series.newest?.index !== index) this.#open(series, index, counters);
    if (series.newest?.index === index) mergeInto(series.newest.counters, counters);
  }

  /** Packs the hour that is over; an hour that a restart has cut in two goes on where it was. */
  #open(series: HourSeries, index: number, like: Counters): void {
    const { newest, packed } = series;
    if (newest !== undefined) {
      const bytes = encodeCounters(newest.counters);
      packed.set(newest.index, bytes);
      this.#bytes += bytes.length;
    }
    const begun = packed.get(index);
    if (begun !== undefined) this.#drop(series, index);
    for (const old of packed.keys()) {
      if (old > index - this.#keepHours) break;
      this.#drop(series, old);
      series.loud.delete(old);
    }
    if (this.#bytes > hourBytesMax) {
      this.#meter.add('dropped', 1, { reason: 'reference_hours_max' });
      series.newest = undefined;
      return;
    }
    series.newest = {
      index,
      counters: begun === undefined ? emptyCountersLike(like) : decodeCounters(begun),
    };
  }

  #drop(series: HourSeries, index: number): void {
    this.#bytes -= series.packed.get(index)?.length ?? 0;
    series.packed.delete(index);
  }

  #clear(series: HourSeries, scaleId: string): void {
    for (const index of [...series.packed.keys()]) this.#drop(series, index);
    series.loud.clear();
    series.newest = undefined;
    series.scaleId = scaleId;
  }

  /** Versions that the model has forgotten go. */
  #forget(state: ModelState, signal: SignalState): void {
    const versions = this.#series.get(keyOf(state, signal.name));
    if (versions === undefined) return;
    for (const [version, series] of versions) {
      if (state.versions.has(version)) continue;
      this.#clear(series, '');
      versions.delete(version);
    }
  }
}

function keyOf({ environment, model, segment }: ModelState, signal: string): string {
  return JSON.stringify([environment, model, signal, ...(segment === undefined ? [] : [segment])]);
}
