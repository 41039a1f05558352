import { expect, test } from 'vitest';
import { registries } from '../../../agent/agent.ts';
import { loadConfig } from '../../../config/load.ts';

/* What `kedge check` says of `against`. */

function check(rule: string, rest = '') {
  const text = `rules: [{ name: r, window: 1h, ${rule} }]\n${rest}`;
  const loaded = loadConfig(text, 'k.yaml', registries, { env: {}, readFile: () => undefined });
  const said = loaded.ok ? [] : loaded.faults;
  return {
    faults: said.map(({ path, message }) => `${path}: ${message}`),
    warnings: loaded.warnings.map(({ path, message }) => `${path}: ${message}`),
    against: loaded.ok ? loaded.config.rules[0]?.against : undefined,
  };
}

test('a kind that fits is taken without a word', () => {
  const found = check('match: { signal: tokens.input }, psi: {}, against: rolling');
  expect(found).toEqual({ faults: [], warnings: [], against: 'rolling' });
  expect(check('match: { signal: "input.*" }, drift: {}').against).toBeUndefined();
});

test.each(['input.*', 'input.age', '*', 'output.score'])(
  'rolling on %s is warned of: it swallows slow ramps',
  (signal) => {
    const { warnings, faults } = check(`match: { signal: "${signal}" }, drift: {}, against: rolling`);
    expect(faults).toEqual([]);
    expect(warnings).toEqual([
      expect.stringContaining('rules[0].against: a rolling reference swallows slow ramps'),
    ]);
  },
);

test('segment peers are no comparison yet; a limit compares with no reference', () => {
  expect(check('match: { signal: "input.*" }, psi: {}, against: segment_peer').faults[0]).toContain(
    'segment_peer is not judged',
  );
  const limit = check(
    'match: { signal: latency_ms }, quantile_limit: { quantile: 0.9, max: 5 }, against: pinned',
  );
  expect(limit.faults[0]).toContain('quantile_limit compares with no reference');
});

test('a name that no file has is warned of, with the nearest', () => {
  const files = 'references: { files: [{ name: training, model: m, path: x.csv }] }\n';
  const text = (name: string) =>
    check(`match: { signal: "input.*" }, psi: {}, against: ${name}`, files).warnings;
  expect(text('trainin')).toEqual([expect.stringContaining('did you mean "training"?')]);
  expect(text('production')).toEqual([]);
  expect(text('seasonl')).toEqual([expect.stringContaining('did you mean "seasonal"?')]);
});

test('the default rule knows the hour of the week only with panes of five minutes', () => {
  const rule = 'match: { signal: "input.*" }, drift: {}, against: seasonal';
  expect(check(rule).faults).toEqual([]);
  expect(check(rule, 'windows: { pane: 1m }\n').faults[0]).toContain(
    'only with windows.pane 5m; this file has 1m',
  );
});

test('a window longer than the gap is warned of', () => {
  const rule = 'match: { signal: tokens.input }, psi: {}, against: rolling';
  const { warnings } = check(rule, 'references: { rolling: { gap: 30m } }\n');
  expect(warnings).toEqual([expect.stringContaining('longer than references.rolling.gap (30m)')]);
});
