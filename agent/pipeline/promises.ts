import type { Config } from '../../config/config.ts';
import { formatDuration } from '../../core/duration.ts';
import type { Log, Meter } from '../../core/ports.ts';
import { seriesKey } from '../../core/series.ts';
import { isoTime } from '../../core/time.ts';
import { effectiveSize } from '../../detectors/counters/counters.ts';
import { numberText, percentText } from '../../detectors/counters/finding.ts';
import type { LadderRateOptions } from '../../detectors/counters/rate-test.ts';
import type { Detector } from '../../detectors/detector.ts';
import { type LadderTicks, ladderTicks } from '../../detectors/ladder/alpha-ladder.ts';
import { minDetectableRate } from '../../detectors/ladder/rate-limits.ts';
import { inflation } from '../../detectors/ladder/variance.ts';
import { type Detectable, detectablesOf } from './detectable.ts';
import { countShares, isWatching } from './judge.ts';
import type { BudgetShares } from './judge-look.ts';
import type { LadderBook } from './ladder-book.ts';
import { familyOf, type LadderOptions } from './ladder-judge.ts';
import type { ModelState, SignalState } from './model-state.ts';
import type { PromiseBook } from './promise-book.ts';
import { type RateBook, rowsPerTick, type SignalRates } from './rate-book.ts';
import { alphaOfRate, rateInputOf } from './rate-judge.ts';
import { askedOf, countText, impliedOf, type RawRule, rawRulesOf } from './raw-thresholds.ts';
import type { ClosedPane } from './window.ts';

/** Signals worked out anew when a pane closes, at most: one takes some 10 ms. */
const signalsPerPane = 5;
/** What a signal would find is worked out anew each day, as traffic changes. */
const renewTicks = 288;
/** Windows that are on /metrics: an hour and a day of five-minute panes. */
const measuredTicks: readonly LadderTicks[] = [12, 288];
/** Signals remembered, at most. */
const signalsMax = 20_000;
const episodesShownMax = 50;
const dayMs = 86_400_000;

/** The smallest share of such rows that would be found, beside the usual one. */
export interface DetectableRate {
  readonly kind: string;
  readonly reference: number;
  readonly window: string;
  readonly rows: number;
  readonly share: number | undefined;
}

/** A raw threshold at the traffic that was seen. */
export interface ImpliedRule {
  readonly rule: string;
  readonly threshold: string;
  readonly signals: number;
  /** Effective rows of a window of the first of its signals. */
  readonly rows: number;
  readonly looksPerMonth: number;
  readonly overPerMonth: number;
  readonly shift: number | undefined;
}

interface SignalFacts {
  readonly builtTick: number;
  readonly atTick: number;
  readonly unit: 'sd' | 'points';
  readonly detectable: readonly Detectable[];
  readonly rates: readonly DetectableRate[];
}

export interface PromisesOptions {
  readonly config: Config;
  readonly detectors: ReadonlyMap<string, Detector>;
  readonly ladders: LadderBook;
  readonly rates: RateBook;
  readonly book: PromiseBook;
  readonly meter: Meter;
  readonly log: Log;
}

/** What thresholds imply is worked out anew where windows have so many times the rows of before, or so few. */
const otherTraffic = 1.5;

/**
 * What the agent promises of each model, said once when a reference is frozen and shown at any time: the smallest change each
 * signal's windows would find, what raw thresholds imply at the traffic seen, and false alarms promised against alerts given.
 */
export class Promises {
  readonly #options: PromisesOptions;
  readonly #raw: readonly RawRule[];
  readonly #facts = new Map<string, SignalFacts>();
  /** By rule and model; with how many signals, and in which windows it was worked out. */
  readonly #implied = new Map<string, { readonly key: string; readonly implied: ImpliedRule }>();
  readonly #toldDay = new Map<string, number>();

  constructor(options: PromisesOptions) {
    this.#options = options;
    this.#raw = rawRulesOf(options.config.rules, options.detectors);
  }

