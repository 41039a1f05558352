import type { Delivery, Failure, Notification } from '../core/notification.ts';

/*
 * What follows from each try: a pure table. The promise it keeps: at least once, in order per channel, incident and
 * recipient, for up to `maxAgeMs`; a duplicate happens only after an ambiguous try, and has the same id.
 */

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const backoffMaxMs = 5 * minuteMs;
const probeMs = 5 * minuteMs;
const breakerFirstMs = 30 * secondMs;
const breakerMaxMs = 5 * minuteMs;
/** Transient failures in a row after which a channel rests. */
const breakerFailures = 5;
/** No wait is longer, whatever a receiver asks for or a clock that jumped back pretends. */
export const waitMaxMs = 60 * minuteMs;
export const errorCharactersMax = 1_024;

/** How one channel does. Only `disabled` outlives a restart: the rest is learned anew by the next try. */
export interface ChannelHealth {
  /** No try before this. */
  readonly pausedUntilMs: number;
  /** Why the breaker is open; absent: it is closed. Once `pausedUntilMs` has passed, one row goes out as a probe. */
  readonly broken?: Failure;
  /** Times in a row that transient failures opened the breaker. */
  readonly openings: number;
  /** Transient failures in a row. */
  readonly failuresInRow: number;
  /** The receiver said it is gone: nothing is sent until the channel's configuration changes. */
  readonly disabled: boolean;
}

export const healthy: ChannelHealth = { pausedUntilMs: 0, openings: 0, failuresInRow: 0, disabled: false };

export interface Moment {
  readonly nowMs: number;
  /** In [0, 1): spreads retries. */
  readonly chance: number;
}

export interface AfterDelivery {
  readonly row: Notification;
  readonly health: ChannelHealth;
  readonly result: 'sent' | 'retried' | 'dead';
}

/** The row as it is while a try is under way. */
export function startTry(row: Notification): Notification {
  return { ...row, state: 'inflight', attempts: row.attempts + 1 };
}

/** What becomes of a row and its channel once a try of that row has ended. */
export function afterDelivery(
  row: Notification,
  health: ChannelHealth,
  delivery: Delivery,
  at: Moment,
): AfterDelivery {
  if (delivery.outcome === 'sent') {
    return { row: { ...row, state: 'done', endedMs: at.nowMs }, health: healthy, result: 'sent' };
  }
  const failed: Notification = {
    ...row,
    lastFailure: delivery.failure,
    lastError: delivery.detail.slice(0, errorCharactersMax).toWellFormed(),
    ...(delivery.failure === 'ambiguous' ? { ambiguous: true } : {}),
  };
  switch (delivery.failure) {
    case 'throttled': {
      const waitMs = waitAfter(failed.attempts, delivery.retryAfterMs, at);
      const pausedUntilMs = Math.max(health.pausedUntilMs, at.nowMs + waitMs);
      return {
        row: retryAt(failed, at.nowMs + waitMs),
        health: { ...health, pausedUntilMs },
        result: 'retried',
      };
    }
    case 'transient':
    case 'ambiguous': {
      const waitMs = waitAfter(failed.attempts, delivery.retryAfterMs, at);
      const row = retryAt(failed, at.nowMs + waitMs);
      return { row, health: afterTransient(health, delivery.failure, at.nowMs), result: 'retried' };
    }
    case 'config':
    case 'redirect': {
      const pausedUntilMs = at.nowMs + probeMs;
      const broken: ChannelHealth = { ...health, pausedUntilMs, broken: delivery.failure };
      return { row: retryAt(failed, pausedUntilMs), health: broken, result: 'retried' };
    }
    case 'gone':
      return { row: retryAt(failed, at.nowMs), health: { ...health, disabled: true }, result: 'retried' };
    case 'payload':
      return afterPayloadRefused(failed, health, at.nowMs);
    case 'recipient':
      return { row: giveUp(failed, at.nowMs), health: closed(health), result: 'dead' };
  }
}

/** The row as a dead letter. Says why, unless a failed try has already said so. */
export function giveUp(row: Notification, nowMs: number, why?: string): Notification {
  const lastError = why ?? row.lastError;
  return {
    ...row,
    state: 'dead',
    endedMs: nowMs,
    ...(lastError === undefined ? {} : { lastError: lastError.slice(0, errorCharactersMax) }),
  };
}

export function isExpired(row: Notification, nowMs: number, maxAgeMs: number): boolean {
  return nowMs >= (row.expiresMs ?? row.createdMs + maxAgeMs);
}

/**
 * d = min(5 min, 1 s × 2^(attempt−1)); half of it, and a random part of the other half: 0.5–1 s, 1–2 s, 2–4 s … A
 * receiver's Retry-After makes it longer, never shorter, and never over an hour.
 */
export function waitAfter(attempt: number, retryAfterMs: number | undefined, at: Moment): number {
  const longestMs = Math.min(backoffMaxMs, secondMs * 2 ** Math.min(attempt - 1, 30));
  const backoffMs = longestMs / 2 + (at.chance * longestMs) / 2;
  return Math.min(waitMaxMs, Math.max(backoffMs, retryAfterMs ?? 0));
}

function retryAt(row: Notification, notBeforeMs: number): Notification {
  return { ...row, state: 'pending', notBeforeMs };
}

function closed(health: ChannelHealth): ChannelHealth {
  return { ...healthy, pausedUntilMs: health.broken === undefined ? health.pausedUntilMs : 0 };
}

