import { existsSync, rmSync } from 'node:fs';
import type { Database } from 'better-sqlite3';

/**
 * Forward only: entry i takes a file from version i to i + 1, and an entry that has shipped is never changed.
 * `record.crc` is the CRC-32 of key and value, as SQLite does not notice bit rot. `broken` keeps what failed
 * it.
 */
export const migrations: readonly string[] = [
  `CREATE TABLE record (
     key TEXT NOT NULL PRIMARY KEY,
     value BLOB NOT NULL,
     crc INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE broken (
     id INTEGER PRIMARY KEY,
     key TEXT NOT NULL,
     value BLOB NOT NULL,
     crc INTEGER NOT NULL,
     found_ms INTEGER NOT NULL
   ) STRICT;`,
];

/**
 * Brings the file to the newest version: a copy `<file>.v<version>` first, unless the file is new, then every
 * step in one transaction, so that a crash leaves the old version or the new one.
 */
export function migrate(db: Database, steps: readonly string[] = migrations): void {
  const from = schemaVersion(db);
  if (from === steps.length) return;
  if (from > 0) backUp(db, `${db.name}.v${from}`);
  const all = db.transaction(() => {
    for (const sql of steps.slice(from)) db.exec(sql);
    db.pragma(`user_version = ${steps.length}`);
  });
  all.immediate();
}

/** The version of the schema in the file; 0 for a new file. */
export function schemaVersion(db: Database): number {
  return Number(db.pragma('user_version', { simple: true }));
}

function backUp(db: Database, file: string): void {
  // VACUUM INTO refuses to overwrite; a copy from a migration that did not finish is of the same version.
  if (existsSync(file)) rmSync(file);
  db.prepare('VACUUM INTO ?').run(file);
}
