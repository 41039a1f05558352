import type { Config } from '../../config/config.ts';
import { againstOf, type Comparison } from '../../core/comparison.ts';
import type { Counters } from '../../core/pane.ts';
import type { Reference } from '../../core/reference.ts';
import { seriesKey } from '../../core/series.ts';
import { isoTime } from '../../core/time.ts';
import type { Finding, VerdictCause } from '../../core/verdict.ts';
import { effectiveSize } from '../../detectors/counters/counters.ts';
import { ModelReader } from '../../detectors/ladder/judge-series.ts';
import type { ReferenceModel } from '../../detectors/ladder/reference-model.ts';
import { hoursPerWeek } from '../../detectors/ladder/window-ring.ts';
import { aboutText } from './enough.ts';
import type { Hour, HourBook, HourSpan } from './hour-book.ts';
import { inconclusive, type Look, learningFinding } from './judge-look.ts';
import type { SignalLadder } from './ladder-state.ts';
import { type ModelState, seriesOf } from './model-state.ts';
import { addUp, modelOfHours, type Past, seasonsOf, stageOfSpan } from './past.ts';
import type { ReferenceBook } from './reference-book.ts';
import type { ReferenceModels } from './reference-models.ts';

/** Rows of the past without which nothing is compared with it. */
const pastRowsMin = 500;
/** Sums of the past that are remembered, at most: they change once an hour. */
const sumsMax = 5_000;
/** The default rule knows hours only with panes of five minutes. */
const hourlyPaneMs = 300_000;
const weekMs = 604_800_000;

/** A window that is to be compared: of a version, from a time on. */
export interface Question {
  readonly look: Look;
  readonly version: string;
  readonly startMs: number;
  readonly scaleId: string;
  /** Effective rows of the window. */
  readonly current: number;
}

/** What it is compared with. */
export interface Compared {
  /** Of the reference; of the past a name that stays the same while its hours move on. */
  readonly id: string;
  readonly counters: Counters;
  /** What to add to the sentence of a verdict; '' for the reference in force of the model. */
  readonly note: string;
}

export type Resolution = { readonly compared: Compared } | { readonly missing: Finding };

/** The same for the default rule: its ladder with the reader to ask. */
export type LadderResolution =
  | {
      readonly ladder: SignalLadder;
      readonly id: string;
      readonly note: string;
      /** Windows that began before hold rows of the reference itself. */
      readonly learnedMs: number;
    }
  | { readonly missing: Finding };

/** What a kind of comparison is made of: a frozen reference, or hours of the past. */
type Source =
  | { readonly frozen: Reference; readonly note: string }
  | { readonly past: PastQuestion }
  | { readonly missing: Finding };

interface PastQuestion {
  readonly kind: 'rolling' | 'seasonal' | 'previous_version';
  readonly span: HourSpan;
  /** For the sentence: `the last 28d`, `version 7`. */
  readonly what: string;
}

/** A reader made of hours of the past. */
type PastModel =
  | { readonly reader: ModelReader; readonly fromMs: number; readonly toMs: number; readonly rows: number }
  | { readonly missing: Finding };

type Resolver = (question: Question) => Source;

/** Says of each window what it is compared with: one resolver for each kind of comparison. */
export class Comparisons {
  readonly #config: Config;
  readonly #book: ReferenceBook;
  readonly #hours: HourBook;
  readonly #models: ReferenceModels;
  readonly #resolvers: Readonly<Record<Comparison, Resolver>>;
  readonly #sums = new Map<string, { readonly stamp: string; readonly value: unknown }>();