  /** After a pane was judged: works out what is new, a few signals at a time, and says it once. */
  follow(closed: ClosedPane, nowMs: number): void {
    const { state } = closed;
    // What is promised is promised of a model; its segments share it.
    if (state.whole !== undefined) return;
    const endTick = this.#options.ladders.tickOf(closed.endMs);
    const stale = [...state.signals.values()].filter((signal) => this.#isStale(state, signal, endTick));
    if (stale.length > 0) {
      const shares = countShares(this.#options.config.rules, state, this.#options.detectors);
      for (const signal of stale.slice(0, signalsPerPane)) this.#workOut(state, signal, shares, endTick);
    }
    if (stale.length > 0 && stale.length <= signalsPerPane) this.#implyRules(state, endTick);
    this.#tellDaily(state, nowMs);
  }

  factsOf(state: ModelState, signal: string): SignalFacts | undefined {
    return state.whole === undefined ? this.#facts.get(keyOf(state, signal)) : undefined;
  }

  /** For the API: plain JSON. */
  describe(state: ModelState, nowMs: number) {
    const { model, environment } = state;
    const { episodes, ...given } = this.#options.book.of(model, environment, nowMs);
    return {
      falseAlarms: { ...given, budgetUsed: given.promised > 0 ? given.given / given.promised : null },
      episodes: episodes
        .slice(0, episodesShownMax)
        .map(({ atMs, ...one }) => ({ at: isoTime(atMs), ...one })),
      rawThresholds: this.#impliedOf(state),
    };
  }

  /** Gauges of one model. */
  measure(state: ModelState, nowMs: number): void {
    const { meter, book } = this.#options;
    const { model, environment } = state;
    const { promised, given, ofThresholds } = book.of(model, environment, nowMs);
    meter.set('false_alarms_promised', promised, { model });
    meter.set('drift_alerts_given', given, { model, threshold: 'budget' });
    meter.set('drift_alerts_given', ofThresholds, { model, threshold: 'raw' });
    for (const { rule, overPerMonth } of this.#impliedOf(state))
      meter.set('implied_over_limit', overPerMonth, { model, rule });
  }

  #impliedOf({ model, environment }: ModelState): readonly ImpliedRule[] {
    return this.#raw.flatMap(({ rule }) => {
      const known = this.#implied.get(JSON.stringify([environment, model, rule.name]));
      return known === undefined ? [] : [known.implied];
    });
  }

