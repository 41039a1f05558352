import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { nodeDigest } from '../../../agent/adapters/node-digest.ts';
import { recordOnly } from '../../../agent/adapters/record-only.ts';
import { createVirtualClock } from '../../../agent/adapters/virtual-clock.ts';
import type { Channel, Envelope } from '../../../alerts/channel.ts';
import { webhook } from '../../../alerts/channels/webhook.ts';
import { deliveryOf, parseRetryAfter, scrub } from '../../../alerts/http-post.ts';
import {
  breachOf,
  driftOf,
  explained,
  identity,
  messageOf,
  noticeOf,
  resolvedNotice,
} from '../../support/notices.ts';

const secrets = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'] as const;
const url = 'https://ops.example.com/hook?token=planted';
const nowSeconds = Math.floor(Date.now() / 1_000);

const envelope: Envelope = {
  id: 'dlv_01JD9',
  incident: 'inc_01JD8Z',
  seq: 3,
  kind: 'firing',
  severity: 'critical',
  recipient: undefined,
  attempt: 2,
  agent: identity,
};

async function send(given: object, payload = webhook.render(messageOf(), undefined)) {
  const sent = recordOnly();
  const ports = { ...sent, digest: nodeDigest(), clock: createVirtualClock(nowSeconds * 1_000 + 700) };
  const delivery = await webhook.send(payload, envelope, webhook.options.parse(given), ports);
  return { delivery, request: sent.requests[0]?.request, count: sent.requests.length };
}

test('the body of a firing message', () => {
  expect(JSON.parse(webhook.render(messageOf(noticeOf(), ['Nothing was called.']), undefined))).toEqual({
    specversion: '1.0',
    id: 'dlv_01JD9',
    source: '/kedge/prod/credit-risk',
    type: 'dev.kedge.alert.firing.v1',
    subject: 'inc_01JD8Z',
    time: '2026-11-21T21:12:00.000Z',
    datacontenttype: 'application/json',
    sequence: '3',
    data: {
      incident: 'inc_01JD8Z',
      status: 'firing',
      reason: 'first',
      severity: 'critical',
      title: 'credit-risk 2.0.0 (prod): input.debt_to_income drifted',
      summary:
        'credit-risk 2.0.0 (prod): input.debt_to_income drifted: PSI 0.41 over 0.02 (n 5000), since 2026-11-21 21:05 UTC.',
      group: { environment: 'prod', model: 'credit-risk' },
      opened_at: '2026-11-21T21:11:00.000Z',
      truncated: 0,
      url: 'https://kedge.example.com/incidents/inc_01JD8Z',
      actions: ['Nothing was called.'],
      agent: 'kedge-test',
      alerts: [
        {
          fingerprint: 'f-input.debt_to_income',
          status: 'firing',
          rule: 'drift',
          class: 'drift',
          environment: 'prod',
          model: 'credit-risk',
          signal: 'input.debt_to_income',
          segment: {},
          severity: 'critical',
          version: '2.0.0',
          statistic: 'psi',
          value: 0.41,
          threshold: 0.02,
          effect: 0.39,
          p: 1e-30,
          n: 5_000,
          reason: 'PSI of input.debt_to_income is 0.41, over 0.02',
          reference: { id: 'ref_7', n: 200_000 },
          window: { start: '2026-11-21T21:05:00.000Z', end: '2026-11-21T21:10:00.000Z' },
          evidence: [{ label: '(0.5, 0.9]', reference: 0.1, current: 0.42 }],
          matters: null,
          matters_reason: null,
          explanation: null,
          verdict: null,
          stale: false,
          since: '2026-11-21T21:05:00.000Z',
          starts_at: '2026-11-21T21:10:00.000Z',
          ends_at: null,
          runbook_url: 'https://wiki.example.com/drift',
        },
      ],
    },
  });
});

test.each([
  [resolvedNotice(), 'dev.kedge.alert.resolved.v1', 'resolved'],
  [
    resolvedNotice({ kind: 'fired_and_resolved', reason: 'fired_and_resolved' }),
    'dev.kedge.alert.resolved.v1',
    'resolved',
  ],
  [noticeOf({ kind: 'rollback', reason: 'rollback_requested' }), 'dev.kedge.rollback.decided.v1', 'firing'],
  [noticeOf({ kind: 'test', reason: 'test', firing: [] }), 'dev.kedge.test.v1', 'test'],
])('the type of a message of kind $kind', (notice, type, status) => {
  expect(JSON.parse(webhook.render(messageOf(notice), undefined))).toMatchObject({ type, data: { status } });
});

test('numbers without a JSON form are null', () => {
  const lastBreach = breachOf({ statistic: Number.POSITIVE_INFINITY, pValue: Number.NaN });
  const body = JSON.parse(
    webhook.render(messageOf(noticeOf({ firing: [driftOf({ lastBreach })] })), undefined),
  );
  expect(body.data.alerts[0]).toMatchObject({ value: null, p: null });
});

