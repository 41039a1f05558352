import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import DatabaseFile from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type BuiltAgent,
  makeFolder,
  type RunOptions,
  runKedge,
  startBuiltAgent,
  type TestFolder,
} from '../support/built-agent.ts';
import {
  driftConfig,
  learnReference,
  quiet,
  referenceOf,
  sendWindow,
  shifted,
  untilSaved,
} from '../support/drift.ts';
import { firingType, startHookReceiver } from '../support/hook-receiver.ts';
import {
  asFirstProcess,
  asNobody,
  canMount,
  childrenOf,
  mountSmallDisk,
  withReadOnlyRoot,
  works,
} from '../support/tools.ts';
import { until } from '../support/until.ts';

/*
 * What a person must mend ends the start with exit code 2 and a line that says what to do; what the agent can live
 * with it lives with, counts and says.
 */

let folder: TestFolder;
let dataDir: string;
const cleanups: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  folder = makeFolder('faults');
  dataDir = join(folder.path, 'data');
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  folder.remove();
});

test('every fault of the configuration at once, and nothing was started', async () => {
  const file = folder.file(
    'kedge.yaml',
    `data_dir: ${dataDir}
recievers: {}
windows: { pane: 5 minutes }
admin: { port: 70000 }
rules: [{ name: a, match: { signal: "input.*" }, psi: {}, ks: {} }]
`,
  );
  const run = runKedge(['serve', '--config', file]);
  expect(await run.ended).toMatchObject({ code: 2 });
  const places = run
    .stderr()
    .split('\n')
    .filter((line) => line.startsWith(`${file}:`));
  expect(places.map((line) => line.slice(file.length + 1).split(':')[0]).toSorted()).toEqual([
    '2',
    '3',
    '4',
    '5',
  ]);
  expect(run.stderr()).toContain('receivers');
  expect(run.stderr()).toContain('4 faults; nothing was started');
  expect(run.stdout()).toBe('');
  expect(existsSync(dataDir)).toBe(false);
});

test('a configuration file that is not there, or is a folder', async () => {
  for (const file of [join(folder.path, 'missing.yaml'), folder.path]) {
    const run = runKedge(['serve', '--config', file]);
    expect(await run.ended).toMatchObject({ code: 2 });
    expect(run.stderr()).toMatch(new RegExp(`^kedge: cannot read ${file}; .+\n$`));
  }
});

test('an unknown command or option', async () => {
  for (const args of [['watch'], ['serve', '--port', '1'], ['check']]) {
    const run = runKedge(args);
    expect(await run.ended, args.join(' ')).toMatchObject({ code: 2 });
    expect(run.stderr(), args.join(' ')).toContain('error: ');
  }
});

test('a data directory that is a file, or below one', async () => {
  const file = folder.file('occupied', 'something else');
  for (const path of [file, join(file, 'below')]) {
    const { stderr } = await refused(driftConfig({ dataDir: path }));
    expect(stderr).toContain(path);
    expect(stderr).toMatch(/uid \d+/);
  }
  expect(readFileSync(file, 'utf8')).toBe('something else');
});

test.skipIf(!works(asNobody))('a data directory of somebody else: path, user and mode are said', async () => {
  mkdirSync(dataDir, { mode: 0o755 });
  chmodSync(folder.path, 0o755);
  const { stderr } = await refused(driftConfig({ dataDir }), asNobody);
  expect(stderr).toContain(dataDir);
  expect(stderr).toContain('uid 65532');
  expect(stderr).toContain('mode 755');
});

test.skipIf(!works(asNobody))(
  'a plain user without capabilities, home or writable root runs it',
  async () => {
    mkdirSync(dataDir);
    chmodSync(dataDir, 0o777);
    chmodSync(folder.path, 0o755);
    const file = folder.file('kedge.yaml', driftConfig({ dataDir }));
    const agent = await start(file, { under: asNobody, env: { HOME: '/nonexistent' }, cwd: '/' });
    await sendWindow(agent, 0, quiet);
    expect(statSync(join(dataDir, 'kedge.db'))).toMatchObject({ uid: 65_532 });
    expect(statSync(join(dataDir, 'kedge.db')).mode & 0o777).toBe(0o600);
    expect(await agent.stop()).toMatchObject({ code: 0 });
  },
);

test('a port in use: the address is said, whichever of the two it is', async () => {
  const { server, port } = await listenSomewhere();
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  for (const which of ['otlpPort', 'adminPort']) {
    const { stderr, stdout } = await refused(driftConfig({ dataDir, [which]: port }));
    expect(stderr).toContain(`127.0.0.1:${port}`);
    expect(stdout).not.toContain('"event":"ready"');
  }
});

