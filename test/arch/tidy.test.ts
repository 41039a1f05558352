// Reads the sources as text, for what neither the type checker nor the linter sees. Each ban says what to do instead.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { metrics } from '../../core/metrics.ts';
import { productFolders, sourceFiles } from '../../tools/architecture.ts';

const root = join(import.meta.dirname, '..', '..');
const linesMax = 400;
/** The formatter wraps code; comments and long texts it leaves as they are. */
const columnsMax = 110;
const commentColumnsMax = 130;

interface Source {
  readonly file: string;
  readonly text: string;
  readonly lines: readonly string[];
}

function readSources(folders: readonly string[]): Source[] {
  return folders
    .flatMap((folder) => sourceFiles(root, folder))
    .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }))
    .map((source) => ({ ...source, lines: source.text.replace(/\n$/, '').split('\n') }));
}

const product = readSources(productFolders);
const everything = [...product, ...readSources(['bench', 'examples', 'test', 'tools'])];

/** Effects live in adapters, the command line and main.ts; the launcher is no TypeScript. */
const mayHaveEffects = (file: string) => /^agent\/(adapters|cli)\/|^agent\/main\.ts$/.test(file);

/** `file:line: what to do` for each line that matches, comments left out. */
function findLines(sources: readonly Source[], pattern: RegExp, remedy: string): string[] {
  return sources.flatMap(({ file, lines }) =>
    lines.flatMap((line, index) => {
      const code = line.replace(/^\s*(\/\/|\/?\*).*/, '').replace(/\s\/\/ .*/, '');
      return pattern.test(code) ? [`${file}:${index + 1}: ${remedy}`] : [];
    }),
  );
}

test('enough files were found for the other tests here to mean something', () => {
  expect(product.length).toBeGreaterThan(40);
  for (const folder of productFolders) {
    expect(product.some(({ file }) => file.startsWith(`${folder}/`))).toBe(true);
  }
});

