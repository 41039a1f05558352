import { Agent } from 'node:http';
import { connect } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import protobuf from 'protobufjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeJson, encodeLogs, encodeTraces, logsOf, otlpAttributes, tracesOf } from '../support/otlp.ts';
import { type OtlpRequest, type Reply, startOtlp } from '../support/otlp-server.ts';

/**
 * The conformance list of OTLP over HTTP, against real sockets. Answers are read with protobufjs, not with our code.
 */
const { root } = protobuf.parse(`
syntax = "proto3";
message Status { int32 code = 1; string message = 2; }
message Response { Partial partial_success = 1; }
message Partial { int64 rejected = 1; string error_message = 2; }
`);
const Status = root.lookupType('Status');
const Response = root.lookupType('Response');

const protobufHeaders = { 'content-type': 'application/x-protobuf' };
const jsonHeaders = { 'content-type': 'application/json' };
const ids = { traceId: '5b8efff798038103d2f69b633813fc60', spanId: 'eee19b7ec3c1b174' };
const times = { startTimeUnixNano: '1795300000000000000', endTimeUnixNano: '1795300000004100000' };
const span = {
  ...ids,
  ...times,
  name: 'predict',
  attributes: otlpAttributes({ 'ml.model.name': 'credit-risk' }),
};
const traces = tracesOf([span], { 'service.name': 'shop' });
const logs = logsOf([
  {
    ...ids,
    timeUnixNano: '1795300000000000000',
    eventName: 'ml.prediction',
    body: { kvlistValue: { values: otlpAttributes({ a: 1, b: [null, 'x'] }) } },
    attributes: otlpAttributes({ 'ml.model.name': 'credit-risk' }),
  },
]);

let otlp: Awaited<ReturnType<typeof startOtlp>>;
beforeAll(async () => {
  otlp = await startOtlp({ bodyBytesMax: 4 * 1_048_576 });
});
afterAll(() => otlp.close());

const post = (body: Uint8Array | string, headers: Record<string, string>, more: OtlpRequest = {}) =>
  otlp.send({ body, headers, ...more });
const postJson = (body: unknown, more: OtlpRequest = {}) =>
  post(typeof body === 'string' ? body : JSON.stringify(body), jsonHeaders, more);

function expectSuccess(reply: Reply, type: string): void {
  expect(reply.status).toBe(200);
  expect(reply.headers['content-type']).toBe(type);
  expect(reply.headers['content-encoding']).toBeUndefined();
  if (type === 'application/json') expect(reply.body.toString()).toBe('{}');
  else expect(reply.body.length).toBe(0);
}

function statusOf(reply: Reply): { code: number; message: string } {
  const isJson = reply.headers['content-type'] === 'application/json';
  const status: unknown = isJson ? JSON.parse(reply.body.toString()) : Status.decode(reply.body).toJSON();
  return status as { code: number; message: string };
}

function expectStatus(reply: Reply, status: number, type = 'application/json'): void {
  expect(reply.status).toBe(status);
  expect(reply.headers['content-type']).toBe(type);
  expect(statusOf(reply).message).not.toBe('');
}

/** Spans or records counted by what is sent in `task`. */
async function itemsBy(task: () => Promise<unknown>): Promise<number> {
  const before = otlp.meter.value('items');
  await task();
  return otlp.meter.value('items') - before;
}

