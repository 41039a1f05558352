import { describe, expect, test } from 'vitest';
import type { AnyValue } from '../../../conventions/convention.ts';
import { genAi } from '../../../conventions/gen-ai.ts';
import { longTextLevel } from '../../../conventions/shared/text-fields.ts';
import { tabular } from '../../../conventions/tabular.ts';
import type { Call } from '../../../core/observation.ts';
import { CollectingSink, type FakeItem, FakeReader, fieldsToObject } from '../../support/fake-item.ts';

function read(convention: typeof genAi, fake: FakeItem, weight = 1) {
  const reader = new FakeReader();
  const sink = new CollectingSink();
  sink.weightOfContents = weight;
  expect(convention.create(reader)(reader.item(fake), sink)).toBe(true);
  const call = sink.calls[0] as Call;
  const { contents } = call;
  return {
    call,
    calls: sink.calls,
    defects: sink.defects,
    contents,
    prompt: contents === undefined ? {} : fieldsToObject(contents.inputs),
    answer: contents === undefined ? {} : fieldsToObject(contents.outputs),
  };
}

const map = (value: Readonly<Record<string, AnyValue>>): AnyValue => new Map(Object.entries(value));
const said = (role: string, content: string) => map({ role, parts: [map({ type: 'text', content })] });

function chat(attributes: Readonly<Record<string, AnyValue>>, over: FakeItem = {}, weight = 1) {
  const all = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-4o', ...attributes };
  return read(genAi, { kind: 'span', ...over, attributes: all }, weight);
}

