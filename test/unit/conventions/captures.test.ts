import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createPricer } from '../../../agent/pipeline/price.ts';
import { createReader } from '../../../agent/receivers/wire/reader.ts';
import { defaultPriceBook } from '../../../config/price-book.ts';
import * as registry from '../../../conventions/registry.ts';
import type { Call } from '../../../core/observation.ts';
import { CollectingSink, fieldsToObject } from '../../support/fake-item.ts';

const captures = join(import.meta.dirname, '../../captures');

interface FeatureSummary {
  readonly n: number;
  readonly missing: number;
  readonly type: 'numeric' | 'categorical';
  readonly min?: number;
  readonly max?: number;
  readonly mean?: number;
  readonly levels?: Readonly<Record<string, number>>;
}

interface Expected {
  readonly received: { readonly spans: number; readonly logs: number };
  readonly predictions?: {
    readonly rows: number;
    readonly failed: number;
    readonly models: Readonly<Record<string, number>>;
    readonly roles: Readonly<Record<string, number>>;
    readonly features: Readonly<Record<string, FeatureSummary>>;
    readonly distinctIds: number;
    readonly value: Readonly<Record<string, number>>;
    readonly score: { readonly n: number; readonly mean: number; readonly min: number; readonly max: number };
    readonly decision: Readonly<Record<string, number>>;
    readonly durations: number;
  };
  readonly genai?: {
    readonly inferences: number;
    readonly failed: number;
    readonly finish: Readonly<Record<string, number>>;
    readonly tokens: Readonly<Record<string, number>>;
    readonly tokensUnknown: number;
    readonly costUsd: number;
    readonly unpriced: number;
    readonly models: Readonly<Record<string, number>>;
    readonly byModel: Readonly<Record<string, Readonly<Record<string, number>>>>;
    readonly firstTokenTimes: number;
    readonly providers: Readonly<Record<string, number>>;
    readonly withInputText: number;
    readonly withOutputText: number;
  };
  readonly sampling?: { readonly weight: number; readonly sumWeights: number };
}

const expected = JSON.parse(readFileSync(join(captures, 'expected.json'), 'utf8')) as Record<
  string,
  Expected
>;

const tabularFolders = [
  'sampled-th-0.1-json',
  'sampled-th-0.25-json',
  'tabular-logbatch-json',
  'tabular-logbatch-proto',
  'tabular-logflat-json',
  'tabular-logmap-json',
  'tabular-logmap-proto-gzip',
  'tabular-outcomes-json',
  'tabular-spanflat-proto',
  'tabular-spanjson-proto',
].map((folder) => [folder, sectionOf(folder, 'predictions')] as const);

const genAiFolders = [
  'anthropic-sdk0-traceloop-0.27',
  'anthropic-sdk1.12-native-content',
  'otel-openai-0.21-json',
  'otel-openai-0.22-sdk0.301-proto',
  'traceloop-0.27',
].map((folder) => [folder, sectionOf(folder, 'genai')] as const);

function sectionOf<K extends 'predictions' | 'genai'>(folder: string, name: K): NonNullable<Expected[K]> {
  const section = expected[folder]?.[name];
  if (section === undefined)
    throw new Error(`test/captures/expected.json says nothing about ${name} of ${folder}`);
  return section;
}

interface Found {
  readonly calls: readonly Call[];
  readonly unpriced: Readonly<Record<string, number>>;
  readonly items: { spans: number; logs: number };
  readonly defects: Readonly<Record<string, number>>;
}

