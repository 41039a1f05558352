import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { startMailCatcher } from '../../examples/demo/receivers.ts';
import {
  type BuiltAgent,
  becomeReady,
  makeFolder,
  startBuiltAgent,
  type TestFolder,
  watchProcess,
} from '../support/built-agent.ts';
import { driftConfig, fireAlert, rowsOfWindow, sendWindow, shifted } from '../support/drift.ts';
import { firingType, startHookReceiver, uniqueIds } from '../support/hook-receiver.ts';
import { startHungServer } from '../support/hung-server.ts';
import { postRows, rowsBody } from '../support/row-sender.ts';
import { until } from '../support/until.ts';

/* The built agent is told to stop (SIGTERM), at rest and in trouble: exit code 0 within 15 s, and nothing is lost. */

const stopMsMax = 15_000;

let folder: TestFolder | undefined;
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  folder?.remove();
  folder = undefined;
});

test('at rest it stops at once, by either signal', async () => {
  const agent = await start(driftConfig({ dataDir: dataDir() }));
  const startedMs = performance.now();
  expect(await agent.stop()).toMatchObject({ code: 0, signal: null });
  expect(performance.now() - startedMs).toBeLessThan(5_000);
  expect(agent.logLine('stopping')).toMatchObject({ signal: 'SIGTERM' });
  expect(agent.stderr()).toBe('');

  const second = await start(driftConfig({ dataDir: dataDir() }));
  expect(await second.stop('SIGINT')).toMatchObject({ code: 0 });
});

test('under load: what was acknowledged is there after the next start', async () => {
  const config = driftConfig({ dataDir: dataDir(), checkpoint: '10m' });
  let agent = await start(config);
  let acknowledged = 0;
  let isStopping = false;
  const send = async (sender: number): Promise<void> => {
    for (let batch = 0; !isStopping; batch++) {
      const rows = rowsOfWindow(0, 0, 100, `${sender}-${batch}`);
      if ((await postRows(agent.otlpUrl, rows)) === 200) acknowledged += rows.length;
    }
  };
  const senders = [1, 2, 3, 4].map(send);
  await until('some load', () => (acknowledged > 2_000 ? true : undefined));
  const ended = await agent.stop();
  isStopping = true;
  await Promise.all(senders);
  expect(ended).toMatchObject({ code: 0 });

  agent = await start(config);
  expect((await agent.status()).models[0]?.versions[0]?.rows).toBe(acknowledged);
});

test('with a request and a connection that never end', async () => {
  const agent = await start(driftConfig({ dataDir: dataDir() }));
  const { hostname, port } = new URL(agent.otlpUrl);
  for (const text of ['', 'POST /v1/logs HTTP/1.1\r\nHost: x\r\n', slowRequest()]) {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => socket.destroy());
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    socket.write(text);
  }
  const startedMs = performance.now();
  expect(await agent.stop()).toMatchObject({ code: 0 });
  expect(performance.now() - startedMs).toBeLessThan(5_000);
});

test('a webhook receiver that hangs: the message waits in the store and goes out after the next start', async () => {
  const hook = await startHookReceiver(0);
  cleanups.push(hook.stop);
  const config = driftConfig({ dataDir: dataDir(), hookPort: hook.port });
  let agent = await start(config);
  await fireAlert(agent);
  const first = await until('a request without an answer', () => hook.posts.at(0));
  const startedMs = performance.now();
  expect(await agent.stop()).toMatchObject({ code: 0 });
  expect(performance.now() - startedMs).toBeLessThan(stopMsMax);

  hook.answer(204);
  agent = await start(config);
  const [told] = await until('the message', () => (hook.accepted().length > 0 ? hook.accepted() : undefined));
  expect(told).toMatchObject({ id: first.id, type: firingType, signed: true });
  // It is done: another start says nothing more.
  expect(await agent.stop()).toMatchObject({ code: 0 });
  agent = await start(config);
  await sendWindow(agent, 7, shifted);
  await until('one more window', async () => ((await agent.status()).verdicts.length > 0 ? true : undefined));
  expect(uniqueIds(hook.posts)).toEqual([first.id]);
  expect(hook.accepted()).toHaveLength(1);
});

