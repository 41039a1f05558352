import { describe, expect, test } from 'vitest';
import type { AnyValue } from '../../../conventions/convention.ts';
import { batchRowsMax } from '../../../conventions/shared/columns.ts';
import { tabular } from '../../../conventions/tabular.ts';
import type { Call } from '../../../core/observation.ts';
import { type FakeItem, FakeReader, fieldsToObject, normaliseOne } from '../../support/fake-item.ts';

const model = { 'ml.model.name': 'credit-risk', 'ml.model.version': '7.2.0' };
const span = { ...model, 'ml.operation.name': 'predict' };

function normalise(fake: FakeItem) {
  const reader = new FakeReader();
  return normaliseOne(reader, tabular.create(reader), fake);
}

/** Exactly one call came of it. */
function callOf(fake: FakeItem): { readonly call: Call; readonly defects: Record<string, number> } {
  const { ours, calls, defects } = normalise(fake);
  expect(ours).toBe(true);
  expect(calls).toHaveLength(1);
  return { call: calls[0] as Call, defects };
}

function inputsOf(attributes: Readonly<Record<string, AnyValue>>) {
  const { call, defects } = callOf({ kind: 'span', attributes: { ...span, ...attributes } });
  return { inputs: fieldsToObject(call.inputs), defects };
}

describe('a span', () => {
  test('with everything on it', () => {
    const { call, defects } = callOf({
      kind: 'span',
      root: true,
      timeMs: 1_795_300_000_000,
      durationMs: 4.1,
      idHigh: 7,
      idLow: 8,
      traceId: '5b8efff798038103d2f69b633813fc60',
      attributes: {
        ...span,
        'ml.deployment.role': 'shadow',
        'ml.transaction.id': 'tx-1',
        'ml.feature.age': 20,
        'ml.feature.purpose': 'car',
        'ml.feature.is_existing_customer': false,
        'ml.input.missing': ['employment_years', 'age', 'employment_years'],
        'ml.prediction.value': 'good',
        'ml.prediction.score': 0.1585,
        'ml.prediction.decision': 'approve',
        'ml.cost.amount': 0.002,
      },
      resource: { 'deployment.environment.name': 'production' },
    });
    expect(defects).toEqual({});
    expect(fieldsToObject(call.inputs)).toEqual({
      age: 20,
      purpose: 'car',
      is_existing_customer: 'false',
      employment_years: null,
    });
    expect(call.inputs.size).toBe(4);
    expect(fieldsToObject(call.outputs)).toEqual({ value: 'good', score: 0.1585, decision: 'approve' });
    const { inputs: _inputs, outputs: _outputs, ...rest } = call;
    expect({ ...rest, traceId: rest.traceId() }).toEqual({
      kind: 'prediction',
      idHigh: 7,
      idLow: 8,
      timeMs: 1_795_300_000_000,
      model: 'credit-risk',
      version: '7.2.0',
      environment: 'production',
      provider: '',
      role: 'shadow',
      latencyMs: 4.1,
      firstTokenMs: Number.NaN,
      cost: { amountUsd: 0.002, source: 'reported' },
      tokens: undefined,
      result: 'ok',
      traceId: '5b8efff798038103d2f69b633813fc60',
      transactionId: 'tx-1',
      root: true,
      weight: 1,
      weightKnown: 'unknown',
      convention: 'ml',
    });
  });

  test.each<[string, FakeItem]>([
    ['no operation', { kind: 'span', attributes: model }],
    ['no model', { kind: 'span', attributes: { 'ml.operation.name': 'predict' } }],
    ['a model that is no text', { kind: 'span', attributes: { ...span, 'ml.model.name': 7 } }],
    ['only the name of an event', { kind: 'span', name: 'ml.prediction', attributes: model }],
  ])('with %s is not ours', (_name, fake) => {
    expect(normalise(fake)).toEqual({ ours: false, calls: [], defects: {} });
  });

  test.each<[string, FakeItem]>([
    [
      'status',
      {
        kind: 'span',
        failed: true,
        attributes: { ...span, 'ml.feature.age': 20, 'ml.prediction.value': 'x' },
      },
    ],
    [
      'error.type',
      {
        kind: 'span',
        attributes: { ...span, 'error.type': 'Timeout', 'ml.feature.age': 20, 'ml.prediction.score': 1 },
      },
    ],
  ])('that failed by %s gives inputs, and no outputs even if some were sent', (_name, fake) => {
    const { call } = callOf(fake);
    expect(call.result).toBe('error');
    expect(fieldsToObject(call.inputs)).toEqual({ age: 20 });
    expect(call.outputs.size).toBe(0);
  });

  test('environment: the old name, then the span itself', () => {
    const old = callOf({ kind: 'span', attributes: span, resource: { 'deployment.environment': 'stage' } });
    expect(old.call.environment).toBe('stage');
    const own = callOf({ kind: 'span', attributes: { ...span, 'deployment.environment': 'test' } });
    expect(own.call.environment).toBe('test');
  });

  test('a role that is none of ours is champion, and counted', () => {
    const { call, defects } = callOf({ kind: 'span', attributes: { ...span, 'ml.deployment.role': 'boss' } });
    expect([call.role, defects]).toEqual(['champion', { type: 1 }]);
  });

  test('nothing of one row is left in the next', () => {
    const reader = new FakeReader();
    const read = tabular.create(reader);
    const full = { ...span, 'ml.feature.age': 20, 'ml.prediction.value': 'good', 'ml.input.missing': ['x'] };
    normaliseOne(reader, read, { kind: 'span', attributes: full });
    const [call] = normaliseOne(reader, read, {
      kind: 'span',
      attributes: { ...span, 'ml.feature.x': 1, 'ml.input.missing': ['age'] },
    }).calls as [Call];
    expect(fieldsToObject(call.inputs)).toEqual({ x: 1, age: null });
    expect(call.outputs.size).toBe(0);
  });
});

