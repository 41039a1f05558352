import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { createReader } from '../../../agent/receivers/wire/reader.ts';

/** Bodies of real clients: every one is read without a fault, and the number of items is what was sent. */
const folder = new URL('../../captures', import.meta.url).pathname;
const bodyName = /^\d+-(traces|logs)\.(grpc\.)?(json|pb)(\.gz)?$/;

/** Counted apart from this code, by the clients' own exports. */
const sent: Readonly<Record<string, { readonly spans: number; readonly logs: number }>> = {
  'otel-openai-0.21-json': { spans: 53, logs: 50 },
  'otel-openai-0.21-grpc-gzip': { spans: 53, logs: 50 },
  'otel-openai-0.22-sdk0.301-proto': { spans: 53, logs: 50 },
  'sampled-th-0.1-json': { spans: 39, logs: 0 },
  'sampled-th-0.25-json': { spans: 111, logs: 0 },
  'tabular-logbatch-json': { spans: 0, logs: 1 },
  'tabular-logbatch-proto': { spans: 0, logs: 1 },
  'tabular-logflat-json': { spans: 0, logs: 20 },
  'tabular-logmap-json': { spans: 0, logs: 20 },
  'tabular-logmap-proto-gzip': { spans: 0, logs: 20 },
  'tabular-outcomes-json': { spans: 6, logs: 6 },
  'tabular-spanflat-proto': { spans: 20, logs: 0 },
  'tabular-spanjson-proto': { spans: 20, logs: 0 },
  'tabular-1000-logflat-proto-gzip': { spans: 0, logs: 1_000 },
  'tabular-1000-logmap-json-gzip': { spans: 0, logs: 1_000 },
  'tabular-1000-spanflat-proto-gzip': { spans: 1_000, logs: 0 },
};

function bodiesOf(client: string) {
  return readdirSync(join(folder, client))
    .filter((name) => bodyName.test(name))
    .map((name) => {
      const bytes = readFileSync(join(folder, client, name));
      return {
        signal: name.includes('-traces.') ? ('traces' as const) : ('logs' as const),
        encoding: name.includes('.json') ? ('json' as const) : ('protobuf' as const),
        body: name.endsWith('.gz') ? gunzipSync(bytes) : bytes,
      };
    });
}

test.each(Object.entries(sent))('%s', (client, expected) => {
  const reader = createReader();
  const found = { spans: 0, logs: 0 };
  for (const { signal, encoding, body } of bodiesOf(client)) {
    const read = signal === 'traces' ? reader.readTraces : reader.readLogs;
    const result = read(body, encoding, 0, () => true);
    if (!result.ok) throw new Error(result.message);
    expect(result.counts).toMatchObject({
      rejected: 0,
      malformed: { type: 0, depth: 0, too_long: 0, too_many: 0 },
    });
    found[signal === 'traces' ? 'spans' : 'logs'] += result.counts.items;
  }
  expect(found).toEqual(expected);
});

/** The same rows, exported by one client in two encodings, have the same features. */
test.each([
  ['tabular-logmap-json', 'tabular-logmap-proto-gzip'],
  ['tabular-logbatch-json', 'tabular-logbatch-proto'],
])('%s and %s hold the same values', (json, proto) => {
  const valuesOf = (client: string) => {
    const reader = createReader();
    const keys = [
      'ml.input.features',
      'ml.prediction.score',
      'ml.prediction.value',
      'ml.model.name',
      'ml.batch.size',
    ].map((name) => reader.keys.key(name));
    const rows: unknown[] = [];
    for (const { encoding, body } of bodiesOf(client)) {
      reader.readLogs(body, encoding, 0, (item) => {
        rows.push([item.name, item.body(), ...keys.map((key) => item.attributes.value(key))]);
        return true;
      });
    }
    return rows;
  };
  const rows = valuesOf(json);
  expect(rows.length).toBeGreaterThan(0);
  expect(rows).toEqual(valuesOf(proto));
});

test('the examples of the OTLP specification', () => {
  const reader = createReader();
  const read = (name: string) =>
    JSON.parse(readFileSync(join(folder, 'spec-examples', name), 'utf8')) as unknown;
  const names: string[] = [];
  const visit = (item: { name: string }) => names.push(item.name) > 0;
  reader.keys.key('my.span.attr');
  expect(reader.readJsonTraces(read('trace.json'), 0, visit)).toMatchObject({
    counts: { items: 1, rejected: 0 },
  });
  expect(reader.readJsonLogs(read('logs.json'), 0, visit)).toMatchObject({
    counts: { items: 1, rejected: 0 },
  });
  expect(reader.readJsonLogs(read('events.json'), 0, visit)).toMatchObject({
    counts: { items: 1, rejected: 0 },
  });
  expect(names).toEqual(["I'm a server span", 'browser.page_view']);
});
