import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isFiring, stepAlert } from '../../alerts/lifecycle.ts';
import type { Alert } from '../../core/alert.ts';
import type { Rule, Span } from '../../core/rule.ts';
import type { Verdict } from '../../core/verdict.ts';
import { AlertRig } from '../support/alert-rig.ts';
import { hopMs, routeOf, ruleOf, timingOf, type VerdictLetter, verdictOf } from '../support/alert-samples.ts';

const letter = fc.constantFrom<VerdictLetter>('b', 'o', 't', 'g', 'f');
/** Breaches and calm often enough that alerts do fire and resolve. */
const letters = fc.array(
  fc.oneof({ weight: 4, arbitrary: fc.constantFrom<VerdictLetter>('b', 'o', 'b', 'o') }, letter),
  { minLength: 5, maxLength: 40, size: 'max' },
);
const span: fc.Arbitrary<Span> = fc.oneof(
  fc.record({ windows: fc.integer({ min: 0, max: 4 }) }),
  fc.record({ ms: fc.integer({ min: 0, max: 3 * hopMs }) }),
);
const rule: fc.Arbitrary<Rule> = fc
  .record({
    for: span,
    keepFiringFor: span,
    severity: fc.constantFrom('warning' as const, 'critical' as const),
  })
  .map(ruleOf);

test('nothing resolves but by an ok, and firing and resolved take turns', () => {
  let fired = 0;
  let resolved = 0;
  const property = fc.property(rule, letters, (one, verdicts) => {
    let alert: Alert | undefined;
    let isOpen = false;
    for (const [index, each] of verdicts.entries()) {
      const wasFiring = alert !== undefined && isFiring(alert);
      const { next, event } = stepAlert(alert, one, verdictOf(each, index), 'f1');
      if (wasFiring && !(next !== undefined && isFiring(next)))
        expect([each, event]).toEqual(['o', 'resolved']);
      if (event === 'fired') {
        expect([isOpen, each]).toEqual([false, 'b']);
        isOpen = true;
        fired++;
      }
      if (event === 'resolved') {
        expect(isOpen).toBe(true);
        isOpen = false;
        resolved++;
      }
      expect(next !== undefined && isFiring(next)).toBe(isOpen);
      alert = next;
    }
  });
  fc.assert(property, { numRuns: 500 });
  expect(Math.min(fired, resolved)).toBeGreaterThan(100);
});

test('a record read back from JSON goes on the same', () => {
  fc.assert(
    fc.property(rule, letters, (one, verdicts) => {
      let alert: Alert | undefined;
      let stored: string | undefined;
      for (const [index, each] of verdicts.entries()) {
        const verdict = verdictOf(each, index);
        const step = stepAlert(alert, one, verdict, 'f1');
        const restored = stored === undefined ? undefined : (JSON.parse(stored) as Alert);
        expect(stepAlert(restored, one, verdict, 'f1')).toEqual(step);
        alert = step.next;
        stored = alert === undefined ? undefined : JSON.stringify(alert);
        if (stored !== undefined) expect(JSON.parse(stored)).toStrictEqual(alert);
      }
    }),
    { numRuns: 300 },
  );
});

const signals = ['a', 'b', 'c'] as const;
/** One row per window, one letter per signal. */
const table = fc.array(fc.tuple(letter, letter, letter), { minLength: 1, maxLength: 15 });

function verdictsOf(row: readonly VerdictLetter[], index: number): Verdict[] {
  return row.map((each, i) =>
    verdictOf(each, index, {
      series: { model: 'credit', environment: 'prod', version: 'v1', signal: signals[i] as string },
    }),
  );
}

