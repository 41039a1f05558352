// The contract of everything that sends: by registration, so that a new channel or action is under it unasked.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import PostalMime from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClosableHttpSender, createHttpSender } from '../../agent/adapters/https-client.ts';
import { nodeDigest } from '../../agent/adapters/node-digest.ts';
import { createMailSender } from '../../agent/adapters/nodemailer-mail.ts';
import { recordOnly } from '../../agent/adapters/record-only.ts';
import { systemClock } from '../../agent/adapters/system-clock.ts';
import { createVirtualClock } from '../../agent/adapters/virtual-clock.ts';
import type { ActionAdapter, RollbackRequest } from '../../alerts/action.ts';
import * as actionRegistry from '../../alerts/actions/registry.ts';
import type { Channel, ChannelPorts, Envelope } from '../../alerts/channel.ts';
import * as channelRegistry from '../../alerts/channels/registry.ts';
import { plainBody } from '../../alerts/render.ts';
import type { Delivery } from '../../core/notification.ts';
import { NoAnswer } from '../../core/ports.ts';
import type { Severity } from '../../core/rule.ts';
import { Secret } from '../../core/secret.ts';
import { breachOf, driftOf, identity, incidentOf, messageOf, noticeOf } from '../support/notices.ts';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const payloadBytesMax = 256 * 1_024;

/** Both kinds of plug-in, as the outbox sees them. */
interface Sender {
  readonly name: string;
  readonly plugin: Pick<Channel, 'type' | 'title' | 'stability' | 'description' | 'options' | 'examples'>;
  readonly payload: string;
  readonly send: (
    payload: string,
    envelope: Envelope,
    options: unknown,
    ports: ChannelPorts,
  ) => Promise<Delivery>;
}

const channels: readonly Channel[] = Object.values(channelRegistry);
const actions: readonly ActionAdapter[] = Object.values(actionRegistry);

function optionsFor(plugin: Sender['plugin']): unknown {
  return plugin.options.parse(plugin.examples[0]);
}

const senders: readonly Sender[] = [
  ...channels.map((channel) => ({
    name: `channel ${channel.type}`,
    plugin: channel,
    payload: channel.render(messageOf(), optionsFor(channel)),
    send: channel.send.bind(channel),
  })),
  ...actions.map((action) => ({
    name: `action ${action.type}`,
    plugin: action,
    payload: action.render(requestOf(), optionsFor(action)),
    send: action.send.bind(action),
  })),
];

function requestOf(alerts: RollbackRequest['alerts'] = [driftOf()]): RollbackRequest {
  return {
    action: {
      id: `rb_${'0'.repeat(32)}`,
      target: 'credit',
      model: 'credit-risk',
      environment: 'prod',
      incident: 'inc_01JD8Z',
      from: '2.0.0',
      to: '1.9.0',
      mode: 'auto',
      guards: [],
      state: 'executing',
      reason: 'guards_passed',
      decidedAtMs: 0,
    },
    alerts,
    policy: 'credit-back',
    requestedAtMs: 0,
    expiresAtMs: 1_800_000,
    agent: identity.name,
    auditHead: 'abc',
  };
}

const envelopeOf = (attempt: number): Envelope => ({
  id: 'dlv_01JD9',
  incident: 'inc_01JD8Z',
  seq: 3,
  kind: 'firing',
  severity: 'critical',
  recipient: 'on-call@example.com',
  attempt,
  agent: identity,
});

const fakePorts = (answers: Parameters<typeof recordOnly>[0] = {}) => {
  const sent = recordOnly(answers);
  return { ...sent, digest: nodeDigest(), clock: createVirtualClock(1_795_295_100_000) };
};

