import type { Config } from '../../config/config.ts';
import {
  type Companion,
  companionsMax,
  type Explanation,
  type NearbyChange,
  nearbyChangesMax,
  type Onset,
  type OutputShift,
} from '../../core/explanation.ts';
import type { Log, Meter, StoreWrite } from '../../core/ports.ts';
import type { Rule } from '../../core/rule.ts';
import type { Verdict } from '../../core/verdict.ts';
import { changePoint } from '../../detectors/explain/change-point.ts';
import { rampOf, recurrenceOf } from '../../detectors/explain/form.ts';
import { mattersOf } from '../../detectors/explain/matters.ts';
import { ladderTicks } from '../../detectors/ladder/alpha-ladder.ts';
import { type Episode, Episodes } from './episodes.ts';
import { ladderBlocks, paneBlocks } from './explain-blocks.ts';
import { sentenceOf } from './explain-words.ts';
import type { LadderBook } from './ladder-book.ts';
import type { ModelState, SignalState } from './model-state.ts';
import { outputShiftOf } from './output-shift.ts';
import type { ScoreBook } from './scores.ts';
import type { ClosedPane } from './window.ts';

/** What was changed in a model around a time. Versions seen in telemetry are one source; others may join them. */
export type ChangeSource = (state: ModelState, fromMs: number, toMs: number) => readonly NearbyChange[];

export interface ExplainerOptions {
  readonly config: Config;
  readonly ladders: LadderBook;
  readonly scores: ScoreBook;
  readonly changes: readonly ChangeSource[];
  /** Does the rule know the seasons of its reference? */
  readonly isOnLadder: (rule: Rule) => boolean;
  readonly meter: Meter;
  readonly log: Log;
  /** Every `episode/` record of the store. */
  readonly stored: ReadonlyMap<string, Uint8Array>;
}

/** For so many panes after its opening a beginning is looked for at each look, and then once in so many. */
const freshPanes = 12;
/** After so many panes the blocks are too coarse, and too few lie before the change. */
const searchedPanes = 864;
/** Two episodes closer than this, in panes, may be one that flaps: the earlier one does not bound the search. */
const flapPanes = 12;
/** A change is near where it lies within the interval, or so many panes before it. */
const nearPanes = 12;
/** Signals other than inputs whose last answers are remembered, over all models. */
const answersMax = 50_000;

/**
 * Between judge and alert: says of each breach since when, how it came, what moved with it, what that did to the output,
 * what was changed about then, and whether it matters. Other verdicts pass as they are. It changes no answer, and where it
 * fails the verdict goes on without an explanation.
 */
export class Explainer {
  readonly #options: ExplainerOptions;
  readonly #episodes: Episodes;
  readonly #rules: ReadonlyMap<string, Rule>;
  /** Last answers about what is no input: by model, then rule and signal. */
  readonly #answers = new Map<string, Map<string, Verdict>>();
  #answersHeld = 0;

  constructor(options: ExplainerOptions) {
    this.#options = options;
    this.#episodes = new Episodes(options.meter, options.stored);
    this.#rules = new Map(options.config.rules.map((rule) => [rule.name, rule]));
  }

  /** One verdict for each one given, in their order. */
  explain(closed: ClosedPane, judged: readonly Verdict[]): readonly Verdict[] {
    // All of them are followed first, so that each knows of the others of its pane; then all beginnings are looked for.
    const episodes = judged.map((verdict) => this.#guarded(verdict, () => this.#follow(closed, verdict)));
    return judged.map((verdict, i) => {
      const episode = episodes[i];
      if (verdict.status !== 'breach' || episode === undefined) return verdict;
      const explanation = this.#guarded(verdict, () => this.#explanationOf(closed, verdict, episode));
      return explanation === undefined ? verdict : { ...verdict, explanation };
    });
  }

  takeWrites(): readonly StoreWrite[] {
    return this.#episodes.takeWrites();
  }

  #guarded<T>(verdict: Verdict, work: () => T): T | undefined {
    try {
      return work();
    } catch (fault) {
      const { meter, log } = this.#options;
      meter.add('internal_errors', 1, { stage: 'explain' });
      const { model, signal } = verdict.series;
      const said = fault instanceof Error ? fault.message : 'unknown';
      log.error('a breach could not be explained', { model, signal, fault: said });
      return undefined;
    }
  }