test('the headers of a try, and bytes that are those that were signed', async () => {
  const payload = webhook.render(messageOf(), undefined);
  const { request, count } = await send({ url, secrets });
  expect(count).toBe(1);
  expect(request).toMatchObject({ method: 'POST', url, deadlineMs: 10_000, answerBytesMax: 65_536 });
  const { 'webhook-signature': signature, ...headers } = request?.headers ?? {};
  expect(headers).toEqual({
    'content-type': 'application/cloudevents+json; charset=utf-8',
    'user-agent': 'kedge/0.1.0',
    'idempotency-key': 'dlv_01JD9',
    'webhook-id': 'dlv_01JD9',
    'webhook-timestamp': String(nowSeconds),
    'x-kedge-event': 'dev.kedge.alert.firing.v1',
    'x-kedge-incident': 'inc_01JD8Z',
    'x-kedge-attempt': '2',
    'x-kedge-agent': 'kedge-test',
  });
  expect(new TextDecoder().decode(request?.body)).toBe(payload);
  const parts = signature?.split(' ') ?? [];
  expect(parts).toHaveLength(2);
  for (const [index, secret] of secrets.entries()) {
    // Each receiver knows one of the two, and each signature holds by itself, in the order of the secrets.
    expect(() =>
      new Webhook(secret).verify(payload, { ...headers, 'webhook-signature': signature ?? '' }),
    ).not.toThrow();
    expect(() =>
      new Webhook(secret).verify(payload, { ...headers, 'webhook-signature': parts[index] ?? '' }),
    ).not.toThrow();
  }
  expect(() =>
    new Webhook(secrets[0]).verify(`${payload} `, { ...headers, 'webhook-signature': signature ?? '' }),
  ).toThrow();
});

test('without a secret there is no signature; headers of the user are sent', async () => {
  const { request } = await send({ url, headers: { authorization: 'Bearer planted' }, timeout: '2s' });
  expect(request?.headers['webhook-signature']).toBeUndefined();
  expect(request?.headers['authorization']).toBe('Bearer planted');
  expect(request?.deadlineMs).toBe(2_000);
});

test.each<[object, string]>([
  [{}, 'url'],
  [{ url: 'ftp://x.example.com' }, 'expected a URL such as https://'],
  [{ url: 'https://user:password@x.example.com' }, 'without user or password'],
  [{ url: 'not a url' }, 'expected a URL such as https://'],
  [{ url, secrets: ['short'] }, 'expected whsec_'],
  [{ url, secret: `whsec_${btoa('x'.repeat(23))}` }, '24 to 64 bytes'],
  [{ url, secret: `whsec_${btoa('x'.repeat(65))}` }, '24 to 64 bytes'],
  [{ url, secrets: [...secrets, secrets[0]] }, 'secrets'],
  [{ url, timeout: '5 minutes' }, 'expected a duration such as 10s'],
  [{ url, timeout: 50 }, 'from 100 ms'],
  [{ url, headers: { 'webhook-id': 'x' } }, 'does not set itself'],
  [{ url, headers: { 'x y': 'x' } }, 'expected the name of an HTTP header'],
  [{ url, headers: { 'x-a': 'a\r\nx-b: c' } }, 'without control characters'],
])('options %j are refused, with what would be right', (given, message) => {
  const result = webhook.options.safeParse(given);
  expect(result.success).toBe(false);
  expect(result.error?.message).toContain(message);
});

const nowMs = 1_795_295_100_000;
test.each<[string | undefined, number | undefined]>([
  ['3', 3_000],
  [' 120 ', 120_000],
  ['0', 0],
  ['999999999', 3_600_000],
  ['Sat, 21 Nov 2026 21:05:30 GMT', 30_000],
  ['Sat, 21 Nov 2026 21:04:30 GMT', undefined],
  ['Sun, 29 Feb 2032 00:00:00 GMT', 3_600_000],
  ['-3', undefined],
  ['1.5', undefined],
  ['soon', undefined],
  ['Sat, 21 Foo 2026 21:05:30 GMT', undefined],
  ['', undefined],
  [undefined, undefined],
])('Retry-After %j is a wait of %s ms', (text, waitMs) => {
  expect(parseRetryAfter(text, nowMs)).toBe(waitMs);
});

test('an HTTP-date is read as the calendar has it', () => {
  for (const iso of [
    '2026-11-21T21:05:00Z',
    '2028-02-29T12:00:00Z',
    '2100-03-01T00:00:00Z',
    '2026-12-31T23:59:59Z',
  ]) {
    const date = new Date(iso);
    const before = date.getTime() - 1_000;
    expect(parseRetryAfter(date.toUTCString(), before)).toBe(1_000);
  }
});

test('other answers than those of the table are for a person to look at', () => {
  for (const status of [402, 405, 406, 409, 418, 451]) {
    expect(deliveryOf({ status, headers: {} }, nowMs)).toMatchObject({ failure: 'config' });
  }
  expect(deliveryOf({ status: 503, headers: { 'retry-after': 'soon' } }, nowMs)).toMatchObject({
    failure: 'transient',
  });
});

test('scrubbing leaves no rest of a secret that holds another one', () => {
  expect(scrub('x abcdef abc y', ['abc', 'abcdef', ''])).toBe('x <redacted> <redacted> y');
});

test('the examples are those a user may copy', () => {
  for (const example of (webhook as Channel).examples)
    expect(webhook.options.safeParse(example).success).toBe(true);
});

test('an explanation is in the body, with names from telemetry made harmless', () => {
  const movedTogether = [{ signal: 'input.\u202eevil\u0007', effect: 1, isTogether: true }];
  const lastBreach = breachOf({ explanation: { ...explained, movedTogether }, id: 'vrd_1' });
  const body = JSON.parse(
    webhook.render(messageOf(noticeOf({ firing: [driftOf({ lastBreach })] })), undefined),
  );
  expect(body.data.alerts[0]).toMatchObject({
    matters: 'page',
    matters_reason: 'output.score moved as well',
    verdict: 'vrd_1',
    since: '2026-11-21T21:00:00.000Z',
    explanation: {
      onset: { at: '2026-11-21T21:00:00.000Z', from: '2026-11-21T20:55:00.000Z', form: 'abrupt' },
      moved_together: [{ signal: 'input. evil ', since: null, same_time: true }],
      changes_nearby: [{ what: 'version 2.0.0 was first seen', at: '2026-11-21T20:59:00.000Z' }],
    },
  });
});
