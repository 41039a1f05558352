import { expect, test } from 'vitest';
import { rankAlerts, severityRank, worstSeverity } from '../../../alerts/gist.ts';
import { alertOf, verdictOf } from '../../support/alert-samples.ts';

test('alerts are ranked by severity, then effect, then signal', () => {
  const effect = (value: number) => ({ lastBreach: verdictOf('b', 0, { effect: value }) });
  const { lastBreach: _, ...unmeasured } = alertOf({ signal: 'input.none' });
  const ranked = [
    alertOf({ signal: 'input.z', severity: 'critical', ...effect(0.1) }),
    alertOf({ signal: 'input.y', severity: 'major', ...effect(5) }),
    alertOf({ signal: 'input.b', ...effect(0.9) }),
    alertOf({ signal: 'input.a', ...effect(0.2) }),
    alertOf({ signal: 'input.c', fingerprint: '1', ...effect(0.2) }),
    alertOf({ signal: 'input.c', fingerprint: '2', ...effect(0.2) }),
    unmeasured,
  ];
  expect(rankAlerts([...ranked].reverse())).toEqual(ranked);
  expect(rankAlerts([])).toEqual([]);
});

test('the worst severity of none is none', () => {
  expect(worstSeverity([])).toBeUndefined();
  expect(worstSeverity([alertOf(), alertOf({ severity: 'critical' }), alertOf({ severity: 'info' })])).toBe(
    'critical',
  );
  expect((['info', 'warning', 'major', 'critical'] as const).map(severityRank)).toEqual([0, 1, 2, 3]);
});
