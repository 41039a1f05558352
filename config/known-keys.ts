import type { JsonSchema } from './describe.ts';
import type { Path } from './yaml-source.ts';

/** The JSON Schema, asked about places in a file. */
export class SchemaView {
  readonly #describe: () => JsonSchema;
  #made: JsonSchema | undefined;

  /** Made when first asked: a file without faults and secrets needs none. */
  constructor(describe: () => JsonSchema) {
    this.#describe = describe;
  }

  get #root(): JsonSchema {
    this.#made ??= this.#describe();
    return this.#made;
  }

  /** What may stand at the path, given the values on the way: several where the file does not decide. */
  at(path: Path, value: unknown): readonly JsonSchema[] {
    let nodes = this.#fitting([this.#root], value);
    let here = value;
    for (const step of path) {
      here = childValue(here, step);
      nodes = this.#fitting(
        nodes.flatMap((node) => childSchema(node, step)),
        here,
      );
    }
    return nodes;
  }

  /** Keys known at the path, in the order of the schema. */
  keysAt(path: Path, value: unknown): readonly string[] {
    const names = this.at(path, value).flatMap((node) => Object.keys(propertiesOf(node)));
    return [...new Set(names)];
  }

  isSecret(path: Path, value: unknown): boolean {
    return this.at(path, value).some((node) => node['writeOnly'] === true);
  }

  /** References followed and alternatives narrowed by the value's `type`, to a bounded depth. */
  #fitting(nodes: readonly JsonSchema[], value: unknown, depth = 0): readonly JsonSchema[] {
    if (depth > 4) return nodes;
    return nodes.flatMap((node) => {
      const reference = node['$ref'];
      if (typeof reference === 'string') {
        const name = reference.split('/').at(-1) as string;
        const definitions = this.#root['$defs'] as Readonly<Record<string, JsonSchema>> | undefined;
        const target = definitions?.[name];
        return target === undefined ? [] : this.#fitting([target], value, depth + 1);
      }
      const choices = (node['oneOf'] ?? node['anyOf']) as readonly JsonSchema[] | undefined;
      if (choices === undefined) return [node];
      const type = childValue(value, 'type');
      const chosen = choices.filter((choice) => propertiesOf(choice)['type']?.['const'] === type);
      return this.#fitting(chosen.length > 0 ? chosen : choices, value, depth + 1);
    });
  }
}

export function propertiesOf(node: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return (node['properties'] as Readonly<Record<string, JsonSchema>> | undefined) ?? {};
}

export function childValue(value: unknown, step: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
  return (value as Readonly<Record<string | number, unknown>>)[step];
}

function childSchema(node: JsonSchema, step: string | number): readonly JsonSchema[] {
  const properties = propertiesOf(node);
  const inner =
    typeof step === 'number'
      ? node['items']
      : Object.hasOwn(properties, step)
        ? properties[step]
        : node['additionalProperties'];
  return typeof inner === 'object' && inner !== null ? [inner as JsonSchema] : [];
}

/**
 * The known word nearest to a word, if it is near: one begins the other, or at most a third of the letters
 * differ.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const within = (candidate: string) => Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3));
  const near = known
    .map((candidate) => ({ candidate, distance: editDistance(word.slice(0, 64), candidate) }))
    .filter(({ candidate, distance }) => distance <= within(candidate) || begins(word, candidate))
    .sort((a, b) => a.distance - b.distance);
  return near[0]?.candidate;
}

const begins = (a: string, b: string) =>
  Math.min(a.length, b.length) >= 3 && (a.startsWith(b) || b.startsWith(a));

/**
 * Optimal string alignment: inserted, deleted, changed letters, and two neighbours swapped, each counts one.
 */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, at(before, j - 2) + 1);
      row.push(cost);
    }
    before = last;
    last = row;
  }
  return at(last, b.length);
}

const at = (row: readonly number[], index: number) => row[index] ?? Number.POSITIVE_INFINITY;
