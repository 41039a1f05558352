import { expect, test } from 'vitest';
import { nodeDigest } from '../../agent/adapters/node-digest.ts';
import { registries } from '../../agent/agent.ts';
import { repeatRecord } from '../../agent/pipeline/verdict-record.ts';
import type { Verdict } from '../../core/verdict.ts';
import { callMaker, normal } from '../support/synthetic.ts';
import { World } from '../support/world.ts';

/* Breaches explained on the virtual clock: since when, how, what moved with it, what it did to the output. */

const hourMs = 3_600_000;
const paneMs = 300_000;
const startMs = 20_000 * 24 * hourMs;
const yaml = `
data_dir: none
windows: { tick: 10s }
references: { learn: { rows: 2000, rows_min: 300, at_least: 24h } }
store: { checkpoint_every: 5m }
alerting:
  defaults: { group_wait: 0s, group_interval: 5m, repeat_interval: 30d }
  channels: [{ name: hook, type: webhook, url: "http://127.0.0.1:9/hook", secrets: ["whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] }]
  route: { channels: [hook] }
`;

interface Plan {
  readonly hours: number;
  readonly rowsPerPane?: number;
  /** In standard deviations, by hour: of the input that drives the score, and of one that does not. */
  readonly driver?: (hour: number) => number;
  readonly bystander?: (hour: number) => number;
  readonly version?: (hour: number) => string;
  readonly restartAtHour?: number;
  readonly yaml?: string;
}

/** The score is 0.1 · driver + noise of the same size; the bystander has nothing to do with it. */
async function live(plan: Plan): Promise<World> {
  const { hours, rowsPerPane = 100, driver = () => 0, bystander = () => 0, version = () => '1' } = plan;
  const world = new World({
    seed: 11,
    startMs,
    yaml: plan.yaml ?? yaml,
    weather: { refused: 0, lostBefore: 0, lostAfter: 0 },
  });
  await world.start();
  const call = callMaker('m', world.random);
  for (let pane = 0; pane < hours * 12; pane++) {
    const atMs = startMs + pane * paneMs;
    if (pane === (plan.restartAtHour ?? -1) * 12) {
      await world.clock.advanceTo(atMs);
      await world.start();
    }
    for (let i = 0; i < rowsPerPane; i++) {
      const timeMs = Math.floor(atMs + (i * paneMs) / rowsPerPane);
      const hour = (timeMs - startMs) / hourMs;
      const d = normal(world.random) + driver(hour);
      const b = normal(world.random) + bystander(hour);
      const score = 0.5 + 0.1 * d + 0.1 * normal(world.random);
      const numbers = { driver: 50 + 10 * d, bystander: 50 + 10 * b };
      world.agent.observe(call({ timeMs, version: version(hour), numbers, levels: {}, score }));
    }
    await world.clock.advanceTo(atMs + paneMs);
  }
  await world.clock.advanceTo(startMs + hours * hourMs + 90_000);
  return world;
}

function breachOf(world: World, signal: string): Verdict {
  const found = world.agent.status().verdicts.find((one) => one.series.signal === signal);
  if (found?.status !== 'breach') throw new Error(`${signal} is ${found?.status}: ${found?.reason}`);
  return found;
}

const step = (fromHour: number, size: number) => (hour: number) => (hour >= fromHour ? size : 0);

/** When the change was, in the plans below: inside a pane, at no hour of its own. */
const atHour = 30.52;

test('a jump: since when within its interval, all at once, with its new version; what drives the output pages', async () => {
  const world = await live({
    hours: 32,
    driver: step(atHour, 0.8),
    version: (hour) => (hour >= atHour - 0.2 ? '2' : '1'),
  });
  const { explanation } = breachOf(world, 'input.driver');
  const { onset, outputShift, changesNearby } = explanation ?? {};
  expect(onset?.form).toBe('abrupt');
  expect(onset?.fromMs).toBeLessThanOrEqual(startMs + atHour * hourMs);
  expect(onset?.toMs).toBeGreaterThanOrEqual(startMs + atHour * hourMs);
  expect((onset?.toMs ?? 0) - (onset?.fromMs ?? 0)).toBeLessThanOrEqual(6 * paneMs);
  expect(changesNearby).toMatchObject([{ kind: 'version', what: 'version 2 was first seen' }]);
  // The driver moved by 0.8 sd, and half the variance of the score is its: 0.8 · 0.1 = 0.08.
  expect(outputShift?.output).toBe('output.score');
  expect(outputShift?.contributions[0]?.signal).toBe('input.driver');
  expect(outputShift?.contributions[0]?.shift).toBeGreaterThan(0.05);
  expect(outputShift?.contributions[0]?.shift).toBeLessThan(0.11);
  expect(outputShift?.explained).toBeGreaterThan(0.7);
  expect(outputShift?.explained).toBeLessThan(1.2);
  expect(explanation).toMatchObject({ matters: 'page', mattersReason: 'output.score moved as well' });
  expect(explanation?.movedTogether).toMatchObject([{ signal: 'output.score', isTogether: true }]);
  expect(explanation?.sentence).toMatch(
    /^input\.driver changed at once about .* UTC \(between .*\); output\.score moved at the same time; input\.driver explains \d+ % of the shift of output\.score by \+0\.\d+ standard deviations; version 2 was first seen at .*\.$/,
  );
});

