// The code in the documents is code: what is shown as a whole file has to compile in its place, and its tests to pass.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

interface Example {
  readonly document: string;
  readonly file: string;
  readonly text: string;
}

/** Blocks after a comment `<!-- file: path -->`. */
function findExamples(): Example[] {
  const documents = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  return documents.flatMap((document) => {
    const text = readFileSync(join(root, 'docs', document), 'utf8');
    const blocks = text.matchAll(/<!-- file: (\S+) -->\n```ts\n([\s\S]*?)```/g);
    return [...blocks].map(([, file = '', code = '']) => ({ document, file, text: code }));
  });
}

const examples = findExamples();
let copy = '';

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'kedge-docs-'));
  for (const folder of ['core', 'conventions', 'detectors', 'alerts', 'config', 'test/support']) {
    cpSync(join(root, folder), join(copy, folder), { recursive: true });
  }
  for (const file of ['package.json', 'tsconfig.json', 'biome.json'])
    cpSync(join(root, file), join(copy, file));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const { file, text } of examples) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    writeFileSync(join(copy, file), text);
  }
  const settings = { extends: './tsconfig.json', include: examples.map(({ file }) => file) };
  writeFileSync(join(copy, 'tsconfig.examples.json'), JSON.stringify(settings));
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

function run(tool: string, ...args: string[]): string {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [join(root, 'node_modules', tool), ...args],
    {
      cwd: copy,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    },
  );
  return status === 0 ? '' : `${stdout}${stderr}`;
}

test('each page on a plug-in shows a plug-in and its test', () => {
  const pages = ['adding-a-channel.md', 'adding-a-convention.md', 'adding-a-detector.md'];
  for (const page of pages) {
    const files = examples.filter(({ document }) => document === page).map(({ file }) => file);
    expect(files.filter((file) => !file.startsWith('test/'))).toHaveLength(1);
    expect(files.filter((file) => file.endsWith('.test.ts'))).toHaveLength(1);
  }
});

test('the examples compile', () => {
  expect(run('typescript7/bin/tsc', '--noEmit', '-p', 'tsconfig.examples.json')).toBe('');
});

test('the examples are as tidy as the rest', () => {
  expect(run('@biomejs/biome/bin/biome', 'check', '--colors=off', ...examples.map(({ file }) => file))).toBe(
    '',
  );
});

test('the tests of the examples pass', () => {
  const files = examples.map(({ file }) => file).filter((file) => file.endsWith('.test.ts'));
  expect(run('vitest/vitest.mjs', 'run', '--root', copy, ...files)).toBe('');
});
