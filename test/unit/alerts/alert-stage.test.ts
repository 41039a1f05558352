// The stage as a whole, with a store beside it. Window i ends at (i + 1) × 5 min; verdicts come as the window ends.
import { expect, test } from 'vitest';
import {
  AlertBook,
  alertsMax,
  closedMax,
  historyMax,
  incidentsMax,
} from '../../../agent/pipeline/alert-book.ts';
import { openIncident } from '../../../alerts/grouping.ts';
import type { Alert } from '../../../core/alert.ts';
import type { Incident } from '../../../core/incident.ts';
import type { Verdict } from '../../../core/verdict.ts';
import { AlertRig } from '../../support/alert-rig.ts';
import {
  alertOf,
  hopMs,
  routeOf,
  ruleOf,
  timingOf,
  type VerdictLetter,
  verdictOf,
} from '../../support/alert-samples.ts';

const minutes = (count: number): number => count * 60_000;

/** The verdicts of one window: one letter per signal a, b, c …; a dot for none. */
function windowOf(letters: string, index: number, over: Partial<Verdict> = {}): Verdict[] {
  return [...letters].flatMap((letter, i) => {
    if (letter === '.') return [];
    const series = { model: 'credit', environment: 'prod', version: 'v1', signal: 'abcdefgh'[i] as string };
    return verdictOf(letter as VerdictLetter, index, { series, ...over });
  });
}

/** Plays windows in time, with the timers between them. */
function play(rig: AlertRig, windows: readonly string[], fromIndex = 0): number {
  let nowMs = 0;
  for (const [i, letters] of windows.entries()) {
    nowMs = (fromIndex + i + 1) * hopMs;
    rig.runUntil(nowMs);
    rig.decide(windowOf(letters, fromIndex + i), nowMs);
  }
  return nowMs;
}

test('one signal drifts and comes back: one first message, one resolved', () => {
  const rig = new AlertRig();
  const endMs = play(rig, ['o', 'b', 'b', 'o', 'o', 'o']);
  rig.runUntil(endMs + minutes(60));
  expect(rig.said()).toEqual(['mail first 1/0', 'mail all_resolved 0/1']);
  const [first, last] = rig.notices;
  expect(first).toMatchObject({ kind: 'firing', atMs: 2 * hopMs + 30_000, incident: { messages: 0 } });
  expect(first?.firing[0]).toMatchObject({ condition: 'firing', signal: 'a', sinceMs: hopMs });
  expect(last).toMatchObject({ kind: 'resolved', incident: { messages: 1, firing: [] } });
  expect(last?.resolved[0]?.lastVerdict.endMs).toBe(5 * hopMs);
  expect(rig.records('alert/')).toEqual([]);
  expect(rig.records<Incident>('incident/')).toMatchObject([
    { closedAtMs: 5 * hopMs, messages: 2, firing: [], timeline: [{ by: 'kedge' }, { by: 'kedge' }] },
  ]);
});

test('alerts of one group share an incident and its messages', () => {
  const rig = new AlertRig();
  const endMs = play(rig, ['bb', 'bbb', 'bbb', 'obb', 'obb', 'obb']);
  rig.runUntil(endMs + minutes(10));
  expect(rig.said()).toEqual(['mail first 2/0', 'mail new_alerts 3/0', 'mail some_resolved 2/1']);
  expect(rig.records<Incident>('incident/')).toHaveLength(1);
  expect(rig.notices.map((one) => one.incident.messages)).toEqual([0, 1, 2]);
});

test('alerts of two groups have two incidents, and what they hear of each other is nothing', () => {
  const rig = new AlertRig({ rules: [ruleOf(), ruleOf({ name: 'latency', class: 'latency' })] });
  rig.decide([...windowOf('b', 0), ...windowOf('b', 0, { rule: 'latency' })], hopMs);
  rig.runUntil(hopMs + minutes(1));
  expect(rig.said()).toEqual(['mail first 1/0', 'mail first 1/0']);
  const incidents = rig.records<Incident>('incident/');
  expect(incidents.map((one) => one.labels['rule']).sort()).toEqual(['drift', 'latency']);
});