describe('what is taken', () => {
  test.each([
    ['traces', '/v1/traces', encodeTraces(traces), 1],
    ['logs', '/v1/logs', encodeLogs(logs), 1],
    ['metrics, unread', '/v1/metrics', Uint8Array.of(0x0a, 0x00), 0],
    ['the alias of Langfuse', '/api/public/otel/v1/traces', encodeTraces(traces), 1],
    ['a query string', '/v1/traces?a=b', encodeTraces(traces), 1],
  ])('1-3, 70: protobuf %s', async (_, path, body, items) => {
    const counted = await itemsBy(async () =>
      expectSuccess(await post(body, protobufHeaders, { path }), 'application/x-protobuf'),
    );
    expect(counted).toBe(items);
  });

  test.each([
    ['traces', '/v1/traces', encodeJson(traces), 1],
    ['logs with a map as body', '/v1/logs', encodeJson(logs), 1],
    ['metrics, unread', '/v1/metrics', new TextEncoder().encode('{"resourceMetrics":[]}'), 0],
  ])('4-6: JSON %s', async (_, path, body, items) => {
    const counted = await itemsBy(async () =>
      expectSuccess(await post(body, jsonHeaders, { path }), 'application/json'),
    );
    expect(counted).toBe(items);
  });

  test.each([
    ['7: a charset', { 'content-type': 'application/json; charset=utf-8' }],
    ['7: letters of either case', { 'content-type': 'Application/JSON' }],
    ['11: identity', { ...jsonHeaders, 'content-encoding': 'identity' }],
    ['52: a client that reads gzip', { ...jsonHeaders, 'accept-encoding': 'gzip' }],
    ['71: any authorization', { ...jsonHeaders, authorization: 'Basic cGs6c2s=' }],
  ])('%s', async (_, headers) => {
    expectSuccess(await post(encodeJson(traces), headers), 'application/json');
  });

  test('8-10, 12: gzip in both encodings, of two members, chunked', async () => {
    const gzip = { 'content-encoding': 'gzip' };
    const whole = Buffer.from(encodeJson(traces));
    const twoMembers = Buffer.concat([gzipSync(whole.subarray(0, 50)), gzipSync(whole.subarray(50))]);
    const counted = await itemsBy(async () => {
      const body = gzipSync(encodeTraces(traces));
      expectSuccess(await post(body, { ...protobufHeaders, ...gzip }), 'application/x-protobuf');
      expectSuccess(await post(gzipSync(whole), { ...jsonHeaders, ...gzip }), 'application/json');
      expectSuccess(await post(twoMembers, { ...jsonHeaders, ...gzip }), 'application/json');
      expectSuccess(await post(whole, jsonHeaders, { chunked: true }), 'application/json');
      expectSuccess(
        await post(body, { ...protobufHeaders, ...gzip }, { chunked: true }),
        'application/x-protobuf',
      );
    });
    expect(counted).toBe(5);
  });

  test('gzip that is inflated off the loop: large, and small but bursting', async () => {
    const other = await startOtlp();
    const noisy = Array.from({ length: 9_000 }, (_, i) => ({
      ...span,
      name: [1, 2, 3, 4].map((k) => Math.sin(i * k)).join(),
    }));
    const large = gzipSync(encodeJson(tracesOf(noisy)), { level: 1 });
    expect(large.length).toBeGreaterThan(256 * 1_024);
    const bursting = gzipSync(`${' '.repeat(6 * 1_048_576)}${JSON.stringify(traces)}`);
    const headers = { ...jsonHeaders, 'content-encoding': 'gzip' };
    expectSuccess(await other.send({ body: large, headers }), 'application/json');
    expectSuccess(await other.send({ body: bursting, headers }), 'application/json');
    expect(other.meter.value('items')).toBe(9_001);
    await other.close();
  });

  test('13-15: nothing, {}, empty envelopes', async () => {
    for (const path of ['/v1/traces', '/v1/logs', '/v1/metrics']) {
      expectSuccess(await post(new Uint8Array(0), protobufHeaders, { path }), 'application/x-protobuf');
      expectSuccess(await postJson('', { path }), 'application/json');
      expectSuccess(await postJson('{}', { path }), 'application/json');
    }
    expectSuccess(await postJson({ resourceSpans: [] }), 'application/json');
    expectSuccess(await postJson({ resourceSpans: [{ scopeSpans: [{ spans: [] }] }] }), 'application/json');
    expectSuccess(await postJson({ resourceSpans: [{ scopeSpans: [{}] }, {}] }), 'application/json');
    const empty = Uint8Array.of(0x0a, 0x04, 0x12, 0x02, 0x12, 0x00);
    expect(await itemsBy(() => post(empty, protobufHeaders))).toBe(1);
  });

  test('50: a connection stays open for the next request', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const first = await post(encodeJson(traces), jsonHeaders, { agent });
    const second = await post(encodeJson(traces), jsonHeaders, { agent });
    expect([first.headers['connection'], second.headers['connection']]).toEqual(['keep-alive', 'keep-alive']);
    agent.destroy();
  });
});

