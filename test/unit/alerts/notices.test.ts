// When a channel is told what: the table of reasons, row by row. Times in seconds; the incident opened at 1000 s.
import { expect, test } from 'vitest';
import {
  afterMessage,
  type ChannelView,
  channelsConcerned,
  kindOf,
  nextMessage,
  noticeOf,
  viewsOf,
} from '../../../alerts/notices.ts';
import type { Ended, Heard, Incident } from '../../../core/incident.ts';
import type { Severity } from '../../../core/rule.ts';
import { alertOf, routeOf, timingOf } from '../../support/alert-samples.ts';

const seconds = (count: number): number => count * 1_000;
const a = alertOf({ signal: 'a' });
const b = alertOf({ signal: 'b' });
const critical = alertOf({ signal: 'c', severity: 'critical' });

const incident: Incident = {
  id: 'inc_1',
  groupKey: 'g',
  labels: {},
  severity: 'warning',
  alerts: [],
  firing: [],
  openedAtMs: seconds(1_000),
  changedAtMs: seconds(1_000),
  messages: 3,
  heard: {},
  timeline: [],
};

const ended = (alert = a, why: Ended['why'] = 'ok'): Ended => ({ alert, why, told: [] });
const heard = (firing: readonly string[], severity: Severity = 'warning'): Heard => ({
  firing,
  severity,
  atMs: seconds(2_000),
});
const view = (over: Partial<ChannelView>): ChannelView => ({
  channel: 'mail',
  timing: timingOf(),
  heard: undefined,
  firing: [],
  untold: [],
  ...over,
});
const silent = timingOf({ sendResolved: false });

const rows: readonly (readonly [
  what: string,
  seen: Partial<ChannelView>,
  reason: string,
  dueSeconds: number,
])[] = [
  ['nothing heard, something fires', { firing: [a] }, 'first', 1_030],
  ['a critical one waits 5 s at most', { firing: [a, critical] }, 'first', 1_005],
  [
    'a critical one waits less where the route says so',
    { firing: [critical], timing: timingOf({ groupWaitMs: 2_000 }) },
    'first',
    1_002,
  ],
  ['came and went', { untold: [ended()] }, 'fired_and_resolved', 1_030],
  ['came and went, critical', { untold: [ended(critical)] }, 'fired_and_resolved', 1_005],
  ['came and went, no resolves wanted', { untold: [ended()], timing: silent }, 'fired_and_resolved', 1_030],
  ['one went before the first message', { firing: [a], untold: [ended(b)] }, 'first', 1_030],
  ['worse than heard', { heard: heard([a.fingerprint]), firing: [a, critical] }, 'escalation', 0],
  ['worse, though all had resolved', { heard: heard([]), firing: [critical] }, 'escalation', 0],
  ['one more fires', { heard: heard([a.fingerprint]), firing: [a, b] }, 'new_alerts', 2_300],
  ['fires again after all had resolved', { heard: heard([]), firing: [a] }, 'new_alerts', 2_300],
  [
    'one more fires, one resolved',
    { heard: heard([a.fingerprint]), firing: [b], untold: [ended(a)] },
    'new_alerts',
    2_300,
  ],
  ['all resolved', { heard: heard([a.fingerprint]), untold: [ended(a)] }, 'all_resolved', 2_300],
  [
    'some resolved',
    { heard: heard([a.fingerprint, b.fingerprint]), firing: [b], untold: [ended(a)] },
    'some_resolved',
    2_300,
  ],
  ['all resolved, the details are lost', { heard: heard([a.fingerprint]) }, 'all_resolved', 2_300],
  [
    'its rule was removed',
    { heard: heard([a.fingerprint]), untold: [ended(a, 'rule_removed')] },
    'rule_removed',
    2_300,
  ],
  [
    'one rule was removed, another alert is fine',
    { heard: heard([a.fingerprint, b.fingerprint]), untold: [ended(a, 'rule_removed'), ended(b)] },
    'all_resolved',
    2_300,
  ],
  [
    'resolved, but the channel wants no resolves',
    { heard: heard([a.fingerprint]), untold: [ended(a)], timing: silent },
    'unsaid',
    0,
  ],
  [
    'another came and went meanwhile',
    { heard: heard([a.fingerprint]), firing: [a], untold: [ended(b)] },
    'fired_and_resolved',
    2_300,
  ],
  ['nothing new', { heard: heard([a.fingerprint]), firing: [a] }, 'repeat', 2_000 + 4 * 3_600],
  [
    'milder than heard',
    { heard: heard([a.fingerprint], 'critical'), firing: [a] },
    'repeat',
    2_000 + 4 * 3_600,
  ],
];

