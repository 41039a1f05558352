import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type BuiltAgent, makeFolder, runKedge, startBuiltAgent } from '../support/built-agent.ts';
import { driftConfig, learnReference, quiet, sendWindow } from '../support/drift.ts';
import { until } from '../support/until.ts';

/* `kedge reference` against a real agent, through the real entry. */

const folder = makeFolder('references');
afterAll(() => folder.remove());

async function kedge(...args: readonly string[]) {
  const run = runKedge(['reference', ...args]);
  const { code } = await run.ended;
  return { code, out: run.stdout(), err: run.stderr() };
}

function csv(rows: number, shift = 0): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const time = new Date(1_560_000_000_000 + i * 1_800_000).toISOString();
    return `${time},${((i * 7_919) % 1_000) / 100 + shift},${i % 3 === 0 ? 'AT' : 'DE'}`;
  });
  return `at,amount,country\n${lines.join('\n')}\n`;
}

function configFile(name: string, extra = ''): string {
  const yaml = driftConfig({ dataDir: join(folder.path, `data-${name}`) });
  const admin = `admin: { host: 127.0.0.1, port: 0, token_file: ${join(folder.path, 'token')} }`;
  return folder.file(`${name}.yaml`, yaml.replace(/^admin: .*$/m, admin) + extra);
}

const token = folder.file('token', '0123456789abcdef0123\n');

test('build makes a file without a row in it, and says how good it is; check refuses a damaged one', async () => {
  const data = folder.file('training.csv', csv(3_000));
  const out = join(folder.path, 'built.json');
  const built = await kedge('build', '--model', 'credit', '--time', 'at', '--output', out, data);
  expect(built.code).toBe(0);
  expect(built.err).toContain('3000 rows read, 0 unreadable, 0 without a time');
  expect(built.err).toMatch(/WARN {2}rows: 3000 effective rows; 10000 or more are wanted/);
  expect(built.err).toMatch(/ok {4}halves: its second half is as its first/);
  const text = readFileSync(out, 'utf8');
  expect(JSON.parse(text)).toMatchObject({ schema: 'kedge-references/1', references: [{}, {}] });
  expect(text).not.toContain('2019-');

  const files = `references: { files: [{ name: training, model: credit, path: ${out} }] }\n`;
  const good = folder.file('good.yaml', files);
  const checked = runKedge(['check', good]);
  expect((await checked.ended).code).toBe(0);
  writeFileSync(out, text.replace('"rows":3000', '"rows":3001'));
  const damaged = runKedge(['check', good]);
  expect((await damaged.ended).code).toBe(2);
  expect(damaged.stdout()).toContain('its digest does not match its content: export or build it again');
});

test('what cannot be built says why, and exits with 2', async () => {
  const none = await kedge('build', '--model', 'credit', join(folder.path, 'nothing.csv'));
  expect(none).toMatchObject({ code: 2, out: '' });
  expect(none.err).toContain('no such file');
  const empty = await kedge('build', '--model', 'credit', folder.file('empty.csv', 'a,b\n'));
  expect(empty.err).toContain('no column has values');
  const noAgent = await kedge('list', '--url', 'http://127.0.0.1:9');
  expect(noAgent).toMatchObject({ code: 1 });
  expect(noAgent.err).toContain('no agent answers at http://127.0.0.1:9');
});

test('list, show, export, import and pin, without a restart, and over one', async () => {
  const config = configFile('agent');
  let agent: BuiltAgent = await startBuiltAgent(config);
  const at = () => ['--url', agent.adminUrl, '--config', config];
  const learned = await learnReference(agent);
  await sendWindow(agent, 4, quiet);

  const listed = await kedge('list', ...at());
  expect(listed.out).toMatch(new RegExp(`${learned}  production  in_force  credit  input.amount`));
  const shown = await kedge('show', learned, ...at());
  expect(shown.out).toMatch(/WARN {2}rows: \d+ effective rows/);
  expect(shown.out).toMatch(/scale {3}sc_[0-9a-f]{16}: \d+ cells from /);
  expect((await kedge('show', 'nobody', ...at())).err).toContain('names are: production');

  const exported = await kedge('export', 'production', ...at());
  const file = folder.file('exported.json', exported.out);
  const imported = await kedge('import', file, '--name', 'approved', '--by', 'ada', ...at());
  expect(imported).toMatchObject({ code: 0 });
  const data = folder.file('other.csv', csv(2_000, 3));
  const build = await kedge(
    'build',
    '--model',
    'credit',
    '--environment',
    'default',
    '--name',
    'spring',
    data,
  );
  const other = folder.file('other.json', build.out);
  expect((await kedge('import', other, '--by', 'ada', ...at())).code).toBe(0);
  writeFileSync(token, 'wrong-token-wrong-token');
  expect((await kedge('pin', 'spring', '--by', 'ada', ...at())).err).toContain('the agent answered 401');
  writeFileSync(token, '0123456789abcdef0123\n');
  const pinned = await kedge('pin', 'spring', '--by', 'ada', ...at());
  expect(pinned.out).toMatch(/^in force now: ref_[0-9a-f]{12}/);
  const inForce = async () =>
    (await agent.status()).models[0]?.signals.find((one) => one.signal === 'input.amount');
  expect(await inForce()).toMatchObject({ referenceName: 'spring' });
  const spring = (await inForce())?.referenceId ?? '';
  expect(pinned.out).toContain(spring);

  // Windows are counted on the new edges from now on: the next ones are judged against them.
  await sendWindow(agent, 7, quiet);
  await sendWindow(agent, 8, quiet);
  const verdict = await until('a verdict against the new reference', async () => {
    const { verdicts } = await agent.status();
    // A tick between the two windows has too few rows yet, and says so of the new reference, too.
    return verdicts.find((one) => one.referenceId === spring && one.status !== 'inconclusive');
  });
  expect(verdict.status).toBe('breach');

  await agent.stop();
  agent = await startBuiltAgent(config);
  const again = await kedge('list', ...at());
  expect(again.out).toMatch(new RegExp(`${spring}  spring +in_force, by ada`));
  expect(again.out).toMatch(new RegExp(`${learned}  production  kept`));
  await agent.stop();
});
