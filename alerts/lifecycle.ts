import type { Alert, AlertEvent } from '../core/alert.ts';
import { canonicalJson } from '../core/json.ts';
import type { Rule, Span } from '../core/rule.ts';
import { type Series, seriesKey } from '../core/series.ts';
import type { Verdict } from '../core/verdict.ts';

/**
 * The life of an alert as one pure function: inactive (no record) → pending → firing → recovering → inactive.
 * T1 to T17 number its transitions; test/unit/alerts/lifecycle.test.ts plays each one as text.
 *
 * 1. All times are event times: the same verdicts give the same alerts, however late or in what batches they come.
 * 2. `for` and `keep_firing_for` count windows with an answer. A window without one pauses them, never resets them.
 * 3. Only an `ok` resolves: silence of data never does.
 * 4. A window already judged changes nothing, so windows judged again after a crash count once.
 */

/** What one window says to the life cycle. */
export type StepInput = 'ok' | 'breach' | 'too_few' | 'gap' | 'fault';

export interface AlertStep {
  /** Undefined: inactive. */
  readonly next: Alert | undefined;
  readonly event: AlertEvent;
}

/** sha256 hex of the canonical JSON of [environment, model, rule, signal], and the segment where there is one. */
export function fingerprintOf(rule: string, series: Series, sha256: (text: string) => string): string {
  const { environment, model, signal, segment } = series;
  return sha256(
    canonicalJson([environment, model, rule, signal, ...(segment === undefined ? [] : [segment])]),
  );
}

/** Causes that have nothing to do with the number of rows. */
const unjudged: readonly Verdict['cause'][] = ['no_reference', 'not_applicable', 'scale_mismatch'];

/** No rows is a gap; rows that could not be judged, for whatever cause, are too few. */
export function inputOf(verdict: Verdict): StepInput {
  switch (verdict.status) {
    case 'ok':
      return 'ok';
    case 'breach':
      return 'breach';
    case 'error':
      return 'fault';
    case 'inconclusive':
      return isGap(verdict) ? 'gap' : 'too_few';
  }
}

function isGap(verdict: Verdict): boolean {
  return verdict.cause === 'gap' || (!unjudged.includes(verdict.cause) && verdict.size.current === 0);
}

/** Mildest first. An `ok` is an answer, silence is none. */
const inputsByWeight: readonly StepInput[] = ['gap', 'too_few', 'ok', 'fault', 'breach'];

/**
 * The order in which verdicts are stepped: windows in time order, and of one window the heaviest first, so that a
 * version that breaches is not excused by another that is fine (invariant 4 lets only the first one count).
 */
export function compareVerdicts(a: Verdict, b: Verdict): number {
  if (a.endMs !== b.endMs) return a.endMs - b.endMs;
  const byInput = inputsByWeight.indexOf(inputOf(b)) - inputsByWeight.indexOf(inputOf(a));
  if (byInput !== 0) return byInput;
  const byEffect = (b.effect ?? 0) - (a.effect ?? 0);
  if (byEffect !== 0) return byEffect;
  const first = a.rule + seriesKey(a.series);
  const second = b.rule + seriesKey(b.series);
  return first === second ? 0 : first < second ? -1 : 1;
}

/** Firing outside: also while recovering, and while a fault hides either. */
export function isFiring(alert: Alert): boolean {
  const condition = alert.condition === 'error' ? alert.kept : alert.condition;
  return condition === 'firing' || condition === 'recovering';
}

/** One window of one rule on one signal. `previous` undefined: inactive. */
export function stepAlert(
  previous: Alert | undefined,
  rule: Rule,
  verdict: Verdict,
  fingerprint: string,
): AlertStep {
  if (previous !== undefined && verdict.endMs <= previous.lastVerdict.endMs) {
    return { next: previous, event: 'none' };
  }
  const input = inputOf(verdict);
  if (input === 'fault') return stepIntoFault(previous, rule, verdict, fingerprint);
  if (previous?.condition === 'error') return stepOutOfFault(previous, input, rule, verdict, fingerprint);
  return stepCondition(previous, input, rule, verdict, fingerprint);
}

type Valid = Exclude<StepInput, 'fault'>;

function stepCondition(
  previous: Alert | undefined,
  input: Valid,
  rule: Rule,
  verdict: Verdict,
  fingerprint: string,
): AlertStep {
  switch (previous?.condition) {
    case 'firing':
      return stepFiring(previous, input, rule, verdict);
    case 'recovering':
      return stepRecovering(previous, input, rule, verdict);
    case 'pending':
      return stepPending(previous, input, rule, verdict);
    case 'error':
    case undefined:
      // T1, T2; T11 where the input is no breach.
      if (input !== 'breach') return { next: undefined, event: 'none' };
      return confirm(newAlert(rule, verdict, fingerprint, 'pending'), rule, verdict, 'pending');
  }
}

/** T3, T4, T5. */
function stepPending(previous: Alert, input: Valid, rule: Rule, verdict: Verdict): AlertStep {
  if (input === 'breach') return confirm(previous, rule, verdict, 'none');
  const next = { ...previous, lastVerdict: verdict };
  if (input === 'ok') return { next: undefined, event: 'cancelled' };
  const paused = previous.paused + 1;
  // A gap must not hide an outage, so only rows that are too few give up waiting.
  const givesUp = input === 'too_few' && paused > 2 * windowsOf(rule.for, rule.hopMs);
  return givesUp ? { next: undefined, event: 'cancelled' } : { next: { ...next, paused }, event: 'none' };
}

