// Alerts played as text: a letter per window in, a letter per window out.
//   in:  b breach · o ok · t too few rows · g gap · f fault
//   out: . inactive · p pending · F firing since this window · f firing · r recovering · x resolved in this window · e error
import { expect, test } from 'vitest';
import {
  compareVerdicts,
  fingerprintOf,
  inputOf,
  isFiring,
  type StepInput,
  stepAlert,
} from '../../../alerts/lifecycle.ts';
import type { Alert, AlertEvent } from '../../../core/alert.ts';
import type { Rule, Span } from '../../../core/rule.ts';
import type { Verdict } from '../../../core/verdict.ts';
import { hopMs, ruleOf, sha256, type VerdictLetter, verdictOf } from '../../support/alert-samples.ts';

interface Played {
  readonly conditions: string;
  readonly events: readonly AlertEvent[];
  readonly last: Alert | undefined;
}

function play(letters: string, rule: Rule): Played {
  let alert: Alert | undefined;
  const events: AlertEvent[] = [];
  let conditions = '';
  for (const [index, letter] of [...letters].entries()) {
    const step = stepAlert(alert, rule, verdictOf(letter as VerdictLetter, index), 'f1');
    alert = step.next;
    events.push(step.event);
    conditions += letterOf(alert, step.event);
  }
  return { conditions, events, last: alert };
}

function letterOf(alert: Alert | undefined, event: AlertEvent): string {
  if (alert === undefined) return event === 'resolved' ? 'x' : '.';
  if (event === 'fired') return 'F';
  return { pending: 'p', firing: 'f', recovering: 'r', error: 'e' }[alert.condition];
}

const windows = (count: number): Span => ({ windows: count });
const hops = (count: number): Span => ({ ms: count * hopMs });

const rows: readonly (readonly [
  row: string,
  pause: Span,
  keep: Span,
  verdicts: string,
  conditions: string,
])[] = [
  ['both delays last two windows', hops(2), hops(2), 'bbbob', 'ppFrf'],
  ['T1 no delay', hops(0), windows(2), 'b', 'F'],
  ['T1 a delay of one window is none', windows(1), windows(2), 'b', 'F'],
  ['T1 a count of none counts as one', windows(0), windows(2), 'b', 'F'],
  ['T2', windows(2), windows(2), 'b', 'p'],
  ['T2 the shortest duration is still one window', { ms: 1 }, windows(2), 'bb', 'pF'],
  ['T3 windows in a row', windows(3), windows(2), 'bbb', 'ppF'],
  ['T3 a duration passes after the first', hops(2), windows(2), 'bbb', 'ppF'],
  ['T3 a duration is rounded up', { ms: 1.5 * hopMs }, windows(2), 'bbb', 'ppF'],
  ['T4', windows(2), windows(2), 'bo', 'p.'],
  ['T4 starts anew', windows(2), windows(2), 'bobb', 'p.pF'],
  ['T5 too few pauses', windows(2), windows(2), 'btb', 'ppF'],
  ['T5 a gap pauses', windows(2), windows(2), 'bgb', 'ppF'],
  ['T5 too few up to twice the delay', windows(2), windows(2), 'bttttb', 'pppppF'],
  ['T5 too few for longer gives up', windows(2), windows(2), 'bttttt', 'ppppp.'],
  ['T5 a duration doubled', hops(2), windows(2), 'bttttt', 'ppppp.'],
  ['T5 an answer ends the pause', windows(3), windows(2), 'bttttbttttb', 'pppppppppp' + 'F'],
  ['T5 a gap hides no outage', windows(2), windows(2), 'bgggggggb', 'ppppppppF'],
  ['T6', windows(1), windows(2), 'bbb', 'Fff'],
  ['T8', windows(1), windows(2), 'bo', 'Fr'],
  ['T8 and T10 in one, nothing kept', windows(1), windows(1), 'bo', 'Fx'],
  ['T8 and T10 in one, no time kept', windows(1), hops(0), 'bo', 'Fx'],
  ['T9', windows(1), windows(2), 'bob', 'Frf'],
  ['T9 the count of ok starts anew', windows(1), windows(3), 'boobooo', 'Frrfrrx'],
  ['T10', windows(1), windows(2), 'boo', 'Frx'],
  ['T10 time kept', windows(1), hops(2), 'booo', 'Frrx'],
  ['T10 may fire again', windows(1), windows(2), 'boob', 'FrxF'],
  ['T11 inactive', windows(1), windows(2), 'tgto', '....'],
  ['T11 firing', windows(1), windows(2), 'bttt', 'Ffff'],
  ['T11 recovering, the clock pauses', windows(1), windows(2), 'botto', 'Frrrx'],
  ['T12 firing', windows(1), windows(2), 'bgggggggg', 'Fffffffff'],
  ['T12 recovering, the clock pauses', windows(1), windows(2), 'boggo', 'Frrrx'],
  ['T15 inactive', windows(1), windows(2), 'ff', 'ee'],
  ['T15 pending', windows(2), windows(2), 'bf', 'pe'],
  ['T15 firing', windows(1), windows(2), 'bff', 'Fee'],
  ['T16 inactive, ok', windows(1), windows(2), 'fo', 'e.'],
  ['T16 inactive, too few', windows(1), windows(2), 'ft', 'e.'],
  ['T16 inactive, breach', windows(1), windows(2), 'fb', 'eF'],
  ['T16 pending, one more breach', windows(2), windows(2), 'bfb', 'peF'],
  ['T16 firing, breach', windows(1), windows(2), 'bfb', 'Fef'],
  ['T16 firing, ok', windows(1), windows(2), 'bfo', 'Fer'],
  ['T16 firing, gap', windows(1), windows(2), 'bfg', 'Fef'],
  ['T16 recovering, the last ok', windows(1), windows(2), 'bofo', 'Frex'],
];