describe('features', () => {
  const expected = { age: 20, rate: 0.5, purpose: 'car', new: 'true', gone: null };

  test('as a map', () => {
    const map = new Map<string, AnyValue>([
      ...Object.entries({ ...expected, new: true }),
      ['none', Number.NaN],
    ]);
    expect(inputsOf({ 'ml.input.features': map })).toEqual({
      inputs: { ...expected, none: null },
      defects: {},
    });
  });

  test('as JSON in a string', () => {
    const json = JSON.stringify({ ...expected, new: true });
    expect(inputsOf({ 'ml.input.features': json })).toEqual({ inputs: expected, defects: {} });
  });

  test('nested and infinite values cost only themselves', () => {
    const map = new Map<string, AnyValue>([
      ['a', [1]],
      ['b', new Map()],
      ['c', Number.POSITIVE_INFINITY],
      ['d', 1],
    ]);
    const inputs = { a: '<malformed>', b: '<malformed>', c: '<malformed>', d: 1 };
    expect(inputsOf({ 'ml.input.features': map })).toEqual({ inputs, defects: { type: 2, not_finite: 1 } });
    const json = '{"a":[1],"b":{},"c":1e999,"d":1}';
    expect(inputsOf({ 'ml.input.features': json })).toEqual({ inputs, defects: { type: 2, not_finite: 1 } });
  });

  test('__proto__ and constructor are names like others', () => {
    const { inputs } = inputsOf({ 'ml.input.features': '{"__proto__":1,"constructor":2}' });
    expect(Object.keys(inputs)).toEqual(['constructor']);
    const { call } = callOf({
      kind: 'span',
      attributes: { ...span, 'ml.input.features': '{"__proto__":1,"constructor":2}' },
    });
    expect(call.inputs.names.slice(0, call.inputs.size)).toEqual(['__proto__', 'constructor']);
  });

  test.each<[string, AnyValue, string]>([
    ['broken JSON', '{"age":', 'json'],
    ['JSON that is no object', '[1]', 'json'],
    ['JSON null', 'null', 'json'],
    ['a number', 7, 'type'],
    ['a list', [1], 'type'],
  ])('%s instead of a map: counted, and the flat form is read', (_name, value, reason) => {
    expect(inputsOf({ 'ml.input.features': value, 'ml.feature.age': 20 })).toEqual({
      inputs: { age: 20 },
      defects: { [reason]: 1 },
    });
  });

  test('a map wins over the flat form: no feature counts twice', () => {
    const { inputs } = inputsOf({ 'ml.input.features': '{"age":1}', 'ml.feature.age': 2 });
    expect(inputs).toEqual({ age: 1 });
  });

  test('names of missing ones that are no list of text', () => {
    expect(inputsOf({ 'ml.input.missing': 'age' })).toEqual({ inputs: {}, defects: { type: 1 } });
    expect(inputsOf({ 'ml.input.missing': [1, 'age'] })).toEqual({
      inputs: { age: null },
      defects: { type: 1 },
    });
  });
});

