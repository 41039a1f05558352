import { expect, test } from 'vitest';
import { firedIn, live, startMs } from '../support/row-life.ts';
import { hourMs, minuteMs } from '../support/test-config.ts';

/* Volume and silence inside the agent. */

const quick = `
references: { learn: { rows: 500, rows_min: 300, at_least: 3d } }
rules:
  - { name: volume, match: { signal: calls }, volume: {}, for: 1 window, keep_firing_for: 1 window }
  - { name: silence, match: { signal: calls }, silence: {}, for: 1 window, keep_firing_for: 1 window }
`;

/** Busy by day, quiet by night, with some chance. */
function daily(hour: number): number {
  return (
    6 +
    5 * Math.sin((2 * Math.PI * hour) / 24) +
    Math.floor((3 * Math.abs(Math.sin(hour * 12.9898) * 43_758.5453)) % 3)
  );
}

test('half the calls are found within hours, no calls within minutes; days and nights as usual are quiet', async () => {
  const run = (change: (hour: number) => number) =>
    live({
      hours: 24 * 5,
      yaml: quick,
      rows: (hour) => Math.round(daily(hour) * (hour >= 100 ? change(hour) : 1)),
      shares: () => ({}),
    });
  expect(firedIn(await run(() => 1))).toEqual([]);

  const fewer = await run(() => 0.3);
  expect(firedIn(fewer)).toEqual(['volume calls']);
  expect((fewer.heard[0]?.atMs ?? 0) - startMs - 100 * hourMs).toBeLessThan(12 * hourMs);
  expect(fewer.agent.status().verdicts.find(({ rule }) => rule === 'volume')?.reason).toMatch(
    /^m got \d+ calls in \S+, \d+ expected \(× 0\.[234]\d*, p = \S+\)\.$/,
  );

  const none = await run((hour) => (hour < 103 ? 0 : 1));
  expect(firedIn(none)[0]).toBe('silence calls');
  expect((none.heard[0]?.atMs ?? 0) - startMs - 100 * hourMs).toBeLessThan(45 * minuteMs);
  expect(none.agent.status().verdicts.find(({ rule }) => rule === 'silence')).toMatchObject({ status: 'ok' });
});

test('after a stop of the agent its own absence is no silence and no drop', async () => {
  // Rows of two hours are never seen: the clock moves on, and another agent takes over from the checkpoint.
  const world = await live({
    hours: 24 * 4,
    yaml: quick,
    rows: daily,
    shares: () => ({}),
  });
  const before = firedIn(world);
  await world.agent.stop();
  await world.clock.advanceTo(startMs + (24 * 4 + 3) * hourMs);
  await world.start();
  await world.clock.advanceTo(startMs + (24 * 4 + 3) * hourMs + 10 * minuteMs);
  expect(firedIn(world)).toEqual(before);
});
