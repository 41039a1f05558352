import { afterEach, expect, test } from 'vitest';
import { type BuiltAgent, makeFolder, startBuiltAgent, type TestFolder } from '../support/built-agent.ts';
import {
  driftConfig,
  learnReference,
  quiet,
  referenceOf,
  rowsOfWindow,
  rowsPerWindow,
  sendWindow,
  shifted,
  untilSaved,
  windowMs,
} from '../support/drift.ts';
import {
  firingType,
  type HookReceiver,
  resolvedType,
  startHookReceiver,
  uniqueIds,
} from '../support/hook-receiver.ts';
import { postRows } from '../support/row-sender.ts';
import { seededChance } from '../support/seeded-chance.ts';
import { until } from '../support/until.ts';

/* The built agent is killed (SIGKILL) and started again on the same data directory. */

let folder: TestFolder | undefined;
let hook: HookReceiver | undefined;
let agent: BuiltAgent | undefined;

afterEach(async () => {
  await agent?.stop('SIGKILL');
  await hook?.stop();
  folder?.remove();
});

test('killed with an undelivered message: told once, nothing judged twice, counters and reference kept', async () => {
  const { file, receiver } = await prepare('restart', 503);
  agent = await startBuiltAgent(file);
  const referenceId = await learnReference(agent);

  // The alert fires, and its message is refused.
  await sendWindow(agent, 4, quiet);
  await sendWindow(agent, 5, shifted);
  await sendWindow(agent, 6, shifted, 120);
  const first = await until('a refused message', () => receiver.posts.at(0));
  expect(first.type).toBe(firingType);
  await untilSaved(agent);
  const before = await agent.status();
  expect(before.alerts.map(({ condition }) => condition)).toEqual(['firing']);

  await agent.stop('SIGKILL');
  agent = await startBuiltAgent(file);

  // All is as it was: rows, boundary, reference, alert.
  const after = await agent.status();
  expect(rowsOf(after)).toBe(rowsOf(before));
  expect(after.models[0]?.closedUntil).toBe(before.models[0]?.closedUntil);
  expect(referenceOf(after)).toBe(referenceId);
  expect(after.alerts).toEqual(before.alerts);
  expect((await agent.metrics()).sum('kedge_verdicts_total')).toBe(0);
  expect((await agent.metrics()).value('kedge_counting_gap_seconds_total')).toBeGreaterThan(0);
  receiver.answer(204);
  const [told] = await until('the message after the restart', () =>
    receiver.accepted().length > 0 ? receiver.accepted() : undefined,
  );
  expect(told).toMatchObject({ id: first.id, type: firingType, signed: true });

  // Rows of windows judged before the crash are late; the window that was open goes on from the checkpoint.
  await sendWindow(agent, 5, quiet, 50, 'again');
  await sendWindow(agent, 6, shifted, 80, 'rest');
  await sendWindow(agent, 7, quiet);
  const verdict = await until('the window that was open at the crash', async () =>
    (await (agent as BuiltAgent).status()).verdicts.find((one) => one.startMs === windowMs(6)),
  );
  expect(verdict.size.current).toBe(200);
  expect(verdict.status).toBe('breach');
  const metrics = await agent.metrics();
  expect(metrics.value('kedge_rows_dropped_total{reason="late"}')).toBe(50);

  // The recovery is told once, and nothing fired a second time.
  await sendWindow(agent, 8, quiet);
  await until('a resolved message', () => receiver.accepted(resolvedType).at(0));
  expect(await agent.stop()).toMatchObject({ code: 0 });
  expect(receiver.accepted().map(({ type }) => type)).toEqual([firingType, resolvedType]);
  expect(uniqueIds(receiver.posts)).toHaveLength(2);
});

test('what was judged before the first checkpoint is not judged again', async () => {
  const { file, receiver } = await prepare('early', 204, { checkpoint: '10m' });
  agent = await startBuiltAgent(file);
  for (const index of [0, 1, 2]) await sendWindow(agent, index, quiet);
  await sendWindow(agent, 3, shifted);
  for (const index of [4, 5, 6]) await sendWindow(agent, index, quiet);
  await until('a resolved message', () => receiver.accepted(resolvedType).at(0));
  // The alert resolves with window 4; the boundary that is asked about below lies behind window 5. A fresh page of
  // metrics takes longer than the commit of the tick that moved it.
  await until('window 5 was closed', async () => {
    const { models } = await (agent as BuiltAgent).status();
    return (models[0]?.closedUntil ?? '') >= new Date(windowMs(6)).toISOString() ? true : undefined;
  });
  await agent.metrics();
  await agent.stop('SIGKILL');

  // The sender never got the answer, and sends the same rows again.
  agent = await startBuiltAgent(file);
  await sendWindow(agent, 3, shifted);
  for (const index of [4, 5]) await sendWindow(agent, index, quiet);
  for (const index of [7, 8, 9]) await sendWindow(agent, index, quiet);
  await until('the windows after the crash', async () =>
    (await (agent as BuiltAgent).status()).verdicts.some((one) => one.startMs >= windowMs(8))
      ? true
      : undefined,
  );
  expect((await agent.metrics()).value('kedge_rows_dropped_total{reason="late"}')).toBe(3 * rowsPerWindow);
  expect(receiver.accepted().map(({ type }) => type)).toEqual([firingType, resolvedType]);
});