test('the search for a banned word sees it in code and not in a comment', () => {
  const lines = [
    'const x = Math.random();',
    '// Math.random( is banned',
    ' * Math.random()',
    'f(); // Math.random()',
  ];
  const found = findLines([{ file: 'a.ts', text: '', lines }], /\bMath\.random\(/, 'no');
  expect(found).toEqual(['a.ts:1: no']);
});

const bans: readonly (readonly [
  what: string,
  pattern: RegExp,
  remedy: string,
  allowed: readonly string[],
])[] = [
  ['chance', /\bMath\.random\b/, 'take numbers from the Random port', []],
  [
    'the time of day',
    /\bDate\.(now|parse|UTC)\b|\bnew Date\b/,
    'take the time from the Clock port',
    ['core/time.ts'],
  ],
  ['timers', /\b(setTimeout|setInterval|setImmediate|queueMicrotask)\b/, 'use Clock.runAt', []],
  ['late imports', /(^|[^.\w])import\(/, 'load lazily in an adapter', []],
  ['the process', /\bprocess\.(env|exit|argv|stdout|stderr|on)\b/, 'pass it in from agent/main.ts', []],
];

test.each(bans)('%s stays in adapters, agent/cli and main.ts', (_what, pattern, remedy, allowed) => {
  const sources = product.filter(({ file }) => !mayHaveEffects(file) && !allowed.includes(file));
  expect(findLines(sources, pattern, remedy)).toEqual([]);
});

test('no mock of a module and no fake timer: fakes stand behind ports, time is the virtual clock', () => {
  const others = everything.filter(({ file }) => file !== 'test/arch/tidy.test.ts');
  expect(
    findLines(others, /\bvi\.(mock|doMock|useFakeTimers|stubGlobal)\b/, 'write a fake behind the port'),
  ).toEqual([]);
});

test('no test is left alone or left out', () => {
  const others = everything.filter(({ file }) => file !== 'test/arch/tidy.test.ts');
  expect(findLines(others, /\b(test|it|describe)\.(only|todo)\b/, 'finish it')).toEqual([]);
});

test('no note to come back later', () => {
  const marks = /\b(FIXME|XXX|HACK|TODO)\b/;
  const found = everything
    .filter(({ file }) => file !== 'test/arch/tidy.test.ts')
    .filter(({ text }) => marks.test(text))
    .map(({ file }) => `${file}: open an issue, or do it now`);
  expect(found).toEqual([]);
});

test(`no file of the product has more than ${linesMax} lines`, () => {
  const long = product
    .filter(({ lines }) => lines.length > linesMax)
    .map(({ file, lines }) => `${file}: ${lines.length} lines; a file tells one story: find the second one`);
  expect(long).toEqual([]);
});

test('no line of the product is too long, texts and patterns left aside', () => {
  const isLong = (line: string) =>
    /^\s*(\/\/|\/?\*)/.test(line)
      ? line.length > commentColumnsMax
      : line.replaceAll(/'[^']*'|`[^`]*`|\/(?:\\.|[^/\\])+\//g, "''").length > columnsMax;
  const long = product.flatMap(({ file, lines }) =>
    lines.flatMap((line, index) => (isLong(line) ? [`${file}:${index + 1}: ${line.length} columns`] : [])),
  );
  expect(long).toEqual([]);
});

test('file names are kebab-case', () => {
  const name = /^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.d)?\.ts$/;
  const odd = everything
    .map(({ file }) => file)
    .filter((file) => !name.test(file.slice(file.lastIndexOf('/') + 1)));
  expect(odd).toEqual([]);
});

const plugInFolders: readonly (readonly [folder: string, registries: readonly string[]])[] = [
  ['conventions', ['conventions/registry.ts']],
  ['detectors', ['detectors/registry.ts']],
  ['alerts/channels', ['alerts/channels/registry.ts', 'alerts/registry.ts']],
  ['alerts/actions', ['alerts/actions/registry.ts', 'alerts/registry.ts']],
];

test.each(plugInFolders)(
  'each plug-in of %s is in the registry and has a test file',
  (folder, registries) => {
    const registry = product
      .filter(({ file }) => registries.includes(file))
      .map(({ text }) => text)
      .join('\n');
    expect(registry, `${folder} has no registry`).not.toBe('');
    const definition = /\bdefine(Detector|Channel|Action)(<\w+>)?\(|: Convention = /;
    const plugIns = product.filter(
      ({ file, text }) =>
        file.startsWith(`${folder}/`) &&
        !file.slice(folder.length + 1).includes('/') &&
        definition.test(text),
    );
    const tests = everything.filter(({ file }) => file.endsWith('.test.ts'));
    const faults = plugIns.flatMap(({ file, text }) => {
      if (/export function define/.test(text)) return [];
      const name = file.slice(file.lastIndexOf('/') + 1);
      const tested = tests.some((one) => one.text.includes(`${file}'`));
      return [
        ...(registry.includes(`/${name}'`) ? [] : [`${file}: no line in the registry`]),
        ...(tested ? [] : [`${file}: no test imports it`]),
      ];
    });
    expect(plugIns.length).toBeGreaterThan(0);
    expect(faults).toEqual([]);
  },
);

test('every name that begins with kedge_ is in the catalogue of core/metrics.ts', () => {
  const names = new Set<string>(Object.values(metrics).map((metric) => metric.name));
  const suffix = /_(bucket|sum|count)$/;
  const unknown = product
    .filter(({ file }) => file !== 'core/metrics.ts')
    .flatMap(({ file, text }) =>
      [...text.matchAll(/['"`](kedge_[a-z0-9_]+)/g)]
        .map((match) => match[1] ?? '')
        .filter((name) => !names.has(name) && !names.has(name.replace(suffix, '')))
        .map((name) => `${file}: ${name}`),
    );
  expect(unknown).toEqual([]);
});

test('every metric of the catalogue is written by something', () => {
  const code = product
    .filter(({ file }) => /^(agent|alerts)\//.test(file))
    .map(({ text }) => text)
    .join('\n');
  const unused = Object.keys(metrics).filter((key) => !code.includes(`'${key}'`));
  // Reported only: the catalogue may run ahead of the code while a stage is being built.
  if (unused.length > 0) console.warn(`metrics that nothing writes: ${unused.join(', ')}`);
  expect(unused.length).toBeLessThan(Object.keys(metrics).length);
});

/** Files of the project outside folders that are made or installed. */
function allFiles(folder: string): string[] {
  const skipped = new Set(['node_modules', 'dist', 'data', 'coverage', '.git']);
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (skipped.has(entry.name)) return [];
    return entry.isDirectory() ? allFiles(path) : [path];
  });
}

test('relative links in the documents lead somewhere', () => {
  const files = allFiles('');
  const present = new Set(files);
  const folders = new Set(
    files.flatMap((file) => file.split('/').map((_, i, parts) => parts.slice(0, i).join('/'))),
  );
  const documents = files.filter((file) => file.endsWith('.md'));
  const dead = documents.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8').replace(/```[\s\S]*?```/g, '');
    return [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)].flatMap((match) => {
      const target = join(file, '..', match[1] ?? '')
        .replaceAll('\\', '/')
        .replace(/\/$/, '');
      return present.has(target) || folders.has(target) ? [] : [`${file}: ${match[1]}`];
    });
  });
  expect(documents.length).toBeGreaterThan(5);
  expect(dead).toEqual([]);
});

test('no large file outside test data', () => {
  const bytesMax = 500_000;
  const large = allFiles('')
    .filter((file) => !/^test\/(captures|golden|data)\//.test(file))
    .filter((file) => statSync(join(root, file)).size > bytesMax);
  expect(large).toEqual([]);
});