describe.each(senders)('$name', ({ plugin, payload, send }) => {
  test('says what it is, and its examples are valid', () => {
    expect(plugin.type).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(plugin.title).not.toBe('');
    expect(plugin.description.length).toBeGreaterThan(40);
    expect(plugin.examples.length).toBeGreaterThan(0);
    for (const example of plugin.examples) expect(plugin.options.safeParse(example).error).toBeUndefined();
  });

  test('an option nobody knows is refused', () => {
    const given = { ...(plugin.examples[0] as object), colour: 'red' };
    expect(plugin.options.safeParse(given).success).toBe(false);
  });

  test.each([undefined, null, 0, '', [], {}])('options %j are refused, not thrown at', (given) => {
    expect(plugin.options.safeParse(given).success).toBe(false);
  });

  test('makes one request per send, with the same id each time', async () => {
    const ports = fakePorts();
    for (const attempt of [1, 2, 3]) {
      expect(await send(payload, envelopeOf(attempt), optionsFor(plugin), ports)).toMatchObject({
        outcome: 'sent',
      });
      expect(ports.total().requests + ports.total().mails).toBe(attempt);
    }
    const ids = [
      ...ports.requests.map(
        ({ request }) => `${request.headers['webhook-id']} ${request.headers['idempotency-key']}`,
      ),
      ...ports.mails.map(({ mail }) => mail.messageId),
    ];
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).toMatch(/01JD[89]/);
  });

  test('takes the plain body of last resort, and any other text', async () => {
    for (const body of [plainBody(messageOf()), '', 'null', '[]', '{"text":7}', '\ud83d']) {
      const ports = fakePorts();
      await expect(send(body, envelopeOf(1), optionsFor(plugin), ports)).resolves.toMatchObject({
        outcome: 'sent',
      });
    }
  });

  test.each(plugin.examples)('shows no secret, whatever fails: %#', async (example) => {
    const options = plugin.options.parse(withPlantedUrl(example));
    const secrets = [...secretsIn(options), '/hook-planted', 'token=planted'];
    const told = `it failed: ${JSON.stringify(example)} ${secrets.join(' ')}`;
    const answers = [
      new NoAnswer(told, { sent: false, permanent: false }),
      new NoAnswer(told, { sent: true, permanent: true }),
      { status: 500, headers: { location: told }, body: new TextEncoder().encode(told) },
      { status: 302, headers: { location: told }, body: new Uint8Array() },
    ];
    for (const one of answers) {
      const delivery = await send(payload, envelopeOf(1), options, fakePorts({ http: () => one }));
      for (const text of secrets) expect(JSON.stringify(delivery)).not.toContain(text);
    }
    for (const text of secretsIn(options)) {
      expect(JSON.stringify(options)).not.toContain(`"${text}"`);
      expect(payload).not.toContain(text);
    }
  });
});

function withPlantedUrl(example: unknown): unknown {
  const given = example as { readonly url?: string };
  if (given.url === undefined) return example;
  return { ...given, url: `${new URL(given.url).origin}/hook-planted?token=planted` };
}

function secretsIn(options: unknown): readonly string[] {
  if (options instanceof Secret) return [options.reveal()];
  return typeof options === 'object' && options !== null ? Object.values(options).flatMap(secretsIn) : [];
}

test('the secrets of the examples are found, so that the search for them means something', () => {
  const found = senders.flatMap(({ plugin }) =>
    plugin.examples.flatMap((one) => secretsIn(plugin.options.parse(one))),
  );
  expect(found.length).toBeGreaterThanOrEqual(5);
});

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

const hostile = `</b><script>alert(1)</script> \r\nBcc: e@x {{7*7}} \u202e\u0000 <!channel> "'&`;

describe.each(channels)('what the channel $type writes', (channel) => {
  const options = optionsFor(channel);

  test.each([
    ['1,000 alerts', Array.from({ length: 1_000 }, (_, index) => driftOf({ signal: `input.f${index}` })), {}],
    [
      'a label of 100 kB',
      [driftOf({ signal: `input.${'🐋é'.repeat(25_000)}` })],
      { model: 'x'.repeat(100_000) },
    ],
    [
      '1,000 alerts of long and hostile texts',
      Array.from({ length: 1_000 }, (_, index) =>
        driftOf({
          signal: `${index}${hostile.repeat(50)}`,
          version: '"'.repeat(10_000),
          lastBreach: breachOf({ reason: '\\'.repeat(100_000) }),
        }),
      ),
      { [hostile]: '<'.repeat(100_000) },
    ],
  ] as const)('is within its limits and well-formed: %s', (_, firing, labels) => {
    const view = messageOf(noticeOf({ firing, incident: incidentOf({ labels }) }), ['"'.repeat(100_000)]);
    // Also where a view was not made by us.
    for (const one of [view, { ...view, headline: '<'.repeat(100_000), url: 'x'.repeat(100_000) }]) {
      const payload = channel.render(one, options);
      expect(new TextEncoder().encode(payload).length).toBeLessThanOrEqual(payloadBytesMax);
      expect(payload.isWellFormed()).toBe(true);
    }
  });

  test('is the same for the same message', () => {
    expect(channel.render(messageOf(), options)).toBe(channel.render(messageOf(), options));
  });

  test('has no markup, line or direction of its own from a hostile label', () => {
    const firing = [driftOf({ signal: hostile, model: hostile, version: hostile, rule: hostile })];
    const payload = channel.render(
      messageOf(noticeOf({ firing, incident: incidentOf({ labels: { model: hostile } }) })),
      options,
    );
    const body = JSON.parse(payload) as object;
    // A mail has lines of its own, one fact each; in everything else there are none.
    const isMail = 'html' in body;
    for (const text of textsIn(body).flatMap((one) => (isMail ? one.split('\n') : [one]))) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
      expect(text).not.toMatch(/^Bcc:/);
    }
    if ('html' in body) expect(body.html).not.toMatch(/<script|<b>|<\/b>/i);
  });

  test.each<Severity>(['info', 'warning', 'major', 'critical'])('tells severity %s', (severity) => {
    expect(
      channel.render(messageOf(noticeOf({ firing: [driftOf({ severity })] })), options).toLowerCase(),
    ).toContain(severity);
  });
});

