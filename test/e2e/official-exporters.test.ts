import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SpanKind } from '@opentelemetry/api';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BuiltAgent, makeFolder, startBuiltAgent, type TestFolder } from '../support/built-agent.ts';
import { driftConfig } from '../support/drift.ts';
import { until } from '../support/until.ts';

/* Spans as the official OpenTelemetry SDK for JavaScript makes and sends them, in both encodings, with gzip. */

const calls = 50;
const predictions = 70;

let folder: TestFolder;
let agent: BuiltAgent;

beforeAll(async () => {
  folder = makeFolder('exporters');
  agent = await startBuiltAgent(folder.file('kedge.yaml', driftConfig({ dataDir: `${folder.path}/data` })));
});

afterAll(async () => {
  await agent?.stop();
  folder?.remove();
});

for (const encoding of ['protobuf', 'json'] as const) {
  test(`GenAI and tabular spans in ${encoding} with gzip, the same batch twice: each row counts once`, async () => {
    const before = await counted();
    const spans = makeSpans(encoding);
    const exporter = exporterTo(`${agent.otlpUrl}/v1/traces`, encoding);
    await send(exporter, spans);
    await send(exporter, spans);
    await exporter.shutdown();
    const after = await until('all rows', async () => {
      const now = await counted();
      return now.duplicates === before.duplicates + calls + predictions ? now : undefined;
    });
    expect(after.rows - before.rows).toBe(calls + predictions);

    const { models } = await agent.status();
    const versionsOf = (name: string) => models.find(({ model }) => model === name)?.versions;
    expect(versionsOf(`assistant-${encoding}`)).toMatchObject([{ rows: calls }]);
    expect(versionsOf(`credit-${encoding}`)).toMatchObject([{ version: '3', rows: predictions }]);
    const signals = (name: string) =>
      models.find(({ model }) => model === name)?.signals.map(({ signal }) => signal);
    expect(signals(`assistant-${encoding}`)).toEqual(
      expect.arrayContaining(['latency_ms', 'tokens.input', 'tokens.output', 'error_share']),
    );
    expect(signals(`credit-${encoding}`)).toEqual(
      expect.arrayContaining(['input.income', 'input.region', 'output.score', 'latency_ms']),
    );
  });
}

test('an answer that is lost on the way: the exporter sends again, and the rows count once', async () => {
  const proxy = await startLossyProxy(agent.otlpUrl);
  const before = await counted();
  const exporter = exporterTo(`http://127.0.0.1:${proxy.port}/v1/traces`, 'protobuf');
  await send(exporter, makeSpans('lossy'));
  await exporter.shutdown();
  await new Promise((resolve) => proxy.server.close(resolve));
  expect(proxy.requests()).toBe(2);
  const after = await until('all rows', async () => {
    const now = await counted();
    return now.rows === before.rows + calls + predictions ? now : undefined;
  });
  expect(after.duplicates - before.duplicates).toBe(calls + predictions);
});

test('what was no model call was read and left alone', async () => {
  const spans = recordSpans('service', (tracer) => {
    for (let index = 0; index < 30; index++)
      tracer.startSpan('GET /', { kind: SpanKind.SERVER, attributes: { 'http.route': '/' } }).end();
  });
  const before = await agent.metrics();
  const exporter = exporterTo(`${agent.otlpUrl}/v1/traces`, 'protobuf');
  await send(exporter, spans);
  await exporter.shutdown();
  const after = await agent.metrics();
  const grown = (series: string) => after.value(series) - before.value(series);
  expect(grown('kedge_receiver_items_total{signal="traces"}')).toBe(30);
  expect(grown('kedge_items_not_understood_total{signal="traces"}')).toBe(30);
  expect(after.sum('kedge_malformed_values_total')).toBe(0);
  expect(after.sum('kedge_receiver_rejected_total')).toBe(0);
});

function makeSpans(name: string): readonly ReadableSpan[] {
  return recordSpans(name, (tracer) => {
    for (let index = 0; index < calls; index++) {
      const startMs = Date.now() - 1_000;
      const attributes = {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': `assistant-${name}`,
        'gen_ai.response.model': `assistant-${name}`,
        'gen_ai.usage.input_tokens': 100 + index,
        'gen_ai.usage.output_tokens': 20,
        'gen_ai.response.finish_reasons': ['stop'],
      };
      const options = { kind: SpanKind.CLIENT, startTime: startMs, attributes };
      tracer.startSpan(`chat assistant-${name}`, options).end(startMs + 400);
    }
    for (let index = 0; index < predictions; index++) {
      const attributes = {
        'ml.operation.name': 'predict',
        'ml.model.name': `credit-${name}`,
        'ml.model.version': '3',
        'ml.feature.income': 1_000 + index,
        'ml.feature.region': index % 2 === 0 ? 'north' : 'south',
        'ml.prediction.score': index / 100,
      };
      tracer.startSpan('predict', { attributes }).end();
    }
  });
}

function recordSpans(
  service: string,
  record: (tracer: ReturnType<TracerProvider['getTracer']>) => void,
): readonly ReadableSpan[] {
  const memory = new InMemorySpanExporter();
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': service }),
    spanProcessors: [new SimpleSpanProcessor({ exporter: memory })],
  });
  record(provider.getTracer('test'));
  return memory.getFinishedSpans();
}

function exporterTo(url: string, encoding: 'protobuf' | 'json'): SpanExporter {
  const options = { url, compression: 'gzip' as never };
  return encoding === 'protobuf' ? new ProtobufExporter(options) : new JsonExporter(options);
}

function send(exporter: SpanExporter, spans: readonly ReadableSpan[]): Promise<void> {
  return new Promise((resolve, reject) => {
    exporter.export([...spans], ({ code, error }) => {
      if (code === 0) resolve();
      else reject(error ?? new Error('export failed'));
    });
  });
}

async function counted() {
  const metrics = await agent.metrics();
  return {
    rows: metrics.sum('kedge_rows_total'),
    duplicates: metrics.value('kedge_rows_dropped_total{reason="duplicate"}'),
  };
}

/** Hands requests on, and answers the first one 503 although it was taken. */
async function startLossyProxy(target: string) {
  let requests = 0;
  const server: Server = createServer((incoming, response) => {
    const isFirst = requests++ === 0;
    const url = `${target}${incoming.url ?? ''}`;
    const outgoing = httpRequest(
      url,
      { method: 'POST', headers: incoming.headers },
      (answer: IncomingMessage) => {
        if (!isFirst) {
          response.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(response);
          return;
        }
        answer.resume();
        answer.once('end', () => response.writeHead(503, { 'retry-after': '1' }).end());
      },
    );
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port, requests: () => requests };
}
