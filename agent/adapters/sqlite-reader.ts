import { crc32 } from 'node:zlib';
import DatabaseFile from 'better-sqlite3';
import { StoreLocked, StoreUnusable } from './store-errors.ts';

interface Row {
  readonly key: string;
  readonly value: Uint8Array;
  readonly crc: number;
}

/**
 * Records of a store that no agent has open, for commands: nothing is written, locked or mended, and records that are
 * damaged are left out. Throws `StoreLocked` while an agent has the file, `StoreUnusable` where it cannot be read.
 */
export function readSqliteRecords(file: string, prefix: string): readonly (readonly [string, Uint8Array])[] {
  try {
    const db = new DatabaseFile(file, { readonly: true, fileMustExist: true, timeout: 200 });
    try {
      const rows = db
        .prepare<[string], Row>('SELECT key, value, crc FROM record WHERE key >= ? ORDER BY key')
        .all(prefix);
      return rows
        .filter((row) => row.key.startsWith(prefix) && crc32(row.value, crc32(`${row.key}\0`)) === row.crc)
        .map(({ key, value }) => [key, new Uint8Array(value)] as const);
    } finally {
      db.close();
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED')
      throw new StoreLocked(`${file}: an agent has the store open: ask it with --url and its admin address`, {
        cause: error,
      });
    throw new StoreUnusable(`${file}: the store cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
