import { expect, test } from 'vitest';
import {
  addToTimeline,
  canJoin,
  groupOf,
  heardBy,
  incidentAlertsMax,
  joinIncident,
  leaveIncident,
  openIncident,
  regradeIncident,
  withHeard,
  withoutTold,
  withTold,
} from '../../../alerts/grouping.ts';
import { endedMax, type Incident, timelineMax } from '../../../core/incident.ts';
import { alertOf } from '../../support/alert-samples.ts';

const group = { key: 'g', labels: { model: 'credit' } };
const age = alertOf();
const income = alertOf({ signal: 'input.income', severity: 'major' });

function incidentWith(...alerts: readonly ReturnType<typeof alertOf>[]): Incident {
  return alerts.reduce(
    (incident, alert) => joinIncident(incident, alert, 1_000),
    openIncident('inc_1', group, age, 1_000),
  );
}

test('a group is the labels asked for, and nothing else', () => {
  expect(groupOf(age, ['environment', 'model', 'rule'])).toEqual({
    key: '[["environment","prod"],["model","credit"],["rule","drift"]]',
    labels: { environment: 'prod', model: 'credit', rule: 'drift' },
  });
  expect(groupOf(age, ['model', 'environment']).key).toBe(groupOf(age, ['environment', 'model']).key);
  expect(groupOf(age, ['version']).key).not.toBe(groupOf({ ...age, version: 'v2' }, ['version']).key);
  expect(groupOf(age, []).labels).toEqual({});
});

test('what fires again within the reopen window joins, at its end it does not', () => {
  const open = incidentWith(age);
  const closed = leaveIncident(open, age, 'ok', 5_000);
  expect(canJoin(open, 0, 9_000_000)).toBe(true);
  expect(canJoin(closed, 100, 5_099)).toBe(true);
  expect(canJoin(closed, 100, 5_100)).toBe(false);
});

test('an incident closes with its last alert and opens again with the next', () => {
  const both = incidentWith(age, income);
  const one = leaveIncident(both, age, 'ok', 2_000);
  expect(one).toMatchObject({ firing: [income.fingerprint], changedAtMs: 2_000 });
  expect(one).not.toHaveProperty('closedAtMs');
  const none = leaveIncident(one, income, 'rule_removed', 3_000);
  expect(none).toMatchObject({ firing: [], closedAtMs: 3_000, changedAtMs: 3_000 });
  expect(none.ended).toEqual([
    { alert: age, why: 'ok', told: [] },
    { alert: income, why: 'rule_removed', told: [] },
  ]);
  const again = joinIncident(none, age, 4_000);
  expect(again).toMatchObject({
    openedAtMs: 1_000,
    changedAtMs: 4_000,
    firing: [age.fingerprint],
    alerts: [income.fingerprint, age.fingerprint],
    ended: [{ alert: income }],
  });
  expect(again).not.toHaveProperty('closedAtMs');
});

test('an incident is as severe as the worst that fires, and keeps that when none does', () => {
  const incident = incidentWith(age, income);
  const raised = regradeIncident(incident, [age, income], 2_000);
  expect(raised).toMatchObject({ severity: 'major', changedAtMs: 2_000 });
  expect(regradeIncident(raised, [age], 3_000).severity).toBe('warning');
  expect(regradeIncident(raised, [], 3_000)).toBe(raised);
});

test('a resolved alert is kept until every channel it concerns was told', () => {
  const left = leaveIncident(leaveIncident(incidentWith(age, income), age, 'ok', 2_000), income, 'ok', 2_000);
  const concerns = () => ['mail', 'pager'];
  const mailed = withTold(left, 'mail', left.ended ?? []);
  expect(withoutTold(mailed, concerns)).toBe(mailed);
  const paged = withTold(mailed, 'pager', (left.ended ?? []).slice(0, 1));
  expect(withoutTold(paged, concerns).ended?.map((one) => one.alert)).toEqual([income]);
  expect(withoutTold(paged, () => ['mail'])).not.toHaveProperty('ended');
  expect(withTold(left, 'mail', [])).toBe(left);
});

test('the timeline keeps its first entry and the newest ones', () => {
  let incident = incidentWith(age);
  for (let i = 0; i < timelineMax + 50; i++) incident = addToTimeline(incident, `entry ${i}`, 'kedge', i);
  expect(incident.timeline).toHaveLength(timelineMax);
  expect(incident.timeline[0]).toEqual({ atMs: 0, what: 'entry 0', by: 'kedge' });
  expect(incident.timeline[1]?.what).toBe('entry 51');
  expect(incident.timeline.at(-1)?.what).toBe(`entry ${timelineMax + 49}`);
});

test('lists in an incident are bounded, and what fires is never left out', () => {
  let incident = incidentWith(age);
  for (let i = 0; i < incidentAlertsMax + 5; i++) {
    const alert = alertOf({ signal: `input.x${i}` });
    incident = leaveIncident(joinIncident(incident, alert, i), alert, 'ok', i);
  }
  expect(incident.alerts).toHaveLength(incidentAlertsMax);
  expect(incident.alerts[0]).toBe(age.fingerprint);
  expect(incident.ended).toHaveLength(endedMax);
  expect(incident.ended?.at(-1)?.alert.signal).toBe(`input.x${incidentAlertsMax + 4}`);
});

test('a channel by the name of a built-in property has heard nothing', () => {
  const incident = incidentWith(age);
  const heard = { firing: [], severity: 'info', atMs: 1 } as const;
  expect(heardBy(incident, 'constructor')).toBeUndefined();
  expect(heardBy(withHeard(incident, 'constructor', heard), 'constructor')).toBe(heard);
});
