import { expect, test } from 'vitest';
import { nodeDigest } from '../../../agent/adapters/node-digest.ts';
import { recordOnly } from '../../../agent/adapters/record-only.ts';
import { createVirtualClock } from '../../../agent/adapters/virtual-clock.ts';
import type { Envelope, MessageView } from '../../../alerts/channel.ts';
import { email } from '../../../alerts/channels/email.ts';
import { plainBody } from '../../../alerts/render.ts';
import {
  breachOf,
  driftOf,
  explained,
  identity,
  messageOf,
  noticeOf,
  resolvedNotice,
} from '../../support/notices.ts';

const given = {
  smtp: { host: 'smtp.example.com', user: 'kedge', password: 'planted-password', ca_file: '/etc/ca.pem' },
  from: 'kedge@example.com',
  to: ['ml-team@example.com', 'on-call@example.com'],
};

const envelope: Envelope = {
  id: 'dlv_01JD9',
  incident: 'inc_01JD8Z',
  seq: 3,
  kind: 'firing',
  severity: 'critical',
  recipient: 'on-call@example.com',
  attempt: 1,
  agent: identity,
};

interface Body {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}
const render = (view: MessageView): Body => JSON.parse(email.render(view, undefined));

async function send(payload: string, over: Partial<Envelope> = {}) {
  const sent = recordOnly();
  const ports = { ...sent, digest: nodeDigest(), clock: createVirtualClock(0) };
  await email.send(payload, { ...envelope, ...over }, email.options.parse(given), ports);
  return sent.mails[0];
}

test('the text of a firing message is complete by itself', () => {
  const { subject, text } = render(messageOf(noticeOf(), ['Would have rolled back credit-risk.']));
  expect(subject).toBe('[CRITICAL] credit-risk 2.0.0 (prod): input.debt_to_income drifted');
  expect(text).toMatchInlineSnapshot(`
    "credit-risk 2.0.0 (prod): input.debt_to_income drifted: PSI 0.41 over 0.02 (n 5000), since 2026-11-21 21:05 UTC.

    Would have rolled back credit-risk.

    Firing: input.debt_to_income
      What: PSI of input.debt_to_income is 0.41, over 0.02
      Since: 2026-11-21 21:05 UTC
      Model: credit-risk 2.0.0 (prod)
      Rule: drift (critical)
      Value: 0.41, limit 0.02, effect 0.39
      Rows: 5000, from 2026-11-21 21:05 UTC to 2026-11-21 21:10 UTC
      p: 1e-30
      Reference: ref_7 (n 200000)
      Moved: (0.5, 0.9]: 10.0 % before, 42.0 % now

    Incident: https://kedge.example.com/incidents/inc_01JD8Z
    Runbook: https://wiki.example.com/drift

    -- 
    Incident inc_01JD8Z, message dlv_01JD9, sent by Kedge (kedge-test) at 2026-11-21 21:12 UTC.
    "
  `);
});

test('only the bracket of a subject changes within an incident', () => {
  const after = (notice = noticeOf()) => render(messageOf(notice)).subject.replace(/^\[[A-Z]+\] /, '');
  expect(render(messageOf(resolvedNotice())).subject).toMatch(/^\[RESOLVED\] /);
  expect(render(messageOf(resolvedNotice({ kind: 'fired_and_resolved' }))).subject).toMatch(/^\[RESOLVED\] /);
  expect(render(messageOf(noticeOf({ kind: 'test', reason: 'test' }))).subject).toMatch(/^\[TEST\] /);
  expect(after(resolvedNotice())).toBe(after());
});

test('the HTML says what the text says, with nothing that runs or loads', () => {
  const { text, html } = render(messageOf());
  const words = html
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&gt;', '>')
    .replaceAll('&lt;', '<')
    .replaceAll('&amp;', '&');
  for (const line of text.split('\n').filter((line) => line.includes(': ') && !line.includes('http'))) {
    expect(words).toContain(line.slice(line.indexOf(': ') + 2));
  }
  expect(html).not.toMatch(/<script|<img|<link|<style|<iframe|url\(|src=/i);
  expect(html.match(/href="[^"]*"/g)).toEqual([
    'href="https://kedge.example.com/incidents/inc_01JD8Z"',
    'href="https://wiki.example.com/drift"',
  ]);
});

test('a link that is no web address is shown as text', () => {
  const view = { ...messageOf(), url: 'javascript:alert(1)' };
  expect(render(view).html).not.toContain('href="javascript');
});

test('every value is escaped, so that markup in a name is only a name', () => {
  const signal = `input.</b><script>alert("1")</script>{{7*7}}'`;
  const { html, subject } = render(
    messageOf(noticeOf({ firing: [driftOf({ signal, model: 'a\r\nBcc: e@x' })] })),
  );
  expect(html).not.toContain('<script');
  expect(html).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;{{7*7}}&#39;');
  expect(subject).not.toMatch(/[\r\n]/);
});

