import { expect, test } from 'vitest';
import { describeText, scannedMax } from '../../../conventions/shared/descriptors.ts';

test('a text of nothing has no ratios of nothing', () => {
  for (const text of ['', '   ', '…—', '\u0000']) {
    const found = describeText(text, new Set());
    for (const value of Object.values(found))
      if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true);
    expect(found).toMatchObject({ words: 0, typeTokenRatio: 0, longestTokenRun: 0, outOfVocabularyShare: 0 });
  }
});

test('characters are code points, and a lone surrogate is one', () => {
  expect(describeText('a👍🏽b').characters).toBe(4);
  expect(describeText('\ud83dx').characters).toBe(2);
  expect(describeText('日本語').nonAsciiShare).toBe(1);
  expect(describeText('٣ 3')).toMatchObject({ digitShare: 2 / 3, words: 2 });
});

test('loops and repeats are seen', () => {
  const loop = describeText('again '.repeat(50));
  expect(loop).toMatchObject({ words: 50, longestTokenRun: 50, typeTokenRatio: 0.02 });
  expect(loop.repeatedTrigramShare).toBeCloseTo(1 - 1 / 48, 12);
  expect(describeText('No no NO').longestTokenRun).toBe(3);
  expect(describeText('one two three four').repeatedTrigramShare).toBe(0);
});

test.each([
  ['I’m sorry, but no.', true],
  ['I am unable to do that', true],
  ['i can not comply', true],
  ['As an AI model, …', true],
  ['As an aid to memory', false],
  ['Hawaii am sorry', false],
  ['ÿi am sorry', false],
  ['I cannot recommend it enough', false],
  ["i won't\nhelp", false],
])('refusal in %j: %s', (text, wanted) => {
  expect(describeText(text).isRefusal).toBe(wanted);
});

test.each([
  [' {"a": [1, 2]} \n', true],
  ['[]', true],
  ['{"a": 1} and more', false],
  ['```json\n{}\n```', false],
  ['"text"', false],
  ['12', false],
  ['['.repeat(50_000), false],
])('JSON container %#', (text, wanted) => {
  expect(describeText(text).isJson).toBe(wanted);
});

test('a long text is looked at in part, in bounded time, and says so', () => {
  const long = 'word '.repeat(1_000_000);
  const started = performance.now();
  const found = describeText(long);
  expect(performance.now() - started).toBeLessThan(1_000);
  expect(found.characters).toBe(long.length);
  expect(found.words).toBe(scannedMax / 5);
  expect(found.isJson).toBeUndefined();
});

test('texts made to make patterns go back take no longer than others of their length', () => {
  const evil = [
    "i ' ".repeat(25_000),
    "i'm ".repeat(25_000),
    'as an '.repeat(16_000),
    'i can '.repeat(16_000),
  ];
  for (const text of [...evil, '\u2019'.repeat(scannedMax), 'İ'.repeat(scannedMax), '['.repeat(scannedMax)]) {
    const started = performance.now();
    expect(describeText(text).isRefusal).toBe(false);
    expect(performance.now() - started).toBeLessThan(1_000);
  }
});

test('nothing of the text is in what comes out', () => {
  const found = describeText('secret words of a customer', new Set(['of', 'a']));
  expect(JSON.stringify(found)).not.toMatch(/secret|words of|customer/);
  expect(found.outOfVocabularyShare).toBe(0.6);
});
