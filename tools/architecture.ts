// Checks the one-way rule of .dependency-cruiser.cjs and prints each violation with its remedy.
//
// Without a TypeScript that it can use, dependency-cruiser reads no .ts file, finds nothing to complain about and
// exits 0. So its answer counts only if every source file is among the modules it says it has read.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folders of the product: each .ts file in them must have been read. */
export const productFolders = ['core', 'conventions', 'detectors', 'alerts', 'config', 'agent'] as const;
const otherFolders = ['bench', 'examples', 'test', 'tools'];

/** As much of dependency-cruiser's JSON as is used here. */
export interface CruiseResult {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly totalCruised: number;
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
      readonly cycle?: readonly { readonly name: string }[];
    }[];
    readonly ruleSetUsed?: {
      readonly forbidden?: readonly { readonly name?: string; readonly comment?: string }[];
    };
  };
}

export interface ArchitectureReport {
  readonly cruised: number;
  /** One line each, with what to do; empty: all is well. */
  readonly faults: readonly string[];
}

/** All .ts files under a folder, as paths from `root` with forward slashes. */
export function sourceFiles(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .sort();
}

/** Judges what dependency-cruiser answered against the files that are there. */
export function judgeCruise(result: CruiseResult, expected: readonly string[]): ArchitectureReport {
  const { totalCruised, violations, ruleSetUsed } = result.summary;
  const faults: string[] = [];
  if (totalCruised === 0) {
    faults.push('dependency-cruiser read 0 modules: is the package typescript (6.x) installed?');
  }
  const read = new Set(result.modules.map((module) => module.source));
  for (const file of expected) {
    if (!read.has(file)) faults.push(`${file} was not read by dependency-cruiser: its imports are unchecked`);
  }
  const remedies = new Map(ruleSetUsed?.forbidden?.map((rule) => [rule.name, rule.comment]));
  for (const { from, to, rule, cycle } of violations) {
    const target = cycle === undefined ? to : cycle.map((step) => step.name).join(' → ');
    faults.push(`${from} → ${target}\n    ${rule.name}: ${remedies.get(rule.name) ?? ''}`);
  }
  return { cruised: totalCruised, faults };
}

/** Runs dependency-cruiser in `root` (the project or a copy of it), with the project's own installation of it. */
export function checkArchitecture(root: string): ArchitectureReport {
  const installation = join(dirname(fileURLToPath(import.meta.url)), '..', 'node_modules');
  const tool = join(installation, 'dependency-cruiser', 'bin', 'dependency-cruiser.mjs');
  const folders = [...productFolders, ...otherFolders].filter((folder) => existsSync(join(root, folder)));
  const run = spawnSync(
    process.execPath,
    [tool, '--config', '.dependency-cruiser.cjs', '-T', 'json', ...folders],
    { cwd: root, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 },
  );
  if (!run.stdout.startsWith('{')) {
    return { cruised: 0, faults: [`dependency-cruiser gave no answer: ${run.stderr.trim()}`] };
  }
  const expected = productFolders.flatMap((folder) => sourceFiles(root, folder));
  return judgeCruise(JSON.parse(run.stdout) as CruiseResult, expected);
}

if (import.meta.main) {
  const { cruised, faults } = checkArchitecture(join(dirname(fileURLToPath(import.meta.url)), '..'));
  for (const fault of faults) console.error(fault);
  console.log(`architecture: ${cruised} modules read, ${faults.length} faults`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
