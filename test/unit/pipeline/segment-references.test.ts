import { expect, test } from 'vitest';
import { nodeDigest } from '../../../agent/adapters/node-digest.ts';
import { listText, type ShownReferences, showText } from '../../../agent/cli/reference-text.ts';
import { referenceId } from '../../../agent/pipeline/learner.ts';
import { buildReferences, createCollector } from '../../../agent/pipeline/reference-file.ts';
import { fromPortable, toPortable } from '../../../agent/pipeline/reference-portable.ts';
import { segmentLabels } from '../../../core/series.ts';
import { callMaker, normal } from '../../support/synthetic.ts';
import { dayMs, hourMs, minuteMs } from '../../support/test-config.ts';
import { World } from '../../support/world.ts';

/* References of declared segments: each is learned, learned anew, pinned and stored apart from its model's. */

const startMs = 20_000 * dayMs;
const paneMs = 5 * minuteMs;
const cities = ['Bern', 'Oslo'];
const sha256 = (text: string) => nodeDigest().sha256(text);
const weather = { refused: 0, lostBefore: 0, lostAfter: 0 };
const segments = [{ name: 'city', from: ['input.city'], model: '*', environment: '*', max: 20 }];

const yaml = `
data_dir: none
windows: { tick: 1m }
store: { checkpoint_every: 5m }
segments: [{ name: city, from: input.city }]
references:
  learn: { rows: 500, rows_min: 300, at_least: 3h }
  rolling: { length: 1d, gap: 1h }
rules:
  - { name: scores, match: { signal: "output.*", segment: "city=*" }, psi: { threshold: 0.1, min_rows: 100 }, window: 1h, for: 1 window }
  - { name: past, match: { signal: "input.x", segment: "city=*" }, psi: { threshold: 0.1, min_rows: 100 }, window: 1h, for: 1 window, against: rolling }
`;

interface Plan {
  readonly hours: number;
  readonly version?: (hour: number) => string;
  readonly score?: (hour: number, city: string) => number;
  readonly crashes?: readonly number[];
}

async function live({ hours, version = () => '1', score = () => 0, crashes = [] }: Plan): Promise<World> {
  const world = new World({ seed: 3, startMs, yaml, weather });
  await world.start();
  const call = callMaker('m', world.random);
  for (let pane = 0; pane < hours * 12; pane++) {
    const atMs = startMs + pane * paneMs;
    const hour = pane / 12;
    if (crashes.includes(hour)) await world.start();
    for (let i = 0; i < 60; i++) {
      const city = cities[i % 2] as string;
      const numbers = { x: (city === 'Oslo' ? 10 : 50) + normal(world.random) };
      const timeMs = atMs + (i * paneMs) / 60;
      const shifted = normal(world.random) + score(hour, city);
      world.agent.observe(
        call({ timeMs, version: version(hour), numbers, levels: { city }, score: shifted }),
      );
    }
    await world.clock.advanceTo(atMs + paneMs);
  }
  await world.clock.advanceTo(startMs + hours * hourMs + 2 * minuteMs);
  return world;
}

function listed(world: World, signal: string) {
  return world.agent.references
    .list()
    .references.filter((one) => one.signal === signal)
    .map(({ segment = '', version, standing }) => `${segment} ${version} ${standing}`.trim())
    .sort();
}

function inForce(world: World, segment: string | undefined, signal: string) {
  const state = world.agent.status().models.find((one) => one.segment === segment);
  return state?.signals.find((one) => one.signal === signal)?.referenceId ?? undefined;
}

test('a new version learns anew in each segment, over a crash; one that drifts there waits there only', async () => {
  const version = (hour: number) => (hour < 6 ? '1' : '2');
  const score = (hour: number, city: string) => (hour >= 6 && city === 'Oslo' ? 2 : 0);
  const plain = await live({ hours: 12, version, score });
  const crashed = await live({ hours: 12, version, score, crashes: [2, 8] });
  for (const world of [plain, crashed]) {
    expect(listed(world, 'output.score')).toEqual([
      '2 in_force',
      'city=Bern  in_force',
      'city=Bern 2 in_force',
      'city=Oslo  in_force',
      'city=Oslo 2 waiting',
      'in_force',
    ]);
    // Inputs keep theirs.
    expect(listed(world, 'input.x')).toEqual(['city=Bern  in_force', 'city=Oslo  in_force', 'in_force']);
    expect(world.meter.value('corrupt_records')).toBe(0);
    expect(world.meter.value('internal_errors')).toBe(0);
  }
});

