import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AnyValue, Convention } from '../../conventions/convention.ts';
import * as registry from '../../conventions/registry.ts';
import type { Call } from '../../core/observation.ts';
import {
  type FakeItem,
  FakeReader,
  type FakeValue,
  fieldsToObject,
  normaliseOne,
} from '../support/fake-item.ts';

const conventions: readonly Convention[] = Object.values(registry);

/** Names of log records that any convention reads; a new convention adds its own. */
const events = [
  'ml.prediction',
  'ml.prediction.batch',
  'ml.prediction.label',
  'ml.prediction.feedback',
  'gen_ai.user.message',
  'gen_ai.client.inference.operation.details',
];

/** Words that decide something in a vocabulary, so that random items are often somebody's. */
const words = [
  'chat',
  'embeddings',
  'invoke_agent',
  'predict',
  'gpt-4o-2024-08-06',
  'USD',
  'EUR',
  'shadow',
  'c',
  'stop',
];

const numbers = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(0, -0, 1e308, -1e308, 5e-324, 2 ** 53, -1),
);
const texts = fc.oneof(
  fc.string(),
  fc.constantFrom(...words),
  fc.json(),
  fc.constantFrom('__proto__', '{', '[]', '{"a":1e999}'),
);
const leaves: fc.Arbitrary<AnyValue> = fc.oneof(fc.constant(null), fc.boolean(), numbers, texts);
const values: fc.Arbitrary<AnyValue> = fc.letrec<{ value: AnyValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaves,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(texts, tie('value')), { maxLength: 4 }).map((entries) => new Map(entries)),
  ),
})).value;

const columns = fc
  .array(
    fc.tuple(
      fc.oneof(texts, fc.constantFrom('id', 'value', 'score', 'decision')),
      fc.array(leaves, { maxLength: 3 }),
    ),
    { maxLength: 5 },
  )
  .map((entries): AnyValue => new Map<string, AnyValue>(entries));
const bodies: fc.Arbitrary<AnyValue> = fc.oneof(
  values,
  fc.tuple(columns, columns).map(
    ([features, prediction]): AnyValue =>
      new Map<string, AnyValue>([
        ['features', features],
        ['prediction', prediction],
      ]),
  ),
);

/** What makes an item somebody's; half of the random items begin with it. */
const marks: readonly (readonly [string, FakeValue])[] = [
  ['ml.operation.name', 'predict'],
  ['ml.model.name', 'm'],
  ['gen_ai.operation.name', 'chat'],
];

/** An item whose attributes are those a convention asks for, with anything in them. */
function itemsFor(wanted: readonly string[]): fc.Arbitrary<FakeItem> {
  const name = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...wanted) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom(...wanted), fc.string()).map(([start, end]) => start + end),
    },
  );
  const value = fc.oneof<fc.Arbitrary<FakeValue>[]>(
    fc.constantFrom(...words),
    values,
    fc.uint8Array({ maxLength: 4 }),
  );
  const attributes = fc
    .tuple(fc.boolean(), fc.array(fc.tuple(name, value), { maxLength: 30 }))
    .map(([marked, entries]) => new Map<string, FakeValue>([...(marked ? marks : []), ...entries]));
  return fc.record({
    kind: fc.constantFrom('span' as const, 'log' as const),
    name: fc.oneof(fc.constantFrom(...events), fc.string()),
    scope: fc.oneof(fc.string(), fc.constant('@traceloop/instrumentation-anthropic')),
    durationMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
    failed: fc.boolean(),
    idHigh: fc.integer(),
    idLow: fc.integer(),
    traceId: fc.constantFrom('', '5b8efff798038103d2f69b633813fc60'),
    traceState: fc.oneof(
      fc.string(),
      fc.constantFrom('', 'ot=th:c', 'ot=th:;rv:', 'ot=th:e6;rv:ffffffffffffff'),
    ),
    attributes,
    resource: attributes,
    body: bodies,
  });
}

function wantedBy(convention: Convention): readonly string[] {
  const reader = new FakeReader();
  convention.create(reader);
  return reader.names;
}

function normalise(convention: Convention, ...items: readonly FakeItem[]) {
  const reader = new FakeReader();
  const read = convention.create(reader);
  let result = { ours: false, calls: [] as readonly Call[], defects: {} as Record<string, number> };
  for (const item of items) result = normaliseOne(reader, read, item);
  return { ...result, rows: result.calls.map(rowOf) };
}

function rowOf(call: Call) {
  const inputs = fieldsToObject(call.inputs);
  return { ...call, traceId: call.traceId(), inputs, outputs: fieldsToObject(call.outputs) };
}

function expectUsable(call: Call): void {
  for (const number of [call.timeMs, call.weight]) expect(number).toSatisfy(Number.isFinite);
  expect(call.weight).toBeGreaterThanOrEqual(1);
  for (const number of [call.latencyMs, call.firstTokenMs]) {
    expect(Number.isNaN(number) || (Number.isFinite(number) && number >= 0)).toBe(true);
  }
  if (call.cost !== undefined)
    expect(Number.isFinite(call.cost.amountUsd) && call.cost.amountUsd >= 0).toBe(true);
  for (const count of Object.values(call.tokens ?? {}))
    expect(Number.isFinite(count) && count >= 0).toBe(true);
  for (const fields of [call.inputs, call.outputs]) {
    for (let i = 0; i < fields.size; i++) expect(fields.number(i)).toSatisfy(Number.isFinite);
  }
  for (const half of [call.idHigh, call.idLow]) expect(half === (half | 0) || half === half >>> 0).toBe(true);
  if (call.result === 'error') expect(call.outputs.size).toBe(0);
}

