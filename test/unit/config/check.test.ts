import { expect, test } from 'vitest';
import { check } from '../../../agent/cli/check.ts';
import { registries } from './registries.ts';

function run(files: Readonly<Record<string, string>>) {
  const written: string[] = [];
  const code = check(
    { file: 'kedge.yaml' },
    { env: {}, readFile: (path) => files[path], write: (text) => written.push(text) },
    registries,
  );
  return { code, output: written.join('\n') };
}

test('a good file: 0, and what is in it', () => {
  const text = `
rules: [{name: drift, match: {signal: "input.*"}, psi: }]
alerting:
  channels:
    - {name: a, type: webhook, url: "https://ops.example.com"}
    - {name: b, type: webhook, url: "https://ops.example.com"}
`;
  expect(run({ 'kedge.yaml': text })).toEqual({ code: 0, output: 'kedge.yaml: ok, 1 rule, 2 channels' });
});

test('warnings are shown and do not count', () => {
  const { code, output } = run({ 'kedge.yaml': 'rules: [{name: drift, match: {signal: age}, psi: }]\n' });
  expect(code).toBe(0);
  expect(output).toMatchInlineSnapshot(`
    "kedge.yaml:1:39: rules[0].match.signal: warning: no signal has the name "age"; signals are input.*, output.* and the built-in ones
      rules: [{name: drift, match: {signal: age}, psi: }]
                                            ^
    kedge.yaml: ok, 1 rule, 0 channels"
  `);
});

test('faults: 2, and each with its line', () => {
  const { code, output } = run({ 'kedge.yaml': 'windows:\n  pane: 5 min\n  tik: 1s\n' });
  expect(code).toBe(2);
  expect(output).toMatchInlineSnapshot(`
    "kedge.yaml:2:9: windows.pane: expected a duration such as 90s, 5m or 1h30m, at least 100ms and at most 1d, got "5 min"
        pane: 5 min
              ^
    kedge.yaml:3:3: windows.tik: unknown key; did you mean "tick"?
        tik: 1s
        ^
    kedge.yaml: 2 faults"
  `);
});

test('no such file: 2', () => {
  expect(run({})).toEqual({ code: 2, output: 'kedge.yaml: cannot be read; give the path of a kedge.yaml' });
});
