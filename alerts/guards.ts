import type { RollbackPolicy } from '../config/config.ts';
import type { Action, GuardResult } from '../core/action.ts';
import type { Alert } from '../core/alert.ts';
import { formatDuration } from '../core/duration.ts';
import { isoTime } from '../core/time.ts';
import { severityRank } from './gist.ts';

/*
 * The conditions of a rollback. Every one is judged and recorded with what was seen and what was asked for; the first
 * that fails is the reason. They fail closed: what is not known does not pass.
 */

/** In the order in which they are judged; also the reasons of decisions not carried out. */
export const guardNames = [
  'mode',
  'kill_switch',
  'not_eligible',
  'version_age',
  'no_safe_target',
  'once_per_version',
  'cooldown',
  'max_per_day',
] as const;

const dayMs = 86_400_000;

/** A version of a model, as seen in telemetry. Event times. */
export interface VersionSeen {
  readonly version: string;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly rows: number;
}

export interface GuardInput {
  readonly policy: RollbackPolicy;
  readonly alert: Alert;
  readonly versions: readonly VersionSeen[];
  /** Earlier decisions on any target. */
  readonly past: readonly Action[];
  readonly killSwitch: boolean;
  readonly nowMs: number;
}

/** All guards in their fixed order. */
export function judgeGuards(input: GuardInput): readonly GuardResult[] {
  return [
    modeGuard(input),
    killSwitchGuard(input),
    eligibleGuard(input),
    versionAgeGuard(input),
    safeTargetGuard(input),
    onceGuard(input),
    cooldownGuard(input),
    perDayGuard(input),
  ];
}

export function firstFailed(guards: readonly GuardResult[]): GuardResult | undefined {
  return guards.find((guard) => !guard.passed);
}

/**
 * The version to go back to: the newest one that came before `from` and is not known to be bad; undefined where there
 * is none.
 */
export function safeTarget({ alert, versions, past }: GuardInput): VersionSeen | undefined {
  const from = versions.find((one) => one.version === alert.version);
  if (from === undefined) return undefined;
  const bad = knownBad(past, alert);
  const earlier = versions.filter(
    (one) => one.version !== '' && one.firstSeenMs < from.firstSeenMs && !bad.has(one.version),
  );
  return earlier.reduce<VersionSeen | undefined>(
    (best, one) => (best === undefined || one.firstSeenMs > best.firstSeenMs ? one : best),
    undefined,
  );
}

/** Versions a decision was made against: they are never a target again. */
function knownBad(past: readonly Action[], alert: Alert): ReadonlySet<string> {
  const decided = past.filter(
    (action) =>
      action.state !== 'suppressed' &&
      action.model === alert.model &&
      action.environment === alert.environment,
  );
  return new Set(decided.map((action) => action.from));
}

/** A call that left or may have left; in a dry run also what would have been one, so that it shows what `auto` would do. */
function counts(action: Action, policy: RollbackPolicy): boolean {
  if (action.target !== policy.target) return false;
  switch (action.state) {
    case 'executing':
    case 'accepted':
    case 'failed':
      return true;
    case 'dry_run':
      return policy.mode === 'dry_run';
    case 'suppressed':
      return false;
  }
}

function modeGuard({ policy }: GuardInput): GuardResult {
  return { name: 'mode', passed: policy.mode !== 'off', observed: policy.mode, required: 'dry_run or auto' };
}

function killSwitchGuard({ killSwitch }: GuardInput): GuardResult {
  return { name: 'kill_switch', passed: !killSwitch, observed: killSwitch ? 'on' : 'off', required: 'off' };
}

/**
 * Drift of an input is never a version's doing: rolling back would not bring the old input back. A version has to be
 * named, or nobody knows what to roll back.
 */
function eligibleGuard({ policy, alert }: GuardInput): GuardResult {
  const isInputDrift = alert.class === 'drift' && alert.signal.startsWith('input.');
  const isSevere = severityRank(alert.severity) >= severityRank(policy.minSeverity);
  const version = alert.version === '' ? 'no version' : `version ${alert.version}`;
  return {
    name: 'not_eligible',
    passed: !isInputDrift && isSevere && alert.version !== '',
    observed: `${alert.severity} ${alert.class} of ${alert.signal}, ${version}`,
    required: `${policy.minSeverity} or worse, not drift of an input, version named`,
  };
}

/** Young enough to be blamed, and the trouble began after it came. All in event time. */
function versionAgeGuard({ policy, alert, versions }: GuardInput): GuardResult {
  const required = `first seen at most ${formatDuration(policy.maxVersionAgeMs)} ago, and before the onset`;
  const from = versions.find((one) => one.version === alert.version);
  if (from === undefined) return { name: 'version_age', passed: false, observed: 'never seen', required };
  const ageMs = (alert.lastBreach ?? alert.lastVerdict).endMs - from.firstSeenMs;
  // The end of the first window that breached: a version may come in the middle of it.
  const onsetMs = alert.activeAtMs;
  return {
    name: 'version_age',
    passed: ageMs <= policy.maxVersionAgeMs && onsetMs > from.firstSeenMs,
    observed: `first seen ${isoTime(from.firstSeenMs)}, onset ${isoTime(onsetMs)}`,
    required,
  };
}

function safeTargetGuard(input: GuardInput): GuardResult {
  const to = safeTarget(input);
  const bad = [...knownBad(input.past, input.alert)].slice(-5).join(', ');
  return {
    name: 'no_safe_target',
    passed: to !== undefined,
    observed: `${to === undefined ? 'none' : to.version}${bad === '' ? '' : `; known bad: ${bad}`}`,
    required: 'an earlier version that is not known to be bad',
  };
}

function onceGuard(input: GuardInput): GuardResult {
  const { policy, alert, past } = input;
  const to = safeTarget(input)?.version;
  const earlier = past.find(
    (one) => counts(one, policy) && one.from === alert.version && (to === undefined || one.to === to),
  );
  return {
    name: 'once_per_version',
    passed: earlier === undefined,
    observed: earlier === undefined ? 'never' : `${earlier.id} at ${isoTime(earlier.decidedAtMs)}`,
    required: 'never before from this version to that one',
  };
}

function cooldownGuard({ policy, past, nowMs }: GuardInput): GuardResult {
  const lastMs = Math.max(...past.filter((one) => counts(one, policy)).map((one) => one.decidedAtMs));
  const restMs = lastMs + policy.cooldownMs - nowMs;
  return {
    name: 'cooldown',
    passed: !(restMs > 0),
    observed: Number.isFinite(lastMs) ? `last one at ${isoTime(lastMs)}` : 'none yet',
    required: `${formatDuration(policy.cooldownMs)} after the last one on this target`,
  };
}

function perDayGuard({ policy, past, nowMs }: GuardInput): GuardResult {
  const today = past.filter((one) => counts(one, policy) && nowMs - one.decidedAtMs < dayMs).length;
  return {
    name: 'max_per_day',
    passed: today < policy.maxPerDay,
    observed: `${today} in 24 hours`,
    required: `fewer than ${policy.maxPerDay} in 24 hours`,
  };
}
