import { expect, test } from 'vitest';
import type { Alert } from '../../core/alert.ts';
import { Fields } from '../../core/fields.ts';
import { callOf } from '../support/calls.ts';
import { World } from '../support/world.ts';

/* The search for the worst segment inside the agent: what it names, what it leaves alone, and over a restart. */

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const startMs = 20_000 * dayMs;
const learnDays = 7;
const segments = 50;

function yaml(rules: string, more = ''): string {
  return `
data_dir: none
store: { checkpoint_every: 10m }
windows: { pane: 1h, tick: 1m }
references: { learn: { rows: 2000, at_least: ${learnDays}d } }
alerting:
  defaults: { group_wait: 0s, group_interval: 0s, repeat_interval: 60d }
  channels: [{ name: hook, type: webhook, url: "http://127.0.0.1:9/hook", secrets: ["whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] }]
  route: { channels: [hook] }
rules: [${rules}]
${more}
`;
}

const search =
  '{ name: worst, match: { signal: "*" }, worst_segment: {}, for: 1 window, keep_firing_for: 1 window }';

interface Plan {
  readonly days: number;
  readonly rowsPerDay: number;
  readonly seed?: number;
  /** Share of calls that fail, by day and segment; 0.08 is usual. */
  readonly errors?: (day: number, segment: number) => number;
  readonly restartAtDay?: number;
  readonly extra?: (row: number) => Readonly<Record<string, string>>;
}

async function live({ days, rowsPerDay, seed = 3, errors = () => 0.08, restartAtDay = -1, extra }: Plan) {
  const world = new World({
    seed,
    startMs,
    yaml: yaml(search),
    weather: { refused: 0, lostBefore: 0, lostAfter: 0 },
    ticksByHand: true,
  });
  await world.start();
  const { random } = world;
  const inputs = new Fields();
  const base = callOf({ model: 'm', environment: 'prod' });
  const rowMs = dayMs / rowsPerDay;
  const firedOn: { day: number; reason: string }[] = [];
  let row = 0;
  for (let hour = 0; hour < days * 24; hour++) {
    const day = Math.floor(hour / 24);
    if (hour === restartAtDay * 24 + 6) {
      await world.agent.stop();
      await world.start();
    }
    await world.clock.advanceTo(startMs + (hour + 1) * hourMs);
    for (; row * rowMs < (hour + 1) * hourMs; row++) {
      const segment = Math.floor(random.next() * segments);
      const plan = ['free', 'pro', 'team', 'gov', 'edu'][Math.floor(random.next() * 5)] as string;
      fill(inputs, { region: `r${segment}`, plan, ...extra?.(row) });
      const result = random.next() < errors(day, segment) ? 'error' : 'ok';
      world.agent.observe({ ...base, timeMs: startMs + row * rowMs, inputs, result });
    }
    await world.agent.tick();
    const [alert] = alertsOf(world);
    if (alert !== undefined && firedOn.at(-1)?.reason !== alert.lastBreach?.reason)
      firedOn.push({ day, reason: alert.lastBreach?.reason ?? '' });
  }
  await world.clock.advanceTo(startMs + days * dayMs + 2 * hourMs);
  await world.agent.tick();
  await world.clock.advanceTo(startMs + days * dayMs + 3 * hourMs);
  return { world, firedOn };
}

function fill(inputs: Fields, levels: Readonly<Record<string, string>>): void {
  inputs.clear();
  for (const [name, level] of Object.entries(levels)) inputs.addLevel(name, level);
}

function alertsOf(world: World): readonly Alert[] {
  return world.agent.status().alerts;
}

function reasonOf(world: World, signal = 'error_share'): string {
  return world.agent.status().verdicts.find((one) => one.series.signal === signal)?.reason ?? '';
}

const namedIn = (reason: string) => [...reason.matchAll(/\b(region|plan)=(\w+)/g)].map(([all]) => all);
const dropped = 17;
const drop = (day: number, segment: number) => (day >= learnDays + 1 && segment === dropped ? 0.18 : 0.08);

