import type { Fields } from '../../core/fields.ts';
import type { Call, Contents } from '../../core/observation.ts';
import type { Meter } from '../../core/ports.ts';
import { cellOfLevel, countMalformed, countMissing } from '../../detectors/counters/counters.ts';
import type { ContentBook } from './content-book.ts';
import type { ModelState, SignalTrack, VersionState } from './model-state.ts';
import { type PaneBudget, Track } from './track.ts';

/** An admitted row: where its values go. */
export interface Row {
  readonly state: ModelState;
  readonly version: VersionState;
  readonly paneStartMs: number;
  readonly timeMs: number;
  readonly weight: number;
}

export interface RowCounterOptions {
  /** The place of a signal; undefined (and counted) where a limit or its name forbids it. */
  readonly signal: (
    state: ModelState,
    version: VersionState,
    group: 'inputs' | 'outputs' | 'builtin',
    name: string,
  ) => SignalTrack | undefined;
  readonly budget: PaneBudget;
  readonly meter: Meter;
  /** What texts and embeddings are described by. */
  readonly contentBook?: ContentBook;
}

/**
 * Puts the values of a row where they are counted: into the block of its version, from where they are counted together,
 * or into the sample a scale will be cut from. Per row nothing is allocated once its series are known.
 */
export class RowCounter {
  readonly #options: RowCounterOptions;

  constructor(options: RowCounterOptions) {
    this.#options = options;
  }

  /** Counts one admitted row. */
  count(row: Row, call: Call): void {
    row.version.block.begin(row.paneStartMs, row.weight);
    this.#fields(row, 'inputs', call.inputs);
    if (call.result === 'ok') this.#fields(row, 'outputs', call.outputs);
    const result = this.#options.signal(row.state, row.version, 'builtin', 'error_share');
    if (result !== undefined) this.#level(row, result, call.result);
    if (Number.isFinite(call.latencyMs)) this.#builtin(row, 'latency_ms', call.latencyMs);
    if (Number.isFinite(call.firstTokenMs)) this.#builtin(row, 'first_token_ms', call.firstTokenMs);
    if (call.cost !== undefined) this.#builtin(row, 'cost_usd', call.cost.amountUsd);
    if (call.tokens !== undefined) {
      this.#builtin(row, 'tokens.input', call.tokens.input);
      this.#builtin(row, 'tokens.output', call.tokens.output);
    }
    if (call.contents !== undefined) this.#contents(row, call.contents, call.result === 'ok');
  }

  #fields(row: Row, group: 'inputs' | 'outputs', fields: Fields): void {
    const order = row.version.order[group];
    if (order.fields !== fields || order.shape !== fields.shape || order.places.length < fields.size)
      this.#learnOrder(row, group, fields);
    const { block } = row.version;
    const { places } = order;
    for (let i = 0; i < fields.size; i++) {
      const place = places[i];
      const track = place?.track;
      if (track !== undefined && !track.isLevels && fields.isNumber(i))
        block.put(track.column, fields.number(i));
      else this.#field(row, place ?? this.#placeOf(row, group, fields, i), fields, i);
    }
    if (fields.overflow > 0)
      this.#options.meter.add('malformed_values', fields.overflow, { reason: 'too_many' });
  }

  /** Read of some rows only, each of which stands for several. */
  #contents(row: Row, contents: Contents, isOk: boolean): void {
    const { state, weight, timeMs } = row;
    const weighted = { ...row, weight: weight * contents.weight };
    // What is learned of texts and vectors is the model's: its own count has described this row before its segments'.
    if (state.whole === undefined)
      this.#options.contentBook?.describe(state, contents, { timeMs, weight: weighted.weight });
    row.version.block.begin(row.paneStartMs, weighted.weight);
    for (const group of ['inputs', 'outputs'] as const) {
      const fields = contents[group];
      for (let i = 0; i < fields.size && (isOk || group === 'inputs'); i++) {
        const place = this.#options.signal(state, row.version, group, fields.names[i] as string);
        this.#field(weighted, place, fields, i);
      }
    }
  }

  /** Looks up what belongs to the names of a row; rows of one sender repeat them, and save it. */
  #learnOrder(row: Row, group: 'inputs' | 'outputs', fields: Fields): void {
    const order = row.version.order[group];
    for (let i = 0; i < fields.size; i++) {
      const name = fields.names[i] as string;
      if (order.names[i] === name) continue;
      order.names[i] = name;
      order.places[i] = row.version[group].get(name);
    }
    order.names.length = fields.size;
    order.places.length = fields.size;
    order.fields = fields;
    order.shape = fields.shape;
  }

  #placeOf(row: Row, group: 'inputs' | 'outputs', fields: Fields, i: number): SignalTrack | undefined {
    const place = this.#options.signal(row.state, row.version, group, fields.names[i] as string);
    row.version.order[group].places[i] = place;
    return place;
  }

  #field(row: Row, place: SignalTrack | undefined, fields: Fields, i: number): void {
    if (place === undefined) return;
    const kind = fields.kind(i);
    if (kind === 'number') this.#number(row, place, fields.number(i));
    else if (kind === 'level') this.#level(row, place, fields.levels[i] as string);
    else this.#absent(row, place, kind);
  }

  #builtin(row: Row, name: string, value: number): void {
    const place = this.#options.signal(row.state, row.version, 'builtin', name);
    if (place !== undefined) this.#number(row, place, value);
  }

  // Numbers and levels have a path each: in a parameter that may be either, every number is an object on the heap.
  #number(row: Row, place: SignalTrack, value: number): void {
    const track = trackOf(place, this.#options.budget);
    if (track === undefined) this.#sample(row, place, value);
    else if (track.isLevels) this.#malformed(row, track);
    else place.block.put(track.column, value);
  }

  #level(row: Row, place: SignalTrack, level: string): void {
    const track = trackOf(place, this.#options.budget);
    if (track === undefined) this.#sample(row, place, level);
    else if (track.scale.kind === 'levels') place.block.put(track.column, cellOfLevel(track.scale, level));
    else this.#malformed(row, track);
  }

  #malformed(row: Row, track: Track): void {
    const counters = track.at(row.paneStartMs);
    if (counters === undefined) this.#options.meter.add('dropped', 1, { reason: 'panes_max' });
    else countMalformed(counters, row.weight);
  }

  #sample(row: Row, place: SignalTrack, value: number | string): void {
    const kept = place.signal.learner?.add(value, row.weight, row.timeMs);
    if (kept === false) this.#options.meter.add('malformed_values', 1, { reason: 'type' });
  }

  #absent(row: Row, place: SignalTrack, kind: 'missing' | 'malformed'): void {
    const track = trackOf(place, this.#options.budget);
    if (track === undefined) {
      if (kind === 'missing') place.signal.learner?.addMissing(row.weight, row.timeMs);
      return;
    }
    if (kind === 'malformed') {
      this.#malformed(row, track);
      return;
    }
    const counters = track.at(row.paneStartMs);
    if (counters === undefined) this.#options.meter.add('dropped', 1, { reason: 'panes_max' });
    else countMissing(counters, row.weight);
  }
}

/** The track of a place; undefined while the scale is still being sampled. */
export function trackOf(place: SignalTrack, budget: PaneBudget): Track | undefined {
  if (place.track !== undefined) return place.track;
  const scale = place.signal.learner?.scale;
  if (scale !== undefined) place.track = new Track(scale, budget, place.block);
  return place.track;
}
