import { expect, test } from 'vitest';
import { nodeDigest } from '../../../agent/adapters/node-digest.ts';
import { buildReferences, createCollector } from '../../../agent/pipeline/reference-file.ts';
import { toPortable } from '../../../agent/pipeline/reference-portable.ts';
import type { Verdict } from '../../../core/verdict.ts';
import { callMaker, normal } from '../../support/synthetic.ts';
import { dayMs, hourMs, minuteMs } from '../../support/test-config.ts';
import { World } from '../../support/world.ts';

/* What windows are compared with, inside the agent: the past, the version before, a reference of its own. */

const startMs = 20_000 * dayMs;
const paneMs = 5 * minuteMs;
const sha256 = (text: string) => nodeDigest().sha256(text);

interface Plan {
  readonly hours: number;
  readonly rules: string;
  readonly relearn?: string;
  readonly learn?: string;
  readonly versionAt?: (hour: number) => readonly string[];
  /** Standard deviations by which x (an input) and the score (an output) are shifted. */
  readonly x?: (hour: number, version: string) => number;
  readonly score?: (hour: number, version: string) => number;
  /** Crashes and starts again at these hours. */
  readonly crashes?: readonly number[];
  readonly at?: (world: World, hour: number) => Promise<void>;
}

async function live(plan: Plan): Promise<World> {
  const yaml = `
data_dir: none
windows: { tick: 1m }
store: { checkpoint_every: 10m }
references:
  learn: { rows: 500, rows_min: 300, at_least: ${plan.learn ?? '6h'} }
  rolling: { length: 2d, gap: 3h }
  relearn: { ${plan.relearn ?? 'on_new_version: none'} }
rules:
${plan.rules}`;
  const world = new World({ seed: 3, startMs, yaml, weather: { refused: 0, lostBefore: 0, lostAfter: 0 } });
  await world.start();
  const call = callMaker('m', world.random);
  const { hours, versionAt = () => ['1'], x = () => 0, score = () => 0, crashes = [] } = plan;
  for (let pane = 0; pane < hours * 12; pane++) {
    const atMs = startMs + pane * paneMs;
    const hour = pane / 12;
    if (crashes.includes(hour)) await world.start();
    for (const version of versionAt(hour)) {
      for (let i = 0; i < 40; i++) {
        const timeMs = atMs + (i * paneMs) / 40;
        const numbers = { x: 50 + 10 * (normal(world.random) + x(hour, version)) };
        const shifted = normal(world.random) + score(hour, version);
        world.agent.observe(call({ timeMs, version, numbers, levels: {}, score: shifted }));
      }
    }
    await world.clock.advanceTo(atMs + paneMs);
    await plan.at?.(world, hour);
  }
  await world.clock.advanceTo(startMs + hours * hourMs + 2 * minuteMs);
  return world;
}

function verdictOf(world: World, rule: string, signal = 'input.x'): Verdict | undefined {
  return world.agent.status().verdicts.find((one) => one.rule === rule && one.series.signal === signal);
}

const psi = (name: string, against: string, signal = 'input.x') =>
  `  - { name: ${name}, match: { signal: "${signal}" }, psi: { threshold: 0.1, min_rows: 100 }, window: 1h, for: 1 window, keep_firing_for: 1 window, against: ${against} }\n`;
const drift = (name: string, against: string, signal = 'input.x') =>
  `  - { name: ${name}, match: { signal: "${signal}" }, drift: {}, for: 1 window, keep_firing_for: 1 window, against: ${against} }\n`;

test('a rolling reference follows a slow ramp that the pinned one tells', async () => {
  // 0.006 standard deviations an hour: 0.5 in all, and about 0.15 beyond the two days of the rolling reference.
  const rules = psi('fixed', 'pinned') + psi('moving', 'rolling');
  const world = await live({ hours: 96, rules, x: (hour) => Math.max(0, hour - 6) * 0.006 });
  expect(verdictOf(world, 'fixed')?.status).toBe('breach');
  const moving = verdictOf(world, 'moving');
  expect(moving).toMatchObject({ status: 'ok' });
  expect(moving?.reason).toMatch(
    /Compared with the time before \(2024-10-0\d \d\d:00 to 2024-10-0\d \d\d:00 UTC, \d+ rows\)\.$/,
  );
  expect(moving?.size.reference).toBeGreaterThan(10_000);
});

test('a jump is told against the rolling reference, on the default rule as well; hours with an alert are left out', async () => {
  const rules = psi('plain', 'rolling') + drift('ladder', 'rolling');
  const x = (hour: number) => (hour >= 40 ? 1 : 0);
  const world = await live({ hours: 60, rules, x });
  // 20 hours after the jump the gap of three hours is long over: without the exclusion the jump would be learned.
  expect(verdictOf(world, 'plain')?.status).toBe('breach');
  expect(verdictOf(world, 'ladder')).toMatchObject({ status: 'breach', direction: 'high' });
  expect(world.log.lines.filter((line) => line.event === 'INACTIVE → FIRING')).toHaveLength(2);
});