/** All bodies of a folder through the wire reader, the conventions by rank, and the pricer. */
function readFolder(folder: string): Found {
  const reader = createReader();
  const normalisers = Object.values(registry)
    .sort((a, b) => a.rank - b.rank)
    .map((convention) => convention.create(reader.keys));
  const sink = new CollectingSink();
  const items = { spans: 0, logs: 0 };
  for (const file of readdirSync(join(captures, folder)).sort()) {
    if (file.endsWith('.meta.json')) continue;
    const raw = readFileSync(join(captures, folder, file));
    const body = file.endsWith('.gz') ? gunzipSync(raw) : raw;
    const isTraces = file.includes('traces');
    const read = isTraces ? reader.readTraces : reader.readLogs;
    const result = read(body, file.includes('.json') ? 'json' : 'protobuf', 0, (item) =>
      normalisers.some((normalise) => normalise(item, sink)),
    );
    if (!result.ok) throw new Error(`${folder}/${file}: ${result.message}`);
    expect(result.counts).toMatchObject({
      rejected: 0,
      malformed: { type: 0, depth: 0, too_long: 0, too_many: 0 },
    });
    items[isTraces ? 'spans' : 'logs'] += result.counts.items;
  }
  const unpriced: Record<string, number> = {};
  const price = createPricer(defaultPriceBook, {
    add: (_key, amount, labels) => {
      const reason = labels?.['reason'] ?? '';
      unpriced[reason] = (unpriced[reason] ?? 0) + amount;
    },
    set: () => {},
    observe: () => {},
    clear: () => {},
  });
  return { calls: sink.calls.map(price), unpriced, items, defects: sink.defects };
}

