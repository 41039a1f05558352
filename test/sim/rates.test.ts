import { expect, test } from 'vitest';
import { firedIn, live } from '../support/row-life.ts';

/* Weeks of rates that only vary: nobody is to be told. */

test('a fortnight with 1 % missing, and one whose share wanders from hour to hour, are quiet', async () => {
  const steady = await live({ hours: 336, rows: () => 8, shares: () => ({ missing: 0.01, failed: 0.02 }) });
  expect(firedIn(steady)).toEqual([]);
  // Learned as variance: 1 % in one hour, 4 % in the next but two.
  const wandering = await live({
    hours: 336,
    seed: 6,
    rows: () => 8,
    shares: (hour) => ({ missing: 0.025 + 0.015 * Math.sin((2 * Math.PI * Math.floor(hour)) / 7) }),
  });
  expect(firedIn(wandering)).toEqual([]);
});

test('a batch a night is quiet, and one with ten times the missing rows is not', async () => {
  const batch = (changed: boolean) =>
    live({
      hours: 24 * 20,
      yaml: '',
      rows: (hour) => (Math.abs((hour % 24) - 2) < 0.2 ? 500 : 0),
      // From 0.5 to 1.5 % by the day: no day is as the one before.
      shares: (hour) => {
        const day = Math.floor(hour / 24);
        return { missing: changed && day >= 16 ? 0.2 : 0.005 + 0.01 * ((day * 0.618) % 1) };
      },
    });
  expect(firedIn(await batch(false))).toEqual([]);
  expect(firedIn(await batch(true))).toContain('input_missing input.income');
});