test('the order of the verdicts of one call changes nothing', () => {
  fc.assert(
    fc.property(table, fc.integer({ min: 1, max: 4 }), fc.infiniteStream(fc.nat()), (rows, batch, chance) => {
      const [straight, shuffled] = [new AlertRig(), new AlertRig()];
      for (let from = 0; from < rows.length; from += batch) {
        const verdicts = rows.slice(from, from + batch).flatMap((row, i) => verdictsOf(row, from + i));
        const nowMs = (from + batch) * hopMs;
        const other = verdicts
          .map((verdict) => ({ verdict, at: chance.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ verdict }) => verdict);
        expect(shuffled.decide(other, nowMs)).toEqual(straight.decide(verdicts, nowMs));
      }
    }),
    { numRuns: 100 },
  );
});

/** Steps of a run: windows judged together, or minutes that pass. */
const step = fc.oneof(
  fc.record({ judge: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ wait: fc.integer({ min: 1, max: 30 }) }),
);

function run(
  rows: readonly (readonly VerdictLetter[])[],
  steps: readonly ({ judge: number } | { wait: number })[],
  isRestarted: (step: number) => boolean,
): AlertRig {
  const timing = timingOf({ groupIntervalMs: 120_000, repeatIntervalMs: 900_000 });
  const routes = [routeOf({ match: { signal: 'a' }, channels: ['pager'], continue: true, timing })];
  const route = routeOf({ timing, routes: [...routes, routeOf({ timing })] });
  const rig = new AlertRig({ config: { route, reopenWindowMs: 600_000 } });
  let index = 0;
  let nowMs = 0;
  for (const [i, one] of steps.entries()) {
    if (isRestarted(i)) rig.restart();
    if ('wait' in one) {
      nowMs += one.wait * 60_000;
      rig.runUntil(nowMs);
      continue;
    }
    const batch = rows.slice(index, index + one.judge);
    rig.decide(
      batch.flatMap((row, offset) => verdictsOf(row, index + offset)),
      nowMs,
    );
    index += batch.length;
  }
  return rig;
}

test('a restart anywhere changes no message and no record', () => {
  fc.assert(
    fc.property(table, fc.array(step, { maxLength: 15 }), fc.nat(14), (rows, steps, at) => {
      const whole = run(rows, steps, () => false);
      const restarted = run(rows, steps, (i) => i === at);
      expect(restarted.said()).toEqual(whole.said());
      expect(restarted.records('')).toEqual(whole.records(''));
    }),
    { numRuns: 150 },
  );
});

test('in the end every channel knows what fires, and was told of each firing once until it resolved', () => {
  let messages = 0;
  fc.assert(
    fc.property(table, fc.array(step, { maxLength: 15 }), (rows, steps) => {
      const rig = run(rows, steps, () => false);
      const { alerts } = rig.stage.inspect();
      rig.runUntil(100 * hopMs);
      messages += rig.notices.length;
      const firing = alerts.filter(isFiring).map((alert) => alert.fingerprint);
      expect(knownBy('mail', rig)).toEqual(new Set(firing));
      expect(knownBy('pager', rig)).toEqual(
        new Set(
          alerts.filter((alert) => isFiring(alert) && alert.signal === 'a').map((one) => one.fingerprint),
        ),
      );
    }),
    { numRuns: 150 },
  );
  expect(messages).toBeGreaterThan(100);
});

/** What a channel believes to fire from its messages alone. A resolve of what it never heard of must say so. */
function knownBy(channel: string, rig: AlertRig): Set<string> {
  const known = new Map<string, readonly string[]>();
  for (const notice of rig.notices.filter((one) => one.channel === channel)) {
    const before = known.get(notice.incident.id) ?? [];
    const resolved = notice.resolved.map((alert) => alert.fingerprint);
    if (notice.reason === 'all_resolved' || notice.reason === 'some_resolved') {
      expect(resolved.some((one) => before.includes(one))).toBe(true);
    }
    const firing = notice.firing.map((alert) => alert.fingerprint);
    expect(firing.filter((one) => resolved.includes(one))).toEqual([]);
    const missing = before.filter((one) => !firing.includes(one) && !resolved.includes(one));
    expect(missing).toEqual([]);
    known.set(notice.incident.id, firing);
  }
  return new Set([...known.values()].flat());
}
