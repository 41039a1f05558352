import { expect, test } from 'vitest';
import {
  duration,
  money,
  parseMoney,
  parseRate,
  parseShare,
  parseSize,
  parseSpan,
} from '../../../config/scalars.ts';

const month = 30 * 86_400_000;

test.each([
  ['64MiB', 67_108_864],
  ['20MB', 20_000_000],
  ['1.5KiB', 1_536],
  ['1 kB', 1_000],
  ['2GiB', 2_147_483_648],
  ['512B', 512],
  ['4096', 4_096],
  [4_096, 4_096],
  ['0.3B', undefined],
  ['64mib', undefined],
  ['MiB', undefined],
  ['-1', undefined],
  ['1e3', undefined],
  ['99999999999999999999', undefined],
  [true, undefined],
  [null, undefined],
])('parseSize(%j) is %j', (raw, bytes) => {
  expect(parseSize(raw)).toBe(bytes);
});

test.each([
  ['0.02 USD', 0.02],
  ['50USD', 50],
  ['0 USD', undefined],
  ['0.02', undefined],
  [0.02, undefined],
  ['5 EUR', undefined],
  ['-1 USD', undefined],
  [`${'9'.repeat(400)} USD`, undefined],
])('parseMoney(%j) is %j', (raw, usd) => {
  expect(parseMoney(raw)).toBe(usd);
});

test.each([
  ['2%', 0.02],
  ['0.7%', 0.007],
  ['99.9 %', 0.999],
  [0.02, 0.02],
  ['0.02', 0.02],
  ['100%', undefined],
  ['0%', undefined],
  [1, undefined],
  ['2 percent', undefined],
])('parseShare(%j) is %j', (raw, share) => {
  expect(parseShare(raw)).toBe(share);
});

test.each([
  ['1 per month', { count: 1, perMs: month }],
  ['0.5 per week', { count: 0.5, perMs: 604_800_000 }],
  ['2 per 10d', { count: 2, perMs: 864_000_000 }],
  ['3 per hour', { count: 3, perMs: 3_600_000 }],
  ['0 per month', undefined],
  ['1 per 0s', undefined],
  ['1 per constructor', undefined],
  ['per month', undefined],
  [1, undefined],
])('parseRate(%j) is %j', (raw, rate) => {
  expect(parseRate(raw)).toEqual(rate);
});

test.each([
  ['2 windows', { windows: 2 }],
  ['1 window', { windows: 1 }],
  ['10m', { ms: 600_000 }],
  ['0s', { ms: 0 }],
  [{ windows: 3 }, { windows: 3 }],
  [{ windows: 1.5 }, undefined],
  [{ windows: 1, ms: 2 }, undefined],
  [{ ms: 2 }, undefined],
  ['two windows', undefined],
  [2, undefined],
  [['windows'], undefined],
])('parseSpan(%j) is %j', (raw, span) => {
  expect(parseSpan(raw)).toEqual(span);
});

test('a duration has bounds, and says them', () => {
  const schema = duration(1_000, 60_000);
  expect(schema.safeParse('1s').data).toBe(1_000);
  expect(schema.safeParse('60s').data).toBe(60_000);
  // 1.1 × 1000 is not whole in doubles; a duration is.
  expect(duration().safeParse('1.1s').data).toBe(1_100);
  for (const raw of ['999ms', '61s', '1', 1_000, null, undefined, '', {}]) {
    expect(schema.safeParse(raw).error?.issues[0]?.message).toBe(
      'expected a duration such as 90s, 5m or 1h30m, at least 1s and at most 1m',
    );
  }
});

test('an amount without its currency says how it is written', () => {
  expect(money().safeParse(5).error?.issues[0]?.message).toContain('such as 0.02 USD');
});