  constructor(options: {
    readonly config: Config;
    readonly book: ReferenceBook;
    readonly hours: HourBook;
    readonly models: ReferenceModels;
  }) {
    this.#config = options.config;
    this.#book = options.book;
    this.#hours = options.hours;
    this.#models = options.models;
    this.#resolvers = {
      pinned: (question) => this.#pinned(question),
      rolling: (question) => ({ past: this.#rolling(question, 'rolling') }),
      seasonal: (question) => ({ past: this.#rolling(question, 'seasonal') }),
      previous_version: (question) => this.#previousVersion(question),
      // The place for a resolver that compares a segment with the rest of the same window's traffic.
      segment_peer: () => missing('no_reference', 'This version of Kedge compares no window with its peers.'),
    };
  }

  /** For detectors with a window of their own. */
  resolve(question: Question): Resolution {
    const source = this.#sourceOf(question);
    if ('missing' in source) return { missing: withSize(source.missing, question) };
    return 'past' in source ? this.#comparePast(question, source.past) : compareFrozen(question, source);
  }

  /** For the default rule. The ladder has its rings; only what its windows are compared with is another one. */
  onLadder(question: Question, ladder: SignalLadder): LadderResolution {
    const source = this.#sourceOf(question);
    if ('missing' in source) return source;
    if ('past' in source) return this.#ladderOfPast(question, source.past, ladder);
    const { frozen, note } = source;
    if (frozen.scale.id !== ladder.scaleId) return missing('scale_mismatch', mismatchText(question, frozen));
    const learnedMs = frozen.kind === 'learned' ? frozen.toMs : Number.NEGATIVE_INFINITY;
    if (frozen.id === ladder.referenceId) return { ladder, id: frozen.id, note, learnedMs };
    const reader = this.#models.readerOf(frozen, ladder.binning);
    return { ladder: { ...ladder, reader }, id: frozen.id, note, learnedMs };
  }

  #sourceOf(question: Question): Source {
    const against = againstOf(question.look.rule.against);
    return 'kind' in against ? this.#resolvers[against.kind](question) : this.#named(question, against.name);
  }

  /** The reference in force: of this version, of one before it, or of the model. */
  #pinned({ look, version }: Question): Source {
    const { signal, closed } = look;
    const ofModel = signal.learner?.reference;
    if (ofModel === undefined) return { missing: learningFinding(look, this.#config, 0) };
    const firstSeenMs = closed.state.versions.get(version)?.firstSeenMs ?? Number.POSITIVE_INFINITY;
    const found = this.#book.forVersion(seriesOf(closed.state, signal.name, version), firstSeenMs);
    const ofVersion = found?.reference.series.version ?? '';
    if (found === undefined || ofVersion === '') return { frozen: ofModel, note: '' };
    return { frozen: found.reference, note: `Compared with ${frozenText(found.reference)}.` };
  }

  #named({ look, version }: Question, name: string): Source {
    const { signal, closed } = look;
    const found = this.#book.named(seriesOf(closed.state, signal.name, version), name);
    if (found === undefined)
      return missing('no_reference', `${signal.name} has no reference of the name ${name}.`);
    return { frozen: found, note: `Compared with ${frozenText(found)}.` };
  }

  /** The gap is never less than the window: a window is not compared with itself. */
  #rolling({ look, startMs }: Question, kind: 'rolling' | 'seasonal'): PastQuestion {
    const { lengthMs, gapMs } = this.#config.references.rolling;
    const toMs = look.closed.endMs - Math.max(gapMs, look.closed.endMs - startMs);
    const what = kind === 'rolling' ? 'the time before' : 'the same hours of the week before';
    return { kind, what, span: { fromMs: toMs - lengthMs, toMs, onlyQuiet: true } };
  }

  #previousVersion({ look, version }: Question): Source {
    const { state, endMs } = look.closed;
    const before = versionBefore(state, version);
    if (before === undefined) {
      const said = version === '' ? 'rows without a version' : `version ${version}`;
      return missing('no_reference', `No version before ${said} was seen of ${look.signal.name}.`);
    }
    const fromMs = endMs - this.#config.references.rolling.lengthMs;
    const span = { version: before, fromMs, toMs: endMs, onlyQuiet: false };
    return { past: { kind: 'previous_version', what: `version ${before}`, span } };
  }