test.each(rows)('%s', (_row, pause, keep, verdicts, conditions) => {
  expect(play(verdicts, ruleOf({ for: pause, keepFiringFor: keep })).conditions).toBe(conditions);
});

test('each step has its event', () => {
  const rule = ruleOf({ for: windows(2), keepFiringFor: windows(2) });
  expect(play('bobbobfbooft', rule).events).toEqual([
    'pending',
    'cancelled',
    'pending',
    'fired',
    'recovering',
    'refired',
    'faulted',
    'recovered_from_fault',
    'recovering',
    'resolved',
    'faulted',
    'recovered_from_fault',
  ]);
  expect(play('bbb', ruleOf()).events).toEqual(['fired', 'none', 'none']);
  expect(play('ff', ruleOf()).events).toEqual(['faulted', 'none']);
});

test('a record says since when, when it fired, and how often it flapped', () => {
  const rule = ruleOf({ for: windows(2), keepFiringFor: windows(3) });
  const { last } = play('obgbobo', rule);
  expect(last).toMatchObject({
    condition: 'recovering',
    sinceMs: hopMs,
    activeAtMs: 2 * hopMs,
    firedAtMs: 4 * hopMs,
    recoveringAtMs: 7 * hopMs,
    flaps: 1,
    oks: 1,
    breaches: 2,
    paused: 0,
  });
  expect(last?.lastBreach?.endMs).toBe(6 * hopMs);
  expect(last?.lastVerdict.endMs).toBe(7 * hopMs);
  expect(play('obgbob', rule).last).not.toHaveProperty('recoveringAtMs');
});

test('a gap makes a firing alert stale until rows come again, were they few', () => {
  const staleAfter = (letters: string) => play(letters, ruleOf()).last?.stale;
  expect(['b', 'bg', 'bgg', 'bgt', 'bgb', 'bgo', 'bog', 'bgf'].map(staleAfter)).toEqual([
    false,
    true,
    true,
    false,
    false,
    false,
    true,
    true,
  ]);
  const fired = play('bg', ruleOf()).last;
  const unreferenced = verdictOf('g', 5, { cause: 'no_reference' });
  expect(stepAlert(fired, ruleOf(), unreferenced, 'f1').next?.stale).toBe(true);
});

