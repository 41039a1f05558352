import { expect, test } from 'vitest';
import {
  afterDelivery,
  type ChannelHealth,
  giveUp,
  healthy,
  isExpired,
  nextRows,
  startTry,
  supersededBy,
  victimsOf,
  waitAfter,
} from '../../../alerts/outbox.ts';
import type { Delivery, Failure, Notification } from '../../../core/notification.ts';

const nowMs = 1_000_000_000;
const minuteMs = 60_000;
const hourMs = 3_600_000;
let count = 0;

function row(over: Partial<Notification> = {}): Notification {
  return {
    id: `dlv_${count++}`,
    incident: 'inc_1',
    seq: 0,
    channel: 'hook',
    kind: 'firing',
    reason: 'first',
    severity: 'critical',
    payload: '{"full":true}',
    minimal: '{}',
    createdMs: nowMs,
    notBeforeMs: nowMs,
    attempts: 0,
    state: 'pending',
    ...over,
  };
}

const failed = (failure: Failure, retryAfterMs?: number): Delivery => ({
  outcome: 'failed',
  failure,
  detail: `it was ${failure}`,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});
const at = { nowMs, chance: 0.5 };
const one = { concurrencyMax: 4, inflight: 0 };

const after = (delivery: Delivery, health: ChannelHealth = healthy, over: Partial<Notification> = {}) =>
  afterDelivery(startTry(row(over)), health, delivery, at);

test('accepted: done, and whatever ailed the channel is over', () => {
  const ill: ChannelHealth = {
    ...healthy,
    failuresInRow: 7,
    broken: 'transient',
    openings: 2,
    pausedUntilMs: 5,
  };
  const { row: done, health, result } = after({ outcome: 'sent' }, ill);
  expect(done).toMatchObject({ state: 'done', attempts: 1, endedMs: nowMs });
  expect(health).toEqual(healthy);
  expect(result).toBe('sent');
});

test('the wait doubles from one second to five minutes, half of it by chance', () => {
  const waits = [1, 2, 3, 8, 9, 10, 1_000].map((attempt) =>
    [0, 0.999_999].map((chance) => Math.round(waitAfter(attempt, undefined, { nowMs, chance }))),
  );
  expect(waits).toEqual([
    [500, 1_000],
    [1_000, 2_000],
    [2_000, 4_000],
    [64_000, 128_000],
    [128_000, 256_000],
    [150_000, 300_000],
    [150_000, 300_000],
  ]);
});

test.each<[number | undefined, number]>([
  [undefined, 750],
  [3_000, 3_000],
  [100, 750],
  [48 * hourMs, hourMs],
])('throttled with Retry-After %s ms: the whole channel pauses %s ms', (retryAfterMs, pauseMs) => {
  const { row: next, health } = after(failed('throttled', retryAfterMs));
  expect(next).toMatchObject({ state: 'pending', notBeforeMs: nowMs + pauseMs, lastFailure: 'throttled' });
  expect(health.pausedUntilMs).toBe(nowMs + pauseMs);
  expect(health.broken).toBeUndefined();
  expect(nextRows([row({ incident: 'inc_other' })], health, nowMs + pauseMs - 1, one).rows).toEqual([]);
  expect(nextRows([row({ incident: 'inc_other' })], health, nowMs + pauseMs, one).rows).toHaveLength(1);
});

test('transient: the row waits, the channel goes on, until five in a row open the breaker: 30 s, doubling to 5 min', () => {
  let health = healthy;
  const rests: number[] = [];
  let time = nowMs;
  for (let i = 0; i < 10; i++) {
    health = afterDelivery(startTry(row()), health, failed('transient'), { nowMs: time, chance: 0.5 }).health;
    rests.push(Math.max(0, health.pausedUntilMs - time));
    time = Math.max(time, health.pausedUntilMs);
  }
  expect(rests).toEqual([0, 0, 0, 0, 30_000, 60_000, 120_000, 240_000, 300_000, 300_000]);
  expect(nextRows([row(), row({ incident: 'inc_2' })], health, time, one).rows).toHaveLength(1);
});

