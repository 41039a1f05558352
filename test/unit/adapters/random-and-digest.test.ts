import { describe, expect, test } from 'vitest';
import { nodeDigest } from '../../../agent/adapters/node-digest.ts';
import { seededRandom } from '../../../agent/adapters/seeded-random.ts';
import { systemRandom } from '../../../agent/adapters/system-random.ts';

describe.each([
  ['system', () => systemRandom()],
  ['seeded', () => seededRandom(42)],
])('%s random', (_name, create) => {
  test('numbers are uniform in [0, 1)', () => {
    const random = create();
    const cells = new Array<number>(20).fill(0);
    const draws = 20_000;
    for (let i = 0; i < draws; i++) {
      const value = random.next();
      expect(value >= 0 && value < 1).toBe(true);
      const cell = Math.floor(value * cells.length);
      cells[cell] = (cells[cell] ?? 0) + 1;
    }
    const expected = draws / cells.length;
    const chi2 = cells.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // The 1 - 1e-9 quantile of chi-square with 19 degrees of freedom.
    expect(chi2).toBeLessThan(86.1);
  });

  test('bytes have the length asked for and differ', () => {
    const random = create();
    expect(random.bytes(0)).toEqual(new Uint8Array());
    const one = random.bytes(32);
    expect(one).toHaveLength(32);
    expect(new Set(random.bytes(4_096)).size).toBeGreaterThan(200);
    expect(random.bytes(32)).not.toEqual(one);
  });
});

test('a seed gives the same numbers always, another seed others', () => {
  const take = (seed: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: 5 }, () => random.next());
  };
  expect(take(1)).toEqual(take(1));
  const firsts = new Set([0, 1, 2, 3, -1, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1].map((seed) => take(seed)[0]));
  expect(firsts.size).toBe(8);
});

/** sfc32 once more, word by word as PractRand writes it, in whole numbers of any size. */
function* practRand(seedLow: bigint, seedHigh: bigint): Generator<bigint> {
  const word = (value: bigint) => BigInt.asUintN(32, value);
  let [a, b, c, counter] = [0n, seedLow, seedHigh, 1n];
  while (true) {
    const tmp = word(a + b + counter++);
    a = b ^ (b >> 9n);
    b = word(c + (c << 3n));
    c = word(word((c << 21n) | (c >> 11n)) + tmp);
    yield tmp;
  }
}

test('the seeded numbers are those of sfc32', () => {
  const seed = 0x1_2345_6789;
  const words = practRand(0x2345_6789n, 1n);
  for (let i = 0; i < 15; i++) words.next();
  const random = seededRandom(seed);
  for (let i = 0; i < 1_000; i++) {
    const high = Number((words.next().value as bigint) >> 5n);
    const low = Number((words.next().value as bigint) >> 6n);
    expect(random.next()).toBe((high * 2 ** 26 + low) / 2 ** 53);
  }
});

test('SHA-256 and HMAC are those of FIPS 180-2 and RFC 4231', () => {
  const digest = nodeDigest();
  expect(digest.sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(digest.sha256(new Uint8Array())).toBe(
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  );
  const mac = digest.hmacSha256(new TextEncoder().encode('Jefe'), 'what do ya want for nothing?');
  expect(Buffer.from(mac).toString('hex')).toBe(
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  );
});
