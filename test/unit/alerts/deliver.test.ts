import { expect, test } from 'vitest';
import type { Channel } from '../../../alerts/channel.ts';
import { NoAnswer } from '../../../core/ports.ts';
import { incidentOf, minuteMs, noticeOf, resolvedNotice } from '../../support/notices.ts';
import {
  answer,
  bodyOf,
  channels,
  createOutboxRig,
  hookUrl,
  rigConfig,
  startMs,
} from '../../support/outbox-rig.ts';

const hourMs = 60 * minuteMs;
const toHook = (request: { readonly url: string }) => request.url === hookUrl;

test('503 five times, then 200: delivered once, one id, with the gaps of the table', async () => {
  const times: number[] = [];
  const rig = await createOutboxRig({
    http: () => {
      times.push(rig.clock.nowMs());
      return answer(times.length <= 5 ? 503 : 200);
    },
  });
  await rig.queue(rig.deliver.enqueue([noticeOf()], startMs));
  await rig.advance(5 * minuteMs);
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  const ranges = [
    [500, 1_000],
    [1_000, 2_000],
    [2_000, 4_000],
    [4_000, 8_000],
    // The fifth failure in a row opens the breaker.
    [30_000, 30_000],
  ];
  expect(gaps).toHaveLength(5);
  for (const [index, gap] of gaps.entries()) {
    expect(gap).toBeGreaterThanOrEqual(ranges[index]?.[0] ?? Number.NaN);
    expect(gap).toBeLessThanOrEqual(ranges[index]?.[1] ?? Number.NaN);
  }
  const ids = rig.sent.requests.map(({ request }) => request.headers['webhook-id']);
  expect(new Set(ids).size).toBe(1);
  expect(rig.sent.requests.map(({ request }) => request.headers['x-kedge-attempt'])).toEqual([
    '1',
    '2',
    '3',
    '4',
    '5',
    '6',
  ]);
  expect(rig.rows()).toMatchObject([{ state: 'done', attempts: 6 }]);
});

test('429 with Retry-After: no other request to that channel meanwhile, other channels go on', async () => {
  const rig = await createOutboxRig({
    http: (request) => {
      const isFirst = toHook(request) && rig.sent.requests.filter((one) => toHook(one.request)).length === 0;
      return isFirst ? answer(429, { 'retry-after': '3' }) : answer(200);
    },
  });
  await rig.queue(rig.deliver.enqueue([noticeOf()], startMs));
  await rig.advance(100);
  const another = incidentOf({ id: 'inc_2' });
  await rig.queue(
    rig.deliver.enqueue(
      [noticeOf({ incident: another }), noticeOf({ incident: another, channel: 'other' })],
      startMs,
    ),
  );
  await rig.advance(2_800);
  expect(rig.sent.requests.map(({ request }) => request.url)).toEqual([hookUrl, 'http://other.example.com/']);
  await rig.advance(1_000);
  expect(rig.sent.requests.filter(({ request }) => toHook(request))).toHaveLength(3);
});

test('a receiver that hangs holds up neither other channels nor other incidents', async () => {
  const rig = await createOutboxRig({
    wrapHttp: (http) => ({
      send: (request) =>
        bodyOf(request).data['incident'] === 'inc_01JD8Z' && toHook(request)
          ? new Promise(() => {})
          : http.send(request),
    }),
  });
  await rig.queue(
    rig.deliver.enqueue(
      [noticeOf(), noticeOf({ incident: incidentOf({ id: 'inc_2' }) }), noticeOf({ channel: 'other' })],
      startMs,
    ),
  );
  await rig.advance(10);
  expect(rig.sent.requests).toHaveLength(2);
  // A channel that breaks its promise to come back is taken for one that may have sent.
  await rig.advance(61_000);
  const [stuck] = rig.rows().filter((row) => row.state !== 'done');
  expect(stuck).toMatchObject({
    ambiguous: true,
    lastFailure: 'ambiguous',
    lastError: 'the channel did not come back',
  });
});

