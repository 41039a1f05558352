import { expect, test } from 'vitest';
import type { Verdict } from '../../core/verdict.ts';
import { firedIn, live, startMs } from '../support/row-life.ts';
import { hourMs, minuteMs } from '../support/test-config.ts';
import type { World } from '../support/world.ts';

/* Missing, unseen and failed rows inside the agent: what is learned, found, and left alone. */

const rowsPerPane = 40;

function verdictOf(world: World, rule: string): Verdict | undefined {
  return world.agent.status().verdicts.find((verdict) => verdict.rule === rule);
}

/** Rows between a change and the first message of it. */
function rowsUntilTold(world: World, changeHour: number, perPane = rowsPerPane): number {
  const delayMs = (world.heard[0]?.atMs ?? Number.NaN) - (startMs + changeHour * hourMs);
  return (delayMs / (5 * minuteMs)) * perPane;
}

test('missing from 1 to 3 % is found within 2,400 rows as a rule, and the sentence says so', async () => {
  const changeHour = 124;
  const perPane = 200;
  const run = (seed: number) =>
    live({
      seed,
      hours: changeHour + 2,
      rows: () => perPane,
      shares: (hour) => ({ missing: hour >= changeHour ? 0.03 : 0.01 }),
    });
  const worlds = [await run(1), await run(2), await run(5)];
  for (const world of worlds) expect(firedIn(world)).toEqual(['input_missing input.income']);
  const rows = worlds.map((one) => rowsUntilTold(one, changeHour, perPane)).sort((a, b) => a - b);
  // A minute of lateness passes before a pane is judged.
  expect(rows[1]).toBeLessThanOrEqual(2_400 + perPane);
  const [world] = worlds as [World];
  expect(verdictOf(world, 'input_missing')).toMatchObject({ status: 'breach', direction: 'high' });
  expect(verdictOf(world, 'input_missing')?.reason).toMatch(
    /^input\.income is missing in \d\.\d+ % of rows, [01]\.?\d* % in the reference \(\+\d\.\d+ points, 95 % interval \+\S+ to \+\S+\): p = \S+ where \S+ is allowed, with \d+ rows in \S+ against \d+\.$/,
  );
});

test('a new level in 2 % of rows is found within 500 rows, failed calls in 5 % as soon', async () => {
  const changeHour = 126;
  const change = (part: { unseen?: number; failed?: number }) =>
    live({
      hours: changeHour + 3,
      rows: () => rowsPerPane,
      shares: (hour) => (hour >= changeHour ? part : {}),
    });
  const unseen = await change({ unseen: 0.02 });
  expect(firedIn(unseen)).toContain('input_drift input.country');
  expect(rowsUntilTold(unseen, changeHour)).toBeLessThan(500 + rowsPerPane);
  const failed = await change({ failed: 0.05 });
  expect(firedIn(failed)[0]).toBe('error_rate error_share');
  expect(rowsUntilTold(failed, changeHour)).toBeLessThan(500 + rowsPerPane);
});

test('an outage of a field is found, and is over when it is over', async () => {
  const world = await live({
    hours: 132,
    rows: () => rowsPerPane,
    shares: (hour) => ({ missing: hour >= 126 && hour < 127 ? 0.5 : 0.01 }),
  });
  expect(world.storyOf('m')).toEqual(['firing', 'resolved']);
  expect(firedIn(world)).toEqual(['input_missing input.income']);
  expect(rowsUntilTold(world, 126)).toBeLessThanOrEqual(2 * rowsPerPane + 10);
  expect(verdictOf(world, 'input_missing')?.status).toBe('ok');
});

test('a restart in the middle tells nobody twice, and what was learned stays', async () => {
  const plan = {
    hours: 132,
    rows: () => rowsPerPane,
    shares: (hour: number) => ({ missing: hour >= 126 ? 0.1 : 0.01 }),
  };
  const whole = await live(plan);
  for (const restartAtHour of [20, 127]) {
    const restarted = await live({ ...plan, restartAtHour });
    expect(restarted.storyOf('m')).toEqual(whole.storyOf('m'));
    expect(firedIn(restarted)).toEqual(firedIn(whole));
    const size = (world: World) => verdictOf(world, 'input_missing')?.size.reference ?? 0;
    expect(Math.abs(size(restarted) - size(whole))).toBeLessThan(2 * rowsPerPane);
  }
});