  #comparePast(question: Question, past: PastQuestion): Resolution {
    const found = this.#pastOf(question, past);
    const rows = found === undefined ? 0 : effectiveSize(found.counters);
    if (found === undefined || rows < pastRowsMin)
      return { missing: withSize(this.#tooShort(question, past, rows), question) };
    const id = `${past.kind}_${past.span.version ?? ''}_${question.scaleId}`;
    return { compared: { id, counters: found.counters, note: `Compared with ${pastText(past, found)}.` } };
  }

  /** The hours that fit the window: the same of the week, else the same of the day, else all of them. */
  #pastOf(question: Question, past: PastQuestion): Past | undefined {
    const { look, startMs } = question;
    const { hourMs } = this.#hours;
    const { endMs } = look.closed;
    const add = (seasons: number): Past | undefined => {
      const fitting = seasonsOf(startMs, endMs, hourMs, seasons);
      const key = `sum ${question.look.rule.name} ${past.kind} ${past.span.version ?? ''} ${seasons}`;
      const stamp = `${[...fitting].join()} ${Math.floor(past.span.toMs / hourMs)} ${question.scaleId}`;
      return this.#remembered(question, key, stamp, () =>
        addUp(this.#hoursOf(question, past), look.scale, hourMs, (index) => fitting.has(index % seasons)),
      );
    };
    const isEnough = (one: Past | undefined) =>
      one !== undefined && effectiveSize(one.counters) >= pastRowsMin;
    if (past.kind === 'rolling') return add(1);
    const weekly = add(Math.round(weekMs / hourMs));
    if (past.kind === 'seasonal' || isEnough(weekly)) return weekly;
    const daily = add(Math.max(1, Math.round(weekMs / 7 / hourMs)));
    return isEnough(daily) ? daily : add(1);
  }

  #ladderOfPast(question: Question, past: PastQuestion, ladder: SignalLadder): LadderResolution {
    const { hourMs } = this.#hours;
    const stamp = `${Math.floor(past.span.toMs / hourMs)} ${ladder.scaleId} ${ladder.builtTick}`;
    const key = `model ${past.kind} ${past.span.version ?? ''}`;
    const made = this.#remembered(question, key, stamp, () => this.#makePast(question, past, ladder));
    if ('missing' in made) return made;
    const { reader, fromMs, toMs, rows } = made;
    const id = `${past.kind}_${past.span.version ?? ''}_${ladder.scaleId}`;
    const note = `Compared with ${past.what}${spanText(fromMs, toMs, rows)}.`;
    // Windows longer than the gap would be compared with themselves.
    const learnedMs = past.kind === 'previous_version' ? Number.NEGATIVE_INFINITY : past.span.toMs;
    return { ladder: { ...ladder, reader }, id, note, learnedMs };
  }

  #makePast(question: Question, past: PastQuestion, ladder: SignalLadder): PastModel {
    const hours = [...this.#hoursOf(question, past)];
    const indices = hours.map(({ index }) => index);
    const fromMs = Math.min(...indices) * this.#hours.hourMs;
    const toMs = (Math.max(...indices) + 1) * this.#hours.hourMs;
    const isHourly = this.#config.windows.paneMs === hourlyPaneMs;
    const stage = isHourly ? stageOfSpan(toMs - fromMs) : 'one';
    const isTooShort = hours.length === 0 || (past.kind === 'seasonal' && stage !== 'hour_of_week');
    const model = isTooShort
      ? undefined
      : modelOfHours(hours, this.#hours.hourMs, ladder.binning, stage, ladder.reader);
    const rows = model === undefined ? 0 : rowsOf(model);
    if (model === undefined || rows < pastRowsMin) return { missing: this.#tooShort(question, past, rows) };
    return { reader: new ModelReader(model), fromMs, toMs, rows };
  }

  #hoursOf({ look, scaleId }: Question, past: PastQuestion): Generator<Hour> {
    return this.#hours.hours(look.closed.state, look.signal.name, scaleId, past.span);
  }

  /** What is there, what is needed, and when the first hours will be old enough. */
  #tooShort({ look }: Question, past: PastQuestion, rows: number): Finding {
    const { state } = look.closed;
    const have = `${Math.round(rows)} of ${pastRowsMin} rows`;
    const firstMs = this.#hours.firstMs(state, look.signal.name, past.span.version);
    const { gapMs } = this.#config.references.rolling;
    const waitMs =
      past.kind === 'seasonal' ? 2 * weekMs : past.kind === 'rolling' ? gapMs + this.#hours.hourMs : 0;
    const isEarly = firstMs !== undefined && firstMs + waitMs > look.closed.endMs;
    const when = isEarly
      ? `, not before ${isoTime(firstMs + waitMs)
          .slice(0, 16)
          .replace('T', ' ')} UTC`
      : '';
    const said = `${look.signal.name} has too little of ${past.what} to compare with: ${have}${when}.`;
    return inconclusive('no_reference', said, rows, 0);
  }

  /** One value for each key, made anew when its stamp has changed. */
  #remembered<T>({ look }: Question, key: string, stamp: string, make: () => T): T {
    const whole = JSON.stringify([seriesKey(seriesOf(look.closed.state, look.signal.name)), key]);
    const known = this.#sums.get(whole);
    if (known?.stamp === stamp) return known.value as T;
    const value = make();
    this.#sums.delete(whole);
    const [oldest] = this.#sums.keys();
    if (this.#sums.size >= sumsMax && oldest !== undefined) this.#sums.delete(oldest);
    this.#sums.set(whole, { stamp, value });
    return value;
  }
}

