import { expect, test } from 'vitest';
import { alphaMax, alphaMin, alphaPerLook } from '../../../detectors/calibrate.ts';

const hourMs = 3_600_000;
const month = { count: 1, perMs: 720 * hourMs };

test('without confirmation the looks share the budget', () => {
  expect(alphaPerLook(month, 20, hourMs, 1)).toBeCloseTo(1 / 14_400, 15);
});

test('the promise is linear: half the false alarms, twice the signals, half the hop: half the alpha', () => {
  const alpha = alphaPerLook(month, 20, hourMs, 1);
  expect(alphaPerLook({ ...month, count: 0.5 }, 20, hourMs, 1)).toBeCloseTo(alpha / 2, 15);
  expect(alphaPerLook(month, 40, hourMs, 1)).toBeCloseTo(alpha / 2, 15);
  expect(alphaPerLook(month, 20, hourMs / 2, 1)).toBeCloseTo(alpha / 2, 15);
});

test('confirmation over windows that may overlap buys nothing', () => {
  const alpha = alphaPerLook(month, 20, hourMs, 1);
  expect(alphaPerLook(month, 20, hourMs, 3)).toBe(alpha);
  expect(alphaPerLook(month, 20, hourMs, 3, 2 * hourMs)).toBe(alpha);
});

test('over disjoint windows it buys what a shared reference leaves, less than independence would', () => {
  const alpha = 1 / 14_400;
  expect(alphaPerLook(month, 20, hourMs, 1, hourMs)).toBeCloseTo(alpha, 15);
  expect(alphaPerLook(month, 20, hourMs, 2, hourMs)).toBeCloseTo(alpha ** (3 / 4), 12);
  expect(alphaPerLook(month, 20, hourMs, 3, hourMs)).toBeCloseTo(alpha ** (2 / 3), 12);
  expect(alphaPerLook(month, 20, hourMs, 50, hourMs)).toBeLessThan(Math.sqrt(alpha));
});

test('it stays between its limits', () => {
  expect(alphaPerLook({ count: 1e9, perMs: hourMs }, 1, hourMs, 1)).toBe(alphaMax);
  expect(alphaPerLook({ count: 0, perMs: hourMs }, 1, hourMs, 1)).toBe(alphaMin);
  expect(alphaPerLook({ count: 0.01, perMs: hourMs }, 0, 24 * hourMs, 0)).toBe(0.01);
});
