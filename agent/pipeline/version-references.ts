import type { Config } from '../../config/config.ts';
import type { Meter } from '../../core/ports.ts';
import type { Reference } from '../../core/reference.ts';
import { learnedName, type ReferenceRecord, type Standing } from '../../core/reference.ts';
import { type Series, seriesKey } from '../../core/series.ts';
import { decodeCounters, encodeCounters } from '../../detectors/counters/codec.ts';
import { newCounters } from '../../detectors/counters/counters.ts';
import { scaleFromJson, scaleToJson } from '../../detectors/counters/freeze.ts';
import { PaneHistory } from '../../detectors/ladder/reference-panes.ts';
import type { LadderBook } from './ladder-book.ts';
import { binnedPane } from './ladder-state.ts';
import { Learner } from './learner.ts';
import {
  isSeriesOf,
  type ModelState,
  placeOf,
  type SignalState,
  seriesOf,
  type VersionState,
} from './model-state.ts';
import type { ReferenceBook } from './reference-book.ts';
import { packSections, unpackSections } from './sections.ts';
import type { ClosedPane } from './window.ts';

/** Versions that learn a reference of a signal at one time, over all signals; about 250 KB each in a month. */
export const learningMax = 500;

/** A version of a signal that learns a reference of its own, on the edges of the one before. */
interface Learning {
  readonly series: Series;
  readonly learner: Learner;
  /** For the default rule; absent where it cannot read the signal. */
  readonly history: PaneHistory | undefined;
}

type Saved = readonly [
  series: Series,
  fromMs: number,
  scale: unknown,
  countersLength: number,
  historyLength: number,
];

/** A version's reference that was frozen now. */
export interface FrozenOfVersion {
  readonly reference: Reference;
  readonly standing: Standing;
  readonly history: PaneHistory | undefined;
}

export interface VersionReferencesOptions {
  readonly config: Config;
  readonly book: ReferenceBook;
  readonly ladders: LadderBook;
  readonly sha256: (text: string) => string;
  readonly meter: Meter;
}

/**
 * What a new version means for references. Its scores and predictions (by default) learn one of their own; until that is
 * frozen the version is compared with the reference before. One that drifted from that while it learned waits for a
 * person: or a bad version would excuse itself after a week.
 */
export class VersionReferences {
  readonly #options: VersionReferencesOptions;
  readonly #learning = new Map<string, Learning>();

  constructor(options: VersionReferencesOptions) {
    this.#options = options;
  }