test('410: the channel is off, also after a restart, until its configuration changes', async () => {
  const first = await createOutboxRig({ http: () => answer(410) });
  await first.queue(first.deliver.enqueue([noticeOf()], startMs));
  await first.advance(hourMs);
  expect(first.sent.requests).toHaveLength(1);
  expect(first.meter.value('channel_up', { channel: 'hook' })).toBe(0);
  expect(first.meter.value('channel_up', { channel: 'other' })).toBe(1);

  const same = await createOutboxRig({ records: first.records });
  same.deliver.wake();
  await same.advance(hourMs);
  expect(same.sent.requests).toHaveLength(0);

  const config = rigConfig();
  const hook = config.channels[0];
  const options = { ...(hook?.options as object), url: 'http://new.example.com/' };
  const changed = await createOutboxRig({
    records: first.records,
    config: { ...config, channels: config.channels.map((one) => (one === hook ? { ...one, options } : one)) },
  });
  changed.deliver.wake();
  await changed.advance(1_000);
  expect(changed.sent.requests.map(({ request }) => request.url)).toEqual(['http://new.example.com/']);
});

test('cut after the request was read: again, with the same id, and the resolved message follows the firing one', async () => {
  let tries = 0;
  const rig = await createOutboxRig({
    http: () => (++tries === 1 ? new NoAnswer('cut', { sent: true, permanent: false }) : answer(200)),
  });
  await rig.queue(rig.deliver.enqueue([noticeOf()], startMs));
  await rig.advance(10);
  await rig.queue(rig.deliver.enqueue([resolvedNotice()], startMs + 10));
  await rig.advance(minuteMs);
  const seen = rig.sent.requests.map(({ request }) => bodyOf(request));
  expect(seen.map(({ type }) => type)).toEqual([
    'dev.kedge.alert.firing.v1',
    'dev.kedge.alert.firing.v1',
    'dev.kedge.alert.resolved.v1',
  ]);
  expect(seen[0]?.id).toBe(seen[1]?.id);
});

test('a receiver that is down while an alert fires and resolves gets exactly one message, which says both', async () => {
  const rig = await createOutboxRig({
    http: () => answer(rig.clock.nowMs() < startMs + 10 * minuteMs ? 503 : 200),
  });
  await rig.queue(rig.deliver.enqueue([noticeOf()], startMs));
  await rig.advance(4 * minuteMs);
  await rig.queue(rig.deliver.enqueue([noticeOf({ reason: 'repeat' })], rig.clock.nowMs()));
  await rig.advance(minuteMs);
  await rig.queue(rig.deliver.enqueue([resolvedNotice()], rig.clock.nowMs()));
  await rig.advance(20 * minuteMs);
  const accepted = rig.sent.requests.filter(({ outcome }) => 'status' in outcome && outcome.status === 200);
  expect(accepted.map(({ request }) => bodyOf(request).data['reason'])).toEqual(['fired_and_resolved']);
  expect(rig.meter.value('notifications', { channel: 'hook', kind: 'firing', result: 'superseded' })).toBe(2);
});

test('one good and one bad recipient: the good one exactly once, the bad one is a dead letter', async () => {
  const rig = await createOutboxRig({
    mail: ({ recipient }) =>
      recipient === 'one@example.com'
        ? { outcome: 'failed', failure: 'recipient', detail: '550 no such user' }
        : { outcome: 'sent' },
  });
  await rig.queue(rig.deliver.enqueue([noticeOf({ channel: 'mail' })], startMs));
  await rig.advance(hourMs);
  expect(rig.sent.mails.map(({ mail }) => mail.recipient)).toEqual(['one@example.com', 'two@example.com']);
  expect(rig.rows().map(({ recipient, state }) => [recipient, state])).toEqual([
    ['one@example.com', 'dead'],
    ['two@example.com', 'done'],
  ]);
  expect(rig.meter.value('outbox_rows', { channel: 'mail', state: 'dead' })).toBe(1);
  expect(new Set(rig.sent.mails.map(({ mail }) => mail.messageId)).size).toBe(1);
});

