import fc from 'fast-check';
import { expect, test } from 'vitest';
import { genAi } from '../../conventions/gen-ai.ts';
import { describeText } from '../../conventions/shared/descriptors.ts';
import { detectLanguage } from '../../conventions/shared/language.ts';
import { messagesOf, messagesOfFlat } from '../../conventions/shared/messages.ts';
import { addText, hashWords, textNames } from '../../conventions/shared/text-fields.ts';
import { tabular } from '../../conventions/tabular.ts';
import { Fields, levelLengthMax } from '../../core/fields.ts';
import { Centroids, isUsableVector } from '../../detectors/embedding/centroids.ts';
import { CollectingSink, FakeReader } from '../support/fake-item.ts';

/** Lone surrogates, control and combining characters, JSON that breaks off, repeats of anything. */
const unit = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.json(),
  fc.constantFrom(
    '\ud83d',
    '\udc00',
    '\u0000',
    '\u202e',
    '\ufeff',
    '[{',
    '{"role":',
    '\\',
    '"',
    "i'm sorry",
    '日本',
    'ا',
    '́',
  ),
);
const hostile = fc.oneof(
  unit,
  fc.array(unit, { maxLength: 8 }).map((parts) => parts.join('')),
  fc.tuple(unit, fc.integer({ min: 1, max: 3_000 })).map(([text, times]) => text.repeat(times)),
);

test('any text has finite numbers, shares between 0 and 1, and a language', () => {
  const names = textNames('t');
  fc.assert(
    fc.property(hostile, (text) => {
      const fields = new Fields();
      const words = addText(fields, names, text, 'answer');
      for (let i = 0; i < fields.size; i++) {
        const name = fields.names[i] as string;
        if (fields.kind(i) === 'level') {
          expect((fields.levels[i] as string).length).toBeLessThanOrEqual(5);
          continue;
        }
        expect(fields.kind(i)).toBe('number');
        expect(fields.number(i)).toBeGreaterThanOrEqual(0);
        if (/share|ratio|repetition/.test(name)) expect(fields.number(i)).toBeLessThanOrEqual(1);
      }
      expect(detectLanguage(text)).toMatch(/^[a-z]{2,3}$/);
      const { hashes } = hashWords('inputs', 't', words);
      expect(hashes.every((hash) => Number.isSafeInteger(hash) && hash >= 0)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['a word', 'word '],
  ['a letter', 'x'],
  ['half a pair', '\ud83d'],
  ['an open bracket', '['],
  ['a refusal that never comes', "i'm "],
  ['Han', '日'],
])('megabytes of %s are described at once', (_what, text) => {
  const long = text.repeat(Math.ceil(4_000_000 / text.length));
  const startedMs = performance.now();
  expect(describeText(long).characters).toBeGreaterThan(1_999_999);
  detectLanguage(long);
  expect(performance.now() - startedMs).toBeLessThan(2_000);
});

const tree = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.double(),
    hostile,
    fc.array(tie('node'), { maxLength: 5 }),
    fc.dictionary(
      fc.constantFrom(
        'role',
        'parts',
        'content',
        'type',
        'text',
        'tool_calls',
        'messages',
        '__proto__',
        'constructor',
      ),
      fc.oneof(tie('node'), fc.constantFrom('text', 'tool_call', 'user')),
    ),
  ),
})).node;

test('any value has messages or none, decoded or as JSON, and neither throws', () => {
  const check = (value: unknown) => {
    for (const mayBePlain of [true, false]) {
      for (const { role, text, toolCalls, otherLength } of messagesOf(value, mayBePlain) ?? []) {
        expect([typeof role, typeof text]).toEqual(['string', 'string']);
        expect(toolCalls + otherLength).toBeGreaterThanOrEqual(0);
      }
    }
  };
  fc.assert(
    fc.property(tree, (value) => {
      check(value);
      check(JSON.stringify(value) ?? '');
    }),
    { numRuns: 500 },
  );
});

test('flattened names of any form take no more than a thousand messages', () => {
  const name = fc.oneof(
    fc.string(),
    fc
      .tuple(fc.nat(5_000), fc.constantFrom('role', 'content', 'tool_calls.0.name', 'tool_calls.x', ''))
      .map(([at, key]) => `${at}.${key}`),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(name, hostile), { maxLength: 10 }), (entries) => {
      expect(messagesOfFlat(entries).length).toBeLessThanOrEqual(1_000);
    }),
  );
});

/** No level that leaves a convention is longer than a level may be, whatever came in, chosen or not. */
test('no text leaves a convention', () => {
  const value = fc.oneof(
    hostile,
    tree.map((node) => JSON.stringify(node) ?? ''),
  );
  fc.assert(
    fc.property(value, value, fc.constantFrom(0, 1, 64), (one, two, weight) => {
      const reader = new FakeReader();
      const sink = new CollectingSink();
      sink.weightOfContents = weight;
      const chat = {
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': 'm',
        'gen_ai.input.messages': one,
        'gen_ai.completion': two,
        'gen_ai.prompt.0.content': two,
        'gen_ai.system_instructions': two,
      };
      genAi.create(reader)(reader.item({ kind: 'span', attributes: chat }), sink);
      const row = { 'ml.model.name': 'm', 'ml.feature.a': one, 'ml.prediction.value': two };
      tabular.create(reader)(reader.item({ name: 'ml.prediction', attributes: row }), sink);
      expect(sink.calls).toHaveLength(2);
      for (const { inputs, outputs, contents } of sink.calls) {
        expect(contents?.weight ?? weight).toBe(weight);
        for (const fields of [inputs, outputs, contents?.inputs, contents?.outputs]) {
          for (const level of fields?.levels.slice(0, fields.size) ?? []) {
            expect(level.length).toBeLessThanOrEqual(levelLengthMax);
          }
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('whatever vectors were learned, distances are finite', () => {
  const number = fc.oneof(fc.double(), fc.constantFrom(0, -0, 1e17, -1e17, 5e-324, 1e-160));
  const vectors = fc.array(fc.array(number, { minLength: 4, maxLength: 4 }), { maxLength: 40 });
  fc.assert(
    fc.property(vectors, (all) => {
      const usable = all.filter(isUsableVector);
      const centroids = new Centroids(4);
      for (const vector of usable) centroids.learn(vector, 1);
      for (const vector of usable) {
        const found = centroids.measure(vector);
        for (const value of Object.values(found ?? {})) expect(Number.isFinite(value)).toBe(true);
      }
    }),
  );
});
