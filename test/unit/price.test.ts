import { describe, expect, test } from 'vitest';
import { createPricer } from '../../agent/pipeline/price.ts';
import type { PriceBook, PriceEntry } from '../../config/config.ts';
import { defaultPriceBook } from '../../config/price-book.ts';
import { Fields } from '../../core/fields.ts';
import { globMatches } from '../../core/glob.ts';
import type { Call, Tokens } from '../../core/observation.ts';
import type { Meter } from '../../core/ports.ts';

const noFields = new Fields();
const tokens: Tokens = { input: 1_000_000, cachedRead: 0, cachedWrite: 0, output: 1_000_000, reasoning: 0 };

function call(parts: Partial<Call> = {}): Call {
  return {
    kind: 'inference',
    idHigh: 0,
    idLow: 0,
    timeMs: 0,
    model: 'gpt-4o-mini',
    version: '',
    environment: '',
    provider: 'openai',
    role: 'champion',
    inputs: noFields,
    outputs: noFields,
    latencyMs: 1,
    firstTokenMs: Number.NaN,
    cost: undefined,
    tokens,
    result: 'ok',
    traceId: () => '',
    transactionId: '',
    root: false,
    weight: 1,
    weightKnown: 'unknown',
    convention: 'gen_ai',
    ...parts,
  };
}

function entry(id: string, parts: Partial<PriceEntry> = {}): PriceEntry {
  const models = [id.slice(id.lastIndexOf('/') + 1)];
  return {
    id,
    providers: [],
    models,
    input: 1,
    cacheRead: 1,
    cacheWrite: 1,
    output: 1,
    perCall: 0,
    ...parts,
  };
}

/** Prices with these entries and says what was counted as unpriced. */
function priceWith(book: PriceBook, one: Call) {
  const unpriced: (string | undefined)[] = [];
  const meter: Meter = {
    add(key, amount, labels) {
      expect([key, amount]).toEqual(['unpriced', 1]);
      unpriced.push(labels?.['reason']);
    },
    set: () => expect.unreachable('no gauge'),
    observe: () => expect.unreachable('no histogram'),
    clear: () => expect.unreachable('no gauge'),
  };
  const priced = createPricer(book, meter)(one);
  return { amountUsd: priced.cost?.amountUsd, source: priced.cost?.source, unpriced };
}
const bookOf = (...entries: readonly PriceEntry[]): PriceBook => ({ version: 'test', entries });

test('cost: cached parts at their own price, the rest as input, reasoning as output', () => {
  const book = bookOf(
    entry('openai/m', { input: 3, cacheRead: 0.3, cacheWrite: 3.75, output: 15, perCall: 0.01 }),
  );
  const used = { input: 1_640, cachedRead: 768, cachedWrite: 256, output: 100, reasoning: 40 };
  // 616·3 + 768·0.3 + 256·3.75 + 100·15, by hand.
  const { amountUsd, source } = priceWith(book, call({ model: 'm', tokens: used }));
  expect(amountUsd).toBeCloseTo(0.0045384 + 0.01, 12);
  expect(source).toBe('priced');
});

describe('what has a cost', () => {
  const book = bookOf(entry('openai/gpt-4o-mini'));
  test.each<[string, Partial<Call>, number | undefined, string | undefined, readonly string[]]>([
    ['tokens and a price', {}, 2, 'priced', []],
    ['a reported cost', { cost: { amountUsd: 9, source: 'reported' } }, 9, 'reported', []],
    [
      'a reported cost of an unknown model',
      { model: 'x', cost: { amountUsd: 9, source: 'reported' } },
      9,
      'reported',
      [],
    ],
    ['a reported 0 with tokens', { cost: { amountUsd: 0, source: 'reported' } }, 2, 'priced', []],
    ['an unknown model', { model: 'x' }, undefined, undefined, ['model_unknown']],
    [
      'an unknown model without tokens',
      { model: 'x', tokens: undefined },
      undefined,
      undefined,
      ['model_unknown'],
    ],
    ['unknown tokens', { tokens: undefined }, undefined, undefined, ['tokens_unknown']],
    ['a failure without tokens', { tokens: undefined, result: 'error' }, 0, 'priced', []],
    ['a failure of an unknown model', { model: 'x', tokens: undefined, result: 'error' }, 0, 'priced', []],
    ['a failure with tokens', { result: 'error' }, 2, 'priced', []],
    ['no model at all', { model: '' }, undefined, undefined, ['model_unknown']],
    ['a name of any length', { model: 'x'.repeat(1e6) }, undefined, undefined, ['model_unknown']],
  ])('%s', (_name, parts, amountUsd, source, unpriced) => {
    expect(priceWith(book, call(parts))).toEqual({ amountUsd, source, unpriced });
  });
});

