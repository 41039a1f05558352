import { expect, test } from 'vitest';
import { channelsFor, labelsOf } from '../../../alerts/routing.ts';
import { alertOf, routeOf, timingOf } from '../../support/alert-samples.ts';

const tree = routeOf({
  channels: ['mail'],
  routes: [
    routeOf({ match: { severity: 'critical' }, channels: ['pager'], continue: true }),
    routeOf({
      match: { model: 'credit*' },
      channels: ['hook'],
      routes: [
        routeOf({ match: { rule: 'cost*', class: 'cost' }, channels: ['money'] }),
        routeOf({ match: { signal: 'input.age' }, channels: [] }),
      ],
    }),
    routeOf({ match: { model: 'credit-risk' }, channels: ['late'] }),
    routeOf({ match: { segment: 'x' }, channels: ['never'] }),
  ],
});

const cases: readonly (readonly [labels: Record<string, string>, channels: string[]])[] = [
  [{ model: 'fraud', severity: 'warning' }, ['mail']],
  [{ model: 'fraud', severity: 'critical' }, ['pager']],
  [{ model: 'credit-risk', severity: 'warning' }, ['hook']],
  [{ model: 'credit-risk', severity: 'critical' }, ['pager', 'hook']],
  [{ model: 'credit', rule: 'cost-per-call', class: 'cost' }, ['money']],
  [{ model: 'credit', rule: 'cost-per-call', class: 'drift' }, ['hook']],
  [{ model: 'credit', signal: 'input.age' }, ['hook']],
  [{}, ['mail']],
];

test.each(cases)('%j goes to %j', (labels, channels) => {
  expect(channelsFor(labels, tree).map((routed) => routed.channel)).toEqual(channels);
});

test('several routes to one channel name it once, with the shortest of each time', () => {
  const root = routeOf({
    routes: [
      routeOf({
        match: { severity: 'critical' },
        continue: true,
        timing: timingOf({ groupWaitMs: 1, groupIntervalMs: 20, repeatIntervalMs: 300, sendResolved: false }),
      }),
      routeOf({ timing: timingOf({ groupWaitMs: 2, groupIntervalMs: 10, repeatIntervalMs: 200 }) }),
    ],
  });
  expect(channelsFor({ severity: 'critical' }, root)).toEqual([
    {
      channel: 'mail',
      timing: { groupWaitMs: 1, groupIntervalMs: 10, repeatIntervalMs: 200, sendResolved: true },
    },
  ]);
});

test('routes see what identifies an alert, and no value', () => {
  expect(labelsOf(alertOf())).toEqual({
    environment: 'prod',
    model: 'credit',
    version: 'v1',
    rule: 'drift',
    segment: '',
    class: 'drift',
    signal: 'input.age',
    severity: 'warning',
  });
});