function countBy(values: Iterable<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;

function columnOf(
  calls: readonly Call[],
  group: 'inputs' | 'outputs',
  name: string,
): (number | string | null)[] {
  return calls.flatMap((call) => {
    const value = fieldsToObject(call[group])[name];
    return value === undefined ? [] : [value];
  });
}

const numbersOf = (column: readonly unknown[]) => column.filter((value) => typeof value === 'number');
const levelsOf = (column: readonly unknown[]) => countBy(column.filter((value) => typeof value === 'string'));

describe.each(tabularFolders)('%s', (folder, predictions) => {
  const { calls, items, defects } = readFolder(folder);
  const succeeded = calls.filter((call) => call.result === 'ok');

  test('rows, failures, models, roles, ids', () => {
    expect(items).toMatchObject({
      spans: expected[folder]?.received.spans,
      logs: expected[folder]?.received.logs,
    });
    expect(defects).toEqual({});
    expect(calls.length).toBe(predictions.rows);
    expect(calls.length - succeeded.length).toBe(predictions.failed);
    expect(countBy(calls.map((call) => `${call.model}@${call.version}`))).toEqual(predictions.models);
    expect(countBy(calls.map((call) => call.role))).toEqual(predictions.roles);
    expect(new Set(calls.map((call) => `${call.idHigh}/${call.idLow}`)).size).toBe(predictions.distinctIds);
    expect(new Set(calls.map((call) => call.environment))).toEqual(new Set(['production']));
    expect(calls.filter((call) => Number.isFinite(call.latencyMs))).toHaveLength(predictions.durations);
  });

  test.each(Object.entries(predictions.features))('feature %s', (name, summary) => {
    const column = columnOf(calls, 'inputs', name);
    const numbers = numbersOf(column);
    expect(column.filter((value) => value === null)).toHaveLength(summary.missing);
    expect(column).toHaveLength(summary.n + summary.missing);
    if (summary.type === 'categorical') {
      expect(levelsOf(column)).toEqual(summary.levels);
    } else {
      expect(numbers).toHaveLength(summary.n);
      expect([Math.min(...numbers), Math.max(...numbers)]).toEqual([summary.min, summary.max]);
      // The expectations are printed to 12 digits.
      expect(mean(numbers) / (summary.mean ?? 0) || 1).toBeCloseTo(1, 10);
    }
  });

  test('no other features', () => {
    const names = new Set(calls.flatMap((call) => Object.keys(fieldsToObject(call.inputs))));
    expect([...names].sort()).toEqual(Object.keys(predictions.features).sort());
  });

  test('outputs of the rows that succeeded', () => {
    const scores = numbersOf(columnOf(calls, 'outputs', 'score'));
    expect(levelsOf(columnOf(calls, 'outputs', 'value'))).toEqual(predictions.value);
    expect(levelsOf(columnOf(calls, 'outputs', 'decision'))).toEqual(predictions.decision);
    expect([scores.length, Math.min(...scores), Math.max(...scores)]).toEqual([
      predictions.score.n,
      predictions.score.min,
      predictions.score.max,
    ]);
    expect(mean(scores)).toBeCloseTo(predictions.score.mean, 10);
  });

  test('weights', () => {
    const sampling = expected[folder]?.sampling;
    expect(new Set(calls.map((call) => call.weightKnown))).toEqual(new Set([sampling ? 'exact' : 'unknown']));
    expect(new Set(calls.map((call) => call.weight))).toEqual(new Set([sampling?.weight ?? 1]));
    expect(sum(calls.map((call) => call.weight))).toBe(sampling?.sumWeights ?? predictions.rows);
  });

  test('read again it has the same ids', () => {
    const ids = (found: readonly Call[]) => found.map((call) => `${call.idHigh}/${call.idLow}`);
    expect(ids(readFolder(folder).calls)).toEqual(ids(calls));
  });
});

describe.each(genAiFolders)('%s', (folder, genai) => {
  const { calls, items, unpriced, defects } = readFolder(folder);
  const tokens = calls.flatMap((call) => call.tokens ?? []);

  test('calls, failures, models, providers, finish reasons', () => {
    expect(items).toMatchObject({
      spans: expected[folder]?.received.spans,
      logs: expected[folder]?.received.logs,
    });
    expect(defects).toEqual({});
    expect(calls.length).toBe(genai.inferences);
    expect(calls.filter((call) => call.result === 'error')).toHaveLength(genai.failed);
    expect(countBy(calls.map((call) => call.model))).toEqual(genai.models);
    expect(countBy(calls.map((call) => call.provider))).toEqual(genai.providers);
    expect(levelsOf(columnOf(calls, 'outputs', 'finish_reason'))).toEqual(genai.finish);
    expect(calls.filter((call) => Number.isFinite(call.firstTokenMs))).toHaveLength(genai.firstTokenTimes);
    expect(new Set(calls.map((call) => `${call.idHigh}/${call.idLow}`)).size).toBe(genai.inferences);
  });

  test('tokens', () => {
    expect({
      input: sum(tokens.map((t) => t.input)),
      output: sum(tokens.map((t) => t.output)),
      cacheRead: sum(tokens.map((t) => t.cachedRead)),
      cacheWrite: sum(tokens.map((t) => t.cachedWrite)),
      reasoning: sum(tokens.map((t) => t.reasoning)),
    }).toEqual(genai.tokens);
    const succeeded = calls.filter((call) => call.result === 'ok');
    expect(succeeded.filter((call) => call.tokens === undefined)).toHaveLength(genai.tokensUnknown);
  });

  test('by the name that answered, else was asked', () => {
    // A failed call has no answered name, and its asked one has lost its date.
    const plain = (name: string) => name.replace(/-\d{8}$/, '');
    for (const [name, one] of Object.entries(genai.byModel)) {
      const mine = calls.filter((call) => plain(call.version || call.model) === plain(name));
      expect({
        calls: mine.length,
        failed: mine.filter((call) => call.result === 'error').length,
        input: sum(mine.map((call) => call.tokens?.input ?? 0)),
        output: sum(mine.map((call) => call.tokens?.output ?? 0)),
      }).toEqual(one);
    }
  });

  test('cost', () => {
    expect(sum(calls.map((call) => call.cost?.amountUsd ?? 0))).toBeCloseTo(genai.costUsd, 12);
    expect(unpriced).toEqual(genai.unpriced === 0 ? {} : { tokens_unknown: genai.unpriced });
  });
});

/** Clients that send the text on the span; others send it as log records, which are not joined. */
test.each(genAiFolders.filter(([folder]) => !folder.startsWith('otel-openai')))(
  '%s: prompts and answers are described',
  (folder, genai) => {
    const { calls, defects } = readFolder(folder);
    expect(defects).toEqual({});
    const has = (group: 'inputs' | 'outputs', names: readonly string[]) =>
      calls.filter((call) => {
        const fields = call.contents === undefined ? {} : fieldsToObject(call.contents[group]);
        return names.some((name) => Number(fields[name] ?? 0) > 0);
      });
    expect(has('inputs', ['prompt.context_characters'])).toHaveLength(genai.withInputText);
    expect(has('outputs', ['answer.characters', 'answer.tool_calls'])).toHaveLength(genai.withOutputText);
  },
);
