import { expect, test } from 'vitest';
import { limits } from '../../../agent/cli/limits.ts';
import { firedIn, live } from '../../support/row-life.ts';
import type { World } from '../../support/world.ts';

/* What the agent promises of a model: what would be found, promised against given, what raw thresholds imply. */

const yaml = `
references: { learn: { rows: 500, rows_min: 300, at_least: 1d } }
models:
  - { model: "other*", false_alarms: 1 per day }
  - { model: "m", environment: prod, false_alarms: 1 per quarter }
rules:
  - { name: drift, match: { signal: "input.*" }, drift: {}, for: 1 window, keep_firing_for: 1 window }
  - { name: missing, match: { signal: "input.*" }, missing_rate: {}, for: 1 window, keep_firing_for: 1 window }
  - { name: loud, match: { signal: "input.income" }, ks: { p: 0.2 }, window: 1h, hop: 5m, for: 2 windows }
  - { name: deaf, match: { signal: "input.income" }, psi: 0.5, window: 1h }
`;

const rowsPerPane = 40;
const changeHour = 30;
const life = (restartAtHour = -1) =>
  live({
    hours: changeHour + 4,
    yaml,
    rows: () => rowsPerPane,
    shares: (hour) => ({ missing: 0.01, shift: hour >= changeHour ? 0.8 : 0 }),
    restartAtHour,
  });

const modelOf = (world: World) => world.agent.status().models[0];

test('promised and given, what would be found and what thresholds imply: in the API, the log and /metrics', async () => {
  const world = await life();
  const drifts = firedIn(world).filter((one) => one.startsWith('drift'));
  expect(drifts).toEqual(['drift input.income']);
  const model = modelOf(world);
  expect(model?.falseAlarms).toMatchObject({ given: 1, useful: 0, notUseful: 0 });
  expect(model?.falseAlarms.promised).toBeCloseTo(1 / 3, 12);
  expect(model?.falseAlarms.budgetUsed).toBeCloseTo(3, 9);
  expect(model?.episodes.map(({ rule, isPromised }) => [rule, isPromised])).toContainEqual(['drift', true]);

  const income = model?.signals.find(({ signal }) => signal === 'input.income');
  const shifts = income?.detectable?.map(({ change }) => change ?? Number.NaN) ?? [];
  expect(income?.detectable?.[0]).toMatchObject({ window: '1h', unit: 'sd' });
  // The longer the window, the smaller the shift.
  expect(shifts).toEqual([...shifts].sort((a, b) => b - a));
  expect(shifts[0]).toBeLessThan(0.8);
  const said = world.log.lines.filter(({ event }) => event === 'what would be found');
  const ofIncome = said.filter(({ fields }) => fields?.['signal'] === 'input.income');
  expect(ofIncome.at(-1)?.fields?.['said']).toMatch(
    /^a shift of 0\.\d+ sd in 1h, 0\.\d+ sd in 1d; missing \S+ % in 1h(, \S+ % in 1d)? would be found with 90 %$/,
  );

  // 40 rows in 5 minutes are 480 an hour; a p of 0.2 at 8,640 looks a month is 1,728 over the limit by chance.
  const [loud, deaf] = model?.rawThresholds ?? [];
  expect(loud).toMatchObject({ rule: 'loud', threshold: 'KS p < 0.2', signals: 1, looksPerMonth: 8_640 });
  expect(loud?.rows).toBeGreaterThan(430);
  expect(loud?.rows).toBeLessThan(490);
  expect(loud?.overPerMonth).toBeGreaterThan(1_000);
  expect(loud?.overPerMonth).toBeLessThan(1_729);
  expect(deaf?.overPerMonth).toBeLessThan(1e-3);
  const warned = world.log.lines.filter(({ level, event }) => level === 'warn' && event.startsWith('a raw'));
  expect(warned.map(({ fields }) => fields?.['rule'])).toEqual(['loud']);
  expect(warned[0]?.fields?.['said']).toMatch(
    /evaluations over the limit a month by chance, where 0\.33 false alarms/,
  );

  world.agent.measure();
  expect(world.meter.value('false_alarms_promised', { model: 'm' })).toBeCloseTo(1 / 3, 12);
  expect(world.meter.value('drift_alerts_given', { model: 'm', threshold: 'budget' })).toBe(1);
  expect(world.meter.value('implied_over_limit', { model: 'm', rule: 'loud' })).toBe(loud?.overPerMonth);
  const window = { model: 'm', signal: 'input.income', window: '1h', unit: 'sd' };
  expect(world.meter.value('detectable_change', window)).toBe(shifts[0]);

  const written: string[] = [];
  const text = JSON.stringify(world.agent.status());
  const io = { get: async () => ({ text }), write: (line: string) => written.push(line) };
  expect(await limits({ url: 'http://agent:9464/', model: '*' }, io)).toBe(0);
  expect(written[0]).toMatch(
    /^m \(prod\): 0\.33 false alarms a month promised; 1 alerts in 30 days, \d+ more by raw/,
  );
  expect(written.join('\n')).toMatch(/input\.income: finds 0\.\d+ sd in 1h/);
  expect(written.join('\n')).toMatch(
    /loud: KS p < 0\.2, \d+ rows a window, 1 signals: 1\d00 evaluations over/,
  );
});

test('what was given is kept over a restart', async () => {
  const restarted = await life(changeHour + 3);
  expect(modelOf(restarted)?.falseAlarms).toMatchObject({ given: 1 });
});

test('kedge limits without an agent, and with another answer, says so', async () => {
  const written: string[] = [];
  const write = (line: string) => written.push(line);
  const ask = (answer: { text: string } | { fault: string }) =>
    limits({ url: 'http://localhost:1', model: 'x' }, { get: async () => answer, write });
  expect(await ask({ fault: 'nobody answers' })).toBe(1);
  expect(await ask({ text: '<html>' })).toBe(1);
  expect(await ask({ text: '{"models":[]}' })).toBe(0);
  expect(written).toEqual([
    "http://localhost:1: nobody answers; give the address of a running agent's admin port with --url",
    'http://localhost:1: the answer is no status of an agent',
    'no model was seen yet',
  ]);
});