test('413: once more with the minimal body under the same id, then a dead letter that is kept', async () => {
  const rig = await createOutboxRig({ http: () => answer(413) });
  await rig.queue(rig.deliver.enqueue([noticeOf()], startMs));
  await rig.advance(hourMs);
  const [full, minimal, ...more] = rig.sent.requests.map(({ request }) => request);
  expect(more).toEqual([]);
  expect(minimal?.body.length).toBeLessThan(full?.body.length ?? 0);
  expect(minimal?.headers['webhook-id']).toBe(full?.headers['webhook-id']);
  expect(rig.rows()).toMatchObject([{ state: 'dead', lastFailure: 'payload' }]);
});

test('a channel whose render throws sends the message in plain words', async () => {
  const [webhook] = channels.filter(({ type }) => type === 'webhook');
  const broken = {
    ...(webhook as Channel),
    render: () => {
      throw new Error('template');
    },
  };
  const rig = await createOutboxRig({ channels: [broken, ...channels.filter((one) => one !== webhook)] });
  await rig.queue(rig.deliver.enqueue([noticeOf()], startMs));
  await rig.advance(10);
  const [body] = rig.sent.requests.map(({ request }) => JSON.parse(new TextDecoder().decode(request.body)));
  expect(body.text).toContain('input.debt_to_income drifted');
  expect(rig.meter.value('internal_errors', { stage: 'deliver' })).toBeGreaterThan(0);
});

test('a channel that throws from send costs only its own try', async () => {
  const [webhook] = channels.filter(({ type }) => type === 'webhook');
  let tries = 0;
  const throwing: Channel = {
    ...(webhook as Channel),
    send: (...parts) => {
      if (++tries === 1) throw new Error('whsec_planted');
      return (webhook as Channel).send(...parts);
    },
  };
  const rig = await createOutboxRig({ channels: [throwing, ...channels.filter((one) => one !== webhook)] });
  await rig.queue(rig.deliver.enqueue([noticeOf()], startMs));
  await rig.advance(minuteMs);
  expect(rig.rows()).toMatchObject([{ state: 'done', attempts: 2 }]);
  expect(JSON.stringify([rig.rows(), rig.log.lines])).not.toContain('whsec_planted');
});

test('a message too old is given up, and said so', async () => {
  const rig = await createOutboxRig({
    http: () => answer(500),
    config: rigConfig({ outbox: { rowsMax: 100, bytesMax: 1e6, maxAgeMs: hourMs } }),
  });
  await rig.queue(rig.deliver.enqueue([noticeOf()], startMs));
  await rig.advance(2 * hourMs);
  expect(rig.rows()).toMatchObject([{ state: 'dead', lastError: 'too old; last: HTTP 500' }]);
  expect(rig.log.lines.some(({ level, event }) => level === 'error' && event === 'message given up')).toBe(
    true,
  );
});

test('nothing is sent before the transaction holds', async () => {
  const rig = await createOutboxRig();
  const enqueued = rig.deliver.enqueue([noticeOf()], startMs);
  rig.deliver.wake();
  await rig.advance(1_000);
  expect(rig.sent.requests).toEqual([]);
  enqueued.commit();
  rig.deliver.wake();
  await rig.advance(0);
  expect(rig.sent.requests).toHaveLength(1);
});

test('a row that a queued resolved message supersedes is not sent while that transaction is under way', async () => {
  const rig = await createOutboxRig({ http: () => answer(rig.clock.nowMs() === startMs ? 503 : 200) });
  await rig.queue(rig.deliver.enqueue([noticeOf()], startMs));
  await rig.advance(100);
  const resolved = rig.deliver.enqueue([resolvedNotice()], startMs + 100);
  await rig.advance(minuteMs);
  expect(rig.sent.requests).toHaveLength(1);
  await rig.queue(resolved);
  await rig.advance(10);
  expect(rig.sent.requests).toHaveLength(2);
});