describe('what is harmless', () => {
  const foreign = { nobody: { knows: [1, { me: null }] } };
  test.each<[string, unknown]>([
    ['16: unknown fields at the top', { ...traces, ...foreign }],
    [
      '16: in a resource',
      { resourceSpans: [{ resource: { attributes: [], ...foreign }, scopeSpans: [], ...foreign }] },
    ],
    [
      '16: in a span, its status, its events',
      tracesOf([{ ...span, ...foreign, status: { ...foreign }, events: [foreign] } as object]),
    ],
    [
      '17: in a value',
      tracesOf([{ attributes: [{ key: 'ml.a', value: { ...foreign } as never, ...foreign }] }]),
    ],
    [
      '20: upper-case ids, no parent',
      tracesOf([{ ...span, traceId: ids.traceId.toUpperCase(), parentSpanId: '' }]),
    ],
    ['21: enums nobody knows', tracesOf([{ ...span, kind: 99, status: { code: 77 } }])],
    ['22: snake case is unknown', { resource_spans: [{ scope_spans: 5 }] }],
    ['23: every value there is', tracesOf([{ ...span, attributes: everyValue() }])],
    [
      '25: dictionary fields of profiles',
      tracesOf([
        { attributes: [{ key_strindex: 3, key: 'ml.a', value: { string_value_strindex: 7 } }] as never },
      ]),
    ],
    ['26-27: keys that repeat, are empty, name prototypes', tracesOf([{ ...span, attributes: oddKeys() }])],
    [
      '28: time that runs backwards',
      tracesOf([
        { ...span, endTimeUnixNano: '1' },
        { ...span, startTimeUnixNano: '0' },
      ]),
    ],
    [
      'null for the default',
      {
        resourceSpans: [
          {
            resource: null,
            scopeSpans: [{ scope: null, spans: [{ name: null, attributes: null, status: null }] }],
          },
        ],
      },
    ],
  ])('%s', async (_, request) => {
    expectSuccess(await postJson(request), 'application/json');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('18: unknown protobuf fields of wire types 0, 1, 2, 5', async () => {
    // Field 100 of each type, in the request, then inside an empty resource group.
    const fields = [0xa0, 6, 0xff, 1, 0xa1, 6, ...Array(8).fill(7), 0xa2, 6, 2, 9, 9, 0xa5, 6, 1, 2, 3, 4];
    const body = Uint8Array.from([...fields, 0x0a, fields.length, ...fields]);
    expectSuccess(await post(body, protobufHeaders), 'application/x-protobuf');
  });

  test('19, 24, 26: the same values in protobuf', async () => {
    const request = tracesOf([{ ...span, attributes: [...everyValue(), ...oddKeys()] }]);
    expectSuccess(await post(encodeTraces(request), protobufHeaders), 'application/x-protobuf');
  });

  test('29: a bad id costs its span, and the sender is told', async () => {
    const request = tracesOf([span, { ...span, spanId: 'zz' }, { ...span, traceId: 'abcd' }, span]);
    const json = await postJson(request);
    expect(json.status).toBe(200);
    expect(JSON.parse(json.body.toString())).toEqual({
      partialSuccess: { rejectedSpans: '2', errorMessage: 'a span id has 8 bytes' },
    });
    const bad = tracesOf([span, { ...span, traceId: 'abcd' }]);
    const reply = await post(encodeTraces(bad), protobufHeaders);
    expect(Response.decode(reply.body).toJSON()).toEqual({
      partialSuccess: { rejected: '1', errorMessage: 'a trace id has 16 bytes' },
    });
    const log = await postJson(logsOf([{ traceId: 'ff' }]), { path: '/v1/logs' });
    expect(JSON.parse(log.body.toString()).partialSuccess.rejectedLogRecords).toBe('1');
  });

  test('47: 20,000 attributes on one span, and more', async () => {
    const many = (count: number) =>
      tracesOf([
        {
          ...span,
          attributes: Array.from({ length: count }, (_, i) => ({ key: `ml.f.${i}`, value: { intValue: i } })),
        },
      ]);
    const before = otlp.meter.value('malformed_values', { reason: 'too_many' });
    expectSuccess(await post(encodeTraces(many(19_000)), protobufHeaders), 'application/x-protobuf');
    expect(otlp.meter.value('malformed_values', { reason: 'too_many' })).toBe(before);
    expectSuccess(await post(encodeTraces(many(20_005)), protobufHeaders), 'application/x-protobuf');
    expect(otlp.meter.value('malformed_values', { reason: 'too_many' })).toBeGreaterThanOrEqual(before + 5);
  });

  test('48: invalid UTF-8', async () => {
    const body = Buffer.from(encodeTraces(traces));
    body.write('\xff\xfe', body.indexOf('credit-risk'), 'latin1');
    expectSuccess(await post(body, protobufHeaders), 'application/x-protobuf');
    const json = Buffer.from(encodeJson(traces));
    json.write('\xff\xfe', json.indexOf('credit-risk'), 'latin1');
    expectSuccess(await post(json, jsonHeaders), 'application/json');
  });
});

describe('what is refused', () => {
  test('30-31: cut-off protobuf', async () => {
    for (const [path, body] of [
      ['/v1/traces', encodeTraces(traces)],
      ['/v1/logs', encodeLogs(logs)],
    ] as const) {
      const counted = await itemsBy(async () => {
        for (const cut of [1, 9, body.length - 1]) {
          const reply = await post(body.subarray(0, cut), protobufHeaders, { path });
          expectStatus(reply, 400, 'application/x-protobuf');
          expect(statusOf(reply).code).toBe(3);
        }
      });
      expect(counted).toBe(0);
    }
  });

  test.each([
    ['32: cut off', '{"resourceSpans":[{'],
    ['33: no JSON', 'resourceSpans'],
    ['34: no object', '[1,2]'],
    ['34: a list that is none', '{"resourceSpans":5}'],
    ['34: a span that is none', JSON.stringify(tracesOf(['x' as never, span]))],
    ['34: a name that is none', JSON.stringify(tracesOf([span, { ...span, name: 5 as never }]))],
  ])('%s: 400, and nothing of it counts', async (_, body) => {
    const counted = await itemsBy(async () => expectStatus(await postJson(body), 400));
    expect(counted).toBe(0);
  });

  test('35: a gzip header on a plain body, a cut gzip body', async () => {
    const headers = { ...protobufHeaders, 'content-encoding': 'gzip' };
    expectStatus(await post(encodeTraces(traces), headers), 400, 'application/x-protobuf');
    const cut = gzipSync(encodeTraces(traces)).subarray(0, 40);
    expectStatus(await post(cut, headers), 400, 'application/x-protobuf');
    const noise = Buffer.alloc(300_000, 7);
    expectStatus(await post(noise, headers), 400, 'application/x-protobuf');
  });

  test.each([
    ['36: an unknown encoding', 415, { ...jsonHeaders, 'content-encoding': 'br' }, {}],
    ['36: two encodings', 415, { ...jsonHeaders, 'content-encoding': 'gzip, gzip' }, {}],
    ['37: another content type', 415, { 'content-type': 'text/plain' }, {}],
    ['38: no content type', 415, {}, {}],
    ['40: an unknown path', 404, jsonHeaders, { path: '/v1/nothing' }],
    ['40: a path that climbs', 404, jsonHeaders, { path: '/v1/../v1/traces' }],
    ['41: profiles', 404, jsonHeaders, { path: '/v1development/profiles' }],
    ['41: media of Langfuse', 404, jsonHeaders, { path: '/api/public/media' }],
    ['39: PUT', 405, jsonHeaders, { method: 'PUT' }],
  ] as const)('%s', async (_, status, headers, more) => {
    expectStatus(await post(encodeJson(traces), headers, more), status);
  });

  test('a refusal of a small body keeps the connection, of a large one it does not', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const headers = { 'content-type': 'text/plain' };
    const small = await post(Buffer.alloc(60_000), headers, { agent });
    const large = await post(Buffer.alloc(70_000), headers, { agent });
    const unknown = await post(Buffer.alloc(10), headers, { agent, chunked: true });
    const connections = [small, large, unknown].map((reply) => [reply.status, reply.headers['connection']]);
    expect(connections).toEqual([
      [415, 'keep-alive'],
      [415, 'close'],
      [415, 'close'],
    ]);
    agent.destroy();
  });

  test('39: GET and HEAD', async () => {
    const reply = await otlp.send({ method: 'GET' });
    expectStatus(reply, 405);
    expect(reply.headers['allow']).toBe('POST');
    expect((await otlp.send({ method: 'HEAD' })).status).toBe(405);
  });

  test('42-44: over the limit: announced, unannounced, as a bomb; alive after', async () => {
    const large = Buffer.alloc(4 * 1_048_576 + 1, ' ');
    expectStatus(await post(large, jsonHeaders), 413);
    expectStatus(await post(large, jsonHeaders, { chunked: true }), 413);
    const bomb = gzipSync(Buffer.alloc(80 * 1_048_576));
    expect(bomb.length).toBeLessThan(256 * 1_024);
    const reply = await post(bomb, { ...protobufHeaders, 'content-encoding': 'gzip' });
    expectStatus(reply, 413, 'application/x-protobuf');
    expect(statusOf(reply).code).toBe(8);
    expectSuccess(await post(encodeJson(traces), jsonHeaders), 'application/json');
  });

  test('45-46: 3,000 levels, and a hundred thousand brackets', async () => {
    const request = (levels: number) => {
      const [head, tail] = JSON.stringify(
        tracesOf([{ attributes: [{ key: 'ml.d', value: { intValue: 7 } }] }]),
      ).split('{"intValue":7}');
      const value = `${'{"arrayValue":{"values":['.repeat(levels)}{"intValue":7}${']}}'.repeat(levels)}`;
      return `${head}${value}${tail}`;
    };
    expectStatus(await postJson(request(3_000)), 400);
    expectSuccess(await postJson(request(60)), 'application/json');
    expectSuccess(await post(nested(3_000), protobufHeaders), 'application/x-protobuf');
    expectStatus(await postJson('['.repeat(100_000)), 400);
    expectStatus(await postJson('{"a":'.repeat(100_000)), 400);
    expectSuccess(await post(encodeJson(traces), jsonHeaders), 'application/json');
  });

  test('an item bomb is too large, not slow', async () => {
    // 600,000 empty spans of two bytes each.
    const spans = Buffer.alloc(1_200_000);
    for (let i = 0; i < spans.length; i += 2) spans[i] = 0x12;
    const group = wrap(0x0a, wrap(0x12, spans));
    const counted = await itemsBy(async () =>
      expectStatus(await post(group, protobufHeaders), 413, 'application/x-protobuf'),
    );
    expect(counted).toBe(0);
  });
});

describe('many, slow and broken clients', () => {
  test('49: 200 at once are all answered', async () => {
    const agent = new Agent({ maxSockets: 200 });
    const body = encodeTraces(traces);
    const replies = await Promise.all(
      Array.from({ length: 200 }, () => post(body, protobufHeaders, { agent })),
    );
    expect(replies.map((reply) => reply.status)).toEqual(Array(200).fill(200));
    agent.destroy();
  });

  test('busy and stopping: 503, try again in a second', async () => {
    let state: 'open' | 'busy' | 'stopping' = 'busy';
    const other = await startOtlp({ state: () => state });
    const request = { body: encodeJson(traces), headers: jsonHeaders };
    for (state of ['busy', 'stopping'] as const) {
      const reply = await other.send(request);
      expectStatus(reply, 503);
      expect(reply.headers['retry-after']).toBe('1');
      expect(other.meter.value('rejected', { reason: state })).toBe(1);
    }
    state = 'open';
    expect((await other.send(request)).status).toBe(200);
    await other.close();
  });

  test('bodies under way are bounded in number and bytes', async () => {
    const other = await startOtlp({ limits: { requestsInWorkMax: 1, inflightBytesMax: 100_000 } });
    const stalled = connect(other.port, '127.0.0.1');
    stalled.write(
      `POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
    );
    const request = { body: encodeJson(traces), headers: jsonHeaders };
    await expect.poll(async () => (await other.send(request)).status).toBe(503);
    stalled.destroy();
    await expect.poll(async () => (await other.send(request)).status).toBe(200);
    const large = { body: Buffer.alloc(100_001, ' '), headers: jsonHeaders };
    const replies = [await other.send(large), await other.send({ ...large, chunked: true })];
    for (const reply of replies) {
      expectStatus(reply, 503);
      expect(reply.headers['retry-after']).toBe('1');
    }
    expect((await other.send(request)).status).toBe(200);
    await other.close();
  });

  test('51: a stalled upload blocks nobody, and is cut off in the end', async () => {
    const other = await startOtlp({ limits: { headerTimeoutMs: 300, requestTimeoutMs: 600 } });
    const stalled = Array.from({ length: 20 }, () => {
      const head =
        'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{';
      return other.sendRaw(head);
    });
    const slowHeads = other.sendRaw('POST /v1/traces HTTP/1.1\r\nHo');
    expect((await other.send({ body: encodeJson(traces), headers: jsonHeaders })).status).toBe(200);
    for (const answer of await Promise.all([...stalled, slowHeads])) expect(answer).toContain('408');
    expect(other.faults.filter((fault) => fault === 'slow')).toHaveLength(21);
    await other.close();
  });

  test('no HTTP at all, a huge head, a client that goes away', async () => {
    expect(await otlp.sendRaw('\x16\x03\x01 hello\r\n\r\n')).toContain('400');
    expect(await otlp.sendRaw(`GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(20_000)}\r\n\r\n`)).toContain(
      '431',
    );
    const smuggled =
      'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
    expect(await otlp.sendRaw(smuggled)).toContain('400');
    const gone = connect(otlp.port, '127.0.0.1');
    gone.write(
      'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
    );
    gone.resetAndDestroy();
    expectSuccess(await post(encodeJson(traces), jsonHeaders), 'application/json');
  });

  test('a flood of pipelined requests ends its own connection only', async () => {
    const flood = otlp.sendRaw('GET /v1/traces HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3_000));
    expectSuccess(await post(encodeJson(traces), jsonHeaders), 'application/json');
    await flood;
    expect(otlp.faults).toContain('flood');
  });

  test('over the connections allowed, the one idle for longest makes room', async () => {
    const other = await startOtlp({ limits: { connectionsMax: 10 } });
    const idle = Array.from({ length: 9 }, () => connect(other.port, '127.0.0.1'));
    const closed = await Promise.race(
      idle.map(
        (socket, i) =>
          new Promise<number>((resolve) => socket.on('error', () => {}).on('close', () => resolve(i))),
      ),
    );
    expect(closed).toBe(0);
    expect((await other.send({ body: encodeJson(traces), headers: jsonHeaders })).status).toBe(200);
    for (const socket of idle) socket.destroy();
    await other.close();
  });

  test('Expect: 100-continue: a refusal comes instead of the go-ahead', async () => {
    const head = (length: number) =>
      `POST /v1/traces HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;
    const refused = await otlp.sendRaw(head(9_000_000));
    expect(refused).toMatch(/^HTTP\/1.1 413/);
    expect(await otlp.sendRaw(`${head(2)}{}`)).toMatch(/^HTTP\/1.1 100 .*HTTP\/1.1 200/s);
  });

  test('an item our own code fails on costs itself', async () => {
    let calls = 0;
    const other = await startOtlp({
      visit: () => {
        if (calls++ === 0) throw new Error('a bug');
        return true;
      },
    });
    const reply = await other.send({ body: encodeJson(tracesOf([span, span, span])), headers: jsonHeaders });
    expect([reply.status, calls]).toEqual([200, 3]);
    expect(other.meter.value('internal_errors', { stage: 'normalise' })).toBe(1);
    expect(other.meter.value('items', { signal: 'traces' })).toBe(3);
    await other.close();
  });

  test('close: no new connections, the idle ones end, twice is fine', async () => {
    const other = await startOtlp();
    const agent = new Agent({ keepAlive: true });
    await other.send({ body: '{}', headers: jsonHeaders, agent });
    const stalled = other.sendRaw(
      'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    );
    await Promise.all([other.close(), other.close()]);
    await stalled;
    await expect(other.send({ body: '{}', headers: jsonHeaders })).rejects.toThrow();
    agent.destroy();
  });

  test('bad bodies are counted each and logged once', async () => {
    const other = await startOtlp();
    for (let i = 0; i < 50; i++) await other.send({ body: '{', headers: jsonHeaders });
    expect(other.meter.value('rejected', { reason: 'malformed' })).toBe(50);
    expect(other.meter.value('requests', { signal: 'traces', status: '400' })).toBe(50);
    expect(other.log.lines).toHaveLength(1);
    await other.close();
  });
});

test('request bytes are counted after inflating', async () => {
  const before = otlp.meter.value('request_bytes');
  const body = encodeJson(traces);
  await post(gzipSync(body), { ...jsonHeaders, 'content-encoding': 'gzip' });
  expect(otlp.meter.value('request_bytes') - before).toBe(body.length);
  expect(gunzipSync(gzipSync(body)).length).toBe(body.length);
});

function everyValue() {
  const values: unknown[] = [
    { stringValue: 'x' },
    { boolValue: false },
    { intValue: '-9223372036854775808' },
    { intValue: -5 },
    { doubleValue: 0.5 },
    { doubleValue: 'NaN' },
    { doubleValue: '-Infinity' },
    { doubleValue: null },
    {},
    { bytesValue: 'AAEC' },
    { arrayValue: { values: [{ intValue: 1 }, { stringValue: 'a' }, {}] } },
    { arrayValue: { values: [] } },
    { kvlistValue: { values: [{ key: 'a', value: { boolValue: true } }, { key: 'b' }] } },
  ];
  return [
    ...values.map((value, i) => ({ key: `ml.value.${i}`, value: value as never })),
    { key: 'ml.no.value' },
  ];
}

function oddKeys() {
  const keys = [
    'ml.a',
    'ml.a',
    '',
    'ml.',
    '__proto__',
    'constructor',
    'toString',
    'ml.__proto__',
    'ml.constructor',
  ];
  return keys.map((key) => ({
    key,
    value: { kvlistValue: { values: [{ key: 'polluted', value: { intValue: 1 } }] } },
  }));
}

/** A protobuf message as a field, with a padded length. */
function wrap(tag: number, inner: Uint8Array): Buffer {
  const length = inner.length;
  const prefix = [
    tag,
    (length & 127) | 128,
    ((length >>> 7) & 127) | 128,
    ((length >>> 14) & 127) | 128,
    length >>> 21,
  ];
  return Buffer.concat([Buffer.from(prefix), inner]);
}

/** One span whose attribute holds so many lists in lists. */
function nested(levels: number): Buffer {
  let value: Buffer = Buffer.from([0x18, 1]);
  for (let i = 0; i < levels; i++) value = wrap(0x2a, wrap(0x0a, value));
  const attribute = Buffer.concat([Buffer.from([0x0a, 4]), Buffer.from('ml.d'), wrap(0x12, value)]);
  return wrap(0x0a, wrap(0x12, wrap(0x12, wrap(0x4a, attribute))));
}
