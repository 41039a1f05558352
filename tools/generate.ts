// Writes what follows from the schema of kedge.yaml: config/kedge.schema.json for editors, and
// docs/configuration.md. `node tools/generate.ts --check` writes nothing, and exits with 1 if one of them is not current.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { registries } from '../agent/agent.ts';
import { describeSchema, type JsonSchema } from '../config/describe.ts';
import { createSchema } from '../config/schema.ts';
import { configurationPage } from './configuration-page.ts';

const root = join(import.meta.dirname, '..');

/** Path in the project → content. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const schema = describeSchema(createSchema(registries), registries);
  return new Map([
    ['config/kedge.schema.json', `${JSON.stringify(forEditors(schema), null, 2)}\n`],
    ['docs/configuration.md', configurationPage(schema)],
  ]);
}

/**
 * As editors need it: a list or mapping that may be left out may also stand there without a value, as it does when
 * all of its lines are comments; and without our own marks.
 */
function forEditors(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(forEditors);
  if (typeof node !== 'object' || node === null) return node;
  const { 'x-file': _, ...rest } = node as JsonSchema;
  const inner: JsonSchema = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [key, forEditors(value)]),
  );
  const properties = inner['properties'] as Readonly<Record<string, JsonSchema>> | undefined;
  if (properties === undefined) return inner;
  const required = (inner['required'] ?? []) as readonly string[];
  const relaxed = Object.entries(properties).map(([name, property]) =>
    required.includes(name) ? [name, property] : [name, orNothing(property)],
  );
  return { ...inner, properties: Object.fromEntries(relaxed) };
}

function orNothing(property: JsonSchema): JsonSchema {
  const { type, anyOf } = property;
  if (type === 'array' || type === 'object') return { ...property, type: [type, 'null'] };
  const isMapping =
    Array.isArray(anyOf) && anyOf.some((choice) => (choice as JsonSchema)['type'] === 'object');
  return isMapping ? { ...property, anyOf: [...anyOf, { type: 'null' }] } : property;
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