test('the version of an alert may change while it fires; its incident does not', () => {
  const rig = new AlertRig({ config: { groupBy: ['environment', 'model', 'version'] } });
  rig.decide(windowOf('b', 0), hopMs);
  const v2 = { series: { model: 'credit', environment: 'prod', version: 'v2', signal: 'a' } };
  rig.decide(windowOf('b', 1, v2), 2 * hopMs);
  const [incident, ...others] = rig.records<Incident>('incident/');
  expect(others).toEqual([]);
  expect(incident?.labels['version']).toBe('v1');
  expect(incident?.timeline.at(-1)?.what).toBe('another version: drift on a of credit v2; it was v1 before');
  expect(rig.records<Alert>('alert/')).toMatchObject([{ version: 'v2', incident: incident?.id }]);
});

test('a pager hears of a rise in severity at once, the mail within its interval hears nothing else', () => {
  const fast = timingOf({ groupWaitMs: 5_000 });
  const route = routeOf({
    routes: [
      routeOf({ match: { severity: 'critical' }, channels: ['pager'], continue: true, timing: fast }),
      routeOf({ channels: ['mail'] }),
    ],
  });
  const rig = new AlertRig({ config: { route } });
  play(rig, ['b', 'b']);
  rig.rules = [ruleOf({ severity: 'critical' })];
  const decision = rig.decide(windowOf('b', 2), 3 * hopMs);
  expect(decision.notices.map((one) => `${one.channel} ${one.reason}`)).toEqual([
    'mail escalation',
    'pager first',
  ]);
  expect(decision.notices[0]?.incident.severity).toBe('critical');
  rig.runUntil(3 * hopMs + minutes(200));
  expect(rig.said()).toHaveLength(3);
});

test('what fires stays said: repeats come at their interval and no sooner', () => {
  const rig = new AlertRig();
  rig.decide(windowOf('b', 0), 0);
  rig.runUntil(12 * 3_600_000);
  expect(rig.notices.map((one) => `${one.reason} ${(one.atMs - 30_000) / 3_600_000} h`)).toEqual([
    'first 0 h',
    'repeat 4 h',
    'repeat 8 h',
  ]);
});

test('what came and went inside one batch of windows is said once', () => {
  const rig = new AlertRig();
  const late = 10 * hopMs;
  rig.decide(
    ['b', 'b', 'o', 'o'].flatMap((letter, i) => windowOf(letter, i)),
    late,
  );
  expect(rig.said()).toEqual([]);
  rig.runUntil(late + minutes(60));
  expect(rig.said()).toEqual(['mail fired_and_resolved 0/1']);
  expect(rig.notices[0]).toMatchObject({ kind: 'fired_and_resolved', atMs: late + 30_000 });
});

test('a flap inside the reopen window is the same incident, after it another', () => {
  const rig = new AlertRig({ rules: [ruleOf({ keepFiringFor: { windows: 1 } })] });
  const endMs = play(rig, ['b', 'o', 'o', 'b', 'o', 'o', 'o', 'o', 'b']);
  rig.runUntil(endMs + minutes(1));
  const incidents = rig.records<Incident>('incident/');
  expect(incidents.map((one) => one.openedAtMs)).toEqual([hopMs, 9 * hopMs]);
  expect(rig.said()).toEqual([
    'mail first 1/0',
    'mail all_resolved 0/1',
    'mail new_alerts 1/0',
    'mail all_resolved 0/1',
    'mail first 1/0',
  ]);
});

test('silence of data resolves nothing, however long', () => {
  const rig = new AlertRig();
  play(rig, ['b', ...Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 'g' : 't'))]);
  expect(rig.records<Alert>('alert/')).toMatchObject([{ condition: 'firing' }]);
  expect(rig.said().some((one) => one.includes('resolved'))).toBe(false);
});