  #follow(closed: ClosedPane, verdict: Verdict): Episode | undefined {
    this.#remember(verdict);
    const episode = this.#episodes.follow(verdict);
    if (verdict.status !== 'breach' || episode?.openedMs === undefined) return episode;
    const { paneMs } = this.#options.config.windows;
    const age = (closed.endMs - episode.openedMs) / paneMs;
    const isDue = age <= freshPanes || (age <= searchedPanes && Math.round(age) % freshPanes === 0);
    const found = isDue ? this.#searchOnset(closed, verdict, episode) : undefined;
    const onset = found && betterOnset(found, episode.onset);
    return onset === undefined ? episode : this.#episodes.keep({ ...episode, onset });
  }

  #searchOnset(closed: ClosedPane, verdict: Verdict, episode: Episode): Onset | undefined {
    const signal = closed.state.signals.get(verdict.series.signal);
    if (signal === undefined) return undefined;
    const { blocks, clustering } = this.#blocksOf(closed, signal, verdict, episode);
    const found = changePoint(blocks, clustering);
    if (found === undefined) return undefined;
    const ramp = rampOf(blocks, found.at, clustering);
    const { at, from, to } = ramp ?? found;
    const period = recurrenceOf(at, episode.earlierMs);
    return {
      atMs: at,
      fromMs: from,
      toMs: to,
      form: period !== undefined ? 'recurring' : ramp === undefined ? 'abrupt' : 'gradual',
      ...(period === undefined ? {} : { period }),
      ...(ramp === undefined ? {} : { arrivedMs: ramp.arrived }),
    };
  }

  #blocksOf(closed: ClosedPane, signal: SignalState, verdict: Verdict, episode: Episode) {
    const { ladders, config } = this.#options;
    const { paneMs } = config.windows;
    const version = verdict.series.version;
    const ladder = ladders.of(closed.state, signal);
    const rule = this.#rules.get(verdict.rule);
    const all =
      ladder === undefined || !ladder.rings.has(version)
        ? paneBlocks(closed.state.versions.get(version), signal.name, closed.endMs, paneMs)
        : ladderBlocks(ladder, version, ladders.tickOf(closed.endMs), paneMs);
    // A rule that knows no seasons breaches on them, and they are its change.
    const isSeasonal = rule !== undefined && this.#options.isOnLadder(rule);
    const seen = isSeasonal ? all : all.map(({ start, end, bins }) => ({ start, end, bins }));
    const { openedMs = closed.endMs, endedMs = Number.NEGATIVE_INFINITY } = episode;
    const isApart = openedMs - endedMs > flapPanes * paneMs;
    const variance = ladder?.reader?.model.variance[ladderTicks.indexOf(12)];
    return {
      blocks: isApart ? seen.filter((block) => block.start >= endedMs) : seen,
      // What a reference learned of its own wander includes seasons, and is for those who know them.
      clustering: isSeasonal ? (variance?.clustering ?? 1) : 1,
    };
  }

  #explanationOf(closed: ClosedPane, verdict: Verdict, episode: Episode): Explanation {
    const { signal } = verdict.series;
    const shift = this.#shiftOf(closed, verdict, episode);
    const own = shift?.all.get(signal);
    const answers = this.#answersOf(verdict);
    const { matters, reason } = mattersOf({
      signal,
      severity: this.#rules.get(verdict.rule)?.severity ?? 'critical',
      moved: answers.filter((one) => one.status === 'breach').map((one) => one.series.signal),
      still: answers.filter(isStill).map((one) => one.series.signal),
      contribution: own?.deviations,
      output: shift?.shift.output,
    });
    const told = {
      ...(episode.onset === undefined ? {} : { onset: episode.onset }),
      movedTogether: this.#companionsOf(verdict, episode, shift),
      ...(shift === undefined ? {} : { outputShift: shift.shift }),
      changesNearby: this.#changesNear(closed, verdict, episode),
      matters,
      mattersReason: reason,
    };
    return { ...told, sentence: sentenceOf(signal, told) };
  }

  #shiftOf(closed: ClosedPane, verdict: Verdict, episode: Episode) {
    const { scores, ladders, config } = this.#options;
    const { paneMs } = config.windows;
    const fromMs = Math.min(verdict.startMs, episode.onset?.atMs ?? verdict.startMs);
    return outputShiftOf({
      state: closed.state,
      version: verdict.series.version,
      startTick: Math.floor(fromMs / paneMs),
      endTick: ladders.tickOf(closed.endMs),
      ladders,
      scores,
    });
  }

  /** Outputs first, then inputs by what they bring to the output, then by the size of their change. */
  #companionsOf(verdict: Verdict, episode: Episode, shift: ShiftFound | undefined): readonly Companion[] {
    const { signal } = verdict.series;
    const bySignal = new Map<string, Episode>();
    for (const other of this.#episodes.openOf(verdict.series)) {
      const known = bySignal.get(other.signal);
      if (other.signal !== signal && (known === undefined || known.onset === undefined))
        bySignal.set(other.signal, other);
    }
    const weightOf = (one: Episode) =>
      one.signal.startsWith('input.') ? Math.abs(shift?.all.get(one.signal)?.deviations ?? 0) : 1e9;
    const ranked = [...bySignal.values()].sort(
      (a, b) =>
        weightOf(b) - weightOf(a) || (b.effect ?? 0) - (a.effect ?? 0) || (a.signal < b.signal ? -1 : 1),
    );
    return ranked.slice(0, companionsMax).map((one) => ({
      signal: one.signal,
      effect: one.effect ?? null,
      ...(one.onset === undefined ? {} : { sinceMs: one.onset.atMs }),
      isTogether: overlaps(episode.onset, one.onset),
    }));
  }

  #changesNear(closed: ClosedPane, verdict: Verdict, episode: Episode): readonly NearbyChange[] {
    const nearMs = nearPanes * this.#options.config.windows.paneMs;
    const fromMs = (episode.onset?.fromMs ?? verdict.startMs) - nearMs;
    const toMs = episode.onset?.toMs ?? verdict.endMs;
    const found = this.#options.changes.flatMap((source) => source(closed.state, fromMs, toMs));
    return found.sort((a, b) => a.atMs - b.atMs).slice(-nearbyChangesMax);
  }

  #answersOf(verdict: Verdict): readonly Verdict[] {
    return [...(this.#answers.get(modelKey(verdict))?.values() ?? [])];
  }

  #remember(verdict: Verdict): void {
    const { signal } = verdict.series;
    if (signal.startsWith('input.')) return;
    const model = this.#answers.get(modelKey(verdict)) ?? new Map<string, Verdict>();
    this.#answers.set(modelKey(verdict), model);
    const key = JSON.stringify([verdict.rule, signal]);
    if (!model.has(key)) {
      if (this.#answersHeld >= answersMax) return;
      this.#answersHeld++;
    }
    model.set(key, verdict);
  }
}