describe('outputs', () => {
  test.each<[AnyValue, number | string | null, Record<string, number>]>([
    ['good', 'good', {}],
    [true, 'true', {}],
    [1, 1, {}],
    [0.5, 0.5, {}],
    [null, null, {}],
    [Number.NaN, null, {}],
    [['good'], '<malformed>', { type: 1 }],
  ])('value %j', (value, field, expected) => {
    const { call, defects } = callOf({ kind: 'span', attributes: { ...span, 'ml.prediction.value': value } });
    expect([fieldsToObject(call.outputs), defects]).toEqual([{ value: field }, expected]);
  });

  test('a score that is text and a decision that is a number are malformed', () => {
    const attributes = { ...span, 'ml.prediction.score': '0.5', 'ml.prediction.decision': 1 };
    const { call, defects } = callOf({ kind: 'span', attributes });
    expect(fieldsToObject(call.outputs)).toEqual({ score: '<malformed>', decision: '<malformed>' });
    expect(defects).toEqual({ type: 2 });
  });
});

describe('cost and latency', () => {
  test.each<[Record<string, AnyValue>, number | undefined, Record<string, number>]>([
    [{ 'ml.cost.amount': 0.5 }, 0.5, {}],
    [{ 'ml.cost.amount': 0.5, 'ml.cost.currency': 'USD' }, 0.5, {}],
    [{ 'ml.cost.amount': 0, 'ml.cost.currency': 'USD' }, 0, {}],
    [{ 'ml.cost.amount': 0.5, 'ml.cost.currency': 'EUR' }, undefined, { type: 1 }],
    [{ 'ml.cost.amount': -1 }, undefined, { type: 1 }],
    [{ 'ml.cost.amount': 'free' }, undefined, { type: 1 }],
    [{ 'ml.cost.amount': 1e300 }, undefined, { type: 1 }],
    [{ 'ml.cost.amount': Number.NaN }, undefined, { not_finite: 1 }],
    [{ 'ml.cost.currency': 'EUR' }, undefined, {}],
  ])('%j', (attributes, amountUsd, expected) => {
    const { call, defects } = callOf({ kind: 'span', attributes: { ...span, ...attributes } });
    expect([call.cost?.amountUsd, defects]).toEqual([amountUsd, expected]);
  });

  test('a log states its duration in seconds; none is unknown', () => {
    const stated = { ...model, 'ml.inference.duration': 0.0041 };
    expect(callOf({ name: 'ml.prediction', attributes: stated }).call.latencyMs).toBeCloseTo(4.1, 12);
    expect(callOf({ name: 'ml.prediction', attributes: model }).call.latencyMs).toBeNaN();
  });
});

