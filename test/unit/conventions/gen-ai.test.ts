import { describe, expect, test } from 'vitest';
import type { AnyValue } from '../../../conventions/convention.ts';
import { genAi } from '../../../conventions/gen-ai.ts';
import type { Call } from '../../../core/observation.ts';
import { type FakeItem, FakeReader, fieldsToObject, normaliseOne } from '../../support/fake-item.ts';

type Attributes = Readonly<Record<string, AnyValue>>;

function normalise(fake: FakeItem) {
  const reader = new FakeReader();
  return normaliseOne(reader, genAi.create(reader), fake);
}

const chat = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'gpt-4o-mini',
  'gen_ai.response.model': 'gpt-4o-mini-2024-07-18',
} as const;

function callOf(
  attributes: Attributes,
  fake: FakeItem = {},
): { call: Call; defects: Record<string, number> } {
  const { ours, calls, defects } = normalise({ kind: 'span', ...fake, attributes });
  expect(ours).toBe(true);
  expect(calls).toHaveLength(1);
  return { call: calls[0] as Call, defects };
}

test('a call with everything on it', () => {
  const { call, defects } = callOf(
    {
      ...chat,
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 50,
      'gen_ai.usage.cache_read.input_tokens': 30,
      'gen_ai.usage.cache_write.input_tokens': 20,
      'gen_ai.usage.reasoning.output_tokens': 10,
      'gen_ai.response.finish_reasons': ['tool_calls', 'stop'],
      'gen_ai.response.time_to_first_chunk': 0.25,
      'gen_ai.usage.cost': 0.01,
    },
    {
      durationMs: 900,
      idHigh: 7,
      idLow: 8,
      traceId: 'f'.repeat(32),
      traceState: 'ot=th:c',
      resource: { 'deployment.environment.name': 'production' },
    },
  );
  expect(defects).toEqual({});
  expect(fieldsToObject(call.outputs)).toEqual({ finish_reason: 'tool_call' });
  expect(call.inputs.size).toBe(0);
  const { inputs: _inputs, outputs: _outputs, ...rest } = call;
  expect({ ...rest, traceId: rest.traceId() }).toEqual({
    kind: 'inference',
    idHigh: 7,
    idLow: 8,
    timeMs: 1_795_300_000_000,
    model: 'gpt-4o-mini',
    version: 'gpt-4o-mini-2024-07-18',
    environment: 'production',
    provider: 'openai',
    role: 'champion',
    latencyMs: 900,
    firstTokenMs: 250,
    cost: { amountUsd: 0.01, source: 'reported' },
    tokens: { input: 100, cachedRead: 30, cachedWrite: 20, output: 50, reasoning: 10 },
    result: 'ok',
    traceId: 'f'.repeat(32),
    transactionId: '',
    root: false,
    weight: 4,
    weightKnown: 'exact',
    convention: 'gen_ai',
  });
});