function afterTransient(health: ChannelHealth, failure: Failure, nowMs: number): ChannelHealth {
  const failuresInRow = health.failuresInRow + 1;
  const isProbe = health.broken !== undefined && nowMs >= health.pausedUntilMs;
  const opens = isProbe || (health.broken === undefined && failuresInRow >= breakerFailures);
  if (!opens) return { ...health, failuresInRow };
  const restMs = Math.min(breakerMaxMs, breakerFirstMs * 2 ** Math.min(health.openings, 30));
  const pausedUntilMs = Math.max(health.pausedUntilMs, nowMs + restMs);
  return { ...health, failuresInRow, broken: failure, openings: health.openings + 1, pausedUntilMs };
}

function afterPayloadRefused(row: Notification, health: ChannelHealth, nowMs: number): AfterDelivery {
  const { minimal, ...rest } = row;
  if (minimal === undefined) return { row: giveUp(row, nowMs), health: closed(health), result: 'dead' };
  return { row: retryAt({ ...rest, payload: minimal }, nowMs), health: closed(health), result: 'retried' };
}

export interface Selection {
  readonly rows: readonly Notification[];
  /** When to look again; absent: once something new is queued, or a try has ended. */
  readonly wakeAtMs?: number;
}

/**
 * Which waiting rows of one channel to send now. `rows` are in the order they were queued, with those under way; only
 * the first of an incident and recipient may go, so that a row that waits holds back nothing but what comes after it
 * there. Stops looking once there is no more room.
 */
export function nextRows(
  rows: Iterable<Notification>,
  health: ChannelHealth,
  nowMs: number,
  room: { readonly concurrencyMax: number; readonly inflight: number },
): Selection {
  if (health.disabled) return { rows: [] };
  if (isAhead(health.pausedUntilMs, nowMs)) return { rows: [], wakeAtMs: health.pausedUntilMs };
  const free = (health.broken === undefined ? room.concurrencyMax : 1) - room.inflight;
  const lanes = new Set<string>();
  const due: Notification[] = [];
  let wakeAtMs = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    if (due.length >= free) return { rows: due };
    const lane = laneOf(row);
    if (lanes.has(lane)) continue;
    lanes.add(lane);
    if (row.state !== 'pending') continue;
    if (isAhead(row.notBeforeMs, nowMs)) wakeAtMs = Math.min(wakeAtMs, row.notBeforeMs);
    else due.push(row);
  }
  return { rows: due, ...(wakeAtMs < Number.POSITIVE_INFINITY ? { wakeAtMs } : {}) };
}

/** Rows of one lane are sent strictly one after the other. */
export function laneOf(row: Pick<Notification, 'incident' | 'recipient'>): string {
  return JSON.stringify([row.incident, row.recipient ?? '']);
}

/** A time no wait of ours can have set is the work of a clock that jumped back: it counts as reached. */
function isAhead(timeMs: number, nowMs: number): boolean {
  return timeMs > nowMs && timeMs - nowMs <= waitMaxMs;
}

export interface Supersession {
  /** Waiting rows whose news the resolved message makes stale. */
  readonly stale: readonly Notification[];
  /** The receiver cannot have heard that it fired: the message must say both. */
  readonly neverHeard: boolean;
}

/**
 * What a resolved message does to the earlier rows of its lane. A firing row that cannot have arrived is superseded;
 * one that may have arrived stays, and the resolved message follows it.
 */
export function supersededBy(earlier: readonly Notification[]): Supersession {
  const mayHaveArrived = (row: Notification) =>
    row.state === 'done' || row.state === 'inflight' || row.ambiguous === true;
  const stale = earlier.filter(
    (row) => row.state === 'pending' && row.kind === 'firing' && !mayHaveArrived(row),
  );
  const first = earlier.find((row) => row.reason === 'first');
  return { stale, neverHeard: first !== undefined && !earlier.some(mayHaveArrived) };
}

export interface OutboxLimits {
  readonly rowsMax: number;
  readonly bytesMax: number;
}

/**
 * Which waiting rows to give up so that the rest is within the limits, in this order: updates that a later one of the
 * same channel and lane repeats, then `info`, then `warning`, oldest first. What fired or resolved at major or critical
 * is never given up: it is bounded by the number of incidents, as updates are.
 */
export function victimsOf(waiting: readonly Notification[], limits: OutboxLimits): readonly Notification[] {
  let rows = waiting.length;
  let bytes = waiting.reduce((sum, row) => sum + row.payload.length, 0);
  const isFull = () => rows > limits.rowsMax || bytes > limits.bytesMax;
  if (!isFull()) return [];
  const victims = new Set<Notification>();
  for (const candidates of victimOrder(waiting)) {
    for (const row of candidates) {
      if (!isFull()) return [...victims];
      if (victims.has(row) || row.state !== 'pending' || row.kind === 'rollback') continue;
      victims.add(row);
      rows--;
      bytes -= row.payload.length;
    }
  }
  return [...victims];
}

function victimOrder(waiting: readonly Notification[]): readonly (readonly Notification[])[] {
  const last = new Map<string, Notification>();
  for (const row of waiting) last.set(row.channel + laneOf(row), row);
  const isUpdate = (row: Notification) => row.kind === 'firing' && row.reason !== 'first';
  const repeated = waiting.filter((row) => isUpdate(row) && last.get(row.channel + laneOf(row)) !== row);
  const warnings = waiting.filter((row) => row.severity === 'warning');
  return [
    repeated,
    waiting.filter((row) => row.severity === 'info'),
    warnings.filter(isUpdate),
    warnings.filter((row) => !isUpdate(row)),
  ];
}
