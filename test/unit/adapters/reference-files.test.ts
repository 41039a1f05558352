import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Cell, forEachRow, ReferenceFileError } from '../../../agent/adapters/reference-files.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kedge-reference-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function read(name: string, content: string | Uint8Array, rowsMax = 1_000) {
  const path = join(folder, name);
  writeFileSync(path, content);
  const rows: Record<string, Cell>[] = [];
  const result = await forEachRow(path, { rowsMax }, (columns) => rows.push(Object.fromEntries(columns)));
  return { rows, result };
}

test('a CSV gives numbers, text and nulls by column', async () => {
  const { rows, result } = await read(
    'a.csv',
    'income,country,score,note\r\n1200.50,DE,-1e-3,"said ""no"", twice"\r\n,"a\nb",.5,\r\n 7 ,0x10,1e999,NaN\r\n',
  );
  expect(rows).toEqual([
    { income: 1200.5, country: 'DE', score: -0.001, note: 'said "no", twice' },
    { income: null, country: 'a\nb', score: 0.5, note: null },
    { income: 7, country: '0x10', score: '1e999', note: 'NaN' },
  ]);
  expect(result).toEqual({ rows: 3, skipped: 0, truncated: false });
});

test('a mark at the begin of the file, spaces in the header and odd names are no trouble', async () => {
  const { rows } = await read('a.csv', '\uFEFFa , __proto__,constructor\n1,2,3\n');
  expect(rows).toHaveLength(1);
  expect(Object.entries(rows[0] ?? {})).toEqual([
    ['a', 1],
    ['__proto__', 2],
    ['constructor', 3],
  ]);
});

test('bad CSV lines are skipped and counted, the rest is read', async () => {
  const { rows, result } = await read('a.csv', 'a,b\n1,2\n3\n4,5,6\n"7"x,8\n9,10\n\n11,12\n');
  expect(rows.map((row) => row['a'])).toEqual([1, '"7"x', 9, 11]);
  expect(result).toEqual({ rows: 4, skipped: 2, truncated: false });
});

test('a quote that never ends costs what it swallows, not the process', async () => {
  const { rows, result } = await read('a.csv', `a,b\n1,2\n3,"${'x'.repeat(3_000_000)}\n4,5\n`);
  expect(rows[0]).toEqual({ a: 1, b: 2 });
  expect(result.skipped).toBeGreaterThan(0);
});

test('JSON lines give scalars by key', async () => {
  const { rows, result } = await read(
    'a.jsonl',
    '\uFEFF{"a":1,"b":"x","c":true,"d":null,"e":[1],"f":{"g":1}}\n\n{"a":2}\r\n{"a":3}',
  );
  expect(rows).toEqual([{ a: 1, b: 'x', c: true, d: null }, { a: 2 }, { a: 3 }]);
  expect(result).toEqual({ rows: 3, skipped: 0, truncated: false });
});

test('bad JSON lines are skipped and counted', async () => {
  const long = `{"a":"${'x'.repeat(2_000_000)}"}`;
  const { rows, result } = await read(
    'a.ndjson',
    `{"a":1}\nnot json\n[1]\n7\nnull\n${long}\n{"a":2}\n${long}`,
  );
  expect(rows).toEqual([{ a: 1 }, { a: 2 }]);
  expect(result).toEqual({ rows: 2, skipped: 6, truncated: false });
});

test('a letter split between two reads stays whole', async () => {
  const { rows } = await read('a.jsonl', `{"a":"${'ü'.repeat(200_001)}"}\n{"b":"${'🐋'.repeat(100_001)}"}\n`);
  expect(rows[0]?.['a']).toBe('ü'.repeat(200_001));
  expect(rows[1]?.['b']).toBe('🐋'.repeat(100_001));
});

test.each(['a.csv', 'a.jsonl'])('%s is read up to rowsMax', async (name) => {
  const lines = Array.from({ length: 50_000 }, (_, i) => (name === 'a.csv' ? `${i}` : `{"a":${i}}`));
  const content = `${(name === 'a.csv' ? ['a', ...lines] : lines).join('\n')}\n`;
  const { rows, result } = await read(name, content, 10);
  expect(rows.map((row) => row['a'])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(result).toEqual({ rows: 10, skipped: 0, truncated: true });
  expect((await read(name, content, 50_000)).result).toEqual({ rows: 50_000, skipped: 0, truncated: false });
});

test.each<[string, () => string, RegExp]>([
  ['a missing file', () => join(folder, 'none.csv'), /none\.csv: no such file/],
  [
    'a folder',
    () => {
      mkdirSync(join(folder, 'd.csv'));
      return join(folder, 'd.csv');
    },
    /not a plain file/,
  ],
  ['another format', () => join(folder, 'a.parquet'), /\.csv, \.jsonl/],
  ['an empty file', () => write('empty.csv', ''), /empty/],
  ['a header with a name twice', () => write('twice.csv', 'a,b,a\n1,2,3\n'), /"a" is there twice/],
])('%s is refused with its name', async (_what, prepare, message) => {
  const error = await forEachRow(prepare(), { rowsMax: 10 }, () => {}).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ReferenceFileError);
  expect((error as Error).message).toMatch(message);
});

function write(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

test('what the visitor throws comes through as it is', async () => {
  const fault = new Error('mine');
  const path = write('a.csv', 'a\n1\n');
  await expect(
    forEachRow(path, { rowsMax: 10 }, () => {
      throw fault;
    }),
  ).rejects.toBe(fault);
});