  /** How far the versions are that learn: for the status. */
  learning(): readonly { readonly series: Series; readonly rows: number; readonly fromMs: number }[] {
    return [...this.#learning.values()].map(({ series, learner }) => ({
      series,
      rows: learner.rows,
      fromMs: learner.snapshot()?.fromMs ?? 0,
    }));
  }

  /** Learns from a pane that closed. `isDrifting`: an alert about this version of the signal is open. */
  feed(
    closed: ClosedPane,
    nowMs: number,
    isDrifting: (signal: string, version: string) => boolean,
  ): readonly FrozenOfVersion[] {
    const { onNewVersion } = this.#options.config.references.relearn;
    if (onNewVersion === 'none') return [];
    const frozen: FrozenOfVersion[] = [];
    for (const signal of closed.state.signals.values()) {
      if (onNewVersion === 'outputs' && !signal.name.startsWith('output.')) continue;
      for (const version of closed.state.versions.values()) {
        const learning = this.#learningOf(closed.state, signal, version);
        if (learning === undefined) continue;
        this.#addPane(learning, closed, signal, version);
        const reference = learning.learner.settle(closed.endMs, learning.series, nowMs);
        if (reference === undefined) continue;
        this.#learning.delete(seriesKey(learning.series));
        const standing = this.#standingOf(isDrifting(signal.name, version.version));
        frozen.push({ reference, standing, history: learning.history });
      }
    }
    this.#forgetVersions(closed.state);
    return frozen;
  }

  /** For the checkpoint. */
  encode(): Uint8Array {
    const head: Saved[] = [];
    const parts: Uint8Array[] = [];
    for (const { series, learner, history } of this.#learning.values()) {
      const snapshot = learner.snapshot();
      if (snapshot === undefined) continue;
      const counters = encodeCounters(snapshot.counters);
      const panes = history?.toBytes() ?? new Uint8Array();
      parts.push(counters, panes);
      head.push([series, snapshot.fromMs, scaleToJson(snapshot.scale), counters.length, panes.length]);
    }
    return packSections(head, parts);
  }

  /** Takes what a checkpoint holds. Throws on bytes that are none. */
  restore(bytes: Uint8Array): void {
    const { head, take } = unpackSections<readonly Saved[]>(bytes);
    for (const [series, fromMs, scaleJson, countersLength, historyLength] of head) {
      const scale = scaleFromJson(scaleJson);
      const counters = decodeCounters(take(countersLength));
      const panes = take(historyLength);
      const learner = this.#newLearner();
      learner.restore({ scale, counters, fromMs });
      const history = panes.length === 0 ? undefined : PaneHistory.fromBytes(panes);
      this.#learning.set(seriesKey(series), { series, learner, history });
    }
  }

  #standingOf(isDrifting: boolean): Standing {
    switch (this.#options.config.references.relearn.approval) {
      case 'always':
        return 'waiting';
      case 'never':
        return 'in_force';
      case 'if_drifting':
        return isDrifting ? 'waiting' : 'in_force';
    }
  }

  /** Undefined where this version is to have no reference of its own, or has one. */
  #learningOf(state: ModelState, signal: SignalState, version: VersionState): Learning | undefined {
    const series = seriesOf(state, signal.name, version.version);
    const key = seriesKey(series);
    const known = this.#learning.get(key);
    if (known !== undefined) return this.#fitting(known, signal);
    const { book, ladders, meter } = this.#options;
    const before = signal.learner?.reference;
    if (before === undefined || version.version === '' || !isNewSince(before, version, book))
      return undefined;
    if (book.ofSignal(series).some((one) => isOfVersion(one, version.version))) return undefined;
    if (this.#learning.size >= learningMax) {
      meter.add('dropped', 1, { reason: 'reference_learners_max' });
      return undefined;
    }
    const learner = this.#newLearner();
    learner.restore({
      scale: before.scale,
      counters: newCounters(before.scale),
      fromMs: version.firstSeenMs,
    });
    const binning = ladders.of(state, signal)?.binning;
    const history = binning === undefined ? undefined : new PaneHistory(binning.size);
    const made = { series, learner, history };
    this.#learning.set(key, made);
    return made;
  }

  /** Another scale came into force meanwhile: what was learned on the old one cannot go on. */
  #fitting(learning: Learning, signal: SignalState): Learning | undefined {
    if (learning.learner.scale?.id === signal.learner?.scale?.id) return learning;
    this.#learning.delete(seriesKey(learning.series));
    return undefined;
  }

  #addPane(learning: Learning, closed: ClosedPane, signal: SignalState, version: VersionState): void {
    const counters = placeOf(version, signal.name)?.track?.pane(closed.startMs);
    if (counters === undefined) return;
    learning.learner.addPane(counters);
    const { ladders } = this.#options;
    const ladder = ladders.of(closed.state, signal);
    if (ladder === undefined || ladder.binning.size !== learning.history?.bins) return;
    const { startMs } = closed;
    const pane = binnedPane(ladder.binning, counters, ladders.tickOf(startMs), ladders.hourOf(startMs));
    learning.history.add(pane);
  }

  #newLearner(): Learner {
    const { config, sha256 } = this.#options;
    return new Learner(config.references.learn, sha256);
  }

  #forgetVersions(state: ModelState): void {
    for (const [key, { series }] of this.#learning) {
      if (isSeriesOf(state, series) && !state.versions.has(series.version)) this.#learning.delete(key);
    }
  }
}

/** Only what was learned is learned anew: a file, an import or a pin is what a person wants to compare with. */
function isNewSince(before: Reference, version: VersionState, book: ReferenceBook): boolean {
  if (before.kind !== 'learned' || book.get(before.id)?.pinned !== undefined) return false;
  return version.firstSeenMs >= before.toMs;
}

function isOfVersion({ reference }: ReferenceRecord, version: string): boolean {
  return reference.series.version === version && reference.name === learnedName;
}
