import { expect, test } from 'vitest';
import type { Verdict } from '../../../core/verdict.ts';
import { callOf } from '../../support/calls.ts';
import { hourMs, minuteMs } from '../../support/test-config.ts';
import { World } from '../../support/world.ts';

/* Missing, unseen and failed rows inside the agent: what is learned, found, and left alone. */

const startMs = 500_000 * hourMs;
const yaml = `
data_dir: none
store: { checkpoint_every: 10m }
windows: { tick: 1m }
references: { learn: { rows: 500, rows_min: 300, at_least: 2d } }
alerting:
  defaults: { group_wait: 0s, group_interval: 0s, repeat_interval: 30d }
  channels: [{ name: hook, type: webhook, url: "http://127.0.0.1:9/hook", secrets: ["whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] }]
  route: { channels: [hook] }
`;

interface Shares {
  readonly missing: number;
  readonly unseen?: number;
  readonly failed?: number;
}

interface Plan {
  readonly hours: number;
  readonly seed?: number;
  readonly rowsPerPane: number;
  readonly shares: (hour: number) => Shares;
  readonly restartAtHour?: number;
}

async function live({ hours, seed = 5, rowsPerPane, shares, restartAtHour = -1 }: Plan): Promise<World> {
  const world = new World({ seed, startMs, yaml, weather: { refused: 0, lostBefore: 0, lostAfter: 0 } });
  await world.start();
  const { random } = world;
  for (let pane = 0; pane < hours * 12; pane++) {
    const atMs = startMs + pane * 5 * minuteMs;
    const { missing, unseen = 0, failed = 0 } = shares(pane / 12);
    if (pane === restartAtHour * 12) {
      await world.clock.advanceTo(atMs);
      await world.start();
    }
    for (let i = 0; i < rowsPerPane; i++) {
      const income = random.next() < missing ? null : 50 + 20 * random.next();
      const country =
        random.next() < unseen ? 'XX' : (['AT', 'CH', 'DE'][Math.floor(3 * random.next())] as string);
      world.agent.observe(
        callOf({
          timeMs: atMs + (i * 5 * minuteMs) / rowsPerPane,
          id: pane * rowsPerPane + i + 1,
          result: random.next() < failed ? 'error' : 'ok',
          inputs: { income, country },
        }),
      );
    }
    await world.clock.advanceTo(atMs + 5 * minuteMs);
  }
  await world.clock.advanceTo(startMs + hours * hourMs + 10 * minuteMs);
  return world;
}

function fired(world: World) {
  return world.log.lines
    .filter((line) => line.event.endsWith('→ FIRING'))
    .map((line) => `${String(line.fields?.['rule'])} ${String(line.fields?.['signal'])}`);
}

function verdictOf(world: World, rule: string): Verdict | undefined {
  return world.agent.status().verdicts.find((verdict) => verdict.rule === rule);
}

test('missing from 1 to 3 % is found within 2,400 rows, and the sentence says so', async () => {
  const changeHour = 96;
  const rowsPerPane = 40;
  const world = await live({
    hours: changeHour + 6,
    rowsPerPane,
    shares: (hour) => ({ missing: hour >= changeHour ? 0.03 : 0.01 }),
  });
  expect(fired(world)).toEqual(['input_missing input.income']);
  const delayMs = (world.heard[0]?.atMs ?? 0) - (startMs + changeHour * hourMs);
  expect((delayMs / (5 * minuteMs)) * rowsPerPane).toBeLessThan(2_500);
  expect(verdictOf(world, 'input_missing')).toMatchObject({ status: 'breach', direction: 'high' });
  expect(verdictOf(world, 'input_missing')?.reason).toMatch(
    /^input\.income is missing in [23]\.\d+ % of rows, (1\.\d+|0\.9\d+|1) % in the reference \(\+\d\.\d+ points, 95 % interval \+.* to \+.*\): p = .* is allowed, with \d+ rows in /,
  );
});
