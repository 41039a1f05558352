import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BuiltAgent, becomeReady, watchProcess } from '../support/built-agent.ts';
import { evenRows, postRows } from '../support/row-sender.ts';
import { until } from '../support/until.ts';

/*
 * What the README tells a newcomer to do, in a copy of the tree: `npm start` runs from the sources, needs no model in
 * its configuration, discovers one from telemetry and learns what is normal for it.
 */

const root = join(import.meta.dirname, '../..');
const left = new Set(['node_modules', 'dist', 'data', '.git']);
const model = 'credit-risk';
const hourMs = 3_600_000;
const startMs = Math.floor((Date.now() - 20 * 24 * hourMs) / hourMs) * hourMs;

let copy: string;
const agents: BuiltAgent[] = [];

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'kedge-newcomer-'));
  cpSync(root, copy, {
    recursive: true,
    filter: (path) => !(left.has(basename(path)) && join(path, '..') === root),
  });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
});

afterAll(async () => {
  for (const agent of agents) await stop(agent);
  rmSync(copy, { recursive: true, force: true });
});

test('npm start, as it is shipped: ready on its ports, and stops when told', async () => {
  // Only the ports differ from what is shipped: two tests may run at once.
  useConfig((text) => text);
  const agent = await npmStart();
  expect((await fetch(`${agent.adminUrl}/healthz`)).status).toBe(200);
  expect((await fetch(`${agent.adminUrl}/readyz`)).status).toBe(200);
  expect((await agent.status()).models).toEqual([]);
  await stop(agent);
  expect(agent.logLine('stopping')).toMatchObject({ signal: 'SIGINT' });
});

test('it discovers a model, learns what is normal, and says so in the log and on /metrics', async () => {
  // A day of learning becomes three hours; everything else is as shipped.
  useConfig((text) =>
    text
      .replace(/rows: 10000\b/, 'rows: 600')
      .replace('at_least: 7d', 'at_least: 3h')
      .replace('rows_min: 500', 'rows_min: 100'),
  );
  const agent = await npmStart();
  const send = async (hour: number): Promise<void> => {
    const rows = evenRows(300, {
      model,
      name: `hour-${hour}`,
      timeMs: startMs + hour * hourMs + 60_000,
      from: 0,
    });
    expect(await postRows(agent.otlpUrl, rows)).toBe(200);
  };
  await send(0);
  await until('a discovered model', async () =>
    (await agent.status()).models.length === 1 ? true : undefined,
  );
  expect(agent.logLine('model discovered')).toMatchObject({ level: 'info', model });
  for (const hour of [1, 2, 3, 4, 5]) await send(hour);
  const signal = await until('a learned reference', async () => {
    const found = (await agent.status()).models[0]?.signals.find((one) => one.signal === 'input.amount');
    return found?.reference === 'frozen' ? found : undefined;
  });
  expect(signal.referenceId).toMatch(/^ref_[0-9a-f]{12}$/);
  expect(agent.stdout()).toMatch(new RegExp(`"level":"info".*${signal.referenceId}`));
  const metrics = await agent.metrics();
  expect(metrics.value('kedge_references{state="frozen"}')).toBe(1);
  expect(metrics.sum('kedge_reference_rows', 'signal="input.amount"')).toBe(signal.referenceRows);

  // The default policy applies: the next hours are judged, and are well.
  for (const hour of [6, 7, 8]) await send(hour);
  const verdict = await until('a verdict', async () =>
    (await agent.status()).verdicts.find(
      (one) => one.rule === 'input_drift' && one.status !== 'inconclusive',
    ),
  );
  expect(verdict).toMatchObject({ status: 'ok', detector: 'drift' });
  expect(verdict.size.current).toBeGreaterThanOrEqual(300);
  expect((await agent.status()).alerts).toEqual([]);
  await stop(agent);
});

function useConfig(change: (text: string) => string): void {
  const text = readFileSync(join(root, 'config/kedge.yaml'), 'utf8');
  const changed = change(text).replace('port: 4318', 'port: 0').replace('port: 9464', 'port: 0');
  writeFileSync(join(copy, 'config/kedge.yaml'), changed);
}

async function npmStart(): Promise<BuiltAgent> {
  const agent = await becomeReady(watchProcess('npm', ['start'], { cwd: copy, inOwnGroup: true }));
  agents.push(agent);
  return agent;
}

/** As Ctrl-C in a terminal: the signal goes to npm and to what it started. */
async function stop(agent: BuiltAgent): Promise<void> {
  if (agent.hasEnded()) return;
  process.kill(-agent.pid, 'SIGINT');
  await agent.ended;
}