/** A window that holds rows the reference was learned from, or of another scale, is not compared. */
function compareFrozen(
  question: Question,
  { frozen, note }: { readonly frozen: Reference; readonly note: string },
): Resolution {
  const { signal, rule, closed } = question.look;
  const learned = effectiveSize(frozen.counters);
  if (frozen.kind === 'learned' && isWithin(question, frozen)) {
    // The first window that begins after learning.
    const enoughAtMs = frozen.toMs + rule.lengthMs;
    const said = `This window of ${signal.name} was learned from; the first one after it ends ${aboutText(enoughAtMs)}.`;
    const finding = inconclusive('no_reference', said, learned, question.current);
    return { missing: { ...finding, missing: { enoughAtMs } } };
  }
  if (frozen.scale.id !== question.scaleId) {
    // What was counted on the former scale has left the window once it has moved on by its length.
    const enoughAtMs = closed.endMs + rule.lengthMs;
    const said = `${mismatchText(question, frozen)} Windows on the new one are whole ${aboutText(enoughAtMs)}.`;
    const finding = inconclusive('scale_mismatch', said, 0, question.current);
    return { missing: { ...finding, missing: { enoughAtMs } } };
  }
  return { compared: { id: frozen.id, counters: frozen.counters, note } };
}

function isWithin({ startMs }: Question, frozen: Reference): boolean {
  return startMs < frozen.toMs;
}

function mismatchText({ look }: Question, frozen: Reference): string {
  const name = frozen.name === undefined ? '' : ` ${frozen.name}`;
  return `${look.signal.name} was counted on another scale than its reference${name}.`;
}

function missing(cause: VerdictCause, reason: string): { readonly missing: Finding } {
  return { missing: inconclusive(cause, reason, 0, 0) };
}

function withSize(finding: Finding, { current }: Question): Finding {
  return { ...finding, size: { ...finding.size, current } };
}

/** The version that was first seen last before this one. */
function versionBefore(state: ModelState, version: string): string | undefined {
  const own = state.versions.get(version);
  if (own === undefined) return undefined;
  let found: { readonly version: string; readonly firstSeenMs: number } | undefined;
  for (const other of state.versions.values()) {
    if (other.version === version || other.firstSeenMs >= own.firstSeenMs) continue;
    if (found === undefined || other.firstSeenMs > found.firstSeenMs) found = other;
  }
  return found?.version;
}

function frozenText(reference: Reference): string {
  const { name = 'the reference', series, id, fromMs, toMs, counters } = reference;
  const version = series.version === '' ? '' : ` of version ${series.version}`;
  const span = toMs > 0 ? spanText(fromMs, toMs, effectiveSize(counters)) : '';
  return `${name}${version}, ${id}${span}`;
}

function pastText({ what }: PastQuestion, { fromMs, toMs, counters }: Past): string {
  return `${what}${spanText(fromMs, toMs, effectiveSize(counters))}`;
}

function spanText(fromMs: number, toMs: number, rows: number): string {
  const day = (ms: number) => isoTime(ms).slice(0, 16).replace('T', ' ');
  return ` (${day(fromMs)} to ${day(toMs)} UTC, ${Math.round(rows)} rows)`;
}

function rowsOf(model: ReferenceModel): number {
  let rows = 0;
  for (let hour = 0; hour < hoursPerWeek; hour++) rows += model.hours.totals[hour] as number;
  return rows;
}