test('while the store fails messages go out, and their marks are stored once it works', async () => {
  const rig = await createOutboxRig();
  const enqueued = rig.deliver.enqueue([noticeOf()], startMs);
  enqueued.commitUnsaved();
  rig.store.failNextCommit('lost');
  rig.deliver.wake();
  await rig.advance(1);
  expect(rig.sent.requests).toHaveLength(1);
  await rig.advance(minuteMs);
  expect(rig.rows()).toMatchObject([{ state: 'done' }]);
  expect(rig.deliver.inspect().unsaved).toBe(0);
  // Whoever failed may write the old state later: with the next transaction it is put right.
  await rig.store.commit(enqueued.writes);
  await rig.queue(rig.deliver.enqueue([], rig.clock.nowMs()));
  await rig.advance(1_000);
  expect(rig.rows()).toMatchObject([{ state: 'done' }]);
});

test('a store that does not answer holds a message up for a second, not for good', async () => {
  let isStuck = false;
  const rig = await createOutboxRig({
    wrapStore: (store) => ({
      read: (key) => store.read(key),
      scan: (prefix) => store.scan(prefix),
      last: (prefix) => store.last(prefix),
      close: () => store.close(),
      commit: (writes) => (isStuck ? new Promise(() => {}) : store.commit(writes)),
    }),
  });
  const enqueued = rig.deliver.enqueue([noticeOf()], startMs);
  enqueued.commit();
  isStuck = true;
  rig.deliver.wake();
  await rig.advance(1_500);
  expect(rig.sent.requests).toHaveLength(1);
});

test('a full outbox drops info first, counts it, and keeps what is critical', async () => {
  const config = rigConfig({ outbox: { rowsMax: 3, bytesMax: 1e9, maxAgeMs: hourMs } });
  const rig = await createOutboxRig({ config, http: () => answer(500) });
  const notices = ['info', 'critical', 'critical', 'info', 'critical'].map((severity, index) =>
    noticeOf({
      incident: incidentOf({ id: `inc_${index}`, severity: severity as 'info' }),
      firing: noticeOf().firing.map((alert) => ({ ...alert, severity: severity as 'info' })),
    }),
  );
  for (const notice of notices) {
    await rig.queue(rig.deliver.enqueue([notice], startMs));
    await rig.advance(1);
  }
  expect(rig.rows().map(({ incident }) => incident)).toEqual(['inc_1', 'inc_2', 'inc_4']);
  expect(rig.meter.value('outbox_dropped', { kind: 'firing', severity: 'info' })).toBe(2);
});

test('stop sends what is due, leaves what waits, and stores both', async () => {
  const rig = await createOutboxRig({ http: (request) => answer(toHook(request) ? 200 : 503) });
  await rig.queue(rig.deliver.enqueue([noticeOf({ channel: 'other' })], startMs));
  await rig.advance(1);
  const enqueued = rig.deliver.enqueue([noticeOf()], startMs);
  await rig.store.commit(enqueued.writes);
  enqueued.commit();
  const stopped = rig.deliver.stop(10_000);
  await rig.advance(0);
  await stopped;
  await rig.deliver.stop(10_000);
  const states = Object.fromEntries(rig.rows().map(({ channel, state }) => [channel, state]));
  expect(states).toEqual({ hook: 'done', other: 'pending' });
  await rig.advance(hourMs);
  expect(rig.sent.requests).toHaveLength(2);
});

test('stop waits no longer than it may, and what is under way is sent again after the restart', async () => {
  const rig = await createOutboxRig({ wrapHttp: () => ({ send: () => new Promise(() => {}) }) });
  await rig.queue(rig.deliver.enqueue([noticeOf()], startMs));
  await rig.advance(1);
  let isStopped = false;
  const stopped = rig.deliver.stop(10_000).then(() => {
    isStopped = true;
  });
  await rig.advance(9_000);
  expect(isStopped).toBe(false);
  await rig.advance(1_500);
  await stopped;
  const [row] = rig.rows();
  expect(row).toMatchObject({ state: 'inflight', attempts: 1 });
  const next = await createOutboxRig({ records: rig.records });
  next.deliver.wake();
  await next.advance(10);
  expect(next.sent.requests.map(({ request }) => request.headers['webhook-id'])).toEqual([row?.id]);
  expect(next.rows()).toMatchObject([{ state: 'done', attempts: 2, ambiguous: true }]);
});

