import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatFault, loadConfig } from '../../../config/load.ts';
import { registries } from './registries.ts';

/* Each file in bad/ is named after its fault; beside it stands what a user sees, which a person has read. */

const folder = join(import.meta.dirname, 'bad');
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => file.slice(0, -'.yaml'.length));

test.each(names)('%s', async (name) => {
  const text = readFileSync(join(folder, `${name}.yaml`), 'utf8');
  const loaded = loadConfig(text, `${name}.yaml`, registries, {
    env: { KEDGE_TEST_NUMBER: '77777' },
    readFile: (path) => (path === '/run/secrets/smtp' ? 'hunter2\n' : undefined),
  });
  expect(loaded.ok).toBe(false);
  const faults = loaded.ok ? [] : loaded.faults;
  expect(faults.length).toBeGreaterThan(0);
  for (const fault of faults) expect(fault).toMatchObject({ line: expect.toSatisfy((line) => line >= 1) });
  const output = faults.map((fault) => formatFault(fault, text)).join('\n');
  expect(output).not.toContain('hunter2');
  await expect(`${output}\n`).toMatchFileSnapshot(join(folder, `${name}.txt`));
});
