import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  type Stats,
} from 'node:fs';
import { dirname } from 'node:path';
import DatabaseFile, { type Database } from 'better-sqlite3';
import { migrate, migrations, schemaVersion } from './sqlite-schema.ts';
import { StoreLocked, StoreTooNew, StoreUnusable } from './store-errors.ts';

/** How long to wait for the process that has the file: the old pod may be stopping. */
const lockWaitMs = 1_000;
/** The write-ahead log is cut back to this after a checkpoint. */
const journalBytesMax = 64 * 1024 * 1024;
/** Pages of 4 KiB after which the log is written back: 1 MiB takes 2 to 4 ms. */
const checkpointPages = 256;
const pageBytes = 4_096;

/** A file that SQLite calls damaged has been moved to `to`, and a fresh one was started. */
export interface MovedAside {
  readonly to: string;
  readonly why: string;
}

export interface OpenedFile {
  readonly db: Database;
  readonly movedAside?: MovedAside;
}

/** Opens, checks and migrates the file; a broken one is moved aside. Throws `StoreUnusable` and its kinds. */
export function openSqliteFile(file: string, bytesMax: number): OpenedFile {
  prepareFile(file);
  const first = tryOpen(file, bytesMax);
  if ('db' in first) return first;
  const to = `${file}.broken-${new Date().toISOString().replaceAll(':', '-')}`;
  moveAside(file, to);
  prepareFile(file);
  const second = tryOpen(file, bytesMax);
  if ('db' in second) return { db: second.db, movedAside: { to, why: second.why ?? first.broken } };
  throw new StoreUnusable(`${file}: a new store cannot be started: ${second.broken}`);
}

/** A directory 0700 and a file 0600, neither through a link. */
function prepareFile(file: string): void {
  const folder = dirname(file);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const found = lstatSync(file, { throwIfNoEntry: false });
    // An existing file is not opened here: closing it again would drop the locks this process holds on it.
    if (found === undefined) closeSync(openSync(file, 'wx', 0o600));
    else checkFound(file, found);
  } catch (error) {
    if (error instanceof StoreUnusable) throw error;
    throw new StoreUnusable(`${file}: the store cannot be made: ${(error as Error).message}${who(folder)}`, {
      cause: error,
    });
  }
}

function checkFound(file: string, found: Stats): void {
  if (!found.isFile())
    throw new StoreUnusable(`${file}: the store must be a plain file, not a link or folder`);
  if ((found.mode & 0o077) !== 0) chmodSync(file, 0o600);
}

/** Who tried, and what the folder looks like: the two things to compare. */
function who(folder: string): string {
  // Below a file, `lstat` would throw for all its `throwIfNoEntry`.
  const found = existsSync(folder) ? lstatSync(folder) : undefined;
  const user = process.getuid?.() ?? '?';
  if (found === undefined) return ` (uid ${user}; ${folder} does not exist)`;
  return ` (uid ${user}; ${folder} has mode ${(found.mode & 0o7777).toString(8)}, owner ${found.uid})`;
}

type Tried = { readonly db: Database; readonly why?: string } | { readonly broken: string };

function tryOpen(file: string, bytesMax: number): Tried {
  let db: Database | undefined;
  try {
    db = new DatabaseFile(file, { timeout: lockWaitMs });
    setUp(db, bytesMax);
    return { db };
  } catch (error) {
    db?.close();
    return judgeOpenError(file, error);
  }
}

/**
 * The order matters. The exclusive lock comes before WAL: otherwise SQLite maps a `-shm` file, and a failing
 * disk kills the process by SIGBUS; it is also what keeps a second process out. The version comes before WAL,
 * so that a newer file is left as it was.
 */
function setUp(db: Database, bytesMax: number): void {
  db.pragma('locking_mode = EXCLUSIVE');
  db.pragma('mmap_size = 0');
  const version = schemaVersion(db);
  if (version > migrations.length) {
    throw new StoreTooNew(
      `${db.name}: the store has schema version ${version}, this Kedge knows up to ${migrations.length}: ` +
        'run the newer Kedge, or give this one another data directory',
    );
  }
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma(`journal_size_limit = ${journalBytesMax}`);
  db.pragma(`wal_autocheckpoint = ${checkpointPages}`);
  db.pragma(`max_page_count = ${Math.ceil(bytesMax / pageBytes)}`);
  db.pragma('trusted_schema = OFF');
  const verdict = db.pragma('quick_check(1)', { simple: true });
  if (verdict !== 'ok') throw new BrokenFile(String(verdict));
  migrate(db);
}

class BrokenFile extends Error {}

function judgeOpenError(file: string, error: unknown): { readonly broken: string } {
  if (error instanceof StoreUnusable) throw error;
  if (error instanceof BrokenFile) return { broken: error.message };
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = (error as Error).message;
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) return { broken: message };
  if (code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED') {
    throw new StoreLocked(
      `${file}: another process has the store open: stop it, or give this one another data directory`,
      { cause: error },
    );
  }
  throw new StoreUnusable(`${file}: the store cannot be opened: ${message}${who(dirname(file))}`, {
    cause: error,
  });
}

/** The write-ahead log belongs to the file, so it goes along. */
function moveAside(file: string, to: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) {
    if (existsSync(file + suffix)) renameSync(file + suffix, to + suffix);
  }
  syncFolder(dirname(file));
}

/** Makes a rename durable. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
