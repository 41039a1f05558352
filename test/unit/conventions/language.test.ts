import { expect, test } from 'vitest';
import { detectLanguage, undetermined } from '../../../conventions/shared/language.ts';
import { tongues } from '../../support/tongues.ts';

test.each(Object.entries(tongues))('%s', (language, sentences) => {
  expect(sentences.map(detectLanguage)).toEqual(sentences.map(() => language));
});

test.each([
  '',
  '   ',
  '12,345.67 — 89 %',
  '😀😀😀',
  'xq zzk wvv',
  '{"a": [1, 2]}',
  '\ud83d\udc00\ud83d',
  '\u0000\u0007',
])('%j is in no language', (text) => {
  expect(detectLanguage(text)).toBe(undetermined);
});

test('a few foreign words change nothing, and the script with the most letters decides', () => {
  expect(
    detectLanguage('Please answer in English: was heißt "bitte" and "danke"? Thank you for the help.'),
  ).toBe('en');
  expect(
    detectLanguage('A refund takes 5-7 business days once the item is back at our warehouse (返金は通常).'),
  ).toBe('en');
  expect(detectLanguage('OK: 返金は通常5〜7営業日かかります。')).toBe('ja');
});

test('a text of megabytes takes no longer than its beginning', () => {
  const long = 'the quick brown fox '.repeat(200_000);
  const startedMs = performance.now();
  expect(detectLanguage(long)).toBe('en');
  expect(performance.now() - startedMs).toBeLessThan(100);
});