test('a second agent on the same data directory ends within 2 s and harms nothing', async () => {
  const file = folder.file('kedge.yaml', driftConfig({ dataDir, adminPort: 0 }));
  const first = await start(file);
  const second = runKedge(['serve', '--config', file]);
  const { code, afterMs } = await second.ended;
  expect(code).toBe(2);
  expect(second.stderr()).toContain(join(dataDir, 'kedge.db'));
  expect(second.stderr()).toContain('another process');
  expect(afterMs).toBeLessThan(4_000);
  await learnReference(first);
  expect(await first.stop()).toMatchObject({ code: 0 });
});

test('a store of a newer release is refused and left as it was', async () => {
  const file = folder.file('kedge.yaml', driftConfig({ dataDir }));
  await (await start(file)).stop();
  const path = join(dataDir, 'kedge.db');
  const db = new DatabaseFile(path);
  db.pragma('user_version = 999');
  db.close();
  const before = digestOf(path);
  const { stderr } = await refused(driftConfig({ dataDir }));
  expect(stderr).toContain(path);
  expect(stderr).toContain('999');
  expect(stderr).toContain('newer Kedge');
  expect(digestOf(path)).toBe(before);
});

test('a checkpoint of a newer release is refused as well, in a line that says what to do', async () => {
  const file = folder.file('kedge.yaml', driftConfig({ dataDir }));
  await (await start(file)).stop();
  const path = join(dataDir, checkpointsIn(dataDir)[0] ?? '');
  writeFileSync(path, asNewer(readFileSync(path)));
  const { stderr } = await refused(driftConfig({ dataDir }));
  expect(stderr).toContain(path);
  expect(stderr).toContain('newer Kedge');
});

test('a broken store is set aside, said and counted; the agent starts and fires all the same', async () => {
  const hook = await startHookReceiver();
  cleanups.push(hook.stop);
  const file = folder.file('kedge.yaml', driftConfig({ dataDir, hookPort: hook.port }));
  await (await start(file)).stop();
  for (const garbage of [Buffer.alloc(8_192, 'x'), halfOf(readFileSync(join(dataDir, 'kedge.db')))]) {
    writeFileSync(join(dataDir, 'kedge.db'), garbage);
    const agent = await start(file);
    const said = agent.logLine('the store was damaged and set aside; started with an empty one');
    expect(said).toMatchObject({ level: 'error' });
    const aside = String(said?.['to']);
    expect(readFileSync(aside).equals(garbage)).toBe(true);
    expect((await agent.metrics()).value('kedge_corrupt_records_total{kind="store"}')).toBe(1);
    expect(await agent.stop()).toMatchObject({ code: 0 });
  }
  const agent = await start(file);
  expect((await agent.metrics()).value('kedge_corrupt_records_total{kind="store"}')).toBe(0);
  await learnReference(agent);
  for (const index of [4, 5, 6]) await sendWindow(agent, index, index === 4 ? quiet : shifted);
  await until('the message', () => hook.accepted(firingType).at(0));
});

test('a damaged record of the store costs itself', async () => {
  const file = folder.file('kedge.yaml', driftConfig({ dataDir }));
  let agent = await start(file);
  const referenceId = await learnReference(agent);
  await agent.stop();
  const db = new DatabaseFile(join(dataDir, 'kedge.db'));
  const { changes } = db.prepare(`UPDATE record SET crc = crc + 1 WHERE key LIKE 'boundary/%'`).run();
  db.close();
  expect(changes).toBe(1);
  agent = await start(file);
  expect((await agent.metrics()).value('kedge_corrupt_records_total{kind="record"}')).toBe(1);
  expect(agent.logLine('stored records were damaged and set aside')).toMatchObject({
    level: 'error',
    records: 1,
  });
  expect(referenceOf(await agent.status())).toBe(referenceId);
});

test('of two checkpoints one is enough; without either the counters start empty, counted and said', async () => {
  const file = folder.file('kedge.yaml', driftConfig({ dataDir }));
  let agent = await start(file);
  const referenceId = await learnReference(agent);
  await untilSaved(agent);
  await agent.stop();
  const [older, newer] = checkpointsIn(dataDir).toSorted(
    (a, b) => generationOf(join(dataDir, a)) - generationOf(join(dataDir, b)),
  );
  damage(join(dataDir, newer ?? ''));
  agent = await start(file);
  expect(
    (await agent.metrics()).value('kedge_corrupt_records_total{kind="checkpoint"}'),
  ).toBeGreaterThanOrEqual(1);
  expect((await agent.status()).models[0]?.versions[0]?.rows).toBe(800);
  await agent.stop('SIGKILL');

  damage(join(dataDir, older ?? ''));
  agent = await start(file);
  expect(
    (await agent.metrics()).value('kedge_corrupt_records_total{kind="checkpoint"}'),
  ).toBeGreaterThanOrEqual(2);
  expect(agent.stdout()).toMatch(/"level":"(warn|error)".*counters start empty/);
  expect((await agent.status()).models).toEqual([]);
  // The reference is a decision, and is in the store.
  await sendWindow(agent, 7, quiet);
  expect(referenceOf(await agent.status())).toBe(referenceId);
});

