import { expect, test } from 'vitest';
import { Fields } from '../../core/fields.ts';
import { callOf } from '../support/calls.ts';
import { normal } from '../support/synthetic.ts';
import { World } from '../support/world.ts';

/* A declared segment under the default policy: a drift of one city alone, too small a part to be seen on the whole. */

const hourMs = 3_600_000;
const startMs = 500_000 * hourMs;
const paneMs = 300_000;
const hours = 15;
const shiftedFrom = 11;

const cities = ['Oslo', ...new Array<string>(10).fill('Bern'), ...new Array<string>(9).fill('Rome')];

const yaml = `
data_dir: none
store: { checkpoint_every: 5m }
references: { learn: { rows: 500, rows_min: 300, at_least: 6h } }
segments: [{ name: city, from: input.city, max: 3 }]
alerting:
  defaults: { group_wait: 0s, group_interval: 0s, repeat_interval: 30d }
  channels: [{ name: hook, type: webhook, url: "http://127.0.0.1:9/hook", secrets: ["whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] }]
  route: { channels: [hook] }
`;

/** Of 100 rows a pane 5 are of Oslo. */
async function live(restartAtHour = -1): Promise<World> {
  const weather = { refused: 0, lostBefore: 0, lostAfter: 0 };
  const world = new World({ seed: 5, startMs, yaml, weather, ticksByHand: true });
  await world.start();
  const { random } = world;
  const inputs = new Fields();
  const base = callOf({ environment: 'prod' });
  for (let pane = 0; pane < hours * 12; pane++) {
    if (pane === restartAtHour * 12 + 5) {
      await world.agent.stop();
      await world.start();
    }
    await world.clock.advanceTo(startMs + (pane + 1) * paneMs);
    for (let i = 0; i < 100; i++) {
      const city = cities[i % 20] as string;
      const shift = city === 'Oslo' && pane >= shiftedFrom * 12 ? 15 : 0;
      inputs.clear();
      inputs.addLevel('city', city);
      inputs.addNumber('x', 50 + 10 * normal(random) + shift);
      world.agent.observe({ ...base, timeMs: startMs + pane * paneMs + i * 3_000, inputs });
    }
    await world.agent.tick();
  }
  await world.clock.advanceTo(startMs + hours * hourMs + 2 * paneMs);
  await world.agent.tick();
  return world;
}

test('a drift of one city is told of that city alone', async () => {
  const world = await live();
  expect(world.heard.map(({ type, signals, model }) => [type, signals, model])).toEqual([
    ['dev.kedge.alert.firing.v1', ['input.x'], 'm'],
  ]);
  const firing = world.agent.status().alerts.filter(({ condition }) => condition === 'firing');
  expect(firing.map(({ segment, signal }) => [segment, signal])).toEqual([['city=Oslo', 'input.x']]);
  expect(firing[0]?.lastBreach?.series).toMatchObject({
    model: 'm',
    signal: 'input.x',
    segment: 'city=Oslo',
  });
  const models = world.agent.status().models.map(({ model, segment }) => [model, segment]);
  expect(models[0]).toEqual(['m', undefined]);
  expect(new Set(models.slice(1).map(([, segment]) => segment))).toEqual(
    new Set(['city=Oslo', 'city=Bern', 'city=Rome', 'city=other']),
  );
  expect(world.meter.value('internal_errors')).toBe(0);
});

test('a restart in the middle keeps references and segments, and tells nobody twice', async () => {
  const whole = await live();
  for (const hour of [10, 13]) {
    const restarted = await live(hour);
    expect(restarted.storyOf('m')).toEqual(whole.storyOf('m'));
    const ids = (world: World) =>
      world.agent
        .status()
        .models.map(({ segment, signals }) => [segment, signals.map(({ referenceId }) => referenceId)]);
    // By then every reference is frozen: of what is still being sampled nothing is stored.
    expect(ids(restarted)).toEqual(ids(whole));
    expect(restarted.meter.value('corrupt_records')).toBe(0);
  }
});