test('a channel that wants no resolves hears of the next firing nevertheless', () => {
  const route = routeOf({ timing: timingOf({ sendResolved: false }) });
  const rig = new AlertRig({ config: { route }, rules: [ruleOf({ keepFiringFor: { windows: 1 } })] });
  const endMs = play(rig, ['b', 'b', 'o', 'o', 'b']);
  rig.runUntil(endMs + minutes(10));
  expect(rig.said()).toEqual(['mail first 1/0', 'mail new_alerts 1/0']);
});

test('an alert whose rule is gone resolves and says why; a pending one goes quietly', () => {
  const slow = ruleOf({ name: 'slow', for: { windows: 3 } });
  const rig = new AlertRig({ rules: [ruleOf(), slow] });
  play(rig, ['bb', 'bb', 'bb']);
  rig.decide(windowOf('b', 3, { rule: 'slow' }), 4 * hopMs);
  rig.rules = [];
  rig.restart();
  const decision = rig.dropOrphans(5 * hopMs);
  expect(decision.transitions.map(({ alert, event }) => `${alert.rule} ${event}`).sort()).toEqual([
    'drift resolved',
    'drift resolved',
    'slow cancelled',
  ]);
  expect(decision.notices).toEqual([]);
  rig.restart();
  expect(rig.due(5 * hopMs).notices).toMatchObject([{ reason: 'rule_removed', kind: 'resolved' }]);
  expect(rig.records('alert/')).toEqual([]);
});

test('a rule that no longer watches the signal leaves no alert behind', () => {
  const rig = new AlertRig();
  rig.decide(windowOf('bb', 0), hopMs);
  rig.rules = [ruleOf({ match: { ...ruleOf().match, signal: 'b' } })];
  const { transitions } = rig.dropOrphans(2 * hopMs);
  expect(transitions.map(({ alert, event }) => [alert.signal, event])).toEqual([['a', 'resolved']]);
  expect(rig.dropOrphans(2 * hopMs).transitions).toEqual([]);
});

test('an incident whose alert record was lost closes at the next start', () => {
  const rig = new AlertRig();
  play(rig, ['b', 'b']);
  for (const key of rig.store.keys()) if (key.startsWith('alert/')) rig.store.delete(key);
  rig.restart();
  rig.dropOrphans(3 * hopMs);
  expect(rig.stage.nextDueMs()).toBe(0);
  rig.due(3 * hopMs);
  expect(rig.said().at(-1)).toBe('mail all_resolved 0/0');
  expect(rig.records<Incident>('incident/')).toMatchObject([{ firing: [], closedAtMs: 3 * hopMs }]);
});

test('a firing alert whose incident record was lost finds another', () => {
  const rig = new AlertRig();
  play(rig, ['b', 'b']);
  for (const key of rig.store.keys()) if (key.startsWith('incident/')) rig.store.delete(key);
  rig.restart();
  rig.decide(windowOf('b', 2), 3 * hopMs);
  const [incident] = rig.records<Incident>('incident/');
  expect(rig.records<Alert>('alert/')).toMatchObject([{ incident: incident?.id, firedAtMs: hopMs }]);
});

test('a step is logged in words and counted', () => {
  const rig = new AlertRig({ rules: [ruleOf({ for: { windows: 2 }, keepFiringFor: { windows: 1 } })] });
  play(rig, ['b', 'b', 'b']);
  expect(rig.meter.read('alerts', { condition: 'firing', severity: 'warning' })).toBe(1);
  expect(rig.meter.read('incidents')).toBe(1);
  play(rig, ['o'], 3);
  expect(rig.lines.map((line) => line.event)).toEqual([
    'INACTIVE → PENDING',
    'PENDING → FIRING',
    'FIRING → RESOLVED',
  ]);
  expect(rig.lines[1]?.fields).toMatchObject({
    rule: 'drift',
    model: 'credit',
    signal: 'a',
    version: 'v1',
    statistic: 0.4,
    threshold: 0.2,
    n: 500,
  });
  expect(rig.meter.read('transitions', { event: 'fired' })).toBe(1);
  expect(rig.meter.read('transitions', { event: 'resolved' })).toBe(1);
  expect(rig.meter.read('alerts', { condition: 'firing', severity: 'warning' })).toBe(0);
  expect(rig.meter.read('incidents')).toBe(0);
});

