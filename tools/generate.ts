// Writes what follows from the schema of kedge.yaml: config/kedge.schema.json for editors, docs/configuration.md.
// `node tools/generate.ts --check` writes nothing, and exits with 1 if one of them is not current.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { registries } from '../agent/agent.ts';
import { describeSchema } from '../config/describe.ts';
import { createSchema } from '../config/schema.ts';
import { configurationPage } from './configuration-page.ts';

const root = join(import.meta.dirname, '..');

/** Path in the project → content. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const schema = describeSchema(createSchema(registries), registries);
  return new Map([
    ['config/kedge.schema.json', `${JSON.stringify(schema, null, 2)}\n`],
    ['docs/configuration.md', configurationPage(schema)],
  ]);
}

/** Those that are missing or differ. */
export function staleFiles(): readonly string[] {
  return [...generatedFiles()]
    .filter(([path, content]) => readIfThere(path) !== content)
    .map(([path]) => path);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return undefined;
  }
}

function main(args: readonly string[]): number {
  const stale = staleFiles();
  if (args.includes('--check')) {
    for (const path of stale) console.error(`${path} is not current: run node tools/generate.ts`);
    return stale.length === 0 ? 0 : 1;
  }
  const files = generatedFiles();
  for (const path of stale) writeFileSync(join(root, path), files.get(path) ?? '');
  console.log(stale.length === 0 ? 'all current' : `written: ${stale.join(', ')}`);
  return 0;
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2));