describe('ids', () => {
  const idOf = (fake: FakeItem): string => {
    const { call } = callOf(fake);
    return `${call.idHigh}/${call.idLow}`;
  };
  const ids = { idHigh: 7, idLow: 8 };
  const withId = { ...span, 'ml.prediction.id': 'p1' };

  test('the prediction id decides, on a log and on a span', () => {
    expect(idOf({ name: 'ml.prediction', attributes: withId })).toBe(
      idOf({ kind: 'span', ...ids, attributes: withId }),
    );
    expect(idOf({ kind: 'span', ...ids, attributes: withId })).not.toBe('7/8');
  });

  test('it is unique per model, not across versions', () => {
    const first = idOf({ name: 'ml.prediction', attributes: withId });
    expect(idOf({ name: 'ml.prediction', attributes: { ...withId, 'ml.model.name': 'other' } })).not.toBe(
      first,
    );
    expect(idOf({ name: 'ml.prediction', attributes: { ...withId, 'ml.model.version': '8' } })).toBe(first);
  });

  test('else the ids of the item; none is none', () => {
    expect(idOf({ kind: 'span', ...ids, attributes: span })).toBe('7/8');
    expect(idOf({ name: 'ml.prediction', attributes: model })).toBe('0/0');
  });
});

describe('a batch', () => {
  const batch = (
    features: Record<string, AnyValue>,
    prediction: Record<string, AnyValue> = {},
    attributes: Record<string, AnyValue> = {},
    ids: FakeItem = {},
  ): FakeItem => ({
    name: 'ml.prediction.batch',
    attributes: { ...model, 'ml.batch.size': 2, ...attributes },
    body: new Map<string, AnyValue>([
      ['features', new Map(Object.entries(features))],
      ['prediction', new Map(Object.entries(prediction))],
    ]),
    ...ids,
  });
  const rowsOf = (fake: FakeItem) => {
    const { ours, calls, defects } = normalise(fake);
    expect(ours).toBe(true);
    return {
      rows: calls.map((call) => [fieldsToObject(call.inputs), fieldsToObject(call.outputs)]),
      ids: calls.map((call) => `${call.idHigh}/${call.idLow}`),
      calls,
      defects,
    };
  };

  test('gives a call per row', () => {
    const prediction = {
      id: ['p2', 'p3'],
      value: ['good', 'bad'],
      score: [0.1, 0.9],
      decision: ['approve', null],
    };
    const { rows, ids, calls, defects } = rowsOf(
      batch({ age: [44, null], vip: [true, false] }, prediction, {
        'ml.inference.duration': 0.5,
        'sampling.threshold': 'c',
      }),
    );
    expect(defects).toEqual({});
    expect(rows).toEqual([
      [
        { age: 44, vip: 'true' },
        { value: 'good', score: 0.1, decision: 'approve' },
      ],
      [
        { age: null, vip: 'false' },
        { value: 'bad', score: 0.9, decision: null },
      ],
    ]);
    expect(calls.map(({ latencyMs, weight, version }) => [latencyMs, weight, version])).toEqual([
      [500, 4, '7.2.0'],
      [500, 4, '7.2.0'],
    ]);
    const single = callOf({ name: 'ml.prediction', attributes: { ...model, 'ml.prediction.id': 'p3' } }).call;
    expect(ids[1]).toBe(`${single.idHigh}/${single.idLow}`);
  });

  test('a column of another length is a defect of every row', () => {
    const { rows, defects } = rowsOf(
      batch({ age: [1, 2], rate: [1], sum: 7 }, { value: ['a', 'b'], score: [1, 2, 3] }),
    );
    expect(rows).toEqual([
      [
        { age: 1, rate: '<malformed>', sum: '<malformed>' },
        { value: 'a', score: '<malformed>' },
      ],
      [
        { age: 2, rate: '<malformed>', sum: '<malformed>' },
        { value: 'b', score: '<malformed>' },
      ],
    ]);
    expect(defects).toEqual({ column_length: 4, type: 2 });
  });

  test('a size alone makes no rows', () => {
    expect(rowsOf(batch({ age: [1, 2] }, {}, { 'ml.batch.size': 1e9 }))).toMatchObject({
      rows: [],
      defects: { column_length: 1 },
    });
    expect(rowsOf(batch({}, {}, { 'ml.batch.size': 1e9 }))).toMatchObject({ rows: [], defects: {} });
  });

  test.each<[string, AnyValue, Record<string, number>]>([
    ['null', null, {}],
    ['text', '2', { type: 1 }],
    ['a fraction', 1.5, { type: 1 }],
    ['negative', -1, { type: 1 }],
  ])('size %s: the first column says it', (_name, size, expected) => {
    const { rows, defects } = rowsOf(batch({ age: [1, 2] }, {}, { 'ml.batch.size': size }));
    expect([rows.length, defects]).toEqual([2, expected]);
  });

  test('that failed gives no outputs', () => {
    const { rows, calls } = rowsOf(
      batch({ age: [1, 2] }, { value: ['a', 'b'] }, { 'error.type': 'Timeout' }),
    );
    expect(rows).toEqual([
      [{ age: 1 }, {}],
      [{ age: 2 }, {}],
    ]);
    expect(calls.map((call) => call.result)).toEqual(['error', 'error']);
  });

  test('rows without ids have the batch id and their number, else the ids of the item, else none', () => {
    const named = rowsOf(batch({ age: [1, 2] }, {}, { 'ml.batch.id': 'b-1' })).ids;
    expect(new Set(named).size).toBe(2);
    expect(rowsOf(batch({ age: [1, 2] }, {}, { 'ml.batch.id': 'b-1' }, { idHigh: 1, idLow: 2 })).ids).toEqual(
      named,
    );
    const spanned = rowsOf(batch({ age: [1, 2] }, {}, {}, { idHigh: 1, idLow: 2 })).ids;
    expect(new Set([...named, ...spanned, '1/2']).size).toBe(5);
    expect(rowsOf(batch({ age: [1, 2] })).ids).toEqual(['0/0', '0/0']);
  });

  test('more rows than a record may have are counted', () => {
    const ages = new Array<number>(batchRowsMax + 3).fill(1);
    const { calls, defects } = normalise(batch({ age: ages }, {}, { 'ml.batch.size': ages.length }));
    expect([calls.length, defects]).toEqual([batchRowsMax, { too_many: 3 }]);
  });

  test('a thousand defect columns are not carried through every row', () => {
    const features = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`f${i}`, [] as AnyValue]));
    const { calls, defects } = normalise(batch({ age: [1, 2], ...features }));
    expect(calls.map((call) => call.inputs.size)).toEqual([101, 101]);
    expect(defects).toEqual({ column_length: 2_000 });
  });

  test.each<[string, AnyValue | undefined, Record<string, number>]>([
    ['no body', undefined, { type: 1 }],
    ['text', '{}', { type: 1 }],
    ['an empty map', new Map(), {}],
    [
      'lists for groups',
      new Map([
        ['features', []],
        ['prediction', []],
      ]),
      { type: 2 },
    ],
  ])('with %s gives nothing', (_name, body, expected) => {
    const fake = { name: 'ml.prediction.batch', attributes: model, ...(body === undefined ? {} : { body }) };
    expect(normalise(fake)).toEqual({ ours: true, calls: [], defects: expected });
  });
});

test.each(['label', 'labels', 'override', 'feedback'])('outcome %s is ours, and no call', (kind) => {
  const attributes = { ...model, 'ml.prediction.id': 'p1', 'ml.label.value': 'bad' };
  expect(normalise({ name: `ml.prediction.${kind}`, attributes })).toEqual({
    ours: true,
    calls: [],
    defects: {},
  });
});

test.each(['', 'ml', 'ml.prediction.', 'ml.prediction.batches', 'gen_ai.choice'])(
  'log %j is not ours',
  (name) => {
    expect(normalise({ name, attributes: span })).toEqual({ ours: false, calls: [], defects: {} });
  },
);
