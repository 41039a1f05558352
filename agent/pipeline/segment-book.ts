import type { Config } from '../../config/config.ts';
import { falseAlarmsOf } from '../../config/model-settings.ts';
import { globMatches } from '../../core/glob.ts';
import type { Call } from '../../core/observation.ts';
import type { Log, Meter } from '../../core/ports.ts';
import type { Rule } from '../../core/rule.ts';
import type { Verdict } from '../../core/verdict.ts';
import { familyShares } from '../../detectors/ladder/alpha-ladder.ts';
import type { WorstSegmentOptions } from '../../detectors/segments/worst-segment.ts';
import { isWatching } from './judge.ts';
import type { ModelState } from './model-state.ts';
import { decodeTallies, encodeTallies, type StoredTally } from './segment-checkpoint.ts';
import { dayMs, dayOf } from './segment-days.ts';
import { noMemory, type SearchMemory, searchOutcome } from './segment-search.ts';
import { SegmentTally } from './segment-tally.ts';
import { newOutcomes } from './slice-outcomes.ts';
import type { PaneBudget } from './track.ts';
import type { ClosedPane } from './window.ts';

export const searchType = 'worst_segment';
const monthMs = 30 * dayMs;

interface Searched {
  readonly tally: SegmentTally;
  /** By rule and outcome. */
  readonly memories: Map<string, SearchMemory>;
  /** End of the pane that closed a day just now; NaN otherwise. */
  closedMs: number;
}

/**
 * The search for the worst slice of every model. Rows come in one by one; a day closes with the first pane that ends at or
 * after its midnight; then each rule that asks for it gets a verdict on each outcome, once.
 */
export class SegmentBook {
  readonly #config: Config;
  readonly #budget: PaneBudget;
  readonly #meter: Meter;
  readonly #log: Log;
  readonly #rules: readonly Rule[];
  readonly #searched = new Map<ModelState, Searched>();
  #stored: ReadonlyMap<string, StoredTally> = new Map();

  constructor(options: {
    readonly config: Config;
    readonly budget: PaneBudget;
    readonly meter: Meter;
    readonly log: Log;
  }) {
    this.#config = options.config;
    this.#budget = options.budget;
    this.#meter = options.meter;
    this.#log = options.log;
    this.#rules = options.config.rules.filter((rule) => rule.detector.type === searchType);
  }

  /** Takes a row of a model that was counted. */
  add(state: ModelState | undefined, call: Call): void {
    if (state === undefined || this.#rules.length === 0) return;
    this.#of(state).tally.add(call, dayOf(call.timeMs));
  }

  /** A pane of a model closed: looks for new outcomes, and closes the days that are over. */
  feed({ state, endMs }: ClosedPane): void {
    const searched = this.#searched.get(state) ?? this.#fromStore(state);
    if (searched === undefined) return;
    const { tally } = searched;
    try {
      tally.outcomes.push(...newOutcomes(state, tally.outcomes, (signal) => this.#isWatched(state, signal)));
      tally.endPane();
      const day = dayOf(endMs);
      searched.closedMs = day > tally.foldedDay ? endMs : Number.NaN;
      tally.closeDays(day, this.#config.references.learn, endMs);
    } catch (fault) {
      this.#meter.add('internal_errors', 1, { stage: 'judge' });
      const said = fault instanceof Error ? fault.message : 'unknown';
      this.#log.error('the search for the worst segment cannot go on', { model: state.model, fault: said });
    }
    this.#flush(tally);
  }

  /** Undefined but for an outcome at the end of a day. */
  judge(rule: Rule, closed: ClosedPane, signal: string): Verdict | undefined {
    const { state, endMs } = closed;
    const searched = this.#searched.get(state);
    if (searched === undefined || searched.closedMs !== endMs) return undefined;
    const { tally, memories } = searched;
    const at = tally.outcomes.findIndex((outcome) => outcome.signal === signal);
    if (at < 0 || ![...tally.fields.values()].some((field) => (field.distinct?.size ?? 0) > 1))
      return undefined;
    const { min_rows, min_points, min_shift } = rule.detector.options as WorstSegmentOptions;
    const key = JSON.stringify([rule.name, signal]);
    const { finding, memory, startMs } = searchOutcome(tally, at, memories.get(key) ?? noMemory, {
      falseAlarms: this.#falseAlarms(state),
      minRows: min_rows,
      minPoints: min_points,
      minShift: min_shift,
    });
    memories.set(key, memory);
    const { model, environment } = state;
    const series = { model, environment, version: '', signal };
    return { ...finding, rule: rule.name, detector: searchType, series, startMs, endMs };
  }

  encode(): Uint8Array {
    return encodeTallies(
      [...this.#searched].map(([state, { tally, memories }]) => ({ state, tally, memories })),
    );
  }

  /** Takes what a checkpoint holds; each model gets its part when it is seen. Throws on bytes that are none. */
  restore(bytes: Uint8Array): void {
    this.#stored = decodeTallies(bytes);
  }

  #of(state: ModelState): Searched {
    const known = this.#searched.get(state) ?? this.#fromStore(state);
    if (known !== undefined) return known;
    const tally = new SegmentTally(dayOf(state.closedMs), this.#budget);
    const made = { tally, memories: new Map<string, SearchMemory>(), closedMs: Number.NaN };
    this.#searched.set(state, made);
    return made;
  }

  #fromStore(state: ModelState): Searched | undefined {
    const stored = this.#stored.get(JSON.stringify([state.environment, state.model]));
    if (stored === undefined) return undefined;
    const { tally, memories } = stored.revive(this.#budget);
    const made = { tally, memories, closedMs: Number.NaN };
    this.#searched.set(state, made);
    return made;
  }

  #isWatched(state: ModelState, signal: string): boolean {
    return this.#rules.some((rule) => isWatching(rule, state.model, state.environment, signal));
  }

  /** The segments' part of the budget, shared with declared segments where the model has them. */
  #falseAlarms(state: ModelState): number {
    const { segments } = this.#config;
    const falseAlarms = falseAlarmsOf(this.#config, state.model, state.environment);
    const rules = this.#rules.filter(
      ({ match }) =>
        globMatches(match.model, state.model) && globMatches(match.environment, state.environment),
    );
    const isShared = (segments ?? []).some((segment) => globMatches(segment.model, state.model));
    const perMonth = (falseAlarms.count * monthMs) / falseAlarms.perMs;
    return (perMonth * familyShares.segments * (isShared ? 0.5 : 1)) / Math.max(1, rules.length);
  }

  #flush(tally: SegmentTally): void {
    const { rowsSeen, rowsCounted } = tally.takeRows();
    this.#meter.add('segment_rows', rowsCounted, { result: 'searched' });
    this.#meter.add('segment_rows', rowsSeen - rowsCounted, { result: 'thinned' });
    for (const [reason, count] of tally.dropped) this.#meter.add('segments_dropped', count, { reason });
    tally.dropped.clear();
  }
}