describe('prompts and answers', () => {
  const messages = [
    said('system', 'Be brief.'),
    said('user', 'Hi'),
    said('assistant', 'Hello.'),
    said('user', 'Where is my order 48213?'),
  ];
  const output = [said('assistant', 'Your order was sent on Tuesday, and it will be with you by Thursday.')];

  test('every field, by hand', () => {
    const { prompt, answer, contents, defects } = chat({
      'gen_ai.system_instructions': [map({ type: 'text', content: '12345' })],
      'gen_ai.input.messages': messages,
      'gen_ai.output.messages': [said('assistant', 'no no no yes 7 é')],
    });
    expect(defects).toEqual({});
    expect(contents?.weight).toBe(1);
    expect(prompt).toEqual({
      'prompt.messages': 4,
      'prompt.context_characters': 'Be brief.'.length + 'Hi'.length + 'Hello.'.length + 24 + 5,
      'prompt.characters': 24,
      'prompt.words': 5,
      'prompt.repetition': 0,
      'prompt.entropy': expect.closeTo(3.85538854220753, 12),
      'prompt.non_ascii_share': 0,
      'prompt.digit_share': 5 / 24,
      'prompt.language': 'en',
    });
    expect(answer).toMatchObject({
      'answer.tool_calls': 0,
      'answer.characters': 16,
      'answer.words': 6,
      'answer.longest_run': 3,
      'answer.type_token_ratio': 4 / 6,
      'answer.digit_share': 1 / 16,
      'answer.non_ascii_share': 1 / 16,
      'answer.json_valid': 'false',
      'answer.refusal': 'false',
    });
    expect(contents?.words.map(({ group, name, hashes }) => [group, name, hashes.length])).toEqual([
      ['inputs', 'prompt', 5],
      ['outputs', 'answer', 6],
    ]);
  });

  const json = (value: AnyValue): string =>
    JSON.stringify(value, (_key, inner: unknown) =>
      inner instanceof Map ? Object.fromEntries(inner) : inner,
    );

  test.each([
    ['structured', { 'gen_ai.input.messages': messages, 'gen_ai.output.messages': output }],
    ['JSON in a string', { 'gen_ai.input.messages': json(messages), 'gen_ai.output.messages': json(output) }],
    [
      'role and content',
      {
        'gen_ai.prompt': JSON.stringify([{ role: 'user', content: 'Where is my order 48213?' }]),
        'gen_ai.completion': JSON.stringify([
          {
            role: 'assistant',
            content: [
              { type: 'text', text: 'Your order was sent on Tuesday, and it will be with you by Thursday.' },
            ],
          },
        ]),
      },
    ],
    [
      'plain text',
      {
        'gen_ai.prompt': 'Where is my order 48213?',
        'gen_ai.completion': 'Your order was sent on Tuesday, and it will be with you by Thursday.',
      },
    ],
    [
      'flattened',
      {
        'gen_ai.prompt.0.role': 'system',
        'gen_ai.prompt.0.content': 'Be brief.',
        'gen_ai.prompt.1.role': 'user',
        'gen_ai.prompt.1.content': 'Where is my order 48213?',
        'gen_ai.completion.0.role': 'assistant',
        'gen_ai.completion.0.content': 'Your order was sent on Tuesday, and it will be with you by Thursday.',
        'gen_ai.completion.0.finish_reason': 'stop',
      },
    ],
  ])('%s says the same', (_form, attributes) => {
    const { prompt, answer, defects } = chat(attributes);
    expect(defects).toEqual({});
    expect(prompt).toMatchObject({ 'prompt.characters': 24, 'prompt.words': 5, 'prompt.language': 'en' });
    expect(answer).toMatchObject({
      'answer.characters': 68,
      'answer.language': 'en',
      'answer.tool_calls': 0,
    });
  });

  test('tool calls are counted, and are no empty answer; an empty answer has a length of 0 and nothing else', () => {
    const call = map({ type: 'tool_call', id: 'c', name: 'weather', arguments: map({ city: 'Paris' }) });
    const tools = chat({ 'gen_ai.output.messages': [map({ role: 'assistant', parts: [call, call] })] });
    expect(tools.answer).toEqual({ 'answer.tool_calls': 2 });
    const old = chat({
      'gen_ai.completion.0.tool_calls.0.name': 'weather',
      'gen_ai.completion.0.tool_calls.0.arguments': '{}',
    });
    expect(old.answer).toEqual({ 'answer.tool_calls': 1 });
    const empty = chat({ 'gen_ai.output.messages': [said('assistant', '')] });
    expect(empty.answer).toEqual({ 'answer.tool_calls': 0, 'answer.characters': 0, 'answer.words': 0 });
  });

  test('an answer in JSON is an answer, valid or cut', () => {
    const valid = chat({ 'gen_ai.completion': '{"sentiment":"negative"}' });
    expect(valid.answer).toMatchObject({ 'answer.json_valid': 'true', 'answer.characters': 24 });
    const cut = chat({ 'gen_ai.completion': '{"sentiment":"nega' });
    expect(cut.answer).toMatchObject({ 'answer.json_valid': 'false', 'answer.characters': 18 });
    expect(cut.defects).toEqual({});
  });

  test('messages that were cut are counted, and cost only themselves', () => {
    const { prompt, answer, defects } = chat({
      'gen_ai.input.messages': '[{"role":"user","parts":[{"type":"te',
      'gen_ai.output.messages': output,
    });
    expect(prompt).toEqual({});
    expect(answer).toMatchObject({ 'answer.characters': 68 });
    expect(defects).toEqual({ json: 1 });
  });

  test('thoughts and results of tools are not what was said', () => {
    const { prompt, answer } = chat({
      'gen_ai.input.messages': [
        said('user', 'Weather?'),
        map({ role: 'tool', parts: [map({ type: 'tool_call_response', response: '14 C' })] }),
      ],
      'gen_ai.output.messages': [
        map({
          role: 'assistant',
          parts: [
            map({ type: 'reasoning', content: 'Let me think.' }),
            map({ type: 'text', content: 'Rain.' }),
          ],
        }),
      ],
    });
    expect(prompt).toMatchObject({
      'prompt.characters': 8,
      'prompt.context_characters': 12,
      'prompt.messages': 2,
    });
    expect(answer).toMatchObject({ 'answer.characters': 5 });
  });

  test('of a failed call the prompt is read, and not the answer', () => {
    const { prompt, answer } = chat(
      { 'gen_ai.input.messages': messages, 'gen_ai.output.messages': output },
      { failed: true },
    );
    expect(prompt).toMatchObject({ 'prompt.characters': 24 });
    expect(answer).toEqual({});
  });

  test('a row that is not chosen is not read; one that is carries its weight; one without content is not asked about', () => {
    expect(chat({ 'gen_ai.output.messages': output }, {}, 0).contents).toBeUndefined();
    expect(chat({ 'gen_ai.output.messages': output }, {}, 8).contents?.weight).toBe(8);
    const reader = new FakeReader();
    const sink = new CollectingSink();
    sink.contentWeight = () => expect.unreachable();
    genAi.create(reader)(
      reader.item({
        kind: 'span',
        attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'm' },
      }),
      sink,
    );
    expect(sink.calls[0]?.contents).toBeUndefined();
  });
});