test('an input that moves without an effect on the output is for the digest', async () => {
  const world = await live({ hours: 32, bystander: step(atHour, 1) });
  const { explanation } = breachOf(world, 'input.bystander');
  expect(explanation?.matters).toBe('digest');
  expect(explanation?.mattersReason).toMatch(/by itself it moves output\.score by 0\.0\d .*no output moved$/);
  expect(explanation?.movedTogether).toEqual([]);
  const told = world.agent.status().verdicts.filter((one) => one.status === 'breach');
  expect(told.map((one) => one.series.signal)).toEqual(['input.bystander']);
});

test('a ramp of three days is gradual', async () => {
  const ramp = (hour: number) => Math.min(1.5, Math.max(0, (1.5 * (hour - 30)) / 72));
  const world = await live({ hours: 84, rowsPerPane: 30, bystander: ramp });
  const { explanation } = breachOf(world, 'input.bystander');
  expect(explanation?.onset?.form).toBe('gradual');
  expect(explanation?.onset?.fromMs).toBeLessThanOrEqual(startMs + 36 * hourMs);
  expect(explanation?.sentence).toContain('little by little');
});

test('what comes back each night at the same hour is recurring, for a rule that knows no seasons', async () => {
  const nightly = (hour: number) => (hour > 24 && hour % 24 >= 2 && hour % 24 < 4 ? 1.2 : 0);
  const rules = `rules: [{ name: shape, match: { signal: "input.*" }, psi: { threshold: 0.2 }, window: 1h, hop: 5m, for: 1 window, keep_firing_for: 1 window }]`;
  const world = await live({ hours: 24 * 3 + 3, rowsPerPane: 60, bystander: nightly, yaml: yaml + rules });
  const { onset } = breachOf(world, 'input.bystander').explanation ?? {};
  expect(onset).toMatchObject({ form: 'recurring', period: 'daily' });
  const atMs = startMs + (24 * 3 + 2) * hourMs;
  expect(onset?.fromMs).toBeLessThanOrEqual(atMs);
  expect(onset?.toMs).toBeGreaterThanOrEqual(atMs);
});

test('a restart keeps verdicts, since when a series drifts, and what its output follows from', async () => {
  const plan = { hours: 33, driver: step(atHour, 0.8) };
  const whole = await live(plan);
  const restarted = await live({ ...plan, restartAtHour: 31.5 });
  const onset = (world: World) => breachOf(world, 'input.driver').explanation?.onset;
  expect(onset(restarted)).toEqual(onset(whole));
  const shift = breachOf(restarted, 'input.driver').explanation?.outputShift;
  expect(shift?.contributions[0]?.signal).toBe('input.driver');
  const ids = (world: World) => world.agent.verdicts().map((one) => one.id);
  expect(ids(restarted).length).toBeGreaterThan(20);
  // Verdicts of before the restart are among them, by the same ids.
  const before = whole.agent
    .verdicts()
    .filter((one) => one.keptAs === 'breach' && one.end < '2024-10-05T07:00');
  expect(before.length).toBeGreaterThan(3);
  expect(ids(restarted)).toEqual(expect.arrayContaining(before.map((one) => one.id)));

  const detectors = new Map(registries.detectors.map((detector) => [detector.type, detector]));
  const sha256 = (text: string) => nodeDigest().sha256(text);
  const repeatable = restarted.agent.verdicts().filter((one) => one.isRepeatable);
  expect(repeatable.length).toBeGreaterThan(20);
  for (const { id } of repeatable) {
    const record = await restarted.agent.verdict(id);
    expect(repeatRecord(record, detectors, sha256)).toMatchObject({ outcome: 'equal' });
  }
});
