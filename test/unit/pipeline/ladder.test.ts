import { expect, test } from 'vitest';
import type { Verdict } from '../../../core/verdict.ts';
import { callMaker, normal } from '../../support/synthetic.ts';
import { hourMs, minuteMs } from '../../support/test-config.ts';
import { World } from '../../support/world.ts';

/* The default rule inside the agent: what it learns from, what it says, when it is over, and over a restart. */

const startMs = 500_000 * hourMs;
const yaml = `
data_dir: none
store: { checkpoint_every: 5m }
windows: { tick: 10s }
references: { learn: { rows: 500, rows_min: 300, at_least: 6h } }
alerting:
  defaults: { group_wait: 0s, group_interval: 0s, repeat_interval: 30d }
  channels: [{ name: hook, type: webhook, url: "http://127.0.0.1:9/hook", secrets: ["whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] }]
  route: { channels: [hook] }
`;

interface Plan {
  readonly hours: number;
  readonly rowsPerPane?: number;
  readonly shift?: (hour: number) => number;
  readonly restartAtHour?: number;
}

async function live({ hours, rowsPerPane = 100, shift = () => 0, restartAtHour = -1 }: Plan): Promise<World> {
  const world = new World({ seed: 5, startMs, yaml, weather: { refused: 0, lostBefore: 0, lostAfter: 0 } });
  await world.start();
  const call = callMaker('m', world.random);
  for (let pane = 0; pane < hours * 12; pane++) {
    const atMs = startMs + pane * 5 * minuteMs;
    if (pane === restartAtHour * 12) {
      await world.clock.advanceTo(atMs);
      await world.start();
    }
    for (let i = 0; i < rowsPerPane; i++) {
      const timeMs = atMs + (i * 5 * minuteMs) / rowsPerPane;
      const x = 50 + 10 * (normal(world.random) + shift(pane / 12));
      world.agent.observe(
        call({ timeMs, version: '1', numbers: { x }, levels: {}, score: world.random.next() }),
      );
    }
    await world.clock.advanceTo(atMs + 5 * minuteMs);
  }
  await world.clock.advanceTo(startMs + hours * hourMs + 10 * minuteMs);
  return world;
}

function verdictOf(world: World): Verdict | undefined {
  return world.agent.status().verdicts.find((one) => one.rule === 'input_drift');
}

test('while it learns it says how far it is; then it finds windows ordinary', async () => {
  const learning = verdictOf(await live({ hours: 3 }));
  expect(learning).toMatchObject({ status: 'inconclusive', cause: 'no_reference' });
  expect(learning?.reason).toMatch(
    /being learned: \d+ of 500 rows, until 2027-01-15 14:00 UTC at the earliest/,
  );
  expect(verdictOf(await live({ hours: 9 }))).toMatchObject({ status: 'ok', detector: 'drift' });
});

test('a shift is told once, in words, and resolves by itself when it is over', async () => {
  const world = await live({ hours: 20, shift: (hour) => (hour >= 10 && hour < 13 ? 0.8 : 0) });
  expect(world.storyOf('m')).toEqual(['firing', 'resolved']);
  expect(world.heard[0]?.signals).toEqual(['input.x']);
  expect(((world.heard[0]?.atMs ?? 0) - startMs) / hourMs).toBeLessThan(10.6);
  expect(((world.heard[1]?.atMs ?? 0) - startMs) / hourMs).toBeLessThan(14);
  const said = world.log.lines.find((line) => line.event === 'INACTIVE → FIRING');
  expect(said?.fields).toMatchObject({ rule: 'input_drift', signal: 'input.x', version: '1' });
});

test('while it drifts the verdict says where to, by how much, and with which chance', async () => {
  const verdict = verdictOf(await live({ hours: 12, shift: (hour) => (hour >= 10 ? 0.8 : 0) }));
  expect(verdict).toMatchObject({ status: 'breach', direction: 'high' });
  expect(verdict?.reason).toMatch(
    /^input\.x is higher.*PSI 0\.\d+, 0\.\d+ beyond chance, p = .* is allowed, with \d+ rows in /,
  );
  expect(verdict?.evidence.length).toBe(5);
});

test('too few rows say how many are missing and when they will be there', async () => {
  // 60 rows an hour: frozen after 9 hours, and an hour later there are 60 of the 200 that are needed.
  const verdict = verdictOf(await live({ hours: 10, rowsPerPane: 5 }));
  expect(verdict).toMatchObject({ status: 'inconclusive', cause: 'too_few' });
  expect(verdict?.reason).toMatch(/^input\.x needs \d+ more rows, about 2027-01-15 2\d:\d\d UTC\.$/);
});

test('a restart in the middle of a drift tells nobody twice, and windows go on', async () => {
  const shift = (hour: number) => (hour >= 10 && hour < 13 ? 0.8 : 0);
  const whole = await live({ hours: 20, shift });
  const restarted = await live({ hours: 20, shift, restartAtHour: 11 });
  expect(restarted.storyOf('m')).toEqual(whole.storyOf('m'));
  const reference = (world: World) => world.agent.status().models[0]?.signals[0]?.referenceId;
  expect(reference(restarted)).toBe(reference(whole));
});
