import type { Alert } from './alert.ts';
import type { Labels } from './labels.ts';
import type { Severity } from './rule.ts';

export const timelineMax = 200;

/** Resolved alerts kept with an incident, at most; of more, the oldest are told without details. */
export const endedMax = 200;

/** An alert that resolved, kept until every channel it concerns was told: alerts themselves have no record then. */
export interface Ended {
  readonly alert: Alert;
  readonly why: 'ok' | 'rule_removed';
  /** Channels that were told. */
  readonly told: readonly string[];
}

/** What a channel was last told of an incident. */
export interface Heard {
  readonly firing: readonly string[];
  readonly severity: Severity;
  /** Clock time the message was queued; repeats count from here. */
  readonly atMs: number;
}

/** One cause: the alerts of one group that moved together, in one episode. */
export interface Incident {
  /** `inc_` and a ULID. */
  readonly id: string;
  readonly groupKey: string;
  readonly labels: Labels;
  readonly severity: Severity;
  /** Fingerprints that take or took part, in order of firing. */
  readonly alerts: readonly string[];
  /** Fingerprints that fire now. */
  readonly firing: readonly string[];
  /** In order of resolving; absent: none left to tell. */
  readonly ended?: readonly Ended[];
  /** Clock times. */
  readonly openedAtMs: number;
  readonly changedAtMs: number;
  readonly closedAtMs?: number;
  /** Messages queued so far: the next one's `seq`. */
  readonly messages: number;
  readonly heard: Readonly<Record<string, Heard>>;
  readonly timeline: readonly { readonly atMs: number; readonly what: string; readonly by: string }[];
}