test('transitions name the alert as it is now and its incident', () => {
  const rig = new AlertRig();
  const fired = rig.decide(windowOf('b', 0), hopMs).transitions;
  expect(fired).toMatchObject([
    { event: 'fired', alert: { signal: 'a' }, incident: { openedAtMs: hopMs, firing: [{}] } },
  ]);
  expect(fired[0]?.alert.incident).toBe(fired[0]?.incident?.id);
  rig.decide(windowOf('o', 1), 2 * hopMs);
  expect(rig.decide(windowOf('o', 2), 3 * hopMs).transitions).toMatchObject([
    { event: 'resolved', alert: { lastVerdict: { endMs: 3 * hopMs } }, incident: { closedAtMs: 3 * hopMs } },
  ]);
});

test('a verdict of an unknown rule, or of a window already judged, changes nothing', () => {
  const rig = new AlertRig();
  expect(rig.decide(windowOf('b', 0, { rule: 'gone' }), hopMs).writes).toEqual([]);
  rig.decide(windowOf('b', 0), hopMs);
  expect(rig.decide(windowOf('o', 0), hopMs)).toMatchObject({ writes: [], transitions: [] });
});

test('others may add to the timeline and announce a rollback, once per channel that is concerned', () => {
  const rig = new AlertRig();
  play(rig, ['b', 'b']);
  const id = rig.records<Incident>('incident/')[0]?.id ?? '';
  rig.commit(rig.stage.attach(id, 'rollback asked for', 'rollback', 7));
  expect(rig.records<Incident>('incident/')[0]?.timeline.at(-1)).toEqual({
    atMs: 7,
    what: 'rollback asked for',
    by: 'rollback',
  });
  const said = rig.stage.announceRollback(id, 8);
  expect(said.notices).toMatchObject([
    { channel: 'mail', kind: 'rollback', reason: 'rollback_requested', incident: { messages: 1 } },
  ]);
  rig.commit(said.writes);
  expect(rig.records<Incident>('incident/')[0]).toMatchObject({ messages: 2 });
  expect(rig.stage.attach('inc_gone', 'x', 'y', 9)).toEqual([]);
  expect(rig.stage.announceRollback('inc_gone', 9).notices).toEqual([]);
});

test('a rollback asked for before the first message makes it the first message, and no second one follows', () => {
  const rig = new AlertRig();
  rig.decide(windowOf('b', 0), hopMs);
  expect(rig.said()).toEqual([]);
  const id = rig.records<Incident>('incident/')[0]?.id ?? '';
  const said = rig.stage.announceRollback(id, hopMs + 1);
  expect(said.notices).toMatchObject([{ channel: 'mail', kind: 'firing', reason: 'first' }]);
  rig.commit(said.writes);
  rig.runUntil(hopMs + minutes(60));
  expect(rig.said()).toEqual([]);
});

test('when the clock is set back, nothing waits for the old time to come again', () => {
  const rig = new AlertRig();
  rig.decide(windowOf('b', 0), minutes(600));
  rig.due(minutes(1));
  expect(rig.said()).toEqual(['mail first 1/0']);
});

test('with no channel that exists nothing is said and nothing piles up', () => {
  const rig = new AlertRig({ config: { channels: [], route: routeOf({ channels: [] }) } });
  play(rig, ['b', 'o', 'o', 'o']);
  expect(rig.stage.nextDueMs()).toBeUndefined();
  expect(rig.records<Incident>('incident/')[0]).not.toHaveProperty('ended');
});

