import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { memoryLog } from '../../../agent/adapters/memory-log.ts';
import { nodeDigest } from '../../../agent/adapters/node-digest.ts';
import { createVirtualClock } from '../../../agent/adapters/virtual-clock.ts';
import { readReferences } from '../../../agent/cli/read-references.ts';
import { buildReferenceFile } from '../../../agent/cli/reference-build.ts';
import { testConfig } from '../../support/test-config.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kedge-build-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** 500 rows of Bern, 300 of Oslo from 100,000 on, 7 of Thun. */
function csv(name: string, from: number): string {
  const of = (city: string, rows: number, first: number) =>
    Array.from({ length: rows }, (_, i) => `${city},${first + from + i / 10}`);
  const rows = [...of('Bern', 500, 0), ...of('Oslo', 300, 100_000), ...of('Thun', 7, 0)];
  return file(name, `city,x\n${rows.join('\n')}\n`);
}

const segments = [{ name: 'city', from: ['input.city'], model: '*', environment: '*', max: 20 }];

async function read(path: string, name: string, alsoPath: string) {
  const at = { model: 'm', environment: 'default', rowsMax: 1e6 };
  const files = [
    { ...at, name, path },
    { ...at, name: 'also', path: alsoPath, isDefault: false },
  ];
  const config = testConfig({ segments, references: { ...testConfig().references, files } });
  const given = await readReferences(config, createVirtualClock(0), nodeDigest(), memoryLog());
  return given.map(({ reference }) => reference).filter(({ series }) => series.signal === 'input.x');
}

test('a segment built into a file has references of its own; one of few rows is left out, and said', async () => {
  const config = file('kedge.yaml', 'segments: [{ name: city, from: input.city }]\n');
  const output = join(folder, 'built.json');
  const data = csv('a.csv', 0);
  const built = await buildReferenceFile({ data, model: 'm', name: 'training', config, output });
  expect(built.code).toBe(0);
  const said = built.said.join('\n');
  expect(said).toMatch(/input\.x of city=Oslo {2}ref_/);
  // Of its city and of x.
  expect(said).toContain('2 references of segments with fewer than 50 rows are left out');
  expect(said).not.toContain('Thun');

  const references = await read(output, 'training', csv('b.csv', 20));
  const rows = references.map(({ name, series, counters }) => [name, series.segment, counters.rows]);
  expect(rows).toEqual([
    ['training', undefined, 807],
    ['training', 'city=Bern', 500],
    ['training', 'city=Oslo', 300],
    ['also', undefined, 807],
    ['also', 'city=Bern', 500],
    ['also', 'city=Oslo', 300],
    ['also', 'city=Thun', 7],
  ]);
  const scaleOf = (name: string, segment: string | undefined) =>
    references.find((one) => one.name === name && one.series.segment === segment)?.scale.id;
  // The data file counts each segment on the edges that the built one has for it.
  for (const segment of [undefined, 'city=Bern', 'city=Oslo'])
    expect(scaleOf('also', segment)).toBe(scaleOf('training', segment));
  expect(scaleOf('training', 'city=Oslo')).not.toBe(scaleOf('training', 'city=Bern'));
});