test.skipIf(!canMount())(
  'a full disk: the alert is told all the same, and stored once there is room',
  async () => {
    const hook = await startHookReceiver();
    cleanups.push(hook.stop);
    mkdirSync(dataDir);
    const disk = mountSmallDisk(dataDir);
    cleanups.push(async () => disk.unmount());
    const file = folder.file(
      'kedge.yaml',
      driftConfig({ dataDir, hookPort: hook.port, checkpoint: '500ms' }),
    );
    const agent = await start(file);
    await learnReference(agent);
    await sendWindow(agent, 4, quiet);
    disk.fill();
    await sendWindow(agent, 5, shifted);
    await sendWindow(agent, 6, shifted);
    await until('the message', () => hook.accepted(firingType).at(0));
    await until('a checkpoint that failed', async () =>
      (await agent.metrics()).value('kedge_checkpoints_total{result="failed"}') > 0 ? true : undefined,
    );
    const degraded = await agent.metrics();
    expect(degraded.value('kedge_storage_degraded')).toBe(1);
    expect((await fetch(`${agent.adminUrl}/readyz`)).status).toBe(503);
    expect((await fetch(`${agent.adminUrl}/healthz`)).status).toBe(200);
    disk.free();
    await sendWindow(agent, 7, shifted);
    await until('storage that works again', async () =>
      (await agent.metrics()).value('kedge_storage_degraded') === 0 ? true : undefined,
    );
    await agent.stop('SIGKILL');
    const next = await start(file);
    expect((await next.status()).alerts.map(({ condition }) => condition)).toEqual(['firing']);
    expect(hook.accepted()).toHaveLength(1);
  },
);

test.skipIf(!works(asFirstProcess))('as process 1 of a container it obeys SIGTERM', async () => {
  const file = folder.file('kedge.yaml', driftConfig({ dataDir }));
  const agent = await start(file, { under: asFirstProcess });
  const [inner] = childrenOf(agent.pid);
  expect(inner).toBeDefined();
  process.kill(inner ?? 0, 'SIGTERM');
  expect(await agent.ended).toMatchObject({ code: 0 });
});

const readOnly = canMount() && works(withReadOnlyRoot('/tmp'));
test.skipIf(!readOnly)('with nothing writable but its data directory', async () => {
  mkdirSync(dataDir);
  const file = folder.file('kedge.yaml', driftConfig({ dataDir }));
  const agent = await start(file, { under: withReadOnlyRoot(dataDir) });
  await learnReference(agent);
  await untilSaved(agent);
  expect((await agent.metrics()).value('kedge_storage_degraded')).toBe(0);
  expect(await agent.stop()).toMatchObject({ code: 0 });
});

async function start(file: string, options: RunOptions = {}): Promise<BuiltAgent> {
  const agent = await startBuiltAgent(file, options);
  cleanups.push(() => agent.stop('SIGKILL'));
  return agent;
}

/** Starts with a configuration that must be refused: one line, and no word of a stack. */
async function refused(text: string, under: readonly string[] = []) {
  const file = folder.file('kedge.yaml', text);
  const run = runKedge(['serve', '--config', file], { under });
  expect(await run.ended, run.stderr()).toMatchObject({ code: 2 });
  expect(run.stderr()).toMatch(/^kedge: .+\n$/);
  return { stderr: run.stderr(), stdout: run.stdout() };
}

function listenSomewhere(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve({ server, port: (server.address() as AddressInfo).port }));
  });
}

function digestOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function halfOf(bytes: Buffer): Buffer {
  return bytes.subarray(0, Math.floor(bytes.length / 2) + 7);
}

function checkpointsIn(path: string): readonly string[] {
  return readdirSync(path).filter((name) => /^counters\.\d$/.test(name));
}

/** Bytes 8 to 16 of a blob: which generation it is. */
function generationOf(path: string): number {
  return Number(readFileSync(path).readBigUInt64LE(8));
}

/** One bit in the middle of the body. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 4;
  writeFileSync(path, bytes);
}

/** The same blob in a format of the future, whole: version in bytes 4 to 8, CRC-32 in bytes 24 to 28. */
function asNewer(bytes: Buffer): Buffer {
  const newer = Buffer.from(bytes);
  newer.writeUInt32LE(99, 4);
  newer.writeUInt32LE(crc32(newer.subarray(28), crc32(newer.subarray(0, 24))), 24);
  return newer;
}
