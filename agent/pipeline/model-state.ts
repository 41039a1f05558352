import type { Fields } from '../../core/fields.ts';
import type { Series } from '../../core/series.ts';
import type { Learner } from './learner.ts';
import type { RowBlock } from './row-block.ts';
import type { Track } from './track.ts';

/** What is known of one version of a model. Times are event times. */
export interface VersionState {
  readonly version: string;
  firstSeenMs: number;
  lastSeenMs: number;
  rows: number;
  /** Tracks by the name of the field, apart for inputs, outputs and the built-in signals: no name is joined per row. */
  readonly inputs: Map<string, SignalTrack>;
  readonly outputs: Map<string, SignalTrack>;
  readonly builtin: Map<string, SignalTrack>;
  /** What came at which place of an earlier row. Rows of one sender repeat it, and save looking each name up. */
  readonly order: { readonly inputs: FieldOrder; readonly outputs: FieldOrder };
  /** Where the values of its rows wait to be counted. */
  readonly block: RowBlock;
}

/** What came at which place of the last row, `names` and `places` in parallel: as long as it is `shape` of `fields`. */
export interface FieldOrder {
  fields: Fields | undefined;
  shape: number;
  readonly names: string[];
  /** Undefined where the field has no place, as a limit or its name forbids it. */
  readonly places: (SignalTrack | undefined)[];
}

/** A signal of one version: its panes, and the learner it shares with the other versions. */
export interface SignalTrack {
  readonly signal: SignalState;
  readonly block: RowBlock;
  /** Absent while the scale is still being sampled. */
  track: Track | undefined;
}

/** A signal of the model, over all versions. `learner` is absent for signals with a fixed scale. */
export interface SignalState {
  readonly name: string;
  readonly learner: Learner | undefined;
  /** How far back panes are kept, by the longest window of the rules that watch it. */
  readonly keepMs: number;
}

/** One model in one environment. */
export interface ModelState {
  readonly model: string;
  readonly environment: string;
  /** Newest event time seen, and the clock when a row last came: together they make the watermark. */
  newestMs: number;
  arrivedMs: number;
  /** Every pane that ends at or before this event time is closed. */
  closedMs: number;
  readonly versions: Map<string, VersionState>;
  readonly signals: Map<string, SignalState>;
  /** Declared segments by their text; absent where there is none. */
  segments?: Map<string, ModelState>;
  /** Of a segment: its text, and the model it is part of, whose watermark is its own. */
  readonly segment?: string;
  readonly whole?: ModelState;
}

/** The series of a signal; of a segment where the state is one. */
export function seriesOf(state: ModelState, signal: string, version = ''): Series {
  const { model, environment, segment } = state;
  return { model, environment, version, signal, ...(segment === undefined ? {} : { segment }) };
}

/** Is the series, or the alert, of this model, and of the segment where the state is one? */
export function isSeriesOf(
  state: ModelState,
  { model, environment, segment }: Pick<Series, 'model' | 'environment' | 'segment'>,
): boolean {
  return state.model === model && state.environment === environment && state.segment === segment;
}

/** The state of a segment of a model, empty where it is new. */
export function segmentOf(whole: ModelState, segment: string): ModelState {
  whole.segments ??= new Map();
  const known = whole.segments.get(segment);
  if (known !== undefined) return known;
  const { model, environment, newestMs, arrivedMs, closedMs } = whole;
  const times = { newestMs, arrivedMs, closedMs };
  const made = { model, environment, ...times, versions: new Map(), signals: new Map(), segment, whole };
  whole.segments.set(segment, made);
  return made;
}

export function newVersion(version: string, timeMs: number, block: RowBlock): VersionState {
  const order = (): FieldOrder => ({ fields: undefined, shape: 0, names: [], places: [] });
  return {
    version,
    firstSeenMs: timeMs,
    lastSeenMs: timeMs,
    rows: 0,
    inputs: new Map(),
    outputs: new Map(),
    builtin: new Map(),
    order: { inputs: order(), outputs: order() },
    block,
  };
}

/** Every track of a version, with its signal. */
export function* tracksOf(version: VersionState): Generator<SignalTrack> {
  yield* version.inputs.values();
  yield* version.outputs.values();
  yield* version.builtin.values();
}

/**
 * The event time up to which all rows are taken to have come: it follows the newest row, and while no row comes it
 * moves on with the clock, so that the last pane of a sender that falls silent closes too. It never passes the clock.
 * Data of the past (a replay, a backfill) therefore moves it at the pace of that data, not to now.
 */
export function watermarkMs(state: ModelState, nowMs: number, allowedLatenessMs: number): number {
  const { newestMs, arrivedMs } = state.whole ?? state;
  const silenceMs = Math.max(0, nowMs - arrivedMs);
  return Math.min(nowMs, newestMs + silenceMs) - allowedLatenessMs;
}

/** The place of a signal in a version, by the signal's full name. */
export function placeOf(version: VersionState | undefined, signal: string): SignalTrack | undefined {
  if (signal.startsWith('input.')) return version?.inputs.get(signal.slice('input.'.length));
  if (signal.startsWith('output.')) return version?.outputs.get(signal.slice('output.'.length));
  return version?.builtin.get(signal);
}
