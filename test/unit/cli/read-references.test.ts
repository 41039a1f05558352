import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { memoryLog } from '../../../agent/adapters/memory-log.ts';
import { nodeDigest } from '../../../agent/adapters/node-digest.ts';
import { createVirtualClock } from '../../../agent/adapters/virtual-clock.ts';
import { readReferences } from '../../../agent/cli/read-references.ts';
import { toPortable } from '../../../agent/pipeline/reference-portable.ts';
import { testConfig } from '../../support/test-config.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kedge-references-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const sha256 = (text: string) => nodeDigest().sha256(text);

function csv(name: string, from: number): string {
  const path = join(folder, name);
  writeFileSync(path, `x\n${Array.from({ length: 500 }, (_, i) => from + i / 10).join('\n')}\n`);
  return path;
}

async function read(files: readonly { name: string; path: string; isDefault?: boolean }[]) {
  const log = memoryLog();
  const whole = files.map((file) => ({ model: 'm', environment: 'prod', rowsMax: 1e6, ...file }));
  const config = testConfig({ references: { ...testConfig().references, files: whole } });
  const given = await readReferences(config, createVirtualClock(0), nodeDigest(), log);
  return { given, log };
}

test('data files of one signal count on the edges of the first, so that windows can be compared with each', async () => {
  const { given, log } = await read([
    { name: 'winter', path: csv('a.csv', 0) },
    { name: 'summer', path: csv('b.csv', 20), isDefault: false },
  ]);
  expect(given.map(({ reference, isDefault }) => [reference.name, isDefault])).toEqual([
    ['winter', true],
    ['summer', false],
  ]);
  const [winter, summer] = given.map(({ reference }) => reference);
  expect(summer?.scale.id).toBe(winter?.scale.id);
  // 500 values from 20.0 on, of which those above 49.9 lie beyond the winter's last edge: 200.
  expect(summer?.counters.counts.at(-1)).toBe(200);
  expect(log.lines.filter((line) => line.level === 'warn')).toEqual([]);
});

test('an exported file lends its edges to data files before it; a damaged one costs only itself, and says what to do', async () => {
  const made = await read([{ name: 'winter', path: csv('a.csv', 0) }]);
  const json = join(folder, 'w.json');
  const text = toPortable(made.given, { atMs: 0, by: 'test' }, sha256);
  writeFileSync(json, text);
  const { given } = await read([
    { name: 'summer', path: csv('b.csv', 20) },
    { name: 'exported', path: json, isDefault: false },
  ]);
  expect(given.map(({ reference }) => [reference.name, reference.kind])).toEqual([
    ['summer', 'file'],
    ['exported', 'imported'],
  ]);
  expect(given[0]?.reference.scale.id).toBe(made.given[0]?.reference.scale.id);

  writeFileSync(json, text.replace('"rows":500', '"rows":501'));
  const damaged = await read([
    { name: 'summer', path: csv('b.csv', 20) },
    { name: 'exported', path: json },
  ]);
  expect(damaged.given.map(({ reference }) => reference.name)).toEqual(['summer']);
  const error = damaged.log.lines.find((line) => line.level === 'error');
  expect(error?.fields).toMatchObject({
    name: 'exported',
    fault: expect.stringContaining('export or build it again'),
  });
});
