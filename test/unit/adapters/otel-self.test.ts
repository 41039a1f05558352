import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { startSelfTelemetry } from '../../../agent/adapters/otel-self.ts';
import { createPromMeter } from '../../../agent/adapters/prom-meter.ts';

interface Export {
  readonly url: string;
  readonly type: string;
  readonly body: string;
}

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** An OTLP/HTTP receiver that keeps what it gets; protobuf strings can be read in it as they are. */
async function receiver(): Promise<{ endpoint: string; exports: Export[] }> {
  const exports: Export[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    exports.push({
      url: request.url ?? '',
      type: request.headers['content-type'] ?? '',
      body: Buffer.concat(chunks).toString('latin1'),
    });
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => server.close());
  cleanups.push(() => server.closeAllConnections());
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, exports };
}

test('spans of ticks and mirrored metrics arrive at a receiver', async () => {
  const { endpoint, exports } = await receiver();
  const meter = await createPromMeter();
  meter.add('rows', 41, { convention: 'tabular' });
  const telemetry = await startSelfTelemetry({
    endpoint: `${endpoint}/`,
    serviceVersion: '9.9.9',
    readMetric: (key) => meter.total(key),
  });
  expect(await telemetry.traceTick('tick', async () => 7)).toBe(7);
  await expect(
    telemetry.traceTick('bad tick', async () => {
      throw new Error('judge broke');
    }),
  ).rejects.toThrow('judge broke');
  await telemetry.stop();
  await telemetry.stop();

  const of = (url: string) => exports.filter((one) => one.url === url).map((one) => one.body);
  expect(new Set(exports.map((one) => one.type))).toEqual(new Set(['application/x-protobuf']));
  const spans = of('/v1/traces').join('');
  for (const word of ['service.name', 'kedge', '9.9.9', 'tick', 'bad tick', 'judge broke']) {
    expect(spans).toContain(word);
  }
  const points = of('/v1/metrics').join('');
  expect(points).toContain('kedge_rows');
  expect(points).toContain('kedge_ready');
  // 41 as a double, little-endian: the value that was counted.
  const value = Buffer.alloc(8);
  value.writeDoubleLE(41);
  expect(points).toContain(value.toString('latin1'));
});

test('a receiver that is away neither fails the work nor keeps the agent from stopping', async () => {
  const { endpoint } = await receiver();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  const telemetry = await startSelfTelemetry({ endpoint, serviceVersion: '1', readMetric: async () => 0 });
  expect(await telemetry.traceTick('tick', async () => 'done')).toBe('done');
  const started = performance.now();
  await telemetry.stop();
  expect(performance.now() - started).toBeLessThan(8_000);
});
