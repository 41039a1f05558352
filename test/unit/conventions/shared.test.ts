import { expect, test } from 'vitest';
import { foldFinishReason } from '../../../conventions/shared/finish-reason.ts';
import { Hash64 } from '../../../conventions/shared/hash.ts';
import { withoutDateTail } from '../../../conventions/shared/model-name.ts';
import { foldProvider } from '../../../conventions/shared/provider.ts';

test.each([
  ['gpt-4o-mini-2024-07-18', 'gpt-4o-mini'],
  ['claude-sonnet-4-5-20250929', 'claude-sonnet-4-5'],
  ['gpt-4o', 'gpt-4o'],
  ['', ''],
  ['-2024-07-18', '-2024-07-18'],
  ['20250929', '20250929'],
  ['x-20259929', 'x-20259929'],
  ['x-2025-13-01', 'x-2025-13-01'],
  ['x-2025-12-00', 'x-2025-12-00'],
  ['x-2025x07-18', 'x-2025x07-18'],
  ['x-2025-07x18', 'x-2025-07x18'],
  ['x-19990101', 'x-19990101'],
  ['gpt-4o-realtime', 'gpt-4o-realtime'],
  ['x-2025-07-18-beta', 'x-2025-07-18-beta'],
])('model of %j is %j', (name, model) => {
  expect(withoutDateTail(name)).toBe(model);
});

test.each([
  ['openai', 'openai'],
  ['OpenAI', 'openai'],
  ['openai.responses', 'openai'],
  ['openai.chat', 'openai'],
  ['anthropic.messages', 'anthropic'],
  ['google.generative-ai', 'gcp.gemini'],
  ['mistral.chat', 'mistral_ai'],
  ['Gemini', 'gcp.gemini'],
  ['az.ai.openai', 'azure.ai.openai'],
  ['azure.ai.inference', 'azure.ai.inference'],
  ['bedrock', 'aws.bedrock'],
  ['vertex_ai', 'gcp.vertex_ai'],
  ['xai', 'x_ai'],
  ['acme', 'acme'],
  ['__proto__', '__proto__'],
  ['', ''],
])('provider %j is %j', (name, provider) => {
  expect(foldProvider(name)).toBe(provider);
});

test.each([
  ['stop', 'stop'],
  ['STOP', 'stop'],
  ['end_turn', 'stop'],
  ['completed', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['incomplete', 'length'],
  ['tool-calls', 'tool_call'],
  ['tool_use', 'tool_call'],
  ['SAFETY', 'content_filter'],
  ['refusal', 'content_filter'],
  ['a secret', 'other'],
])('finish reason %j is %s', (text, reason) => {
  expect(foldFinishReason(text)).toBe(reason);
});

function hash(...parts: readonly (string | number)[]): string {
  const h = new Hash64();
  h.reset();
  for (const part of parts) {
    if (typeof part === 'string') h.add(part);
    else h.addInteger(part);
  }
  h.finish();
  return `${h.high}/${h.low}`;
}

test('a hash depends on every part and on where it ends', () => {
  const all = [
    hash('a', 'bc'),
    hash('ab', 'c'),
    hash('abc'),
    hash('abc', ''),
    hash('abc', 0),
    hash('abc', 1),
    hash(''),
  ];
  expect(new Set(all).size).toBe(all.length);
  expect(hash('credit-risk', 'p1')).toBe(hash('credit-risk', 'p1'));
});

test('300,000 neighbouring ids collide in neither pair of halves, and use all bits', () => {
  const seen = new Set<string>();
  const bits = new Array<number>(64).fill(0);
  const h = new Hash64();
  const rows = 300_000;
  for (let i = 0; i < rows; i++) {
    h.reset();
    h.add(`pred-${i}`);
    h.finish();
    seen.add(`${h.high}/${h.low}`);
    for (let bit = 0; bit < 32; bit++) {
      bits[bit] = (bits[bit] as number) + ((h.high >>> bit) & 1);
      bits[32 + bit] = (bits[32 + bit] as number) + ((h.low >>> bit) & 1);
    }
  }
  expect(seen.size).toBe(rows);
  // Six standard deviations of a fair coin.
  const allowed = 6 * Math.sqrt(rows) * 0.5;
  for (const ones of bits) expect(Math.abs(ones - rows / 2)).toBeLessThan(allowed);
});

test('a hash is the same from a text and from its ASCII bytes', () => {
  const bytes = new TextEncoder().encode('..pred-0042..');
  const [fromText, fromBytes] = [new Hash64(), new Hash64()];
  for (const hash of [fromText, fromBytes]) hash.reset();
  fromText.add('pred-0042');
  fromBytes.addAscii(bytes, 2, bytes.length - 2);
  for (const hash of [fromText, fromBytes]) hash.finish();
  expect([fromBytes.high, fromBytes.low]).toEqual([fromText.high, fromText.low]);
});
