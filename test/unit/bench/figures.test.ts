import { expect, test } from 'vitest';
import { parseTime } from '../../../bench/agent-process.ts';
import { catalogue, Figures } from '../../../bench/figures.ts';
import { readOptions } from '../../../bench/options.ts';
import { interleave, summarise } from '../../../bench/samples.ts';

test('every key has its place, measured or not, and says why it has no value', () => {
  const figures = new Figures();
  figures.add('eval.1000_features_ms', [9, 1, 2]);
  const all = figures.all();
  expect(Object.keys(all)).toEqual([...catalogue.keys()]);
  expect(all['eval.1000_features_ms']).toEqual({
    value: 2,
    min: 1,
    max: 9,
    unit: 'ms',
    better: 'lower',
    bar: 3,
    ok: true,
  });
  expect(all['sim.two_weeks_cpu_s']).toMatchObject({ value: null, why: 'not built yet (later issue)' });
  expect(all['start.cpu_s']).toMatchObject({ value: null, ok: null, why: 'not asked for (--only)' });
});

test('only enforced bars are missed: by a value, or by a figure that failed', () => {
  const figures = new Figures();
  figures.add('pipeline.tab.vs_protobufjs', [2.9, 2.9, 3.5]);
  figures.add('pipeline.llm.vs_protobufjs', [0.1]);
  expect(figures.missed()).toEqual(['pipeline.tab.vs_protobufjs']);
  figures.fail('memory.rss_idle_mb', 'it did not start');
  expect(figures.missed()).toEqual(['pipeline.tab.vs_protobufjs', 'memory.rss_idle_mb']);
  expect(figures.all()['pipeline.llm.vs_protobufjs']?.ok).toBe(false);
});

test('a figure is known, and a round without a number fails it', () => {
  const figures = new Figures();
  expect(() => figures.add('decode.abc', [1])).toThrow('decode.abc');
  figures.add('memory.rss_idle_mb', [100, Number.NaN]);
  expect(figures.all()['memory.rss_idle_mb']).toMatchObject({ value: null, ok: false });
});

test('medians of odd and even numbers of rounds', () => {
  expect(summarise([3, 1, 2])).toEqual({ value: 2, min: 1, max: 3 });
  expect(summarise([4, 1, 2, 3])).toEqual({ value: 2.5, min: 1, max: 4 });
});

test('each round asks every candidate once, and another one first', async () => {
  const order: string[] = [];
  const candidate = (name: string) => async () => order.push(name);
  const rounds = await interleave(2, { a: candidate('a'), b: candidate('b') });
  expect(order).toEqual(['a', 'b', 'b', 'a']);
  expect(rounds).toEqual([
    { a: 1, b: 2 },
    { b: 3, a: 4 },
  ]);
});

test('the command line', () => {
  const options = readOptions(['--json', '--only', 'decode,eval', '--rounds', '7', '--seed', '9', '--bars']);
  expect(options).toMatchObject({ json: true, bars: true, rounds: 7, seed: 9 });
  expect(typeof options === 'string' ? [] : [...options.only]).toEqual(['decode', 'eval']);
  expect(readOptions(['--only', 'decoed'])).toContain('"decoed"');
  expect(readOptions(['--rounds', '0'])).toContain('--rounds');
  expect(readOptions(['--rounds', 'x'])).toContain('--rounds');
  expect(readOptions(['--seed', '-1'])).toContain('--seed');
  expect(readOptions(['--nonsense'])).toContain('--nonsense');
});

test('CPU times as ps writes them', () => {
  expect(parseTime(' 00:01:02\n')).toBe(62_000);
  expect(parseTime('1:02.50')).toBe(62_500);
});