test('one segment of 50 that drops by 10 points is found and named within two days, nobody else', async () => {
  const { world } = await live({ days: learnDays + 3, rowsPerDay: 20_000, errors: drop });
  expect(world.storyOf('m')).toEqual(['firing']);
  expect(world.heard[0]?.signals).toEqual(['error_share']);
  const found = (world.heard[0]?.atMs ?? 0) - startMs - (learnDays + 1) * dayMs;
  expect(found / dayMs).toBeLessThanOrEqual(2.1);
  const [alert] = alertsOf(world);
  expect(namedIn(alert?.lastBreach?.reason ?? '')).toEqual([`region=r${dropped}`]);
  expect(alert?.lastBreach?.reason).toMatch(
    /^error_share: in region=r17 error_share is 1\d(\.\d)? %, [78](\.\d+)? % before: \d+(\.\d+)? points higher .*\(95 % interval .* shrunk\), with \d+ rows, \d(\.\d+)? % of all in 1d/,
  );
  expect(world.meter.value('internal_errors')).toBe(0);
});

test('30 quiet days with 50 segments alarm nobody', async () => {
  const { world, firedOn } = await live({ days: learnDays + 30, rowsPerDay: 4_000 });
  expect(firedOn).toEqual([]);
  expect(world.heard).toEqual([]);
  expect(reasonOf(world)).toMatch(/^No slice of error_share has moved: \d+ asked, p = /);
});

test('a move that all segments share lights none of them', async () => {
  const errors = (day: number) => (day >= learnDays ? 0.2 : 0.08);
  const { world, firedOn } = await live({ days: learnDays + 4, rowsPerDay: 10_000, errors });
  expect(firedOn).toEqual([]);
  expect(world.heard).toEqual([]);
});

test('a drift that is over resolves with the first day that is well again', async () => {
  const errors = (day: number, segment: number) => (day === learnDays && segment === dropped ? 0.4 : 0.08);
  const { world } = await live({ days: learnDays + 4, rowsPerDay: 10_000, errors });
  expect(world.storyOf('m')).toEqual(['firing', 'resolved']);
  const [fired, resolved] = world.heard.map((one) => Math.floor((one.atMs - startMs) / dayMs));
  expect([fired, resolved]).toEqual([learnDays + 1, learnDays + 2]);
});

test('a restart in the middle changes neither what is found nor when, and tells nobody twice', async () => {
  const plan = { days: learnDays + 3, rowsPerDay: 20_000, errors: drop };
  const whole = await live(plan);
  // In the middle of learning, and again while it fires.
  for (const restartAtDay of [4, learnDays + 2]) {
    const restarted = await live({ ...plan, restartAtDay });
    expect(restarted.world.storyOf('m')).toEqual(whole.world.storyOf('m'));
    const named = (one: typeof whole) => one.firedOn.map(({ day, reason }) => [day, namedIn(reason)]);
    expect(named(restarted)).toEqual(named(whole));
  }
});

test('100,000 distinct values in one field, and 16 fields, stay bounded and counted', async () => {
  const flags = (row: number) =>
    Array.from({ length: 13 }, (_, i) => [
      `flag${i}`,
      `v${Math.floor(211 * ((row * 0.618 * (i + 1)) % 1) ** 3)}`,
    ]);
  const extra = (row: number) => ({
    user: `u${row}`,
    ...(row % 10 === 0 ? Object.fromEntries(flags(row / 10)) : {}),
  });
  const { world } = await live({ days: 5, rowsPerDay: 20_000, extra });
  const dropped = (reason: string) => world.meter.value('segments_dropped', { reason });
  expect(dropped('distinct_max')).toBe(1);
  expect(dropped('fields_max')).toBeGreaterThan(0);
  expect(dropped('values_max')).toBeGreaterThan(0);
  expect(dropped('pairs_max')).toBeGreaterThan(0);
  const { panes } = world.agent.status().limits;
  // 12 fields of 64 values and 512 pairs, each worth 3 panes, beside the panes of 17 signals.
  expect(panes.used).toBeLessThan(3 * (12 * 64 + 512) + 22 * 48);
  expect(world.meter.value('internal_errors')).toBe(0);
});