test('one mail for the envelope: addresses, thread and headers', async () => {
  const record = await send(email.render(messageOf(), undefined));
  expect(record?.server).toEqual({
    host: 'smtp.example.com',
    port: 587,
    tls: 'starttls_required',
    user: 'kedge',
    password: expect.anything(),
    caFile: '/etc/ca.pem',
  });
  expect(record?.server.password?.reveal()).toBe('planted-password');
  const { subject: _, text: __, html: ___, ...rest } = record?.mail ?? {};
  expect(rest).toEqual({
    messageId: '<inc-01JD8Z.3.firing@kedge>',
    references: '<inc-01JD8Z@kedge>',
    from: 'kedge@example.com',
    recipient: 'on-call@example.com',
    to: ['ml-team@example.com', 'on-call@example.com'],
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      Precedence: 'bulk',
      'List-Id': 'Kedge alerts <alerts.kedge>',
      'X-Kedge-Id': 'dlv_01JD9',
      'X-Kedge-Incident': 'inc_01JD8Z',
      'X-Kedge-Status': 'firing',
      'X-Kedge-Severity': 'critical',
      Importance: 'High',
    },
  });
});

test('a second try is the same mail; a resolved one is another mail of the same thread', async () => {
  const payload = email.render(messageOf(), undefined);
  const [first, second] = [await send(payload), await send(payload, { attempt: 2 })];
  expect(second).toEqual(first);
  const resolved = await send(email.render(messageOf(resolvedNotice()), undefined), {
    kind: 'resolved',
    seq: 4,
  });
  expect(resolved?.mail.messageId).toBe('<inc-01JD8Z.4.resolved@kedge>');
  expect(resolved?.mail.references).toBe(first?.mail.references);
  expect(resolved?.mail.headers['Importance']).toBeUndefined();
});

test('a plain body is a mail too', async () => {
  const record = await send(plainBody(messageOf()));
  expect(record?.mail.subject).toBe('[CRITICAL] credit-risk 2.0.0 (prod): input.debt_to_income drifted');
  expect(record?.mail.text).toBe(messageOf().headline);
  expect((await send('not JSON'))?.mail.text).toBe('not JSON');
});

test('every alert of two hundred is named, and of more the rest is counted', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => driftOf({ signal: `input.f${index}` }));
  const { text } = render(messageOf(noticeOf({ firing: many(200) })));
  for (const { signal } of many(200)) expect(text).toContain(`${signal}`);
  expect(text).not.toContain('not listed here');
  expect(render(messageOf(noticeOf({ firing: many(500) }))).text).toContain(
    '280 more alerts are not listed here.',
  );
});

test.each<[object, string]>([
  [{ ...given, to: [] }, 'to'],
  [{ ...given, to: ['ml-team@example.com', 'ml-team@example.com'] }, 'each address once'],
  [{ ...given, to: ['a@example.com\r\nRCPT TO:<b@example.com>'] }, 'expected an e-mail address'],
  [{ ...given, from: 'kedge' }, 'expected an e-mail address'],
  [{ ...given, smtp: { host: 'smtp.example.com', tls: 'none' } }, 'only to a server on this machine'],
  [
    { ...given, smtp: { host: '127.0.0.1', tls: 'none', user: 'a', password: 'b' } },
    'never sent without TLS',
  ],
  [{ ...given, smtp: { host: 'smtp.example.com', user: 'a' } }, 'expected a password'],
  [{ ...given, smtp: { host: 'smtp.example.com\r\n' } }, 'expected a host name'],
  [{ ...given, smtp: { host: 'smtp.example.com', port: 0 } }, 'port'],
  [{ ...given, cc: [] }, 'cc'],
])('options %# are refused, with what would be right', (options, message) => {
  const result = email.options.safeParse(options);
  expect(result.success).toBe(false);
  expect(result.error?.message).toContain(message);
});

test.each(['localhost', '127.0.0.1', '127.8.8.8', '::1'])('without TLS to %s is fine', (host) => {
  expect(email.options.safeParse({ ...given, smtp: { host, port: 1025, tls: 'none' } }).success).toBe(true);
});

test('a mail says since when, how, what moved with it, what it did to the output, what was changed, and if it matters', () => {
  const lastBreach = breachOf({ explanation: explained, id: 'vrd_0123456789abcdef' });
  const { text, html } = render(messageOf(noticeOf({ firing: [driftOf({ lastBreach })] })));
  const said = [
    'Since: 2026-11-21 21:00 UTC (between 2026-11-21 20:55 UTC and 2026-11-21 21:05 UTC), all at once',
    'With it: output.score',
    'Also moved: input.age',
    'Output: output.score shifted by +0.3 sd; by inputs that moved: input.debt_to_income +0.29 sd, input.age +0.011 sd (99.0 % explained)',
    'Changed: version 2.0.0 was first seen, 2026-11-21 20:59 UTC',
    'Matters: yes: output.score moved as well',
    'Repeat it: kedge verdict show vrd_0123456789abcdef',
  ];
  for (const line of said) {
    expect(text).toContain(`  ${line}\n`);
    expect(html).toContain(line.slice(line.indexOf(': ') + 2));
  }
});
