import { expect, test } from 'vitest';
import { cleanText, minimalViewOf, plainBody, viewOf } from '../../../alerts/render.ts';
import { breachOf, driftOf, messageOf, noticeOf, resolvedNotice } from '../../support/notices.ts';

test('a firing headline says what moved, by how much, over what, since when, and how much more', () => {
  const firing = [driftOf(), driftOf({ signal: 'input.age' }), driftOf({ signal: 'input.income' })];
  expect(messageOf(noticeOf({ firing })).headline).toBe(
    'credit-risk 2.0.0 (prod): input.debt_to_income drifted: PSI 0.41 over 0.02 (n 5000), since 2026-11-21 21:05 UTC; 2 more signals moved.',
  );
});

test('a latency headline has the unit and not the name of a statistic', () => {
  const lastBreach = breachOf({ detector: 'quantile_limit', statistic: 812.34, threshold: 500 });
  const alert = driftOf({ class: 'latency', signal: 'latency_ms', lastBreach });
  expect(messageOf(noticeOf({ firing: [alert] })).headline).toBe(
    'credit-risk 2.0.0 (prod): latency_ms went over its latency limit: 812.3 ms over 500 ms (n 5000), since 2026-11-21 21:05 UTC.',
  );
});

test('an alert without a statistic is told in the words of its detector', () => {
  const { statistic: _, threshold: __, ...rest } = breachOf({ reason: 'no rows for 3 windows' });
  const alert = driftOf({ lastBreach: rest, version: '' });
  expect(messageOf(noticeOf({ firing: [alert] })).headline).toBe(
    'credit-risk (prod): input.debt_to_income drifted: no rows for 3 windows, since 2026-11-21 21:05 UTC.',
  );
});

test('a resolved headline says how long it lasted and how far it went', () => {
  expect(messageOf(resolvedNotice()).headline).toBe(
    'credit-risk 2.0.0 (prod): input.debt_to_income resolved after 35m; it had drifted (PSI 0.41 over 0.02 (n 5000)), since 2026-11-21 21:05 UTC.',
  );
});

test('the title is kept from the first message, whatever the worst alert is now', () => {
  const first = messageOf();
  expect(first.title).toBe('credit-risk 2.0.0 (prod): input.debt_to_income drifted');
  const later = viewOf(noticeOf({ firing: [driftOf({ signal: 'input.age' })] }), {
    id: 'dlv_2',
    seq: 4,
    agent: 'a',
    externalUrl: '',
    actions: [],
    title: first.title,
  });
  expect(later.title).toBe(first.title);
  expect(later.url).toBe('');
});

test('numbers that are no numbers are null, and times are ISO 8601', () => {
  const lastBreach = breachOf({ statistic: Number.NaN, threshold: Number.POSITIVE_INFINITY });
  const [alert] = messageOf(noticeOf({ firing: [driftOf({ lastBreach })] })).firing;
  expect(alert).toMatchObject({
    value: null,
    threshold: null,
    effect: 0.39,
    p: 1e-30,
    n: 5_000,
    reference: { id: 'ref_7', n: 200_000 },
    window: { start: '2026-11-21T21:05:00.000Z', end: '2026-11-21T21:10:00.000Z' },
    since: '2026-11-21T21:05:00.000Z',
    endsAt: null,
    runbookUrl: 'https://wiki.example.com/drift',
  });
  expect(messageOf(resolvedNotice()).resolved[0]?.endsAt).toBe('2026-11-21T21:40:00.000Z');
});

test.each([
  ['a\r\nBcc: e@x', 'a  Bcc: e@x'],
  ['a\u0000b\u009fc', 'a b c'],
  ['\u202egnp.exe', ' gnp.exe'],
  ['half \ud83d', 'half \ufffd'],
])('%j becomes %j', (text, clean) => {
  expect(cleanText(text)).toBe(clean);
});

test('text is cut on code points: no half of a surrogate pair is left', () => {
  expect(cleanText('🐋'.repeat(10), 4)).toBe('🐋🐋🐋…');
  expect(cleanText('abcd', 4)).toBe('abcd');
  expect(cleanText('x'.repeat(100_000)).length).toBe(200);
  for (let max = 1; max < 40; max++) expect(cleanText('a🐋'.repeat(30), max).isWellFormed()).toBe(true);
});

test('the minimal view keeps the headline and one alert', () => {
  const view = messageOf(noticeOf({ firing: [driftOf(), driftOf({ signal: 'input.age' })] }), ['done']);
  const minimal = minimalViewOf(view);
  expect(minimal.headline).toBe(view.headline);
  expect(minimal.firing).toHaveLength(1);
  expect(minimal.firing[0]?.evidence).toEqual([]);
  expect(minimal.actions).toEqual([]);
  expect(minimalViewOf(messageOf(resolvedNotice())).resolved).toHaveLength(1);
});

test('the body of last resort says it in plain words', () => {
  expect(JSON.parse(plainBody(messageOf()))).toEqual({
    id: 'dlv_01JD9',
    incident: 'inc_01JD8Z',
    kind: 'firing',
    severity: 'critical',
    subject: '[CRITICAL] credit-risk 2.0.0 (prod): input.debt_to_income drifted',
    text: messageOf().headline,
  });
});
