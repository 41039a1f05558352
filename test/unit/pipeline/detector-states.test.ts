import { expect, test } from 'vitest';
import { memoryMeter } from '../../../agent/adapters/memory-meter.ts';
import {
  DetectorStates,
  stateCharactersMax,
  stateKey,
  statesMax,
} from '../../../agent/pipeline/detector-states.ts';
import { callOf } from '../../support/calls.ts';
import { normalsFrom } from '../../support/detector-data.ts';
import { World } from '../../support/world.ts';

test('a state comes back as JSON has it, and nobody can change what is kept', () => {
  const states = new DetectorStates(memoryMeter());
  const state = { sums: [1, 2], gone: undefined };
  states.keep('a', state);
  state.sums.push(3);
  const first = states.get('a') as { sums: number[] };
  expect(first).toEqual({ sums: [1, 2] });
  first.sums.push(9);
  expect(states.get('a')).toEqual({ sums: [1, 2] });
  expect(states.get('b')).toBeUndefined();
});

test('a state that is too large is let go and counted', () => {
  const meter = memoryMeter();
  const states = new DetectorStates(meter);
  states.keep('a', 'small');
  states.keep('a', 'x'.repeat(stateCharactersMax));
  expect(states.get('a')).toBeUndefined();
  expect(meter.value('detector_states_dropped', { reason: 'too_large' })).toBe(1);
});

test('beyond the limit the state used longest ago begins anew', () => {
  const meter = memoryMeter();
  const states = new DetectorStates(meter);
  for (let i = 0; i < statesMax; i++) states.keep(`key ${i}`, i);
  states.keep('key 0', 'again');
  states.keep('one more', 1);
  expect(states.get('key 1')).toBeUndefined();
  expect(states.get('key 0')).toBe('again');
  expect(states.all().length).toBe(statesMax);
  expect(meter.value('detector_states_dropped', { reason: 'states_max' })).toBe(1);
});

test('what is no saved state is left out of a checkpoint', () => {
  const states = new DetectorStates(memoryMeter());
  for (const foreign of [undefined, null, 5, {}]) states.restore(foreign);
  states.restore([['good', '{"n":1}'], ['torn', '{"n":'], [5, '1'], ['short'], 'text', ['object', { n: 1 }]]);
  expect(states.all()).toEqual([['good', '{"n":1}']]);
});

test('series, rules and references are told apart', () => {
  const series = { model: 'm', environment: 'e', version: '1', signal: 'input.x' };
  const keys = [
    stateKey('r', series, 'ref_1'),
    stateKey('s', series, 'ref_1'),
    stateKey('r', series, 'ref_2'),
    stateKey('r', { ...series, version: '2' }, 'ref_1'),
    stateKey('r', { ...series, signal: 'input.y' }, 'ref_1'),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});

const minuteMs = 60_000;
const startMs = 1_000 * 86_400_000;

const yaml = `
data_dir: none
store: { checkpoint_every: 5m }
windows: { pane: 5m, tick: 10s }
references: { learn: { rows: 1000, at_least: 1h } }
rules:
  - name: charts
    match: { signal: input.amount }
    cusum: { h: 400 }
    window: 30m
    hop: 10m
`;

/** Three hours of one input that creeps up from the second one on; the agent stops and starts where told. */
async function live(restartAtMinute: number | undefined): Promise<{ world: World; statistics: number[] }> {
  const world = new World({ seed: 5, startMs, yaml, weather: { refused: 0, lostBefore: 0, lostAfter: 0 } });
  await world.start();
  const statistics: number[] = [];
  for (let minute = 0; minute < 180; minute++) {
    if (minute === restartAtMinute) {
      await world.agent.stop();
      await world.start();
    }
    for (const [i, value] of normalsFrom(minute + 1, 60).entries()) {
      const timeMs = startMs + minute * minuteMs + i * 1_000;
      world.agent.observe(
        callOf({ timeMs, environment: 'default', inputs: { amount: value + (minute > 120 ? 0.5 : 0) } }),
      );
    }
    await world.clock.advanceTo(startMs + (minute + 1) * minuteMs);
    const verdict = world.agent.status().verdicts.find((one) => one.rule === 'charts');
    if (verdict?.statistic !== undefined) statistics.push(verdict.statistic);
  }
  return { world, statistics };
}

test('an agent hands a chart on from look to look, over a restart too, and shows no state in a verdict', async () => {
  const whole = await live(undefined);
  const verdict = whole.world.agent.status().verdicts.find((one) => one.rule === 'charts');
  expect(verdict).toMatchObject({ status: 'ok', detector: 'cusum' });
  expect(verdict).not.toHaveProperty('state');
  // A look is of one hop, not of the window, and the sum of many looks is larger than any one of them.
  expect((verdict as unknown as { endMs: number; startMs: number }).endMs - (verdict?.startMs ?? 0)).toBe(
    10 * minuteMs,
  );
  const distinct = [...new Set(whole.statistics)];
  expect(distinct.length).toBeGreaterThan(8);
  expect(distinct.at(-1)).toBeGreaterThan(3 * Math.sqrt(600) * 0.5);
  // A restart at the end of a look: nothing of it is lost.
  const restarted = await live(150);
  const again = restarted.world.agent.status().verdicts.find((one) => one.rule === 'charts');
  expect(again?.statistic).toBe(verdict?.statistic);
});
