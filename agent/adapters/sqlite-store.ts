import { crc32 } from 'node:zlib';
import type { Database, Statement } from 'better-sqlite3';
import { AssertionFault } from '../../core/assert.ts';
import type { Log, Meter, Store, StoreWrite } from '../../core/ports.ts';
import { openSqliteFile } from './sqlite-file.ts';
import { StoreFailed } from './store-errors.ts';
import { checkWrites } from './store-limits.ts';

export interface SqliteStoreOptions {
  /** Its folder is made when it is missing. */
  readonly file: string;
  readonly log: Log;
  /** Gets `commits`, `storage_degraded` and `corrupt_records`. */
  readonly meter: Meter;
  /** Above it a commit is refused with `SQLITE_FULL`. */
  readonly bytesMax?: number;
}

const defaultBytesMax = 1024 * 1024 * 1024;
/** Damaged records kept for inspection; what comes after is counted and logged only. */
const brokenMax = 1_000;

interface Row {
  readonly key: string;
  readonly value: Uint8Array;
  readonly crc: number;
}

/**
 * One SQLite file, held by this process alone, durable against a power cut once `commit` resolves.
 * Rejects with `StoreUnusable` (`StoreLocked`, `StoreTooNew`) when there is something for a person to do.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { file, log, meter } = options;
  const { db, movedAside } = openSqliteFile(file, options.bytesMax ?? defaultBytesMax);
  if (movedAside !== undefined) {
    meter.add('corrupt_records', 1, { kind: 'store' });
    log.error('the store was damaged and set aside; started with an empty one', { file, ...movedAside });
  }
  const store = new SqliteStore(db, log, meter);
  store.verifyAll();
  return store;
}

class SqliteStore implements Store {
  readonly #db: Database;
  readonly #log: Log;
  readonly #meter: Meter;
  readonly #get: Statement<[string], Row>;
  readonly #from: Statement<[string], Row>;
  readonly #lastBefore: Statement<[string, string], Row>;
  readonly #lastFrom: Statement<[string], Row>;
  readonly #put: Statement<[string, Uint8Array, number]>;
  readonly #remove: Statement<[string]>;

  constructor(db: Database, log: Log, meter: Meter) {
    this.#db = db;
    this.#log = log;
    this.#meter = meter;
    this.#get = db.prepare('SELECT key, value, crc FROM record WHERE key = ?');
    this.#from = db.prepare('SELECT key, value, crc FROM record WHERE key >= ? ORDER BY key');
    this.#lastBefore = db.prepare(
      'SELECT key, value, crc FROM record WHERE key >= ? AND key < ? ORDER BY key DESC LIMIT 1',
    );
    this.#lastFrom = db.prepare(
      'SELECT key, value, crc FROM record WHERE key >= ? ORDER BY key DESC LIMIT 1',
    );
    this.#put = db.prepare('INSERT OR REPLACE INTO record (key, value, crc) VALUES (?, ?, ?)');
    this.#remove = db.prepare('DELETE FROM record WHERE key = ?');
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    const row = this.#operate('read', () => this.#get.get(key));
    if (row === undefined) return undefined;
    if (isWhole(row)) return plain(row.value);
    this.#setAside([row]);
    return undefined;
  }

  async scan(prefix: string): Promise<readonly (readonly [string, Uint8Array])[]> {
    const found: (readonly [string, Uint8Array])[] = [];
    const broken: Row[] = [];
    this.#operate('read', () => {
      // Keys with one prefix are neighbours, whatever characters it has: no LIKE pattern, no upper bound.
      for (const row of this.#from.iterate(prefix)) {
        if (!row.key.startsWith(prefix)) break;
        if (isWhole(row)) found.push([row.key, plain(row.value)]);
        else broken.push(row);
      }
    });
    this.#setAside(broken);
    return found;
  }

  async last(prefix: string): Promise<readonly [string, Uint8Array] | undefined> {
    const end = prefixEnd(prefix);
    for (;;) {
      const row = this.#operate('read', () =>
        end === undefined ? this.#lastFrom.get(prefix) : this.#lastBefore.get(prefix, end),
      );
      if (row === undefined) return undefined;
      if (isWhole(row)) return [row.key, plain(row.value)];
      this.#setAside([row]);
      // Where it could not even be set aside it would be met again for ever: then all are looked at.
      if (this.#get.get(row.key) !== undefined) return (await this.scan(prefix)).at(-1);
    }
  }

  async commit(writes: readonly StoreWrite[]): Promise<void> {
    checkWrites(writes);
    const all = this.#db.transaction(() => {
      for (const { key, value } of writes) {
        if (value === undefined) this.#remove.run(key);
        else this.#put.run(key, value, checksum(key, value));
      }
    });
    try {
      this.#operate('write', () => all.immediate());
    } catch (error) {
      this.#meter.add('commits', 1, { result: 'failed' });
      this.#meter.set('storage_degraded', 1);
      throw error;
    }
    this.#meter.add('commits', 1, { result: 'ok' });
    this.#meter.set('storage_degraded', 0);
  }

  async close(): Promise<void> {
    this.#db.close();
  }

  /**
   * Reads every record once. A bit flipped in a key would otherwise be a record that is not found, and nobody
   * would know; its checksum is wrong under the new key as well.
   */
  verifyAll(): void {
    const broken: Row[] = [];
    this.#operate('read', () => {
      for (const row of this.#from.iterate('')) {
        if (!isWhole(row) && broken.length < brokenMax) broken.push(row);
      }
    });
    this.#setAside(broken);
  }

  /**
   * A damaged record is copied to `broken` and left out; if even that fails, it is met again at the next
   * read.
   */
  #setAside(rows: readonly Row[]): void {
    if (rows.length === 0) return;
    this.#meter.add('corrupt_records', rows.length, { kind: 'record' });
    this.#log.error('stored records were damaged and set aside', {
      file: this.#db.name,
      records: rows.length,
      first: rows[0]?.key,
    });
    try {
      const room = Math.max(0, brokenMax - this.#countBroken());
      const move = this.#db.transaction(() => {
        for (const [index, row] of rows.entries()) this.#moveToBroken(row, index < room);
      });
      move.immediate();
    } catch (error) {
      this.#log.warn('damaged records could not be set aside', { error });
    }
  }

  #countBroken(): number {
    const row = this.#db.prepare<[], { count: number }>('SELECT count(*) AS count FROM broken').get();
    return row?.count ?? 0;
  }

  #moveToBroken({ key, value, crc }: Row, keep: boolean): void {
    if (keep) {
      this.#db
        .prepare('INSERT INTO broken (key, value, crc, found_ms) VALUES (?, ?, ?, ?)')
        .run(key, value, crc, Date.now());
    }
    this.#remove.run(key);
  }

  /** Turns what SQLite throws into the operating error of a store. */
  #operate<T>(what: string, run: () => T): T {
    if (!this.#db.open) throw new StoreFailed('the store is closed', 'CLOSED');
    try {
      return run();
    } catch (error) {
      if (error instanceof AssertionFault) throw error;
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
      throw new StoreFailed(`the store could not ${what}: ${(error as Error).message}`, code, error);
    }
  }
}

/** Over the key, a byte that no key ends with by chance being taken for the value, and the value. */
function checksum(key: string, value: Uint8Array): number {
  return crc32(value, crc32(`${key}\0`));
}

function isWhole({ key, value, crc }: Row): boolean {
  return checksum(key, value) === crc;
}

/** The least text above every text that begins with the prefix, in order of code points; undefined: there is none. */
function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.at(-1) === 0x10ffff) points.pop();
  const last = points.pop();
  if (last === undefined) return undefined;
  // Half a surrogate pair is no character of UTF-8.
  points.push(last === 0xd7ff ? 0xe000 : last + 1);
  return String.fromCodePoint(...points);
}

/** A Buffer as what it promises to be, over the same memory. */
function plain(value: Uint8Array): Uint8Array {
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}
