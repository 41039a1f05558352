import { expect, test } from 'vitest';
import { registries } from '../../../agent/agent.ts';
import { check } from '../../../agent/cli/check.ts';

function run(text: string, rows?: number): readonly string[] {
  const written: string[] = [];
  const io = { env: {}, readFile: () => text, write: (line: string) => written.push(line) };
  expect(check({ file: 'kedge.yaml', rows }, io, registries)).toBe(0);
  return written;
}

test('kedge check tells what raw thresholds imply, and warns where that is more than was asked', () => {
  const lines = run(`
rules:
  - {name: psi_rule, match: {signal: "input.*"}, psi: 0.1, window: 1h, hop: 5m}
  - {name: ks_rule, match: {signal: "input.*"}, ks: {p: 0.05}, window: 1d}
  - {name: calm, match: {signal: "input.*"}, psi: }
`);
  expect(lines[0]).toBe('kedge.yaml: ok, 3 rules, 0 channels');
  expect(lines[3]).toMatch(/^ {2}rule +threshold +window +200 rows +1000 rows +10000 rows +100000 rows$/);
  // 8,640 looks; PSI / (1/200 + 1/10,000) over 19.6 on 9 degrees of freedom has the chance 0.0205: 177.
  expect(lines[4]).toMatch(/^ {2}psi_rule +PSI > 0\.1 +1h each 5m +180, 0\.3\d sd +<0\.01, 0\.3\d sd/);
  // 30 looks at 5 %.
  expect(lines[5]).toMatch(/^ {2}ks_rule +KS p < 0\.05 +1d +1\.5, 0\.\d+ sd +1\.5, /);
  const warnings = lines.filter((line) => line.startsWith('  warning:'));
  expect(warnings).toHaveLength(2);
  expect(warnings[0]).toMatch(
    /about 180 times a month.*200 rows.*1 false alarms.*from 1000 rows on it keeps to that/,
  );
  expect(lines).toHaveLength(8);
});

test('with the rows of a window it tells of those; without raw thresholds nothing', () => {
  const rules = 'rules: [{name: p, match: {signal: "input.*"}, psi: 0.2}]\n';
  expect(run(rules, 2_400)[3]).toMatch(/window +2400 rows$/);
  expect(run('')).toEqual(['kedge.yaml: ok, 10 rules, 0 channels']);
});