type ShiftFound = {
  readonly shift: OutputShift;
  readonly all: ReadonlyMap<string, { readonly deviations: number }>;
};

/** Versions seen for the first time; the first one of a model is no change. */
export function newVersions(state: ModelState, fromMs: number, toMs: number): readonly NearbyChange[] {
  const versions = [...state.versions.values()];
  const firstMs = Math.min(...versions.map((one) => one.firstSeenMs));
  return versions
    .filter((one) => one.firstSeenMs > firstMs && one.firstSeenMs >= fromMs && one.firstSeenMs < toMs)
    .map((one) => ({
      kind: 'version',
      what: `version ${one.version === '' ? '(none)' : one.version} was first seen`,
      atMs: one.firstSeenMs,
    }));
}

function isStill({ status, series }: Verdict): boolean {
  return status === 'ok' && series.signal.startsWith('output.');
}

/**
 * A first beginning; one known as closely or better; or one that shows by now to be gradual. Blocks are coarser the longer
 * ago it was, so that what was gradual once may look like a step later on, and is not believed. Undefined: nothing new.
 */
function betterOnset(found: Onset, known: Onset | undefined): Onset | undefined {
  if (known === undefined) return found;
  if (known.arrivedMs !== undefined && found.arrivedMs === undefined) return undefined;
  const isGradualNow = found.arrivedMs !== undefined && known.arrivedMs === undefined;
  const isAsClose = found.toMs - found.fromMs <= known.toMs - known.fromMs;
  const next = isGradualNow || isAsClose ? found : known;
  const arrivedMs = Math.max(known.arrivedMs ?? 0, found.arrivedMs ?? 0);
  const onset = arrivedMs > 0 ? { ...next, arrivedMs } : next;
  const isNew = onset.atMs !== known.atMs || onset.toMs !== known.toMs || onset.arrivedMs !== known.arrivedMs;
  return isNew ? onset : undefined;
}

function overlaps(a: Onset | undefined, b: Onset | undefined): boolean {
  return a !== undefined && b !== undefined && a.fromMs <= b.toMs && b.fromMs <= a.toMs;
}

function modelKey({ series }: Verdict): string {
  return JSON.stringify([series.environment, series.model, series.segment ?? '']);
}
