import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { registries } from '../../../agent/agent.ts';
import { agentVersion } from '../../../agent/cli/version.ts';
import { formatFault, loadConfig } from '../../../config/load.ts';

const root = join(import.meta.dirname, '../../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

test('the configuration in the README is one the agent starts with', () => {
  const text = /```yaml\n(data_dir[\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
  const loaded = loadConfig(text, 'README.md', registries, { env: {}, readFile: () => secret });
  expect(loaded.ok ? [] : loaded.faults.map((fault) => formatFault(fault, text))).toEqual([]);
  expect(loaded.warnings.map((fault) => formatFault(fault, text))).toEqual([]);
});

test('the version the agent tells is that of package.json', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  expect(agentVersion).toBe(version);
});
