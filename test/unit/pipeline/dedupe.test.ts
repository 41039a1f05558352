import { expect, test } from 'vitest';
import { Dedupe, dedupeIdsMax } from '../../../agent/pipeline/dedupe.ts';

test('an id is a duplicate the second time, and the empty id never is', () => {
  const dedupe = new Dedupe(0);
  expect(dedupe.seen(7, 9, 0)).toBe(false);
  expect(dedupe.seen(7, 9, 0)).toBe(true);
  expect(dedupe.seen(9, 7, 0)).toBe(false);
  expect(dedupe.seen(0, 0, 0)).toBe(false);
  expect(dedupe.seen(0, 0, 0)).toBe(false);
  expect(dedupe.seen(0, 1, 0)).toBe(false);
  expect(dedupe.seen(0xffffffff, 0xffffffff, 0)).toBe(false);
  expect(dedupe.seen(0xffffffff, 0xffffffff, 0)).toBe(true);
});

test('at least the last 65,536 ids are known, however many came', () => {
  const dedupe = new Dedupe(0);
  const count = dedupeIdsMax * 3 + 17;
  for (let i = 1; i <= count; i++) expect(dedupe.seen(i, i * 2654435761, 0), `id ${i}`).toBe(false);
  for (let i = count; i > count - dedupeIdsMax; i--)
    expect(dedupe.seen(i, i * 2654435761, 0), `id ${i}`).toBe(true);
});

test('an id is forgotten after two generations of ten minutes', () => {
  const dedupe = new Dedupe(0);
  dedupe.seen(1, 1, 0);
  dedupe.seen(2, 2, 600_001);
  expect(dedupe.seen(1, 1, 600_002)).toBe(true);
  dedupe.seen(3, 3, 1_300_000);
  dedupe.seen(4, 4, 2_000_000);
  expect(dedupe.seen(1, 1, 2_700_000)).toBe(false);
});