test('another pane length after a restart: windows are judged on, from the next one', async () => {
  const { file, receiver } = await prepare('pane', 204);
  agent = await startBuiltAgent(file);
  const referenceId = await learnReference(agent);
  // The boundary is left at five minutes, which is no multiple of three.
  for (const index of [4, 5]) await sendWindow(agent, index, quiet);
  await until('the window before', async () =>
    (await (agent as BuiltAgent).status()).models[0]?.closedUntil === new Date(windowMs(5)).toISOString()
      ? true
      : undefined,
  );
  await agent.stop();
  (folder as TestFolder).file(
    'kedge.yaml',
    driftConfig({ dataDir: `${folder?.path}/data`, hookPort: receiver.port, pane: '3m' }),
  );
  agent = await startBuiltAgent(file);
  expect(referenceOf(await agent.status())).toBe(referenceId);
  for (const index of [6, 9, 12]) await sendWindow(agent, index, index === 6 ? quiet : shifted);
  const verdict = await until('a verdict on a longer window', async () =>
    (await (agent as BuiltAgent).status()).verdicts.find((one) => one.startMs === windowMs(9)),
  );
  expect(verdict).toMatchObject({ status: 'breach', endMs: windowMs(12), size: { current: rowsPerWindow } });
});

test('ten kills at random moments under load: every start succeeds, each drift is told once', async () => {
  const { file, receiver } = await prepare('kills', 204, { checkpoint: '300ms' });
  const chance = seededChance(20_261_121);
  const kills = 10;
  const readyMs: number[] = [];
  let current = await startBuiltAgent(file);
  agent = current;
  await learnReference(current);
  let stopped = false;
  const load = driftForEver(
    () => current,
    receiver,
    () => stopped,
  );
  for (let kill = 0; kill < kills; kill++) {
    await pause(100 + chance() * 1_400);
    await current.stop('SIGKILL');
    current = await startBuiltAgent(file);
    agent = current;
    readyMs.push(current.readyMs);
  }
  stopped = true;
  const drifts = await load;
  expect(await current.stop()).toMatchObject({ code: 0 });

  console.log(
    `${kills} kills, ${drifts} drifts; ready after ${readyMs.map((ms) => Math.round(ms)).join(', ')} ms`,
  );
  expect(Math.max(...readyMs)).toBeLessThan(5_000);
  expect(drifts).toBeGreaterThan(1);
  expect(uniqueIds(receiver.accepted(firingType))).toHaveLength(drifts);
  expect(uniqueIds(receiver.accepted(resolvedType))).toHaveLength(drifts);
  // Duplicates are allowed after a kill, one for each at most, and only with the id they had.
  expect(receiver.posts.length - uniqueIds(receiver.posts).length).toBeLessThanOrEqual(kills);
});

/** Windows without end, each drift held until it was told, and each calm too. Resolves with the number of drifts. */
async function driftForEver(
  current: () => BuiltAgent,
  receiver: HookReceiver,
  isStopped: () => boolean,
): Promise<number> {
  let window = 4;
  let drifts = 0;
  const hold = async (from: number, isTold: () => boolean): Promise<void> => {
    const endMs = Date.now() + 40_000;
    while (!isTold()) {
      if (Date.now() > endMs)
        throw new Error(`never told: drift ${drifts}, ${from === quiet ? 'end' : 'begin'}`);
      await sendThrough(current, window, from);
      window++;
    }
  };
  while (!isStopped()) {
    drifts++;
    const [fired, resolved] = [firingType, resolvedType].map(
      (type) => uniqueIds(receiver.accepted(type)).length,
    );
    await hold(shifted, () => uniqueIds(receiver.accepted(firingType)).length > (fired ?? 0));
    await hold(quiet, () => uniqueIds(receiver.accepted(resolvedType)).length > (resolved ?? 0));
  }
  return drifts;
}

/** A sender with a queue: what was not acknowledged is sent again, to whatever process is there then. */
async function sendThrough(current: () => BuiltAgent, window: number, from: number): Promise<void> {
  const rows = rowsOfWindow(window, from);
  while ((await postRows(current().otlpUrl, rows)) !== 200) await pause(20);
}

function rowsOf(status: Awaited<ReturnType<BuiltAgent['status']>>): number | undefined {
  return status.models[0]?.versions[0]?.rows;
}

async function prepare(name: string, status: number, options: { readonly checkpoint?: string } = {}) {
  folder = makeFolder(name);
  hook = await startHookReceiver(status);
  const file = folder.file(
    'kedge.yaml',
    driftConfig({ dataDir: `${folder.path}/data`, hookPort: hook.port, ...options }),
  );
  return { file, receiver: hook };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