/** Windows of three signals; those of one line are judged in one go, as after a stretch without the agent. */
const script: readonly (readonly string[])[] = [
  ['b..'],
  ['b..'],
  ['b..'],
  ['b..'],
  ['b..'],
  ['bb.'],
  ['bo.'],
  ['bo.'],
  ['bb.'],
  ['obt'],
  ['bbg'],
  ['oob', 'oob', 'ooo', 'ooo'],
  ['gf.'],
  ['ogo'],
  ['oof'],
  ['ooo'],
  ['ooo'],
  ['..b', '..o', '..o'],
  ['b.o'],
  ['ooo'],
  ['ooo'],
  ['..b', '..o', '..o'],
  ['ooo'],
];

/** Plays the script with a look at the timers every minute; `after` is called after each step. */
function playScript(after: (rig: AlertRig, step: number) => void): AlertRig {
  const fast = timingOf({ groupWaitMs: 20_000, groupIntervalMs: minutes(2), repeatIntervalMs: minutes(12) });
  const route = routeOf({
    timing: fast,
    routes: [
      routeOf({ match: { signal: 'b' }, channels: ['pager'], continue: true, timing: fast }),
      routeOf({ channels: ['mail'], timing: fast }),
    ],
  });
  const rules = [ruleOf(), ruleOf({ name: 'slow', severity: 'critical', for: { windows: 2 } })];
  const config = { route, reopenWindowMs: minutes(6), groupBy: ['environment', 'model'] as const };
  const rig = new AlertRig({ config, rules });
  let index = 0;
  let step = 0;
  for (const batch of script) {
    const first = index;
    index += batch.length;
    const verdicts = batch.flatMap((letters, i) => [
      ...windowOf(letters, first + i),
      ...windowOf(letters, first + i, { rule: 'slow' }),
    ]);
    rig.decide(verdicts, index * hopMs);
    after(rig, step++);
    for (let minute = 1; minute < 5; minute++) {
      rig.due(index * hopMs + minutes(minute));
      after(rig, step++);
    }
  }
  return rig;
}

test('killed and started again after each step, the agent says and stores exactly the same', () => {
  const whole = playScript(() => {});
  expect([...new Set(whole.notices.map((one) => one.reason))].sort()).toEqual([
    'all_resolved',
    'escalation',
    'fired_and_resolved',
    'first',
    'new_alerts',
    'repeat',
    'some_resolved',
  ]);
  const restarted = playScript((rig) => rig.restart());
  expect(restarted.notices).toEqual(whole.notices);
  expect(restarted.records('')).toEqual(whole.records(''));
  for (let at = 0; at < script.length * 5; at += 7) {
    const once = playScript((rig, step) => {
      if (step === at) rig.restart();
    });
    expect(once.notices).toEqual(whole.notices);
    expect(once.records('')).toEqual(whole.records(''));
  }
});

test('alerts over the limit are counted and not followed; those followed go on', () => {
  const rig = new AlertRig();
  const many = Array.from({ length: alertsMax + 3 }, (_, i) =>
    verdictOf('f', 0, {
      series: { model: 'credit', environment: 'prod', version: 'v1', signal: `s${i}` },
    }),
  );
  rig.decide(many, hopMs);
  expect(rig.records('alert/')).toHaveLength(alertsMax);
  expect(rig.meter.read('alerts_dropped', { reason: 'alerts_max' })).toBe(3);
  expect(rig.meter.read('in_use', { what: 'alerts' })).toBe(alertsMax);
});

test('what fires while too many incidents are open shares one, so that it is told', () => {
  const rig = new AlertRig({ config: { groupBy: ['signal'] } });
  const many = Array.from({ length: incidentsMax + 3 }, (_, i) =>
    verdictOf('b', 0, {
      series: { model: 'credit', environment: 'prod', version: 'v1', signal: `s${i}` },
    }),
  );
  rig.decide(many, hopMs);
  const incidents = rig.records<Incident>('incident/');
  expect(incidents).toHaveLength(incidentsMax + 1);
  expect(incidents.find((one) => one.groupKey === 'overflow')?.firing).toHaveLength(3);
  expect(rig.meter.read('alerts_dropped', { reason: 'incidents_max' })).toBe(3);
  rig.runUntil(hopMs + minutes(1));
  expect(rig.notices.reduce((sum, notice) => sum + notice.firing.length, 0)).toBe(incidentsMax + 3);
});

