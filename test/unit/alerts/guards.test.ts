import { expect, test } from 'vitest';
import {
  firstFailed,
  type GuardInput,
  guardNames,
  judgeGuards,
  safeTarget,
  type VersionSeen,
} from '../../../alerts/guards.ts';
import type { RollbackPolicy } from '../../../config/config.ts';
import type { Action } from '../../../core/action.ts';
import { breachOf, driftOf, minuteMs, sinceMs } from '../../support/notices.ts';

const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const nowMs = sinceMs + 10 * minuteMs;

const policy: RollbackPolicy = {
  name: 'credit-back',
  target: 'credit',
  mode: 'auto',
  rules: ['*'],
  minSeverity: 'critical',
  cooldownMs: 6 * hourMs,
  maxPerDay: 1,
  maxVersionAgeMs: 7 * dayMs,
  expiresMs: 30 * minuteMs,
};

const seen = (version: string, firstSeenMs: number): VersionSeen => ({
  version,
  firstSeenMs,
  lastSeenMs: nowMs,
  rows: 10_000,
});
const versions = [
  seen('1.8.0', sinceMs - 90 * dayMs),
  seen('1.9.0', sinceMs - 30 * dayMs),
  seen('2.0.0', sinceMs - hourMs),
];
const alert = driftOf({ signal: 'error_share', class: 'error' });

const earlier = (over: Partial<Action>): Action => ({
  id: 'rb_1',
  target: 'credit',
  model: 'credit-risk',
  environment: 'prod',
  incident: 'inc_0',
  from: '1.7.0',
  to: '1.6.0',
  mode: 'auto',
  guards: [],
  state: 'accepted',
  reason: 'accepted',
  decidedAtMs: nowMs - 3 * dayMs,
  ...over,
});

const judge = (over: Partial<GuardInput> = {}) =>
  judgeGuards({ policy, alert, versions, past: [], killSwitch: false, nowMs, ...over });

test('all guards are judged and recorded, in their order, also when one fails', () => {
  const guards = judge({ killSwitch: true, policy: { ...policy, mode: 'off' } });
  expect(guards.map(({ name }) => name)).toEqual(guardNames);
  expect(guards.every(({ observed, required }) => observed !== '' && required !== '')).toBe(true);
  expect(firstFailed(guards)?.name).toBe('mode');
  expect(judge().every(({ passed }) => passed)).toBe(true);
});

test.each<[string, Partial<GuardInput>, string | undefined]>([
  ['off', { policy: { ...policy, mode: 'off' } }, 'mode'],
  ['dry run is no obstacle', { policy: { ...policy, mode: 'dry_run' } }, undefined],
  ['kill switch', { killSwitch: true }, 'kill_switch'],
  ['drift of an input, however strong', { alert: driftOf() }, 'not_eligible'],
  ['drift of an output', { alert: driftOf({ signal: 'output.score' }) }, undefined],
  [
    'latency of an input field is still latency',
    { alert: driftOf({ signal: 'latency_ms', class: 'latency' }) },
    undefined,
  ],
  ['too mild', { alert: { ...alert, severity: 'major' } }, 'not_eligible'],
  [
    'mild enough for the policy',
    { alert: { ...alert, severity: 'major' }, policy: { ...policy, minSeverity: 'major' } },
    undefined,
  ],
  ['no version named', { alert: { ...alert, version: '' } }, 'not_eligible'],
  ['a version never seen', { alert: { ...alert, version: '3.0.0' } }, 'version_age'],
  ['an old version', { alert: { ...alert, version: '1.9.0' } }, 'version_age'],
  ['onset before the version came', { alert: { ...alert, activeAtMs: sinceMs - 2 * hourMs } }, 'version_age'],
  [
    'a version that came inside the first bad window',
    { versions: [versions[1], seen('2.0.0', sinceMs + minuteMs)].filter((one) => one !== undefined) },
    undefined,
  ],
  ['no earlier version', { versions: versions.slice(2) }, 'no_safe_target'],
  [
    'only the versionless rows came earlier',
    { versions: [seen('', 0), ...versions.slice(2)] },
    'no_safe_target',
  ],
  [
    'all earlier ones known bad',
    { past: [earlier({ from: '1.9.0' }), earlier({ from: '1.8.0' })] },
    'no_safe_target',
  ],
  ['the same step before', { past: [earlier({ from: '2.0.0', to: '1.9.0' })] }, 'once_per_version'],
  [
    'the same step before, though it failed',
    { past: [earlier({ from: '2.0.0', to: '1.9.0', state: 'failed' })] },
    'once_per_version',
  ],
  [
    'the same step on another target',
    { past: [earlier({ from: '2.0.0', to: '1.9.0', target: 'other' })] },
    undefined,
  ],
  [
    'a dry run of the same step does not stop the real one',
    { past: [earlier({ from: '2.0.0', to: '1.9.0', state: 'dry_run' })] },
    undefined,
  ],
  [
    'a second dry run of the same step',
    {
      policy: { ...policy, mode: 'dry_run' },
      past: [earlier({ from: '2.0.0', to: '1.9.0', state: 'dry_run' })],
    },
    'once_per_version',
  ],
  ['another one just now', { past: [earlier({ decidedAtMs: nowMs - 6 * hourMs + 1 })] }, 'cooldown'],
  [
    'another one suppressed just now',
    { past: [earlier({ decidedAtMs: nowMs - 1, state: 'suppressed' })] },
    undefined,
  ],
  ['cooldown over, the day is not', { past: [earlier({ decidedAtMs: nowMs - 6 * hourMs })] }, 'max_per_day'],
  ['a day later', { past: [earlier({ decidedAtMs: nowMs - dayMs })] }, undefined],
])('%s', (_, over, reason) => {
  expect(firstFailed(judge(over))?.name).toBe(reason);
});

test('the way back skips a version that is known to be bad', () => {
  const input = { policy, alert, versions, killSwitch: false, nowMs };
  expect(safeTarget({ ...input, past: [] })?.version).toBe('1.9.0');
  expect(safeTarget({ ...input, past: [earlier({ from: '1.9.0' })] })?.version).toBe('1.8.0');
  expect(safeTarget({ ...input, past: [earlier({ from: '1.9.0', model: 'other' })] })?.version).toBe('1.9.0');
});

test('what was observed is on record', () => {
  const guards = judge({ alert: driftOf({ lastBreach: breachOf() }) });
  expect(guards[2]).toEqual({
    name: 'not_eligible',
    passed: false,
    observed: 'critical drift of input.debt_to_income, version 2.0.0',
    required: 'critical or worse, not drift of an input, version named',
  });
  expect(guards[3]).toMatchObject({
    observed: 'first seen 2026-11-21T20:05:00.000Z, onset 2026-11-21T21:10:00.000Z',
    required: 'first seen at most 7d ago, and before the onset',
  });
});