/** One more breach towards `for`: T1 to T3. */
function confirm(previous: Alert, rule: Rule, verdict: Verdict, otherwise: AlertEvent): AlertStep {
  const next = { ...breached(previous, rule, verdict), breaches: previous.breaches + 1 };
  return next.breaches < answersNeeded(rule.for, rule.hopMs)
    ? { next, event: otherwise }
    : { next: { ...next, condition: 'firing', firedAtMs: verdict.endMs }, event: 'fired' };
}

/** T6, T7, T8, T11, T12, T17. */
function stepFiring(previous: Alert, input: Valid, rule: Rule, verdict: Verdict): AlertStep {
  switch (input) {
    case 'breach':
      return { next: breached(previous, rule, verdict), event: 'none' };
    case 'ok': {
      const next = { ...previous, condition: 'recovering', recoveringAtMs: verdict.endMs } as const;
      return calm(next, rule, verdict, 'recovering');
    }
    case 'too_few':
    case 'gap':
      return { next: unanswered(previous, input, verdict), event: 'none' };
  }
}

/** T9, T10, T11, T12. */
function stepRecovering(previous: Alert, input: Valid, rule: Rule, verdict: Verdict): AlertStep {
  switch (input) {
    case 'breach': {
      const { recoveringAtMs: _, ...rest } = breached(previous, rule, verdict);
      const next: Alert = { ...rest, condition: 'firing', oks: 0, flaps: previous.flaps + 1 };
      return { next, event: 'refired' };
    }
    case 'ok':
      return calm(previous, rule, verdict, 'none');
    case 'too_few':
    case 'gap':
      return { next: unanswered(previous, input, verdict), event: 'none' };
  }
}

/** One more `ok` towards `keep_firing_for`: T8, T10. */
function calm(previous: Alert, rule: Rule, verdict: Verdict, otherwise: AlertEvent): AlertStep {
  const oks = previous.oks + 1;
  if (oks >= answersNeeded(rule.keepFiringFor, rule.hopMs)) return { next: undefined, event: 'resolved' };
  return { next: { ...previous, oks, paused: 0, stale: false, lastVerdict: verdict }, event: otherwise };
}

/** T15: the condition underneath is kept, its clocks stand still. */
function stepIntoFault(
  previous: Alert | undefined,
  rule: Rule,
  verdict: Verdict,
  fingerprint: string,
): AlertStep {
  if (previous === undefined)
    return { next: newAlert(rule, verdict, fingerprint, 'error'), event: 'faulted' };
  const next = { ...previous, lastVerdict: verdict };
  if (previous.condition === 'error') return { next, event: 'none' };
  return { next: { ...next, condition: 'error', kept: previous.condition }, event: 'faulted' };
}

/** T16. What follows from the window itself says more than that the fault is over. */
function stepOutOfFault(
  previous: Alert,
  input: Valid,
  rule: Rule,
  verdict: Verdict,
  fingerprint: string,
): AlertStep {
  const { kept, ...rest } = previous;
  const underneath: Alert | undefined = kept === undefined ? undefined : { ...rest, condition: kept };
  const step = stepCondition(underneath, input, rule, verdict, fingerprint);
  return step.event === 'none' ? { ...step, event: 'recovered_from_fault' } : step;
}

/** `error` without a kept condition stands for inactive underneath. */
function newAlert(rule: Rule, verdict: Verdict, fingerprint: string, condition: 'pending' | 'error'): Alert {
  return {
    fingerprint,
    rule: rule.name,
    class: rule.class,
    severity: rule.severity,
    model: verdict.series.model,
    environment: verdict.series.environment,
    signal: verdict.series.signal,
    ...(verdict.series.segment === undefined ? {} : { segment: verdict.series.segment }),
    version: verdict.series.version,
    condition,
    stale: false,
    flaps: 0,
    activeAtMs: verdict.endMs,
    sinceMs: verdict.startMs,
    breaches: 0,
    oks: 0,
    paused: 0,
    lastVerdict: verdict,
  };
}

/** The rule in force now decides class and severity (T7, T18); the version is that of the last breach (T17). */
function breached(previous: Alert, rule: Rule, verdict: Verdict): Alert {
  return {
    ...previous,
    class: rule.class,
    severity: rule.severity,
    version: verdict.series.version,
    stale: false,
    paused: 0,
    lastBreach: verdict,
    lastVerdict: verdict,
  };
}

function unanswered(previous: Alert, input: 'too_few' | 'gap', verdict: Verdict): Alert {
  const stale = input === 'gap' || (previous.stale && verdict.size.current === 0);
  return { ...previous, stale, paused: previous.paused + 1, lastVerdict: verdict };
}

/** A span in whole windows, rounded up. */
function windowsOf(span: Span, hopMs: number): number {
  return 'windows' in span ? span.windows : Math.ceil(span.ms / hopMs);
}

/**
 * Windows with the same answer it takes. `{windows: 3}` is three in a row. A duration is, as in Prometheus, time that
 * passes after the first one: 10 min with a window every 5 min is met at the third, and 0 at the first.
 */
function answersNeeded(span: Span, hopMs: number): number {
  return 'windows' in span ? Math.max(1, span.windows) : windowsOf(span, hopMs) + 1;
}