test('while there is no past yet it says what is missing, and until when', async () => {
  const world = await live({ hours: 2, rules: psi('plain', 'rolling') });
  const verdict = verdictOf(world, 'plain');
  // The scale is cut from 500 rows, 13 panes of 40: the first hour is that from 01:00, over at 02:00, old enough at 05:00.
  expect(verdict).toMatchObject({ status: 'inconclusive', cause: 'no_reference' });
  expect(verdict?.reason).toMatch(
    /too little of the time before to compare with: 0 of 500 rows, not before 2024-10-04 05:00 UTC/,
  );
});

test('a version is compared with the version before, in the same hours', async () => {
  const rules = psi('plain', 'previous_version') + drift('ladder', 'previous_version');
  const versionAt = (hour: number) => (hour < 30 ? ['1'] : ['1', '2']);
  // Both versions see the same daily season; only version 2 is shifted, from hour 34 on.
  const season = (hour: number) => Math.sin((hour * Math.PI) / 12);
  const quiet = await live({ hours: 40, rules, versionAt, x: season });
  expect(verdictOf(quiet, 'plain')).toMatchObject({ status: 'ok', series: { version: '2' } });
  expect(verdictOf(quiet, 'plain')?.reason).toMatch(/Compared with version 1 \(/);
  const shifted = await live({
    hours: 40,
    rules,
    versionAt,
    x: (hour, version) => season(hour) + (version === '2' && hour >= 34 ? 1 : 0),
  });
  expect(verdictOf(shifted, 'plain')).toMatchObject({ status: 'breach', series: { version: '2' } });
  expect(verdictOf(shifted, 'ladder')).toMatchObject({ status: 'breach', direction: 'high' });
  expect(verdictOf(shifted, 'ladder')?.series.version).toBe('2');
});

test('the first version has no version before it, and says so', async () => {
  const world = await live({ hours: 4, rules: psi('plain', 'previous_version') });
  expect(verdictOf(world, 'plain')).toMatchObject({
    status: 'inconclusive',
    cause: 'no_reference',
    reason: 'No version before version 1 was seen of input.x.',
  });
});

const deploy = (hour: number) => (hour < 12 ? ['1'] : ['2']);

test('after a deploy the outputs of the new version learn a reference of their own; inputs keep theirs', async () => {
  const rules = drift('scores', 'pinned', 'output.score') + drift('inputs', 'pinned');
  const world = await live({ hours: 30, rules, relearn: 'on_new_version: outputs', versionAt: deploy });
  const { references } = world.agent.references.list();
  const ofVersion = references.filter((one) => one.version === '2');
  expect(ofVersion).toMatchObject([{ signal: 'output.score', standing: 'in_force', name: 'production' }]);
  expect(verdictOf(world, 'scores', 'output.score')).toMatchObject({
    status: 'ok',
    referenceId: ofVersion[0]?.id,
  });
  expect(verdictOf(world, 'scores', 'output.score')?.reason).toContain(
    'Compared with production of version 2, ref_',
  );
  const inputs = references.find((one) => one.signal === 'input.x');
  expect(verdictOf(world, 'inputs')?.referenceId).toBe(inputs?.id);
});

test('a version that drifts while it learns waits for a person; once approved, it is what the version is compared with', async () => {
  const rules = drift('scores', 'pinned', 'output.score');
  const relearn = 'on_new_version: outputs, approval: if_drifting';
  let approved = '';
  const world = await live({
    hours: 40,
    rules,
    relearn,
    versionAt: deploy,
    score: (_, version) => (version === '2' ? 1 : 0),
    at: async (learned, hour) => {
      if (hour !== 30) return;
      const { agent } = learned;
      expect(verdictOf(learned, 'scores', 'output.score')?.status).toBe('breach');
      const waiting = agent.references.list().references.find((one) => one.standing === 'waiting');
      approved = waiting?.id ?? '';
      expect(await agent.references.pin({ reference: approved }, 'ada')).toMatchObject({ ok: true });
    },
  });
  expect(approved).toMatch(/^ref_/);
  expect(world.log.lines.some((line) => line.event.startsWith('a reference waits for approval'))).toBe(true);
  expect(verdictOf(world, 'scores', 'output.score')).toMatchObject({ status: 'ok', referenceId: approved });
});

test('a crash while a version learns costs at most what came since the last checkpoint', async () => {
  const rules = drift('scores', 'pinned', 'output.score');
  const plan = { hours: 30, rules, relearn: 'on_new_version: outputs', versionAt: deploy };
  const whole = await live(plan);
  const crashed = await live({ ...plan, crashes: [3, 15] });
  const rowsOf = (world: World) =>
    world.agent.references
      .list()
      .references.map((one) => [one.signal, one.version, one.standing].join())
      .sort();
  expect(rowsOf(crashed)).toEqual(rowsOf(whole));
  const ofVersion = (world: World) =>
    world.agent.references.list().references.find((one) => one.version === '2');
  const lost = (ofVersion(whole)?.rows ?? 0) - (ofVersion(crashed)?.rows ?? 0);
  // It is saved every quarter of an hour, at a checkpoint: four panes of 40 rows at most.
  expect(Math.abs(lost)).toBeLessThanOrEqual(160);
  expect(crashed.meter.value('corrupt_records')).toBe(0);
});

test('a restart while learning keeps the panes: seasons are learned, and the model is refined', async () => {
  const rules = drift('inputs', 'pinned');
  const season = (hour: number) => 0.5 * Math.sin((hour * Math.PI) / 12);
  const world = await live({ hours: 54, rules, learn: '48h', x: season, crashes: [4, 30] });
  const shown = world.agent.references.show({ reference: 'production' });
  const json = JSON.stringify(shown);
  // With the panes of two days the hour of the day is found; without those from before the crash there is one profile.
  expect(json).toContain('"stage":"hour_of_day"');
  expect(verdictOf(world, 'inputs')?.status).toBe('ok');
});

test('a pin holds over a crash, and its line is in the audit chain', async () => {
  const rules = drift('inputs', 'pinned');
  let pinned = '';
  const world = await live({
    hours: 20,
    rules,
    crashes: [15],
    at: async ({ agent }, hour) => {
      if (hour !== 14) return;
      const answer = await agent.references.export({ reference: 'production' });
      if (!answer.ok) throw new Error(answer.message);
      const imported = await agent.references.importFile(answer.value, { name: 'approved' }, 'ada');
      expect(imported).toMatchObject({ ok: true });
      const done = await agent.references.pin({ reference: 'production' }, 'ada');
      expect(done).toMatchObject({ ok: true, value: { durable: true, by: 'ada' } });
      pinned =
        agent.references
          .list()
          .references.find((one) => one.standing === 'in_force' && one.signal === 'input.x')?.id ?? '';
    },
  });
  const { references } = world.agent.references.list();
  const held = references.filter((one) => one.standing === 'in_force' && one.signal === 'input.x');
  expect(held).toMatchObject([{ id: pinned, pinnedBy: 'ada' }]);
  expect(verdictOf(world, 'inputs')).toMatchObject({ status: 'ok', referenceId: pinned });
  expect(world.meter.value('audit_seq')).toBeGreaterThanOrEqual(1);
});

test('the hours of the past outlive a crash, and so does what is compared with them', async () => {
  const rules = psi('moving', 'rolling');
  const whole = await live({ hours: 30, rules });
  const crashed = await live({ hours: 30, rules, crashes: [20] });
  const [before, after] = [verdictOf(whole, 'moving'), verdictOf(crashed, 'moving')];
  expect(before?.status).toBe('ok');
  expect(after?.status).toBe('ok');
  // Four panes of 40 rows, as above.
  expect(Math.abs((before?.size.reference ?? 0) - (after?.size.reference ?? 0))).toBeLessThanOrEqual(160);
  expect(before?.size.reference).toBeGreaterThan(10_000);
});

test('a reference that moves while it is learned says so, and from when', async () => {
  const rules = drift('inputs', 'pinned');
  // Five days of learning; from the fourth on it is another. Days begin with the first pane on the scale, at 01:00.
  const world = await live({ hours: 123, rules, learn: '5d', x: (hour) => (hour >= 73 ? 0.8 : 0) });
  const warned = world.log.lines.find((line) => line.event === 'the reference has weaknesses');
  expect(warned?.fields?.['warnings']).toContain('part_differs');
  expect(warned?.fields?.['movesSince']).toBe('2024-10-07T01:00:00.000Z');
  const listed = world.agent.references.list().references.find((one) => one.signal === 'input.x');
  expect(listed?.warnings).toEqual(expect.arrayContaining(['stable', 'halves']));
  world.agent.measure();
  expect(world.meter.value('reference_warnings', { model: 'm', check: 'stable' })).toBe(1);
});

test('a pin of other edges takes effect at once: windows begin anew on them, and no two scales are compared', async () => {
  const rules = psi('plain', 'pinned') + psi('old', 'production');
  let pinned = '';
  const world = await live({
    hours: 16,
    rules,
    at: async ({ agent }, hour) => {
      if (hour !== 10) return;
      const file = { name: 'spring', model: 'm', environment: 'prod', path: '', rowsMax: 1e6 };
      const collector = createCollector(file);
      for (let row = 0; row < 5_000; row++) collector.add(new Map([['x', 80 + (row % 100) / 10]]));
      const built = buildReferences(file, collector, 0, sha256);
      const text = toPortable(built, { atMs: 0, by: 'test' }, sha256);
      expect(await agent.references.importFile(text, {}, 'ada')).toMatchObject({ ok: true });
      expect(await agent.references.pin({ reference: 'spring' }, 'ada')).toMatchObject({ ok: true });
      pinned = built[0]?.reference.id ?? '';
    },
  });
  expect(verdictOf(world, 'plain')).toMatchObject({ status: 'breach', referenceId: pinned });
  expect(verdictOf(world, 'old')).toMatchObject({ status: 'inconclusive', cause: 'scale_mismatch' });
  expect(world.meter.value('internal_errors')).toBe(0);
});
