import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

/** A Node older than Kedge needs, somewhere on the PATH of this machine; '' where there is none. */
function findOldNode(): string {
  const places = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/bin', '/usr/bin'];
  const outside = places.filter((place) => place !== '' && !place.includes('node_modules'));
  for (const candidate of new Set(outside.map((place) => join(place, 'node')))) {
    if (!existsSync(candidate)) continue;
    const version = execFileSync(candidate, ['--version'], { encoding: 'utf8' }).trim();
    const [major = 0, minor = 0] = version.slice(1).split('.').map(Number);
    if (major < 22 || (major === 22 && minor < 19)) return candidate;
  }
  return '';
}

const oldNode = findOldNode();
if (oldNode === '')
  console.warn('launcher: not tried with an old Node, for this machine has none on its PATH');

const launchers = ['agent/kedge.js', 'dist/agent/kedge.js'].filter((file) => existsSync(join(root, file)));

test.skipIf(oldNode === '').each(launchers)(
  '%s refuses an old Node in one line, with exit code 2',
  (file) => {
    const version = execFileSync(oldNode, ['--version'], { encoding: 'utf8' }).trim();
    const run = spawnSync(oldNode, [join(root, file), 'serve'], { encoding: 'utf8' });
    expect(run.stderr).toBe(`kedge: Node.js >=22.19 is needed, this is ${version}\n`);
    expect(run.stdout).toBe('');
    expect(run.status).toBe(2);
  },
);

test('tests run on a Node that Kedge accepts', () => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  expect(major > 22 || (major === 22 && minor >= 19)).toBe(true);
});