describe('which entry', () => {
  const at = (id: string, models: readonly string[], input: number, providers: readonly string[] = []) =>
    entry(id, { models, input, output: 0, providers });

  test.each<[string, readonly PriceEntry[], Partial<Call>, number | undefined]>([
    ['the answered model first', [at('a', ['m'], 1), at('b', ['m-2'], 2)], { model: 'm', version: 'm-2' }, 2],
    ['then the asked one', [at('a', ['m'], 1)], { model: 'm', version: 'm-2' }, 1],
    ['exact before patterns', [at('a', ['m*'], 1), at('b', ['m-2'], 2)], { model: 'm-2' }, 2],
    ['patterns in order', [at('a', ['m*'], 1), at('b', ['m-*'], 2)], { model: 'm-2' }, 1],
    ['patterns with ?', [at('a', ['m-????'], 1)], { model: 'm-2024' }, 1],
    ['no pattern fits', [at('a', ['m-????'], 1)], { model: 'm-20245' }, undefined],
    [
      'the provider must be in the list',
      [at('a', ['m'], 1, ['groq']), at('b', ['m'], 2, ['openai'])],
      { model: 'm' },
      2,
    ],
    ['or there must be none', [at('a', ['m'], 1)], { model: 'm', provider: 'anyone' }, 1],
    ['another provider has no price', [at('a', ['m'], 1, ['groq'])], { model: 'm' }, undefined],
    ['no provider, one candidate', [at('a', ['m'], 1, ['groq'])], { model: 'm', provider: '' }, 1],
    [
      'no provider, two candidates',
      [at('a', ['m'], 1, ['groq']), at('b', ['m'], 2, ['xai'])],
      { model: 'm', provider: '' },
      undefined,
    ],
    [
      'no provider, any provider first',
      [at('a', ['m'], 1), at('b', ['m'], 2, ['xai'])],
      { model: 'm', provider: '' },
      1,
    ],
    [
      'the first of one id',
      [at('a', ['m'], 1, ['groq']), at('a', ['m'], 2, ['groq'])],
      { model: 'm', provider: '' },
      1,
    ],
  ])('%s', (_name, entries, parts, amountUsd) => {
    expect(priceWith(bookOf(...entries), call(parts)).amountUsd).toBe(amountUsd);
  });

  test('a decision that is remembered is the same, also when all were forgotten', () => {
    const price = createPricer(bookOf(at('a', ['m*'], 1), at('b', ['x'], 2)), {
      add: () => {},
      set: () => {},
      observe: () => {},
      clear: () => {},
    });
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 2_500; i++) expect(price(call({ model: `m${i}` })).cost?.amountUsd).toBe(1);
      expect(price(call({ model: 'x' })).cost?.amountUsd).toBe(2);
      expect(price(call({ model: 'y' })).cost).toBeUndefined();
    }
  });
});

describe('predictions', () => {
  const prediction: Partial<Call> = {
    kind: 'prediction',
    model: 'credit-risk',
    version: '7.2.0',
    provider: '',
    tokens: undefined,
  };
  const book = bookOf(
    entry('any', { models: ['7*'], perCall: 5 }),
    entry('ml/credit-risk', { perCall: 0.00002 }),
  );

  test.each<[string, PriceBook, Partial<Call>, number | undefined]>([
    ['a price per call, by the model and not the version', book, {}, 0.00002],
    ['failed', book, { result: 'error' }, 0],
    ['reported', book, { cost: { amountUsd: 3, source: 'reported' } }, 3],
    ['another model', book, { model: 'x' }, undefined],
    ['a book without such prices', defaultPriceBook, {}, undefined],
    ['a price for tokens only', bookOf(entry('all', { models: ['*'] })), {}, undefined],
    ['reported as 0', bookOf(), { cost: { amountUsd: 0, source: 'reported' } }, 0],
  ])('%s', (_name, prices, parts, amountUsd) => {
    expect(priceWith(prices, call({ ...prediction, ...parts }))).toMatchObject({ amountUsd, unpriced: [] });
  });
});

describe('the shipped book', () => {
  test('has every model of the list once, with prices a provider would set', () => {
    expect(defaultPriceBook.entries).toHaveLength(58);
    expect(new Set(defaultPriceBook.entries.map(({ id }) => id)).size).toBe(58);
    for (const { input, cacheRead, output, perCall } of defaultPriceBook.entries) {
      expect(input).toBeGreaterThan(0);
      expect(cacheRead).toBeGreaterThan(0);
      expect(cacheRead).toBeLessThanOrEqual(input);
      expect(output).toBeGreaterThanOrEqual(0);
      expect(perCall).toBe(0);
    }
  });

  test.each<[string, string, string, number | undefined]>([
    ['openai', 'gpt-4o-mini', 'gpt-4o-mini-2024-07-18', 0.75],
    ['azure.ai.openai', 'gpt-4o', 'gpt-4o-20240806', 12.5],
    ['', 'text-embedding-3-small', '', 0.02],
    ['anthropic', 'claude-sonnet-4-5', 'claude-sonnet-4-5-20250929', 18],
    ['groq', 'openai/gpt-oss-120b', '', 0.75],
    ['deepseek', 'gpt-4o', '', undefined],
    ['openai', 'gpt-4o-realtime', '', undefined],
    ['openai', 'gpt-4o-mini-audio', '', undefined],
  ])('%s %s %s', (provider, model, version, amountUsd) => {
    const priced = priceWith(defaultPriceBook, call({ provider, model, version })).amountUsd;
    if (amountUsd === undefined) expect(priced).toBeUndefined();
    else expect(priced).toBeCloseTo(amountUsd, 9);
  });

  test('one answer with cached tokens costs what its provider asks', () => {
    // Ten facts (3): 616 fresh + 768 read + 256 written tokens of claude-sonnet-4-5, and 29 written out, $0.003473.
    const used = { input: 1_640, cachedRead: 768, cachedWrite: 256, output: 29, reasoning: 0 };
    const one = call({ provider: 'anthropic', model: 'claude-sonnet-4-5', tokens: used });
    expect(priceWith(defaultPriceBook, one).amountUsd).toBeCloseTo(0.0034734, 9);
  });
});

test.each<[string, string, boolean]>([
  ['', '', true],
  ['*', '', true],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['?', '', false],
  ['a*?c', 'ac', false],
  ['a*?c', 'axc', true],
  ['*?b*c', 'abxc', true],
  ['*b?*', 'ab', false],
  ['a*a', 'a', false],
  ['x-????', 'x-2024', true],
  ['x-????', 'x-20245', false],
])('pattern %j and %j: %s', (pattern, text, fits) => {
  expect(globMatches(pattern, text)).toBe(fits);
});