describe('what is a call', () => {
  test.each(['chat', 'generate_content', 'text_completion', 'embeddings'])('%s is one', (operation) => {
    callOf({ ...chat, 'gen_ai.operation.name': operation });
  });

  test.each([
    'invoke_agent',
    'create_agent',
    'agent_step',
    'invoke_workflow',
    'plan',
    'execute_tool',
    'retrieval',
  ])('%s is ours, and none', (operation) => {
    const fake: FakeItem = { kind: 'span', attributes: { ...chat, 'gen_ai.operation.name': operation } };
    expect(normalise(fake)).toEqual({ ours: true, calls: [], defects: {} });
  });

  test('an operation of no known name is ours; a call only with a model and a provider', () => {
    callOf({ ...chat, 'gen_ai.operation.name': 'respond' });
    const named: FakeItem = { kind: 'span', attributes: { 'gen_ai.operation.name': 'respond' } };
    expect(normalise(named)).toEqual({ ours: true, calls: [], defects: {} });
  });

  test('without an operation, a model and its provider are one, by the old name and the new', () => {
    callOf({ 'gen_ai.request.model': 'gpt-4o', 'gen_ai.system': 'OpenAI' });
    callOf({ 'gen_ai.request.model': 'gpt-4o', 'gen_ai.provider.name': 'openai' });
  });

  test.each<[string, Attributes]>([
    ['nothing', {}],
    ['a model only', { 'gen_ai.request.model': 'gpt-4o' }],
    ['a provider only', { 'gen_ai.system': 'openai' }],
    [
      'a wrapper of OpenLLMetry',
      { 'gen_ai.request.model': 'm', 'gen_ai.system': 's', 'traceloop.span.kind': 'task' },
    ],
    [
      'a wrapper of the AI SDK',
      { 'gen_ai.request.model': 'm', 'gen_ai.system': 's', 'ai.operationId': 'ai.streamText' },
    ],
    ['a tabular prediction', { 'ml.operation.name': 'predict', 'ml.model.name': 'm' }],
    ['a web request', { 'http.request.method': 'GET' }],
  ])('%s is not ours', (_name, attributes) => {
    expect(normalise({ kind: 'span', attributes })).toEqual({ ours: false, calls: [], defects: {} });
  });

  test('log records with prompts are ours, and nothing of them is kept', () => {
    const attributes = { 'gen_ai.system': 'openai', 'gen_ai.request.model': 'gpt-4o', content: 'secret' };
    for (const name of [
      'gen_ai.user.message',
      'gen_ai.choice',
      'gen_ai.client.inference.operation.details',
    ]) {
      expect(normalise({ name, attributes, body: 'secret' })).toEqual({ ours: true, calls: [], defects: {} });
    }
    expect(normalise({ name: 'app.log', attributes, body: 'x' }).ours).toBe(false);
  });
});

describe('model, version, provider', () => {
  test.each<[Attributes, string, string]>([
    [{}, '', ''],
    [{ 'gen_ai.request.model': 'gpt-4o' }, 'gpt-4o', ''],
    [{ 'gen_ai.request.model': 'gpt-4o-2024-08-06' }, 'gpt-4o', ''],
    [
      { 'gen_ai.response.model': 'claude-sonnet-4-5-20250929' },
      'claude-sonnet-4-5',
      'claude-sonnet-4-5-20250929',
    ],
    [{ 'gen_ai.request.model': 'latest', 'gen_ai.response.model': 'gpt-5' }, 'latest', 'gpt-5'],
  ])('%j', (attributes, model, version) => {
    const { call } = callOf({ 'gen_ai.operation.name': 'chat', ...attributes });
    expect([call.model, call.version]).toEqual([model, version]);
  });

  test('the new provider name wins over the old, and both are folded', () => {
    const both = { ...chat, 'gen_ai.provider.name': 'Azure.AI.OpenAI', 'gen_ai.system': 'openai' };
    expect(callOf(both).call.provider).toBe('azure.ai.openai');
    expect(
      callOf({ 'gen_ai.operation.name': 'chat', 'gen_ai.system': 'openai.responses' }).call.provider,
    ).toBe('openai');
    expect(callOf({ 'gen_ai.operation.name': 'chat' }).call.provider).toBe('');
  });
});