test('an SMTP server that hangs after its greeting, and a second SIGTERM: the mail goes out after the next start', async () => {
  const hung = await startHungServer('220 mail.example.com ESMTP\r\n');
  cleanups.push(hung.stop);
  const agent = await start(driftConfig({ dataDir: dataDir(), smtpPort: hung.port }));
  await fireAlert(agent);
  await until('a session', () => (hung.connections() > 0 ? true : undefined));
  const startedMs = performance.now();
  agent.kill('SIGTERM');
  await until('the stop', () => (agent.logLine('stopping') === undefined ? undefined : true));
  agent.kill('SIGTERM');
  expect(await agent.ended).toMatchObject({ code: 0, signal: null });
  expect(performance.now() - startedMs).toBeLessThan(stopMsMax);

  const mail = await startMailCatcher();
  cleanups.push(mail.stop);
  await start(driftConfig({ dataDir: dataDir(), smtpPort: mail.port }));
  const [first] = await until('the mail', () => (mail.mails.length > 0 ? mail.mails : undefined));
  expect(first?.subject).toContain('input.amount');
});

test('a reader of its output that goes away does not end it', async () => {
  const file = config(driftConfig({ dataDir: dataDir() }));
  const run = watchProcess(process.execPath, ['dist/agent/kedge.js', 'serve', '--config', file]);
  const agent = await becomeReady(run);
  cleanups.push(() => agent.stop('SIGKILL'));
  run.child.stdout?.destroy();
  // Every model that is discovered is a log line.
  for (let index = 0; index < 20; index++) {
    const rows = rowsOfWindow(index, 0, 10).map((row) => ({ ...row, model: `model-${index}` }));
    expect(await postRows(agent.otlpUrl, rows)).toBe(200);
  }
  // What can no longer be said there is said on the other output.
  await until('lines on standard error', () => (run.stderr().includes('model-19') ? true : undefined));
  run.child.stderr?.destroy();
  expect(
    await postRows(
      agent.otlpUrl,
      rowsOfWindow(1, 0, 10).map((row) => ({ ...row, model: 'x' })),
    ),
  ).toBe(200);
  await until('all models', async () => ((await agent.status()).models.length === 21 ? true : undefined));
  expect(await agent.stop()).toMatchObject({ code: 0 });
});

test('a fault that nobody caught: one line, the counters saved, exit code 1', async () => {
  const config = driftConfig({ dataDir: dataDir(), checkpoint: '10m' });
  const fault = "process.on('SIGUSR2', () => { throw new Error('planted') });";
  const agent = await start(config, {
    NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(fault)}`,
  });
  await sendWindow(agent, 0, 0);
  const ended = await agent.stop('SIGUSR2');
  expect(ended).toMatchObject({ code: 1 });
  expect(agent.stdout() + agent.stderr()).toContain('planted');
  const next = await start(config);
  expect((await next.status()).models[0]?.versions[0]?.rows).toBe(200);
});

function dataDir(): string {
  folder ??= makeFolder('stop');
  return `${folder.path}/data`;
}

function config(text: string): string {
  folder ??= makeFolder('stop');
  return folder.file('kedge.yaml', text);
}

async function start(text: string, env: Readonly<Record<string, string>> = {}): Promise<BuiltAgent> {
  const agent = await startBuiltAgent(config(text), { env });
  cleanups.push(() => agent.stop('SIGKILL'));
  return agent;
}

/** A head that announces a body of which only half comes. */
function slowRequest(): string {
  const body = Buffer.from(rowsBody(rowsOfWindow(0, 0, 10)));
  const head = `POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`;
  return `${head}Content-Length: ${body.length}\r\n\r\n${body.subarray(0, 500).toString('utf8')}`;
}