test('T7, T18: the rule in force at a breach decides the severity', () => {
  const fired = play('b', ruleOf()).last;
  const harder = ruleOf({ severity: 'critical', class: 'error' });
  expect(stepAlert(fired, harder, verdictOf('b', 1), 'f1').next).toMatchObject({
    condition: 'firing',
    severity: 'critical',
    class: 'error',
  });
  expect(stepAlert(fired, harder, verdictOf('g', 1), 'f1').next?.severity).toBe('warning');
});

test('T17: the version is that of the last breach', () => {
  const other = { series: { ...verdictOf('b', 0).series, version: 'v2' } };
  const fired = play('b', ruleOf()).last;
  expect(stepAlert(fired, ruleOf(), verdictOf('b', 1, other), 'f1').next?.version).toBe('v2');
  expect(stepAlert(fired, ruleOf(), verdictOf('o', 1, other), 'f1').next?.version).toBe('v1');
});

test('a window judged again, or one before it, changes nothing', () => {
  const rule = ruleOf({ for: windows(2) });
  const pending = play('ob', rule).last;
  for (const again of [verdictOf('b', 1), verdictOf('o', 1), verdictOf('f', 0)]) {
    expect(stepAlert(pending, rule, again, 'f1')).toEqual({ next: pending, event: 'none' });
  }
});

test('a fault that hides a firing alert does not hide that it fires', () => {
  const answers = ['b', 'bo', 'bf', 'bof', 'f'].map((letters) => {
    const { last } = play(letters, ruleOf());
    return last !== undefined && isFiring(last);
  });
  expect(answers).toEqual([true, true, true, true, false]);
  expect(isFiring(play('bf', ruleOf({ for: windows(2) })).last as Alert)).toBe(false);
});

const inputs: readonly (readonly [Partial<Verdict>, StepInput])[] = [
  [{ status: 'ok' }, 'ok'],
  [{ status: 'breach' }, 'breach'],
  [{ status: 'error', cause: 'detector_threw' }, 'fault'],
  [{ cause: 'gap' }, 'gap'],
  [{ cause: 'too_few' }, 'too_few'],
  [{ cause: 'too_few', size: { reference: 9, current: 0 } }, 'gap'],
  [{ size: { reference: 9, current: 0 } }, 'gap'],
  [{}, 'too_few'],
  [{ cause: 'no_reference', size: { reference: 0, current: 0 } }, 'too_few'],
  [{ cause: 'not_applicable', size: { reference: 0, current: 0 } }, 'too_few'],
  [{ cause: 'scale_mismatch', size: { reference: 9, current: 0 } }, 'too_few'],
];

test.each(inputs)('%j counts as %s', (over, input) => {
  const { cause: _, ...inconclusive } = verdictOf('t', 0);
  expect(inputOf({ ...inconclusive, ...over })).toBe(input);
});

test('a fingerprint is of environment, model, rule and signal, whatever the version', () => {
  const series = { model: 'credit', environment: 'prod', version: 'v1', signal: 'input.age' };
  const print = fingerprintOf('drift', series, sha256);
  expect(print).toBe(sha256('["prod","credit","drift","input.age"]'));
  expect(fingerprintOf('drift', { ...series, version: 'v2' }, sha256)).toBe(print);
  const others = [
    fingerprintOf('other', series, sha256),
    fingerprintOf('drift', { ...series, model: 'fraud' }, sha256),
    fingerprintOf('drift', { ...series, environment: 'test' }, sha256),
    fingerprintOf('drift', { ...series, signal: 'input.ag' }, sha256),
  ];
  expect(new Set([print, ...others]).size).toBe(5);
});

test('verdicts are stepped in order of time, of one window the heaviest first', () => {
  const of = (version: string) => ({ series: { ...verdictOf('b', 0).series, version } });
  const ordered = [
    verdictOf('g', 0),
    verdictOf('b', 1, { effect: 0.9 }),
    verdictOf('b', 1, of('v1')),
    verdictOf('b', 1, of('v2')),
    verdictOf('f', 1),
    verdictOf('o', 1),
    verdictOf('t', 1),
    verdictOf('g', 1),
  ];
  expect([...ordered].reverse().sort(compareVerdicts)).toEqual(ordered);
});
