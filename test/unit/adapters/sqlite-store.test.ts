import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type MemoryLog, memoryLog } from '../../../agent/adapters/memory-log.ts';
import { type MemoryMeter, memoryMeter } from '../../../agent/adapters/memory-meter.ts';
import { migrate, schemaVersion } from '../../../agent/adapters/sqlite-schema.ts';
import { openSqliteStore } from '../../../agent/adapters/sqlite-store.ts';
import {
  StoreFailed,
  StoreLocked,
  StoreTooNew,
  StoreUnusable,
} from '../../../agent/adapters/store-errors.ts';

let folder = '';
let file = '';
let log: MemoryLog;
let meter: MemoryMeter;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kedge-sqlite-'));
  file = join(folder, 'data', 'kedge.db');
  log = memoryLog();
  meter = memoryMeter();
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (bytesMax?: number) =>
  openSqliteStore({ file, log, meter, ...(bytesMax === undefined ? {} : { bytesMax }) });
const bytes = (text: string) => new TextEncoder().encode(text);
const put = (key: string, text: string) => ({ key, value: bytes(text) });

/** Changes the file behind the store's back. */
function tamper(sql: string): void {
  const db = new Database(file);
  db.exec(sql);
  db.close();
}

async function fill(...records: ReturnType<typeof put>[]): Promise<void> {
  const store = await open();
  await store.commit(records);
  await store.close();
}

test('the folder is for its owner alone, and so are the files, the log beside it too', async () => {
  const store = await open();
  await store.commit([put('a', '1')]);
  expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700);
  const names = readdirSync(join(folder, 'data')).sort();
  // No -shm: that file would be mapped, and a failing disk under it kills the process.
  expect(names).toEqual(['kedge.db', 'kedge.db-wal']);
  for (const name of names) expect(statSync(join(folder, 'data', name)).mode & 0o777).toBe(0o600);
  await store.close();
});

test('a commit is counted, and survives a process that never closed', async () => {
  const store = await open();
  await store.commit([put('alert/1', 'firing')]);
  expect(meter.value('commits', { result: 'ok' })).toBe(1);
  // What a killed process leaves: the file and its log as they are now.
  const crashed = join(folder, 'crashed');
  mkdirSync(crashed);
  for (const name of ['kedge.db', 'kedge.db-wal']) {
    writeFileSync(join(crashed, name), readFileSync(join(folder, 'data', name)));
  }
  await store.close();
  const again = await openSqliteStore({ file: join(crashed, 'kedge.db'), log, meter });
  expect(await again.read('alert/1')).toEqual(bytes('firing'));
  await again.close();
});

test('a second process is refused by name, and leaves the first one alone', async () => {
  const store = await open();
  await store.commit([put('a', '1')]);
  const error = await open().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StoreLocked);
  expect((error as Error).message).toContain(file);

  const module = join(import.meta.dirname, '../../../agent/adapters/sqlite-store.ts');
  const script = `
    const { openSqliteStore } = await import(${JSON.stringify(module)});
    const quiet = { info() {}, warn() {}, error() {}, add() {}, set() {}, observe() {}, clear() {} };
    await openSqliteStore({ file: ${JSON.stringify(file)}, log: quiet, meter: quiet }).then(
      () => console.log('opened'),
      (error) => console.log(error.constructor.name),
    );`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  expect(stdout.trim()).toBe('StoreLocked');
  await store.commit([put('b', '2')]);
  expect((await store.scan('')).length).toBe(2);
  await store.close();
});

test('a file of a newer release is refused and left as it was', async () => {
  await fill(put('a', '1'));
  tamper('PRAGMA user_version = 99');
  const digest = () => createHash('sha256').update(readFileSync(file)).digest('hex');
  const before = digest();
  const error = await open().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StoreTooNew);
  expect((error as Error).message).toMatch(/version 99.*knows up to 1/);
  expect(digest()).toBe(before);
  expect(readdirSync(join(folder, 'data'))).toEqual(['kedge.db']);
});

