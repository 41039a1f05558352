import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly optional?: boolean;
  readonly link?: boolean;
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly license?: string | { readonly type?: string };
  readonly licenses?: readonly { readonly type?: string }[];
  readonly allowScripts?: Readonly<Record<string, boolean>>;
}

const readJson = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8')) as unknown;
const lock = readJson('package-lock.json') as { readonly packages: Readonly<Record<string, Locked>> };
const locked = Object.entries(lock.packages).filter(([path]) => path.startsWith('node_modules/'));
const manifests = ['package.json', 'tools/node/package.json'];

test('package.json names exact versions', () => {
  const ranges = manifests.flatMap((file) => {
    const { dependencies, devDependencies, optionalDependencies } = readJson(file) as Manifest;
    const wanted = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
    expect(wanted.length).toBeGreaterThan(0);
    return wanted
      .filter(([, version]) => !/^(npm:[@\w/.-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
      .map(([name, version]) => `${file}: ${name} ${version}`);
  });
  expect(ranges).toEqual([]);
});

test('the lock names no host, so that it works with any registry', () => {
  const hosts = locked.filter(([, entry]) => entry.resolved !== undefined && entry.link !== true);
  expect(locked.length).toBeGreaterThan(100);
  expect(hosts.map(([path, entry]) => `${path}: ${entry.resolved}`)).toEqual([]);
});

test('every package of the lock has an integrity hash', () => {
  const unsafe = locked.filter(([, entry]) => entry.link !== true && entry.integrity === undefined);
  expect(unsafe.map(([path]) => path)).toEqual([]);
});

test('no install script may run', () => {
  const allowed = Object.entries((readJson('package.json') as Manifest).allowScripts ?? {});
  expect(allowed.filter(([, runs]) => runs)).toEqual([]);
});

const licencesAllowed = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Unlicense',
]);

function licenceOf(path: string): string {
  const { license, licenses } = readJson(join(path, 'package.json')) as Manifest;
  if (typeof license === 'string') return license;
  return license?.type ?? licenses?.map((one) => one.type ?? '').join(' OR ') ?? '';
}

/** `(MIT OR GPL-3.0)` is fine, for we may choose; `MIT AND GPL-3.0` is not. */
function isAllowed(expression: string): boolean {
  const bare = expression.replaceAll(/[()]/g, '');
  return bare
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((id) => licencesAllowed.has(id.trim())));
}

test('a licence is judged as an expression', () => {
  expect(['MIT', '(MIT OR GPL-3.0)', 'MIT AND ISC'].filter(isAllowed)).toHaveLength(3);
  expect(['GPL-3.0', 'MIT AND GPL-3.0', '', 'SEE LICENSE IN x'].filter(isAllowed)).toEqual([]);
});

test('every package that is shipped has a licence that allows it', () => {
  const shipped = locked.filter(([, { dev, devOptional, link }]) => !dev && !devOptional && !link);
  // Optional packages of other platforms are in the lock, but not on this disk.
  const installed = shipped.filter(([path, { optional }]) => !optional || existsSync(join(root, path)));
  const odd = installed
    .map(([path]) => [path, licenceOf(path)] as const)
    .filter(([, licence]) => !isAllowed(licence))
    .map(([path, licence]) => `${path}: "${licence}"`);
  expect(installed.length).toBeGreaterThan(20);
  expect(odd).toEqual([]);
});

/** Grows only with a reason in docs/decisions: each package is code that we answer for. */
const shippedMax = 130;

test(`at most ${shippedMax} packages are shipped`, () => {
  const shipped = locked.filter(([, { dev, devOptional, link }]) => !dev && !devOptional && !link);
  expect(shipped.length).toBeLessThanOrEqual(shippedMax);
});