describe('tokens', () => {
  const usage = (values: Record<string, AnyValue>): Attributes =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [`gen_ai.usage.${name}`, value]));
  const tokensOf = (values: Record<string, AnyValue>, fake: FakeItem = {}, more: Attributes = {}) =>
    callOf({ ...chat, ...usage(values), ...more }, fake).call.tokens;

  test('by the old names', () => {
    const tokens = { input: 5, cachedRead: 0, cachedWrite: 0, output: 7, reasoning: 0 };
    expect(tokensOf({ prompt_tokens: 5, completion_tokens: 7 })).toEqual(tokens);
    expect(tokensOf({ input_tokens: 5, prompt_tokens: 99, output_tokens: 7, completion_tokens: 99 })).toEqual(
      tokens,
    );
  });

  test.each<[Record<string, AnyValue>]>([
    [{}],
    [{ input_tokens: 5 }],
    [{ output_tokens: 5 }],
    [{ input_tokens: null, output_tokens: 5 }],
    [{ input_tokens: Number.NaN, output_tokens: 5 }],
    [{ input_tokens: -1, output_tokens: 5 }],
    [{ input_tokens: '5', output_tokens: 5 }],
    [{ input_tokens: 1e300, output_tokens: 5 }],
    [{ input_tokens: 0, output_tokens: 0 }],
  ])('%j are unknown', (values) => {
    expect(tokensOf(values)).toBeUndefined();
  });

  test('a failed call may have used none', () => {
    expect(tokensOf({ input_tokens: 0, output_tokens: 0 }, { failed: true })).toMatchObject({
      input: 0,
      output: 0,
    });
    expect(tokensOf({}, { failed: true })).toBeUndefined();
  });

  test('an embedding needs no output', () => {
    expect(tokensOf({ input_tokens: 8 }, {}, { 'gen_ai.operation.name': 'embeddings' })).toMatchObject({
      input: 8,
      output: 0,
    });
    const unnamed = { 'gen_ai.operation.name': '', 'gen_ai.request.model': 'text-embedding-3-small' };
    expect(tokensOf({ input_tokens: 8 }, {}, unnamed)).toMatchObject({ input: 8, output: 0 });
    expect(tokensOf({}, {}, { 'gen_ai.operation.name': 'embeddings' })).toBeUndefined();
  });

  test.each(['cache_read.input_tokens', 'cache_read_input_tokens'])(
    'cached read by %s is part of the input',
    (name) => {
      expect(tokensOf({ input_tokens: 100, output_tokens: 1, [name]: 60 })).toMatchObject({
        input: 100,
        cachedRead: 60,
      });
    },
  );

  test.each(['cache_write.input_tokens', 'cache_creation.input_tokens', 'cache_creation_input_tokens'])(
    'cached write by %s',
    (name) => {
      expect(tokensOf({ input_tokens: 100, output_tokens: 1, [name]: 60 })).toMatchObject({
        cachedWrite: 60,
      });
    },
  );

  test('more cached than read in all, or a scope known for it: the input came without them', () => {
    const cached = {
      input_tokens: 616,
      output_tokens: 1,
      'cache_read.input_tokens': 768,
      'cache_creation.input_tokens': 256,
    };
    expect(tokensOf(cached)).toMatchObject({ input: 1640, cachedRead: 768, cachedWrite: 256 });
    const both = {
      input_tokens: 100,
      output_tokens: 1,
      cache_read_input_tokens: 60,
      cache_creation_input_tokens: 60,
    };
    expect(tokensOf(both)).toMatchObject({ input: 220 });
    const few = { input_tokens: 616, output_tokens: 1, 'cache_read.input_tokens': 100 };
    expect(tokensOf(few)).toMatchObject({ input: 616 });
    expect(tokensOf(few, { scope: '@traceloop/instrumentation-anthropic' })).toMatchObject({ input: 716 });
  });
});

describe('result, outputs, cost', () => {
  test.each<[string, Attributes, FakeItem]>([
    ['status', {}, { failed: true }],
    ['error.type', { 'error.type': 'RateLimitError' }, {}],
  ])('failed by %s: no outputs, no reported cost', (_name, attributes, fake) => {
    const sent = { 'gen_ai.response.finish_reasons': ['stop'], 'gen_ai.usage.cost': 1 };
    const { call } = callOf({ ...chat, ...sent, ...attributes }, fake);
    expect([call.result, call.outputs.size, call.cost]).toEqual(['error', 0, undefined]);
  });

  test.each<[AnyValue, string | undefined]>([
    [['end_turn'], 'stop'],
    ['max_tokens', 'length'],
    [['something new'], 'other'],
    [[], undefined],
    [[null], undefined],
    [7, undefined],
  ])('finish reasons %j', (sent, reason) => {
    const { call } = callOf({ ...chat, 'gen_ai.response.finish_reasons': sent });
    expect(fieldsToObject(call.outputs)).toEqual(reason === undefined ? {} : { finish_reason: reason });
  });

  test("the stop reason of Anthropic's own SDK", () => {
    const { call } = callOf({ ...chat, 'anthropic.message.stop_reason': 'end_turn' });
    expect(fieldsToObject(call.outputs)).toEqual({ finish_reason: 'stop' });
  });

  test.each<[AnyValue, number | undefined]>([
    [0.5, 0.5],
    [0, undefined],
    [-1, undefined],
    ['1', undefined],
  ])('reported cost %j', (sent, amountUsd) => {
    expect(callOf({ ...chat, 'gen_ai.usage.cost': sent }).call.cost?.amountUsd).toBe(amountUsd);
  });

  test('no first token time is unknown', () => {
    expect(callOf(chat).call.firstTokenMs).toBeNaN();
  });
});
