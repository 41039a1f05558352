import type { Alert } from './alert.ts';
import type { Incident } from './incident.ts';
import type { Severity } from './rule.ts';

export type NotificationKind = 'firing' | 'resolved' | 'fired_and_resolved' | 'rollback' | 'test';

/** Why a message is sent (the first that applies, in this order). */
export type NotificationReason =
  | 'first'
  | 'escalation'
  | 'new_alerts'
  | 'all_resolved'
  | 'some_resolved'
  | 'fired_and_resolved'
  | 'repeat'
  | 'rule_removed'
  | 'rollback_requested'
  | 'test';

/** What one channel is to be told of one incident, before it is rendered. */
export interface Notice {
  readonly incident: Incident;
  readonly channel: string;
  readonly kind: NotificationKind;
  readonly reason: NotificationReason;
  /** Firing alerts, worst first; of a resolved message the resolved ones. */
  readonly firing: readonly Alert[];
  readonly resolved: readonly Alert[];
  readonly atMs: number;
}

export type RowState = 'pending' | 'inflight' | 'done' | 'dead' | 'superseded';

/** A row of the outbox: one message to one recipient of one channel. `payload` is frozen; one id for all its tries. */
export interface Notification {
  /** `dlv_` and a ULID. */
  readonly id: string;
  readonly incident: string;
  readonly seq: number;
  readonly channel: string;
  readonly recipient?: string;
  readonly kind: NotificationKind;
  readonly reason: NotificationReason;
  readonly severity: Severity;
  readonly payload: string;
  readonly createdMs: number;
  readonly notBeforeMs: number;
  readonly attempts: number;
  readonly lastFailure?: Failure;
  readonly lastError?: string;
  readonly state: RowState;
  /** A smaller body, sent instead once the receiver has refused `payload`; absent: there is none, or it was used. */
  readonly minimal?: string;
  /** A try got no answer though it may have been read: the message may have arrived. */
  readonly ambiguous?: boolean;
  /** When it was accepted, given up or superseded. */
  readonly endedMs?: number;
  /** A try after this is pointless; absent: the outbox's `maxAgeMs` decides. */
  readonly expiresMs?: number;
}

/** How a try failed; alerts/outbox.ts says what follows from each. */
export type Failure =
  | 'throttled'
  | 'transient'
  | 'ambiguous'
  | 'config'
  | 'gone'
  | 'payload'
  | 'recipient'
  | 'redirect';

export const failures: readonly Failure[] = [
  'throttled',
  'transient',
  'ambiguous',
  'config',
  'gone',
  'payload',
  'recipient',
  'redirect',
];

export type Delivery =
  | { readonly outcome: 'sent'; readonly receipt?: string }
  | {
      readonly outcome: 'failed';
      readonly failure: Failure;
      readonly detail: string;
      readonly retryAfterMs?: number;
    };