test.each(rows)('%s', (_what, seen, reason, dueSeconds) => {
  expect(nextMessage(incident, view(seen), seconds(3_000))).toEqual({ reason, dueMs: seconds(dueSeconds) });
});

test('there is nothing to say of what nobody heard, or of what is over and told', () => {
  expect(nextMessage(incident, view({}), seconds(3_000))).toBeUndefined();
  expect(nextMessage(incident, view({ heard: heard([]) }), seconds(3_000))).toBeUndefined();
});

test('a clock set back delays nothing', () => {
  const early = seconds(10);
  expect(nextMessage(incident, view({ firing: [a] }), early)?.dueMs).toBe(early);
  const resolved = view({ heard: heard([a.fingerprint]), untold: [ended(a)] });
  expect(nextMessage(incident, resolved, early)?.dueMs).toBe(early);
});

test('a message is `resolved` only when nothing fires any more', () => {
  expect(kindOf('all_resolved', [])).toBe('resolved');
  expect(kindOf('some_resolved', [a])).toBe('firing');
  expect(kindOf('rule_removed', [a])).toBe('firing');
  expect(kindOf('rule_removed', [])).toBe('resolved');
  expect(kindOf('fired_and_resolved', [])).toBe('fired_and_resolved');
  expect(kindOf('fired_and_resolved', [a])).toBe('firing');
  expect(kindOf('repeat', [a])).toBe('firing');
  expect(kindOf('rollback_requested', [a])).toBe('rollback');
  expect(kindOf('test', [])).toBe('test');
});

test('a notice ranks its alerts; after it the channel knows what it said', () => {
  const open = { ...incident, ended: [ended(b)] };
  const seen = view({ firing: [a, critical], untold: [ended(b)] });
  const notice = noticeOf(open, seen, 'first', 77);
  expect(notice).toMatchObject({ channel: 'mail', kind: 'firing', reason: 'first', atMs: 77 });
  expect(notice.firing).toEqual([critical, a]);
  expect(notice.resolved).toEqual([b]);
  expect(notice.incident.messages).toBe(3);
  expect(afterMessage(open, seen, 'first', 77)).toMatchObject({
    messages: 4,
    heard: { mail: { firing: [a.fingerprint, critical.fingerprint], severity: 'critical', atMs: 77 } },
    ended: [{ told: ['mail'] }],
  });
});

test('what is left unsaid counts as no message and moves no interval', () => {
  const open = { ...incident, ended: [ended(a), ended(b)] };
  const seen = view({ heard: heard([a.fingerprint]), untold: open.ended });
  expect(afterMessage(open, seen, 'unsaid', 77)).toMatchObject({
    messages: 3,
    heard: { mail: { firing: [], severity: 'warning', atMs: seconds(2_000) } },
    ended: [{ told: ['mail'] }, { told: [] }],
  });
});

test('a channel to which nothing fires any more keeps the severity it heard of', () => {
  const worse = { ...incident, severity: 'critical' as const };
  const seen = view({ heard: heard([a.fingerprint]), untold: [ended(a)] });
  expect(afterMessage(worse, seen, 'all_resolved', 77).heard['mail']?.severity).toBe('warning');
  const unheard = view({ untold: [ended(a)] });
  expect(afterMessage(worse, unheard, 'fired_and_resolved', 77).heard['mail']?.severity).toBe('critical');
});

test('a channel sees the alerts routed to it and those it heard of', () => {
  const fast = timingOf({ groupWaitMs: 1 });
  const route = routeOf({
    routes: [routeOf({ match: { severity: 'critical' }, channels: ['pager'], continue: true, timing: fast })],
  });
  const names = new Set(['mail', 'pager', 'hook']);
  const open = {
    ...incident,
    heard: { hook: heard([a.fingerprint]), gone: heard([a.fingerprint]) },
    ended: [ended(b), { ...ended(critical), told: ['pager'] }],
  };
  const views = viewsOf(open, [a, critical], route, names);
  expect(views.map((one) => [one.channel, one.timing.groupWaitMs])).toEqual([
    ['hook', 30_000],
    ['mail', 30_000],
    ['pager', 1],
  ]);
  expect(views.map((one) => one.firing)).toEqual([[a], [a], [critical]]);
  expect(views.map((one) => one.untold.map(({ alert }) => alert))).toEqual([[], [b], []]);
  expect(channelsConcerned(open, a, route, names)).toEqual(['mail', 'hook']);
  expect(channelsConcerned(open, critical, route, names)).toEqual(['pager']);
});
