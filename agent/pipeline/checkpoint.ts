import type { Counters } from '../../core/pane.ts';
import { decodeCounters, encodeCounters } from '../../detectors/counters/codec.ts';
import { scaleFromJson, scaleToJson } from '../../detectors/counters/freeze.ts';
import type { Aggregator } from './aggregate.ts';
import type { SavedState } from './detector-states.ts';
import { type ModelState, type SignalTrack, segmentOf, type VersionState } from './model-state.ts';

/**
 * The counters of all open and closed panes, and what is being learned, as one blob: magic, length of the JSON part,
 * JSON part, then counters, each with its length. The JSON part names counters by their place in that row.
 * Raw values (samples of learners that have no scale yet) are not in it: they begin anew after a restart.
 */
const magic = 0x4b444731; // "KDG1"
const encoder = new TextEncoder();
const decoder = new TextDecoder();

interface Head {
  readonly atMs: number;
  readonly paneMs: number;
  readonly models: readonly ModelHead[];
  /** What sequential detectors remember, as of the same panes; absent in checkpoints of before there were any. */
  readonly detectorStates?: readonly SavedState[];
}

interface ModelHead {
  readonly model: string;
  readonly environment: string;
  readonly newestMs: number;
  readonly closedMs: number;
  /** Absent: the whole model. A segment comes after its model. */
  readonly segment?: string;
  readonly learning: readonly {
    readonly signal: string;
    readonly scale: unknown;
    readonly counters: number;
    readonly fromMs: number;
  }[];
  readonly versions: readonly VersionHead[];
}

interface VersionHead {
  readonly version: string;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly rows: number;
  readonly tracks: readonly TrackHead[];
}

interface TrackHead {
  readonly group: Group;
  readonly name: string;
  /** Start of a pane, and the place of its counters. */
  readonly panes: readonly (readonly [number, number])[];
}

type Group = 'inputs' | 'outputs' | 'builtin';
const groups: readonly Group[] = ['inputs', 'outputs', 'builtin'];

/** Everything the aggregator and the sequential detectors would lose with the process. */
export function encodeCheckpoint(
  aggregator: Aggregator,
  paneMs: number,
  nowMs: number,
  detectorStates: readonly SavedState[] = [],
): Uint8Array {
  const counters: Counters[] = [];
  const place = (one: Counters): number => counters.push(one) - 1;
  const models = [...aggregator.states()].map((state) => modelHead(state, place));
  const head: Head = { atMs: nowMs, paneMs, models, detectorStates };
  return pack(encoder.encode(JSON.stringify(head)), counters.map(encodeCounters));
}

export interface Restored {
  /** When the checkpoint was taken. */
  readonly atMs: number;
  readonly panes: number;
  /** The pane length was changed in the configuration: panes were left out, what is learned was kept. */
  readonly paneLengthChanged: boolean;
  /** Unchecked, for `DetectorStates.restore`. */
  readonly detectorStates: unknown;
}

/** Puts a checkpoint back into a fresh aggregator. Throws on bytes that are no checkpoint; the caller starts empty. */
export function restoreCheckpoint(aggregator: Aggregator, bytes: Uint8Array, paneMs: number): Restored {
  const { head, counters } = unpack(bytes);
  let panes = 0;
  for (const model of head.models) {
    const whole = aggregator.model(model.environment, model.model, model.newestMs);
    if (whole === undefined) continue;
    const state = model.segment === undefined ? whole : segmentOf(whole, model.segment);
    state.newestMs = model.newestMs;
    state.closedMs = model.closedMs;
    restoreSignals(aggregator, state, model);
    restoreLearning(state, model, counters);
    for (const version of model.versions) {
      panes += restoreVersion(aggregator, state, version, head.paneMs === paneMs ? counters : []);
    }
  }
  const { atMs, detectorStates = [] } = head;
  return { atMs, panes, paneLengthChanged: head.paneMs !== paneMs, detectorStates };
}

function modelHead(state: ModelState, place: (counters: Counters) => number): ModelHead {
  const learning = [...state.signals.values()].flatMap((signal) => {
    const snapshot = signal.learner?.snapshot();
    if (snapshot === undefined) return [];
    const { scale, counters, fromMs } = snapshot;
    return [{ signal: signal.name, scale: scaleToJson(scale), counters: place(counters), fromMs }];
  });
  const { model, environment, newestMs, closedMs, segment } = state;
  const versions = [...state.versions.values()].map((version) => versionHead(version, place));
  const named = segment === undefined ? {} : { segment };
  return { model, environment, newestMs, closedMs, ...named, learning, versions };
}

function versionHead(version: VersionState, place: (counters: Counters) => number): VersionHead {
  const tracks = groups.flatMap((group) =>
    [...version[group]].map(([name, one]) => trackHead(group, name, one, place)),
  );
  const { firstSeenMs, lastSeenMs, rows } = version;
  return { version: version.version, firstSeenMs, lastSeenMs, rows, tracks };
}

function trackHead(
  group: Group,
  name: string,
  one: SignalTrack,
  place: (counters: Counters) => number,
): TrackHead {
  const panes = (one.track?.held() ?? []).map((pane) => [pane.startMs, place(pane.counters)] as const);
  return { group, name, panes };
}

/** Signals come first, so that every learner exists when its snapshot comes; panes come last, as they need its scale. */
function restoreSignals(aggregator: Aggregator, state: ModelState, head: ModelHead): void {
  for (const version of head.versions) {
    const made = aggregator.version(state, version.version, version.firstSeenMs);
    if (made === undefined) continue;
    for (const track of version.tracks) aggregator.signal(state, made, track.group, track.name);
  }
}

function restoreLearning(state: ModelState, head: ModelHead, counters: readonly Counters[]): void {
  for (const one of head.learning) {
    const learned = counters[one.counters];
    if (learned === undefined) continue;
    const scale = scaleFromJson(one.scale);
    state.signals.get(one.signal)?.learner?.restore({ scale, counters: learned, fromMs: one.fromMs });
  }
}

function restoreVersion(
  aggregator: Aggregator,
  state: ModelState,
  head: VersionHead,
  counters: readonly Counters[],
): number {
  const version = aggregator.version(state, head.version, head.firstSeenMs);
  if (version === undefined) return 0;
  version.lastSeenMs = head.lastSeenMs;
  version.rows = head.rows;
  let panes = 0;
  for (const track of head.tracks) {
    const place = aggregator.signal(state, version, track.group, track.name);
    if (place === undefined) continue;
    for (const [startMs, index] of track.panes) {
      const one = counters[index];
      if (one !== undefined && aggregator.restorePane(place, startMs, one)) panes++;
    }
  }
  return panes;
}

function pack(head: Uint8Array, bodies: readonly Uint8Array[]): Uint8Array {
  const size = bodies.reduce((sum, body) => sum + 4 + body.length, 8 + head.length);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic);
  view.setUint32(4, head.length);
  bytes.set(head, 8);
  let at = 8 + head.length;
  for (const body of bodies) {
    view.setUint32(at, body.length);
    bytes.set(body, at + 4);
    at += 4 + body.length;
  }
  return bytes;
}

function unpack(bytes: Uint8Array): { head: Head; counters: Counters[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8 || view.getUint32(0) !== magic)
    throw new Error('these bytes are no checkpoint of this version');
  const headEnd = 8 + view.getUint32(4);
  const head = JSON.parse(decoder.decode(bytes.subarray(8, headEnd))) as Head;
  const counters: Counters[] = [];
  for (let at = headEnd; at < bytes.length; ) {
    const length = view.getUint32(at);
    counters.push(decodeCounters(bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return { head, counters };
}
