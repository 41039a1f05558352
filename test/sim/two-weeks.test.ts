import { expect, test } from 'vitest';
import { callMaker, normal } from '../support/synthetic.ts';
import { type Heard, World } from '../support/world.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const startMs = 20_000 * dayMs;
const feedEveryMs = 10_000;
const rowsPerFeed = 5;

const yaml = `
data_dir: none
store: { checkpoint_every: 10m }
references: { learn: { at_least: 1d } }
windows: { tick: 30s }
alerting:
  defaults: { group_wait: 30s, group_interval: 5m, repeat_interval: 30d }
  channels: [{ name: hook, type: webhook, url: "http://127.0.0.1:9/hook", secrets: ["whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] }]
  route: { channels: [hook] }
`;

/** Two models, and for each an optional stretch in which one input is shifted. */
interface Plan {
  readonly days: number;
  readonly fraudDrift?: readonly [fromMs: number, toMs: number];
  readonly churnDrift?: readonly [fromMs: number, toMs: number];
}

async function live(seed: number, plan: Plan): Promise<{ heard: readonly Heard[]; world: World }> {
  const world = new World({
    seed,
    startMs,
    yaml,
    weather: { refused: 0.1, lostBefore: 0.1, lostAfter: 0.1 },
  });
  await world.start();
  const { random } = world;
  const fraud = callMaker('fraud', random);
  const churn = callMaker('churn', random);
  const countries = ['AT', 'CH', 'DE', 'FR', 'IT', 'PL'];
  for (let atMs = startMs; atMs < startMs + plan.days * dayMs; atMs += feedEveryMs) {
    for (let i = 0; i < rowsPerFeed; i++) {
      const timeMs = atMs + i * 1_000;
      const amount = 100 + 10 * normal(random) + (isIn(plan.fraudDrift, timeMs) ? 8 : 0);
      const country = countries[Math.floor(random.next() ** 2 * countries.length)] as string;
      world.agent.observe(
        fraud({
          timeMs,
          version: '7',
          numbers: { amount, age: 90 * random.next() },
          levels: { country },
          score: random.next(),
        }),
      );
      const isChanged = isIn(plan.churnDrift, timeMs) && random.next() < 0.3;
      const tariff = isChanged ? 'prepaid' : random.next() < 0.7 ? 'flat' : 'metered';
      world.agent.observe(
        churn({
          timeMs,
          version: '3',
          numbers: { calls: Math.floor(-20 * Math.log(1 - random.next())) },
          levels: { tariff },
          score: normal(random),
        }),
      );
    }
    await world.clock.advanceTo(atMs + feedEveryMs);
  }
  // Not longer: that the calls have stopped would be told, and rightly.
  await world.clock.advanceTo(startMs + plan.days * dayMs + 8 * minuteMs);
  return { heard: world.heard, world };
}

function isIn(span: readonly [number, number] | undefined, timeMs: number): boolean {
  return span !== undefined && timeMs >= startMs + span[0] && timeMs < startMs + span[1];
}

const twoDrifts: Plan = {
  days: 14,
  fraudDrift: [8 * dayMs + 3 * hourMs, 8 * dayMs + 15 * hourMs],
  churnDrift: [11 * dayMs, 11 * dayMs + 8 * hourMs],
};

/** A third of the posts fail. More than these four messages would be a false alarm in a quiet week, or a message doubled. */
test.each([1, 2, 3])(
  'two weeks of two models, seed %d: one fired and one resolved per drift, nothing else',
  async (seed) => {
    const before = process.cpuUsage();
    const { heard, world } = await live(seed, twoDrifts);
    const { user, system } = process.cpuUsage(before);

    expect(heard.map((one) => one.model)).toEqual(['fraud', 'fraud', 'churn', 'churn']);
    expect(world.storyOf('fraud')).toEqual(['firing', 'resolved']);
    expect(world.storyOf('churn')).toEqual(['firing', 'resolved']);
    expect(signalsOf(heard, 'fraud')).toEqual(new Set(['input.amount']));
    expect(signalsOf(heard, 'churn')).toEqual(new Set(['input.tariff']));
    const delayMs = (heard[0]?.atMs ?? 0) - (startMs + (twoDrifts.fraudDrift?.[0] ?? 0));
    // 0.8 standard deviations at 150 rows a pane: found after two or three panes.
    expect(delayMs).toBeLessThan(0.5 * hourMs);

    expect(world.meter.value('rows')).toBe((14 * dayMs * rowsPerFeed * 2) / feedEveryMs);
    expect(world.meter.value('dropped')).toBe(0);
    expect(world.meter.value('internal_errors')).toBe(0);
    expect(world.agent.status().alerts).toEqual([]);
    expect((user + system) / 1e6).toBeLessThan(30);
  },
);

test('the same seed gives the same history', async () => {
  const short: Plan = { days: 3, fraudDrift: [1.5 * dayMs, 2 * dayMs] };
  const one = await live(42, short);
  const two = await live(42, short);
  expect(one.heard.length).toBeGreaterThan(0);
  expect(two.heard).toEqual(one.heard);
  expect(two.world.log.lines).toEqual(one.world.log.lines);
});

function signalsOf(heard: readonly Heard[], model: string): ReadonlySet<string> {
  return new Set(heard.filter((one) => one.model === model).flatMap((one) => one.signals));
}