const comment = 'The parcel came late and the box was open. '.repeat(4);
const vector = Array.from({ length: 12 }, (_, i) => i / 10);

function predict(attributes: Readonly<Record<string, AnyValue>>, weight = 1) {
  return read(
    tabular,
    { name: 'ml.prediction', attributes: { 'ml.model.name': 'm', ...attributes } },
    weight,
  );
}

describe('long texts among features', () => {
  test.each([
    ['flat', { 'ml.feature.comment': comment, 'ml.feature.age': 7 }],
    ['map', { 'ml.input.features': map({ comment, age: 7 }) }],
    ['JSON', { 'ml.input.features': JSON.stringify({ comment, age: 7 }) }],
  ])('%s: a fixed level, and a description', (_form, attributes) => {
    const { call, prompt, contents } = predict(attributes);
    expect(fieldsToObject(call.inputs)).toEqual({ comment: longTextLevel, age: 7 });
    expect(prompt).toMatchObject({
      'comment.characters': comment.length,
      'comment.words': 36,
      'comment.language': 'en',
    });
    expect(Object.keys(prompt)).not.toContain('comment.refusal');
    expect(contents?.words.map(({ name }) => name)).toEqual(['comment']);
  });

  test('128 characters are a level still; 129 are none, even where the row is not chosen', () => {
    const short = predict({ 'ml.feature.a': 'x'.repeat(128) });
    expect(fieldsToObject(short.call.inputs)).toEqual({ a: 'x'.repeat(128) });
    expect(short.contents).toBeUndefined();
    const long = predict({ 'ml.feature.a': 'x'.repeat(129) }, 0);
    expect(fieldsToObject(long.call.inputs)).toEqual({ a: longTextLevel });
    expect(long.contents).toBeUndefined();
  });

  test('outputs too, and no more than sixteen of a row', () => {
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`ml.feature.t${i}`, comment]));
    const { prompt, answer, defects, call } = predict({ ...many, 'ml.prediction.value': comment });
    expect(Object.keys(prompt).filter((name) => name.endsWith('.words'))).toHaveLength(16);
    expect(Object.values(fieldsToObject(call.inputs)).every((level) => level === longTextLevel)).toBe(true);
    expect(answer).toMatchObject({ 'value.words': 36 });
    expect(defects).toEqual({ too_many: 4 });
  });
});

describe('embeddings', () => {
  test.each([
    ['flat feature', { 'ml.feature.e': vector, 'ml.feature.age': 7 }],
    ['attribute of its own', { 'ml.embedding.e': vector, 'ml.feature.age': 7 }],
    ['map', { 'ml.input.features': map({ e: vector, age: 7 }) }],
    ['JSON', { 'ml.input.features': JSON.stringify({ e: vector, age: 7 }) }],
  ])('%s: a vector, and no malformed field', (_form, attributes) => {
    const { call, contents, defects } = predict(attributes);
    expect(fieldsToObject(call.inputs)).toEqual({ age: 7 });
    expect(contents?.vectors).toEqual([{ group: 'inputs', name: 'e', values: vector }]);
    expect(defects).toEqual({});
    const left = predict(attributes, 0);
    expect(fieldsToObject(left.call.inputs)).toEqual({ age: 7 });
    expect(left.contents).toBeUndefined();
  });

  test('a short list, and one of texts, are malformed as before', () => {
    const { call, contents, defects } = predict({
      'ml.feature.short': [1, 2, 3],
      'ml.feature.texts': Array.from({ length: 9 }, () => 'x'),
      'ml.feature.e': vector,
    });
    expect(fieldsToObject(call.inputs)).toEqual({ short: '<malformed>', texts: '<malformed>' });
    expect(contents?.vectors.map(({ name }) => name)).toEqual(['e']);
    expect(defects).toEqual({ type: 2 });
  });

  test('a column of vectors', () => {
    const body = map({
      features: map({ e: [vector, vector], age: [1, 2] }),
      prediction: map({ score: [0.1, 0.2] }),
    });
    const { calls } = read(tabular, {
      name: 'ml.prediction.batch',
      attributes: { 'ml.model.name': 'm' },
      body,
    });
    expect(calls.map((call) => call.contents?.vectors.length)).toEqual([1, 1]);
    expect(calls.map((call) => fieldsToObject(call.inputs))).toEqual([{ age: 1 }, { age: 2 }]);
  });
});