test('closed incidents leave memory after a while and the store after many', () => {
  const rig = new AlertRig({
    rules: [ruleOf({ keepFiringFor: { windows: 1 } })],
    config: { reopenWindowMs: 0 },
  });
  const episodes = historyMax + 40;
  for (let i = 0; i < episodes; i++) play(rig, ['b', 'o', '.'], 3 * i);
  const endMs = 3 * episodes * hopMs + minutes(120);
  rig.runUntil(endMs);
  rig.due(endMs);
  expect(rig.stage.inspect().incidents).toEqual([]);
  const kept = rig.records<Incident>('incident/');
  expect(kept).toHaveLength(historyMax);
  expect(kept[0]?.openedAtMs).toBe((3 * 40 + 1) * hopMs);
  rig.restart();
  rig.due(endMs);
  expect(rig.stage.inspect().incidents).toEqual([]);
  expect(rig.records<Incident>('incident/')).toEqual(kept);
});

test('an incident is at hand until its end was told, however long that takes', () => {
  const route = routeOf({
    timing: timingOf({ groupIntervalMs: minutes(300), repeatIntervalMs: minutes(600) }),
  });
  const rig = new AlertRig({ config: { route } });
  const endMs = play(rig, ['b', 'b', 'o', 'o']);
  for (let minute = 10; minute <= 320; minute += 10) rig.due(endMs + minutes(minute));
  expect(rig.said()).toEqual(['mail first 1/0', 'mail all_resolved 0/1']);
});

test('news of an old incident does not make it the one that others join', () => {
  const route = routeOf({ timing: timingOf({ groupIntervalMs: minutes(30) }) });
  const rig = new AlertRig({
    config: { route, reopenWindowMs: minutes(5) },
    rules: [ruleOf({ keepFiringFor: { windows: 1 } })],
  });
  play(rig, ['b', 'o', '.', '.', 'b', 'b', 'b', 'b', 'bb']);
  expect(rig.said()).toEqual(['mail first 1/0', 'mail first 1/0', 'mail all_resolved 0/1']);
  expect(rig.records<Incident>('incident/').map((one) => one.firing.length)).toEqual([0, 2]);
});

test('history forgets the incident that opened first, whenever it closed', () => {
  const closed = (number: number, closedAtMs: number) => {
    const id = `inc_${String(number).padStart(26, '0')}`;
    return { ...openIncident(id, { key: id, labels: {} }, alertOf(), number), closedAtMs };
  };
  const incidents = Array.from({ length: historyMax + 1 }, (_, i) => closed(i, i === 0 ? 9_999 : i));
  const book = new AlertBook({ alerts: [], incidents });
  expect(book.archive(10_000, () => true)).toHaveLength(historyMax + 1);
  expect(book.takeWrites()).toEqual([{ key: `incident/${incidents[0]?.id}`, value: undefined }]);
});

test('closed incidents at hand are bounded, however many close at once', () => {
  const quick = timingOf({ groupWaitMs: 0, groupIntervalMs: 0 });
  const rig = new AlertRig({
    config: { groupBy: ['signal'], route: routeOf({ timing: quick }) },
    rules: [ruleOf({ keepFiringFor: { windows: 1 } })],
  });
  const burst = (letter: VerdictLetter, index: number, name: string) =>
    Array.from({ length: 700 }, (_, i) =>
      verdictOf(letter, index, {
        series: { model: 'credit', environment: 'prod', version: 'v1', signal: `${name}${i}` },
      }),
    );
  rig.decide(burst('b', 0, 'x'), hopMs);
  rig.decide(burst('o', 1, 'x'), 2 * hopMs);
  rig.decide(burst('b', 1, 'y'), 2 * hopMs);
  rig.decide(burst('o', 2, 'y'), 3 * hopMs);
  expect(rig.stage.inspect().incidents).toHaveLength(closedMax);
  expect(rig.records('incident/')).toHaveLength(1_400);
});