test('list and show name the segment', async () => {
  const world = await live({ hours: 5 });
  const desk = world.agent.references;
  expect(listText(desk.list())).toMatch(/ {2}input\.x of city=Oslo {2}/);
  const shown = desk.show({ reference: inForce(world, 'city=Oslo', 'input.x') ?? '' });
  if (!shown.ok) throw new Error(shown.message);
  expect(showText(shown.value as ShownReferences)).toContain('of      input.x of city=Oslo of m in prod');
});

test('a pin of a segment holds for that segment alone, at once and over a restart', async () => {
  const world = await live({ hours: 5 });
  const desk = world.agent.references;
  const before = ['city=Bern', undefined].map((segment) => inForce(world, segment, 'input.x'));
  expect(new Set([...before, inForce(world, 'city=Oslo', 'input.x')]).size).toBe(3);
  await desk.importFile(toPortable(built(), { atMs: 0, by: 'test' }, sha256), {}, 'ann');
  const named = desk.list().references.filter(({ name }) => name === 'training');
  const oslo = named.find(({ signal, segment }) => signal === 'input.x' && segment === 'city=Oslo');
  expect(await desk.pin({ reference: oslo?.id ?? '' }, 'ann')).toMatchObject({
    value: { pinned: [oslo?.id] },
  });
  for (const restart of [false, true]) {
    if (restart) await world.start();
    expect(inForce(world, 'city=Oslo', 'input.x')).toBe(oslo?.id);
    expect(['city=Bern', undefined].map((segment) => inForce(world, segment, 'input.x'))).toEqual(before);
  }
});

test('the past of a segment is its own, over a crash as well', async () => {
  const world = await live({ hours: 8, crashes: [5] });
  const past = world.agent.status().verdicts.filter(({ rule }) => rule === 'past');
  for (const city of cities) {
    const verdict = past.find(({ series }) => series.segment === `city=${city}`);
    expect(verdict).toMatchObject({ status: 'ok' });
    expect(verdict?.reason).toContain('Compared with the time before');
  }
  expect(past.some(({ series }) => series.segment === undefined)).toBe(false);
});

const file = { name: 'training', model: 'm', environment: 'prod', path: 'x.csv', rowsMax: 1e6 };

/** Rows of two cities, ten minutes apart. */
function built() {
  const collector = createCollector(file, segments);
  for (let row = 0; row < 3_000; row++) {
    const city = cities[row % 2] as string;
    const cells = new Map<string, number | string>([
      ['x', (row % 97) + (city === 'Oslo' ? 0 : 1_000)],
      ['city', city],
    ]);
    collector.add(cells, startMs + row * 10 * minuteMs);
  }
  return buildReferences(file, collector, 0, sha256);
}

test("a file's rows of a segment keep their times and their name, and travel with their segment", () => {
  const references = built();
  const ofX = references.filter(({ reference }) => reference.series.signal === 'input.x');
  expect(
    ofX.map(({ reference }) => [reference.series.segment, reference.name, reference.counters.rows]),
  ).toEqual([
    [undefined, 'training', 3_000],
    ['city=Bern', 'training', 1_500],
    ['city=Oslo', 'training', 1_500],
  ]);
  // 3,000 rows, ten minutes apart: 20 days and 20 hours, in each.
  for (const { model } of ofX) expect(model?.model.health?.days).toBeCloseTo(20.83, 1);
  const read = fromPortable(toPortable(references, { atMs: 0, by: 'test' }, sha256), {}, sha256);
  if (!read.ok) throw new Error(read.fault);
  expect(read.references.map(({ reference }) => [reference.id, reference.series])).toEqual(
    references.map(({ reference }) => [reference.id, reference.series]),
  );
  expect(segmentLabels(read.references.at(-1)?.reference.series.segment)).toEqual({ city: 'Oslo' });
});

test('a file with a segment that is none is refused', () => {
  const [one] = built();
  if (one === undefined) throw new Error('nothing was built');
  const series = { ...one.reference.series, segment: 'Oslo' };
  const id = referenceId({ ...one.reference, series }, sha256);
  const text = toPortable([{ reference: { ...one.reference, id, series } }], { atMs: 0, by: 'test' }, sha256);
  expect(fromPortable(text, {}, sha256)).toMatchObject({
    ok: false,
    fault: expect.stringContaining('damaged'),
  });
});