test('failures of tries that were under way when the breaker opened do not lengthen its rest', () => {
  const open: ChannelHealth = {
    ...healthy,
    failuresInRow: 5,
    broken: 'transient',
    openings: 1,
    pausedUntilMs: nowMs + 30_000,
  };
  expect(after(failed('ambiguous'), open).health.pausedUntilMs).toBe(nowMs + 30_000);
});

test('a greylisting server is given the time it wants, and only that row waits', () => {
  const { row: next, health } = after(failed('transient', minuteMs));
  expect(next.notBeforeMs).toBe(nowMs + minuteMs);
  expect(health.pausedUntilMs).toBe(0);
});

test('ambiguous: as transient, the same row, and it is remembered that it may have arrived', () => {
  const { row: next } = after(failed('ambiguous'));
  expect(next).toMatchObject({
    state: 'pending',
    ambiguous: true,
    lastFailure: 'ambiguous',
    payload: '{"full":true}',
  });
  const again = afterDelivery(startTry(next), healthy, failed('transient'), at).row;
  expect(again.ambiguous).toBe(true);
  expect(again.id).toBe(next.id);
});

test.each<Failure>(['config', 'redirect'])(
  '%s: the breaker opens at once, with a probe each 5 min',
  (failure) => {
    const { row: next, health } = after(failed(failure));
    expect(next).toMatchObject({ state: 'pending', notBeforeMs: nowMs + 5 * minuteMs });
    expect(health).toMatchObject({ broken: failure, pausedUntilMs: nowMs + 5 * minuteMs });
  },
);

test('gone: nothing is sent any more, the rows are kept', () => {
  const { row: next, health } = after(failed('gone'));
  expect(next.state).toBe('pending');
  expect(health.disabled).toBe(true);
  expect(nextRows([next], health, nowMs + 1_000 * hourMs, one)).toEqual({ rows: [] });
});

test('payload: once more with the minimal body under the same id, then a dead letter', () => {
  const first = after(failed('payload'));
  expect(first.row).toMatchObject({ state: 'pending', payload: '{}', notBeforeMs: nowMs });
  expect(first.row.minimal).toBeUndefined();
  const second = afterDelivery(startTry(first.row), healthy, failed('payload'), at);
  expect(second.row).toMatchObject({
    id: first.row.id,
    state: 'dead',
    lastError: 'it was payload',
    endedMs: nowMs,
  });
  expect(second.result).toBe('dead');
});

test('recipient: a dead letter, and the channel is well', () => {
  const { row: next, health, result } = after(failed('recipient'));
  expect(next.state).toBe('dead');
  expect(health).toEqual(healthy);
  expect(result).toBe('dead');
});

test('what a failure says is cut before it is kept', () => {
  const { row: next } = after({ outcome: 'failed', failure: 'transient', detail: 'é'.repeat(5_000) });
  expect(next.lastError).toHaveLength(1_024);
  expect(giveUp(row(), nowMs, 'x'.repeat(5_000)).lastError).toHaveLength(1_024);
});

test('order: only the first waiting row of an incident and recipient goes, others are not held back', () => {
  const rows = [
    row({ id: 'a1', notBeforeMs: nowMs + 5_000 }),
    row({ id: 'a2' }),
    row({ id: 'b1', incident: 'inc_2', state: 'inflight' }),
    row({ id: 'b2', incident: 'inc_2' }),
    row({ id: 'c1', incident: 'inc_1', recipient: 'x@example.com' }),
    row({ id: 'd1', incident: 'inc_3' }),
  ];
  const selection = nextRows(rows, healthy, nowMs, { concurrencyMax: 4, inflight: 1 });
  expect(selection.rows.map(({ id }) => id)).toEqual(['c1', 'd1']);
  expect(selection.wakeAtMs).toBe(nowMs + 5_000);
});