test.each([
  [
    'text',
    () => writeFileSync(file, 'this is no database, but it is long enough to be looked at'.repeat(100)),
  ],
  [
    'a database with a page overwritten',
    () => {
      const content = readFileSync(file);
      content.fill(0xa5, 4_096, 12_288);
      writeFileSync(file, content);
    },
  ],
  ['a cut database', () => writeFileSync(file, readFileSync(file).subarray(0, 5_000))],
])('%s is moved aside, counted and logged, and a fresh store is started', async (_what, damage) => {
  await fill(...Array.from({ length: 200 }, (_, i) => put(`key/${i}`, 'x'.repeat(200))));
  damage();
  const damaged = readFileSync(file);
  const store = await open();
  expect(await store.scan('')).toEqual([]);
  await store.commit([put('fresh', '1')]);
  await store.close();
  const aside = readdirSync(join(folder, 'data')).filter((name) => name.startsWith('kedge.db.broken-'));
  expect(aside).toHaveLength(1);
  expect(readFileSync(join(folder, 'data', aside[0] as string))).toEqual(damaged);
  expect(meter.value('corrupt_records', { kind: 'store' })).toBe(1);
  expect(log.lines[0]).toMatchObject({ level: 'error', fields: { file } });
});

test('a record whose value, checksum or key changed is set aside at start, and named', async () => {
  await fill(put('a/1', 'one'), put('a/2', 'two'), put('a/3', 'three'), put('a/4', 'four'));
  tamper("UPDATE record SET value = CAST('owt' AS BLOB) WHERE key = 'a/2'");
  tamper("UPDATE record SET crc = crc + 1 WHERE key = 'a/3'");
  tamper("UPDATE record SET key = 'b/4' WHERE key = 'a/4'");
  const store = await open();
  expect(meter.value('corrupt_records', { kind: 'record' })).toBe(3);
  expect((await store.scan('')).map(([key]) => key)).toEqual(['a/1']);
  expect(await store.read('a/2')).toBeUndefined();
  await store.commit([put('a/2', 'two again')]);
  await store.close();
  const db = new Database(file);
  expect(db.prepare('SELECT key, CAST(value AS TEXT) AS value FROM broken ORDER BY key').all()).toEqual([
    { key: 'a/2', value: 'owt' },
    { key: 'a/3', value: 'three' },
    { key: 'b/4', value: 'four' },
  ]);
  db.close();
});

test('a full disk rejects the commit with its code, changes nothing, and heals by itself', async () => {
  const store = await open(300_000);
  await store.commit([put('kept', 'old')]);
  const error = await store
    .commit([put('kept', 'new'), { key: 'large', value: new Uint8Array(1_000_000) }])
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StoreFailed);
  expect((error as StoreFailed).code).toBe('SQLITE_FULL');
  expect(meter.value('commits', { result: 'failed' })).toBe(1);
  expect(meter.value('storage_degraded')).toBe(1);
  expect(await store.read('kept')).toEqual(bytes('old'));
  await store.commit([put('kept', 'newer')]);
  expect(meter.value('storage_degraded')).toBe(0);
  expect(await store.read('kept')).toEqual(bytes('newer'));
  await store.close();
});

test.each([
  ['a folder in its place', () => mkdirSync(file, { recursive: true }), /must be a plain file/],
  [
    'a link',
    () => {
      mkdirSync(join(folder, 'data'));
      symlinkSync(join(folder, 'elsewhere'), file);
    },
    /must be a plain file/,
  ],
  ['a file where its folder should be', () => writeFileSync(join(folder, 'data'), ''), /cannot be made.*uid/],
])('%s is refused with what to look at', async (_what, prepare, message) => {
  prepare();
  const error = await open().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StoreUnusable);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).toContain(file);
  expect(existsSync(join(folder, 'elsewhere'))).toBe(false);
});

test('migrations run once, in order, keep a copy, and a failed one changes nothing', () => {
  mkdirSync(join(folder, 'data'));
  const one = 'CREATE TABLE t (v TEXT) STRICT; INSERT INTO t VALUES (1);';
  const two = 'ALTER TABLE t ADD COLUMN w TEXT; UPDATE t SET w = v || 2;';
  const db = new Database(file);
  migrate(db, [one]);
  migrate(db, [one]);
  expect(readdirSync(join(folder, 'data'))).toEqual(['kedge.db']);
  expect(() => migrate(db, [one, two, 'CREATE TABLE nonsense'])).toThrow();
  expect(schemaVersion(db)).toBe(1);
  expect(db.prepare('SELECT * FROM t').all()).toEqual([{ v: '1' }]);
  migrate(db, [one, two]);
  expect(schemaVersion(db)).toBe(2);
  expect(db.prepare('SELECT * FROM t').all()).toEqual([{ v: '1', w: '12' }]);
  db.close();
  const copy = new Database(`${file}.v1`);
  expect([schemaVersion(copy), copy.prepare('SELECT * FROM t').all()]).toEqual([1, [{ v: '1' }]]);
  copy.close();
});