test('truncated is the number of alerts left out', () => {
  const webhook = channels.find(({ type }) => type === 'webhook');
  const firing = Array.from({ length: 130 }, (_, index) => driftOf({ signal: `input.f${index}` }));
  const body = JSON.parse(webhook?.render(messageOf(noticeOf({ firing })), optionsFor(webhook)) ?? '');
  expect(body.data.alerts).toHaveLength(50);
  expect(body.data.truncated).toBe(80);
  const long = firing.map((alert) => ({ ...alert, lastBreach: breachOf({ reason: '€'.repeat(600) }) }));
  const text = webhook?.render(messageOf(noticeOf({ firing: long })), optionsFor(webhook)) ?? '';
  const { data } = JSON.parse(text);
  expect(new TextEncoder().encode(text).length).toBeLessThanOrEqual(65_536);
  expect(data.alerts.length).toBeGreaterThan(10);
  expect(data.alerts.length + data.truncated).toBe(130);
});

interface Seen {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A real receiver that answers as told. */
class Receiver {
  readonly seen: Seen[] = [];
  readonly #server: Server;
  reply: (response: ServerResponse) => void = (response) => response.writeHead(200).end();

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        this.seen.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
        this.reply(response);
      });
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/kedge`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const overHttp = senders.filter(({ plugin }) => 'url' in (plugin.examples[0] as object));

describe.each(overHttp)('$name over a real connection', ({ plugin, payload, send }) => {
  const receiver = new Receiver();
  const other = new Receiver();
  let http: ClosableHttpSender;
  beforeAll(async () => {
    await Promise.all([receiver.listen(), other.listen()]);
    http = await createHttpSender();
  });
  afterAll(async () => {
    await http.close();
    await Promise.all([receiver.close(), other.close()]);
  });

  const sendTo = (url: string, over: object = {}) => {
    const options = plugin.options.parse({ url, secrets: [secret], ...over });
    return send(payload, envelopeOf(1), options, {
      http,
      mail: recordOnly().mail,
      digest: nodeDigest(),
      clock: systemClock(),
    });
  };

  test.each<[number, Record<string, string>, object]>([
    [200, {}, { outcome: 'sent' }],
    [202, {}, { outcome: 'sent' }],
    [204, {}, { outcome: 'sent' }],
    [301, {}, { failure: 'redirect', detail: 'redirect refused (HTTP 301)' }],
    [302, {}, { failure: 'redirect' }],
    [307, {}, { failure: 'redirect' }],
    [400, {}, { failure: 'payload', detail: 'HTTP 400' }],
    [401, {}, { failure: 'config' }],
    [403, {}, { failure: 'config' }],
    [404, {}, { failure: 'config' }],
    [408, {}, { failure: 'transient' }],
    [410, {}, { failure: 'gone' }],
    [413, {}, { failure: 'payload' }],
    [415, {}, { failure: 'payload' }],
    [422, {}, { failure: 'payload' }],
    [425, {}, { failure: 'transient' }],
    [429, {}, { failure: 'throttled' }],
    [429, { 'retry-after': '7' }, { failure: 'throttled', retryAfterMs: 7_000 }],
    [
      429,
      { 'retry-after': 'Fri, 31 Dec 2100 23:59:59 GMT' },
      { failure: 'throttled', retryAfterMs: 3_600_000 },
    ],
    [429, { 'retry-after': 'soon' }, { failure: 'throttled' }],
    [500, {}, { failure: 'transient' }],
    [503, {}, { failure: 'transient' }],
    [503, { 'retry-after': '7' }, { failure: 'throttled', retryAfterMs: 7_000 }],
  ])('%i %j', async (status, headers, expected) => {
    receiver.reply = (response) =>
      response.writeHead(status, { location: other.url, ...headers }).end('planted');
    const before = receiver.seen.length;
    const delivery = await sendTo(receiver.url);
    expect(delivery).toMatchObject(expected);
    if (delivery.outcome === 'failed' && !('retryAfterMs' in expected)) {
      expect(delivery.retryAfterMs).toBeUndefined();
    }
    expect(JSON.stringify(delivery)).not.toContain('planted');
    expect(receiver.seen.length - before).toBe(1);
    expect(other.seen).toEqual([]);
  });

  test('a receiver that hangs, cuts or is not there', async () => {
    receiver.reply = () => {};
    const startedMs = performance.now();
    expect(await sendTo(receiver.url, { timeout: '300ms' })).toMatchObject({ failure: 'ambiguous' });
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    receiver.reply = (response) => response.socket?.destroy();
    expect(await sendTo(receiver.url)).toMatchObject({ failure: 'ambiguous' });
    const gone = new Receiver();
    await gone.listen();
    const { url } = gone;
    await gone.close();
    expect(await sendTo(url)).toMatchObject({ failure: 'transient' });
  });

  test('an address that is never called is a matter of configuration', async () => {
    expect(await sendTo('http://169.254.169.254/latest')).toMatchObject({ failure: 'config' });
  });

  test('the signature holds for the bytes that arrived, and for no others', async () => {
    receiver.reply = (response) => response.writeHead(200).end();
    await sendTo(receiver.url);
    const { headers, body } = receiver.seen.at(-1) ?? { headers: {}, body: '' };
    expect(body).toBe(payload);
    const signed = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    expect(new Webhook(secret).verify(body, signed)).toMatchObject({ specversion: '1.0' });
    expect(() => new Webhook(secret).verify(`${body} `, signed)).toThrow();
    expect(headers['content-type']).toBe('application/cloudevents+json; charset=utf-8');
    expect(headers['user-agent']).toBe('kedge/0.1.0');
  });
});

test('a mail as a real server gets it: parsed without defects, threaded, text and HTML', async () => {
  const raw: string[] = [];
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        raw.push(Buffer.concat(chunks).toString('utf8'));
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  const email = channels.find(({ type }) => type === 'email');
  const options = email?.options.parse({
    smtp: { host: '127.0.0.1', port, tls: 'none' },
    from: 'kedge@example.com',
    to: ['ml-team@example.com', 'on-call@example.com'],
  });
  const ports = { ...fakePorts(), mail: await createMailSender() };
  const firing = [driftOf({ signal: `input.é🐋${hostile}` })];
  const payload = email?.render(messageOf(noticeOf({ firing })), options) ?? '';
  const delivery = await email?.send(payload, envelopeOf(1), options, ports);
  await new Promise<void>((resolve) => server.close(resolve));
  expect(delivery).toMatchObject({ outcome: 'sent' });
  expect(raw).toHaveLength(1);
  const mail = await PostalMime.parse(raw[0] ?? '');
  expect(mail.from?.address).toBe('kedge@example.com');
  expect(mail.to?.map(({ address }) => address)).toEqual(['ml-team@example.com', 'on-call@example.com']);
  expect(mail.bcc).toBeUndefined();
  expect(mail.messageId).toBe('<inc-01JD8Z.3.firing@kedge>');
  expect(mail.references).toBe('<inc-01JD8Z@kedge>');
  expect(mail.subject).toMatch(/^\[CRITICAL\] credit-risk 2\.0\.0 \(prod\): input\.é🐋<\/b><script>/);
  expect(mail.text).toContain('PSI of input.debt_to_income is 0.41, over 0.02');
  expect(mail.html).not.toContain('<script');
  const headers = Object.fromEntries(mail.headers.map(({ key, value }) => [key, value]));
  expect(headers).toMatchObject({
    'auto-submitted': 'auto-generated',
    precedence: 'bulk',
    'x-kedge-incident': 'inc_01JD8Z',
    'x-kedge-severity': 'critical',
  });
});