test('no more are under way than the channel takes, and one while it is being probed', () => {
  const rows = [1, 2, 3, 4, 5, 6].map((number) => row({ incident: `inc_${number}` }));
  expect(nextRows(rows, healthy, nowMs, one).rows).toHaveLength(4);
  expect(nextRows(rows, healthy, nowMs, { concurrencyMax: 4, inflight: 3 }).rows).toHaveLength(1);
  const probing: ChannelHealth = { ...healthy, broken: 'config', pausedUntilMs: nowMs };
  expect(nextRows(rows, probing, nowMs, one).rows).toHaveLength(1);
  expect(nextRows(rows, probing, nowMs, { concurrencyMax: 4, inflight: 1 }).rows).toEqual([]);
});

test('a clock that jumped back holds nothing up for longer than any wait could have been', () => {
  const rows = [row({ notBeforeMs: nowMs })];
  expect(nextRows(rows, healthy, nowMs - 2 * hourMs, one).rows).toHaveLength(1);
  expect(nextRows(rows, healthy, nowMs - minuteMs, one)).toEqual({ rows: [], wakeAtMs: nowMs });
});

test('age: a row is given up at its own time, else at that of the outbox', () => {
  expect(isExpired(row(), nowMs + 72 * hourMs - 1, 72 * hourMs)).toBe(false);
  expect(isExpired(row(), nowMs + 72 * hourMs, 72 * hourMs)).toBe(true);
  expect(isExpired(row({ expiresMs: nowMs + 1 }), nowMs + 1, 72 * hourMs)).toBe(true);
});

test.each<[string, readonly Partial<Notification>[], number, boolean]>([
  ['nothing sent yet', [{}], 1, true],
  ['first and a repeat waiting', [{}, { reason: 'repeat' }], 2, true],
  ['first accepted', [{ state: 'done' }], 0, false],
  ['first accepted, repeat waiting', [{ state: 'done' }, { reason: 'repeat' }], 1, false],
  ['first may have arrived', [{ ambiguous: true }], 0, false],
  ['first under way', [{ state: 'inflight' }], 0, false],
  ['first may have arrived, repeat waiting', [{ ambiguous: true }, { reason: 'repeat' }], 1, false],
  ['first given up', [{ state: 'dead' }], 0, true],
  ['first accepted and long forgotten', [{ reason: 'repeat' }], 1, false],
  ['nothing known', [], 0, false],
])('a resolved message after: %s', (_, earlier, stale, neverHeard) => {
  const result = supersededBy(earlier.map((over) => row(over)));
  expect(result.stale).toHaveLength(stale);
  expect(result.neverHeard).toBe(neverHeard);
});

test('a full outbox gives up repeats, then info, then warnings, and never what fired or resolved at major or critical', () => {
  const rows = [
    row({ id: 'critical' }),
    row({ id: 'critical-update', reason: 'repeat' }),
    row({ id: 'critical-last', reason: 'escalation' }),
    row({ id: 'warning', severity: 'warning', incident: 'inc_2' }),
    row({ id: 'warning-update', severity: 'warning', incident: 'inc_2', reason: 'new_alerts' }),
    row({ id: 'info-inflight', severity: 'info', incident: 'inc_3', state: 'inflight' }),
    row({ id: 'info', severity: 'info', incident: 'inc_4' }),
    row({ id: 'resolved', severity: 'major', kind: 'resolved', incident: 'inc_5' }),
  ];
  const victims = (rowsMax: number) => victimsOf(rows, { rowsMax, bytesMax: 1e9 }).map(({ id }) => id);
  expect(victims(8)).toEqual([]);
  expect(victims(7)).toEqual(['critical-update']);
  expect(victims(6)).toEqual(['critical-update', 'info']);
  expect(victims(5)).toEqual(['critical-update', 'info', 'warning-update']);
  expect(victims(1)).toEqual(['critical-update', 'info', 'warning-update', 'warning']);
  expect(victimsOf(rows, { rowsMax: 100, bytesMax: 7 * 13 }).map(({ id }) => id)).toEqual([
    'critical-update',
  ]);
});