  /** Its reference is there, and nothing, or only what is old, was worked out from it. */
  #isStale(state: ModelState, signal: SignalState, endTick: number): boolean {
    const builtTick = this.#builtTickOf(state, signal);
    if (builtTick === undefined) return false;
    const known = this.factsOf(state, signal.name);
    return known === undefined || known.builtTick !== builtTick || endTick - known.atTick >= renewTicks;
  }

  #builtTickOf(state: ModelState, signal: SignalState): number | undefined {
    const { ladders, rates } = this.#options;
    const ladder = ladders.of(state, signal);
    const rate = rates.of(state, signal);
    if (ladder?.reader === undefined && rate?.models === undefined) return undefined;
    return Math.max(ladder?.builtTick ?? -1, rate?.builtTick ?? -1);
  }

  #workOut(state: ModelState, signal: SignalState, shares: BudgetShares, endTick: number): void {
    const key = keyOf(state, signal.name);
    const before = this.#facts.get(key);
    const isFirst = before === undefined;
    if (isFirst && this.#facts.size >= signalsMax) return;
    const rate = this.#options.rates.of(state, signal);
    const seen = rate === undefined ? 0 : rowsPerTick(rate, endTick);
    const facts: SignalFacts = {
      builtTick: this.#builtTickOf(state, signal) ?? -1,
      atTick: endTick,
      unit: this.#options.ladders.of(state, signal)?.binning.kind === 'levels' ? 'points' : 'sd',
      detectable: this.#detectable(state, signal, shares, seen),
      rates: rate === undefined ? [] : this.#detectableRates(rate, shares, seen),
    };
    this.#facts.set(key, facts);
    this.#measureSignal(state, signal.name, facts);
    // Rates may be learned a little later than the shape.
    if (isFirst || before.rates.length < facts.rates.length) this.#announce(state, signal.name, facts);
  }

  #detectable(
    state: ModelState,
    signal: SignalState,
    shares: BudgetShares,
    seen: number,
  ): readonly Detectable[] {
    const { config, ladders, detectors } = this.#options;
    const { model, environment } = state;
    const ladder = ladders.of(state, signal);
    const reference = signal.learner?.reference;
    const rule = config.rules.find(
      (one) =>
        detectors.get(one.detector.type)?.type === 'drift' &&
        isWatching(one, model, environment, signal.name),
    );
    if (ladder?.reader === undefined || reference === undefined || rule === undefined) return [];
    const { min_rows: minRows, min_effect: minEffect } = rule.detector.options as LadderOptions;
    return detectablesOf({
      config,
      model,
      environment,
      signal: signal.name,
      family: Math.max(1, shares.families[familyOf(signal.name)]),
      minRows,
      minEffect,
      scale: reference.scale,
      reference: reference.counters,
      binning: ladder.binning,
      reader: ladder.reader,
      rowsPerTick: seen,
    });
  }

  #detectableRates(rates: SignalRates, shares: BudgetShares, seen: number): readonly DetectableRate[] {
    const { config, detectors } = this.#options;
    const { model, environment, signal } = rates.series;
    return rates.kinds.flatMap((kind) => {
      const rule = config.rules.find(
        (one) =>
          detectors.get(one.detector.type)?.rate === kind && isWatching(one, model, environment, signal),
      );
      if (rule === undefined) return [];
      const options = rule.detector.options as LadderRateOptions;
      return measuredTicks.flatMap((ticks): DetectableRate[] => {
        const n = seen * ticks;
        const alpha = alphaOfRate(config, rates.series, ticks, Math.max(1, shares.families.rates));
        const input = rateInputOf(rates, kind, { ticks, k: 0, n }, { alpha, options });
        if (input === undefined || n < options.min_rows) return [];
        const window = formatDuration(ticks * config.windows.paneMs);
        const reference = input.referenceEvents / input.m;
        return [{ kind, reference, window, rows: Math.round(n), share: minDetectableRate(input) }];
      });
    });
  }

  #measureSignal({ model }: ModelState, signal: string, { detectable, unit }: SignalFacts): void {
    for (const { ticks, window, change } of detectable) {
      if (change === undefined || !measuredTicks.includes(ticks)) continue;
      this.#options.meter.set('detectable_change', change, { model, signal, window, unit });
    }
  }

  #announce({ model, environment }: ModelState, signal: string, facts: SignalFacts): void {
    const said = detectableSentence(facts);
    if (said !== '') this.#options.log.info('what would be found', { model, environment, signal, said });
  }

  /** Each raw threshold over all signals it watches; only where their number or traffic changed. */
  #implyRules(state: ModelState, endTick: number): void {
    for (const raw of this.#raw) this.#implyRule(state, raw, endTick);
  }

  #implyRule(state: ModelState, raw: RawRule, endTick: number): void {
    const { config, rates, log } = this.#options;
    const { model, environment } = state;
    const watched = [...state.signals.values()].filter(
      ({ name, learner }) =>
        isWatching(raw.rule, model, environment, name) && learner?.reference !== undefined,
    );
    const [first] = watched;
    const reference = first?.learner?.reference;
    const rate = first === undefined ? undefined : rates.of(state, first);
    if (first === undefined || reference === undefined || rate === undefined) return;
    const n = Math.round(rowsPerTick(rate, endTick) * (raw.rule.lengthMs / config.windows.paneMs));
    const name = JSON.stringify([environment, model, raw.rule.name]);
    const key = `${watched.length} ${reference.id}`;
    const known = this.#implied.get(name);
    if (known?.key === key && !isOtherTraffic(n, known.implied.rows)) return;
    const m = effectiveSize(reference.counters);
    const look = { n, m, inflation: this.#inflationOf(state, first, raw, 1 / n + 1 / m) };
    const { overPerMonth, shift } = impliedOf(raw, look, {
      scale: reference.scale,
      reference: reference.counters,
    });
    const implied: ImpliedRule = {
      rule: raw.rule.name,
      threshold: raw.text,
      signals: watched.length,
      rows: n,
      looksPerMonth: raw.looksPerMonth * watched.length,
      overPerMonth: overPerMonth * watched.length,
      shift,
    };
    this.#implied.set(name, { key, implied });
    const asked = askedOf(config, raw.rule, model, environment);
    const fields = { model, environment, rule: raw.rule.name, said: impliedSentence(implied, asked) };
    if (implied.overPerMonth > asked)
      log.warn('a raw threshold takes more than the false alarms asked for', fields);
    else log.info('what a raw threshold implies', fields);
  }

  /** Learned for windows of about that length. */
  #inflationOf(state: ModelState, signal: SignalState, { rule }: RawRule, x: number): number {
    const { ladders, config } = this.#options;
    const ticks = rule.lengthMs / config.windows.paneMs;
    const place = Math.max(
      0,
      ladderTicks.findLastIndex((one) => one <= ticks),
    );
    const fit = ladders.of(state, signal)?.reader?.model.variance[place]?.psi;
    return fit === undefined ? 1 : inflation(fit, x);
  }

  /** Once a day for each model: promised against given. */
  #tellDaily(state: ModelState, nowMs: number): void {
    const { book, log } = this.#options;
    const { model, environment } = state;
    const key = JSON.stringify([environment, model]);
    const day = Math.floor(nowMs / dayMs);
    const told = this.#toldDay.get(key);
    this.#toldDay.set(key, day);
    if (told === undefined || told === day) return;
    const { promised, given, ofThresholds } = book.of(model, environment, nowMs);
    log.info('false alarms promised and alerts given, in 30 days', {
      model,
      environment,
      promised,
      given,
      ofThresholds,
    });
  }
}