function expectDistinctIds(calls: readonly Call[]): void {
  const ids = calls.map((call) => `${call.idHigh}/${call.idLow}`).filter((id) => id !== '0/0');
  expect(new Set(ids).size).toBe(ids.length);
}

test('names and ranks are distinct, and names are metric labels', () => {
  expect(conventions.length).toBeGreaterThan(0);
  expect(new Set(conventions.map(({ name }) => name)).size).toBe(conventions.length);
  expect(new Set(conventions.map(({ rank }) => rank)).size).toBe(conventions.length);
  for (const { name, title } of conventions) {
    expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(title).not.toBe('');
  }
});

describe.each(conventions.map((convention) => [convention.name, convention] as const))(
  '%s',
  (name, convention) => {
    const wanted = wantedBy(convention);

    test('leaves alone what is not its own', () => {
      const foreign = fc.record({
        kind: fc.constantFrom('span' as const, 'log' as const),
        name: fc.constantFrom('GET /', 'predict', 'chat gpt-4o', 'app.event', ''),
        attributes: fc
          .array(
            fc.tuple(
              fc.constantFrom('http.request.method', 'db.system', 'acme.model', 'prompt', 'model'),
              values,
            ),
          )
          .map((entries) => new Map<string, FakeValue>(entries)),
        resource: fc.constant({ 'deployment.environment.name': 'production' }),
        traceState: fc.constant('ot=th:c'),
        body: bodies,
      });
      fc.assert(
        fc.property(foreign, (item) => {
          expect(normalise(convention, item)).toMatchObject({ ours: false, calls: [], defects: {} });
        }),
      );
    });

    test('whatever the attributes hold, it emits usable calls or none', () => {
      let calls = 0;
      fc.assert(
        fc.property(itemsFor(wanted), (item) => {
          const before = structuredClone(item);
          const result = normalise(convention, item);
          calls += result.calls.length;
          if (!result.ours) expect([result.calls, result.defects]).toEqual([[], {}]);
          for (const call of result.calls) {
            expectUsable(call);
            expect(call.convention).toBe(name);
          }
          for (const count of Object.values(result.defects)) expect(count).toSatisfy(Number.isSafeInteger);
          expect(item).toEqual(before);
        }),
        { numRuns: 1_000 },
      );
      expect(calls).toBeGreaterThan(50);
    });

    test('an item before leaves nothing behind', () => {
      fc.assert(
        fc.property(itemsFor(wanted), itemsFor(wanted), (first, second) => {
          const { ours, rows, defects } = normalise(convention, second);
          expect(normalise(convention, first, second)).toMatchObject({ ours, rows, defects });
        }),
        { numRuns: 300 },
      );
    });

    test('one item has one id, also when it is read again', () => {
      const noIds = fc.array(leaves, { maxLength: 5 });
      fc.assert(
        fc.property(itemsFor(wanted), noIds, (item, column) => {
          const body = new Map<string, AnyValue>([['features', new Map<string, AnyValue>([['a', column]])]]);
          const once = normalise(convention, { ...item, body });
          expectDistinctIds(once.calls);
          expect(normalise(convention, { ...item, body }).rows).toEqual(once.rows);
        }),
        { numRuns: 300 },
      );
    });

    /** What may leave as it came: names of models and the like, and features, whose levels are counted. */
    const verbatim =
      /^(ml\.model\.(name|version)|ml\.(feature\.|input\.)|ml\.prediction\.(value|decision)$|ml\.transaction\.id|gen_ai\.(request|response)\.model|gen_ai\.(provider\.name|system)$|deployment\.environment)/;

    test('no text of an item is in what it emits, except what is declared', () => {
      const secret = 'PLANTED-Zq8';
      const secrets = Object.fromEntries(
        [...wanted, 'gen_ai.input.messages', 'gen_ai.prompt', 'input.value', 'ml.entity.id', 'user.id']
          .filter((key) => !verbatim.test(key))
          .map((key) => [key, `${secret} in ${key}`]),
      );
      // What decides whose an item is, and that it succeeded, has to be right.
      const marks = {
        'ml.model.name': 'm',
        'gen_ai.request.model': 'm',
        'gen_ai.system': 's',
        'error.type': '',
      };
      const body = new Map<string, AnyValue>([
        ['features', new Map<string, AnyValue>([['age', [1]]])],
        [
          'prediction',
          new Map<string, AnyValue>([
            ['id', [secret]],
            ['score', [secret]],
            [secret, [secret]],
          ]),
        ],
        [secret, secret],
      ]);
      const operations = ['predict', 'chat', 'embeddings'];
      const items = operations.flatMap((operation) =>
        [
          { kind: 'span' as const, name: secret },
          ...events.map((event) => ({ kind: 'log' as const, name: event })),
        ].map(
          (item): FakeItem => ({
            ...item,
            scope: secret,
            traceState: `ot=th:${secret}`,
            attributes: {
              ...secrets,
              ...marks,
              'ml.operation.name': operation,
              'gen_ai.operation.name': operation,
            },
            resource: { 'service.name': secret, 'process.command_line': secret },
            body,
          }),
        ),
      );
      const rows = items.flatMap((item) => normalise(convention, item).rows);
      expect(rows.length).toBeGreaterThan(0);
      expect(JSON.stringify(rows)).not.toContain(secret);
    });
  },
);