test('rows of a channel that is no longer configured become dead letters', async () => {
  const first = await createOutboxRig({ http: () => answer(500) });
  await first.queue(first.deliver.enqueue([noticeOf()], startMs));
  await first.advance(1);
  const config = rigConfig();
  const next = await createOutboxRig({
    records: first.records,
    config: { ...config, channels: config.channels.filter(({ name }) => name !== 'hook') },
  });
  next.deliver.wake();
  await next.advance(1_000);
  expect(next.rows()).toMatchObject([
    { state: 'dead', lastError: 'its channel is not in the configuration any more' },
  ]);
});

test('history is kept for its time, dead letters for longer', async () => {
  const rig = await createOutboxRig({ http: (request) => answer(toHook(request) ? 200 : 400) });
  await rig.queue(rig.deliver.enqueue([noticeOf(), noticeOf({ channel: 'other' })], startMs));
  await rig.advance(59 * minuteMs);
  expect(rig.deliver.purge(rig.clock.nowMs())).toEqual([]);
  await rig.advance(2 * minuteMs);
  await rig.store.commit(rig.deliver.purge(rig.clock.nowMs()));
  expect(rig.rows()).toMatchObject([{ channel: 'other', state: 'dead' }]);
  await rig.advance(31 * 24 * hourMs);
  await rig.store.commit(rig.deliver.purge(rig.clock.nowMs()));
  expect([...rig.records.keys()]).toEqual([]);
});

test('the title of an incident survives a restart', async () => {
  const first = await createOutboxRig();
  await first.queue(first.deliver.enqueue([noticeOf()], startMs));
  const next = await createOutboxRig({ records: first.records });
  const firing = noticeOf().firing.map((alert) => ({ ...alert, signal: 'input.other' }));
  await next.queue(next.deliver.enqueue([noticeOf({ firing, reason: 'repeat' })], startMs));
  await next.advance(10);
  const titles = next.sent.requests.map(({ request }) => bodyOf(request).data['title']);
  expect(new Set(titles)).toEqual(new Set(['credit-risk 2.0.0 (prod): input.debt_to_income drifted']));
});

test('every channel has its series from the start', async () => {
  const rig = await createOutboxRig();
  for (const channel of ['hook', 'other', 'mail']) {
    expect(rig.meter.value('channel_up', { channel })).toBe(1);
    expect(rig.meter.value('outbox_rows', { channel, state: 'pending' })).toBe(0);
    expect(rig.meter.value('notifications', { channel, kind: 'firing', result: 'sent' })).toBe(0);
  }
  await rig.queue(rig.deliver.enqueue([noticeOf()], startMs - 2_000));
  await rig.advance(10);
  expect(rig.meter.value('notifications', { channel: 'hook', kind: 'firing', result: 'sent' })).toBe(1);
  expect(rig.meter.value('channel_last_success', { channel: 'hook' })).toBe(startMs / 1_000);
});

test('ids rise in the order of queueing, over a restart and a clock that went back', async () => {
  const first = await createOutboxRig({ http: () => answer(500) });
  const many = [1, 2, 3].map((number) => noticeOf({ incident: incidentOf({ messages: number }) }));
  await first.queue(first.deliver.enqueue(many, startMs));
  const next = await createOutboxRig({ records: first.records, startMs: startMs - hourMs });
  await next.queue(
    next.deliver.enqueue([noticeOf({ incident: incidentOf({ messages: 4 }) })], startMs - hourMs),
  );
  const rows = [...next.rows()].sort((a, b) => (a.id < b.id ? -1 : 1));
  expect(rows.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
});