function keyOf({ model, environment }: ModelState, signal: string): string {
  return seriesKey({ model, environment, version: '', signal });
}

/** Working it out takes a tenth of a second: small ups and downs of the traffic are not worth it. */
function isOtherTraffic(rows: number, before: number): boolean {
  return rows > before * otherTraffic || rows * otherTraffic < before;
}

/** `a shift of 0.26 sd in 1h, 0.13 sd in 1d would be found with 90 %`. */
function detectableSentence({ detectable, unit, rates }: SignalFacts): string {
  const sizes = detectable
    .filter(({ ticks }) => measuredTicks.includes(ticks))
    .flatMap(({ change, window }) =>
      change === undefined ? [] : [`${changeText(change, unit)} in ${window}`],
    );
  const what = unit === 'sd' ? 'a shift of' : 'a move of';
  const kinds = [...new Set(rates.map(({ kind }) => kind))];
  const shares = kinds.flatMap((kind) => {
    const found = rates.filter((rate) => rate.kind === kind && rate.share !== undefined);
    const said = found.map(({ share, window }) => `${percentText(share ?? 0)} in ${window}`);
    return said.length === 0 ? [] : [`${kind} ${said.join(', ')}`];
  });
  const parts = [...(sizes.length > 0 ? [`${what} ${sizes.join(', ')}`] : []), ...shares];
  return parts.length === 0 ? '' : `${parts.join('; ')} would be found with 90 %`;
}

export function changeText(change: number, unit: 'sd' | 'points'): string {
  return unit === 'sd' ? `${Number(change.toPrecision(2))} sd` : `${numberText(change * 100)} points`;
}

function impliedSentence(
  { threshold, signals, rows, overPerMonth, shift }: ImpliedRule,
  asked: number,
): string {
  const found =
    shift === undefined ? '' : `; a shift of ${Number(shift.toPrecision(2))} sd is found with 90 %`;
  const many = signals === 1 ? 'signal' : 'signals';
  return (
    `${threshold} at ${rows} rows a window and ${signals} ${many}: ${countText(overPerMonth)} evaluations over the limit a month ` +
    `by chance, where ${countText(asked)} false alarms are asked for${found}`
  );
}
