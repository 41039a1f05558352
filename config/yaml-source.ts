import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import type { Fault } from '../core/fault.ts';
import { expandVariables } from './variables.ts';

/** Bytes of a configuration file, at most. */
export const configBytesMax = 1_048_576;
const depthMax = 64;
const tooDeep = `nested too deeply; at most ${depthMax} levels are read`;
/** Values in a file, at most: every check then takes no time, whatever the file. */
const nodesMax = 50_000;
/** Aliases in a file and what they grow to: a file of nested aliases could be gigabytes of data. */
const aliasesMax = 100;

export type Path = readonly (string | number)[];

/** A YAML file, read: plain data, and where each part of it stands. */
export interface YamlSource {
  readonly value: unknown;
  /** 1-based position of the value at the path; of the nearest parent where there is none. */
  place(path: Path): Place;
  /** The same for the key itself. */
  placeOfKey(path: Path): Place;
  /** Offsets of the value in the text; `undefined` where no value of its own stands at the path. */
  range(path: Path): readonly [number, number] | undefined;
  /** Does the value at the path hold text from the environment? Such text is never shown. */
  isFromEnvironment(path: Path): boolean;
}

export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface YamlReading {
  /** Absent where nothing can be said of the content. */
  readonly source: YamlSource | undefined;
  readonly faults: readonly Fault[];
}

type Env = Readonly<Record<string, string | undefined>>;
type Report = (offset: number, path: Path, message: string) => void;

/** Reads YAML 1.2 with every fault of its form. Never throws, whatever the text. */
export function readYaml(text: string, file: string, env: Env): YamlReading {
  const faults: Fault[] = [];
  const lines = new LineCounter();
  const report: Report = (offset, path, message) => {
    const { line, col } = lines.linePos(offset);
    faults.push({ file, line: Math.max(line, 1), column: Math.max(col, 1), path: pathText(path), message });
  };
  if (text.length > configBytesMax || new TextEncoder().encode(text).length > configBytesMax) {
    report(0, [], `the file is larger than ${configBytesMax} bytes`);
    return { source: undefined, faults };
  }
  try {
    return { source: readNodes(text, lines, env, report), faults };
  } catch (error) {
    // The parser recurses: a text of brackets alone exhausts the stack before any depth can be counted.
    if (!(error instanceof RangeError)) throw error;
    report(0, [], tooDeep);
    return { source: undefined, faults };
  }
}

/** `rules[1].match`; keys that are no plain words in quotes. */
export function pathText(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[\w-]+$/.test(step)) text += text === '' ? step : `.${step}`;
    else text += `[${JSON.stringify(step.slice(0, 100))}]`;
  }
  return text;
}

function readNodes(text: string, lines: LineCounter, env: Env, report: Report): YamlSource | undefined {
  const document = parseDocument(text, {
    lineCounter: lines,
    version: '1.2',
    // Checked in `walk`, in linear time and with both places.
    uniqueKeys: false,
    merge: true,
    prettyErrors: false,
    logLevel: 'error',
  });
  const [first, ...others] = document.errors;
  // Once the reader has lost its way it stumbles over every word that follows.
  const own = others.filter(({ code }) => code !== 'UNEXPECTED_TOKEN' && code !== first?.code);
  for (const error of [...(first === undefined ? [] : [first]), ...own, ...document.warnings]) {
    const near = text.slice(Math.max(0, error.pos[0] - 2), error.pos[0] + 2);
    const hint = near.includes('${') ? `; inside of { } and [ ] write "\${NAME}" in quotes` : '';
    report(error.pos[0], [], yamlMessage(error.code, error.message) + hint);
  }
  // What follows the first such error is guesswork.
  if (document.errors.length > 0) return undefined;
  const root = document.contents;
  const walker = new Walker(document, env, report);
  if (!walker.walk(root)) return undefined;
  try {
    const value: unknown = document.toJS({ maxAliasCount: aliasesMax });
    return new NodeSource(value ?? {}, root, lines, (alias) => alias.resolve(document), walker.expanded);
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    report(walker.firstAlias, [], 'aliases (*name) grow to too much data here; write the values out');
    return undefined;
  }
}

function yamlMessage(code: string, message: string): string {
  switch (code) {
    case 'MULTIPLE_DOCS':
      return 'a second document begins here; a configuration is one document';
    case 'TAG_RESOLVE_FAILED':
      return `${message.replace(/^Unresolved tag/, 'unknown tag')}; only plain YAML 1.2 values are read`;
    case 'UNEXPECTED_TOKEN':
    case 'BAD_DQ_ESCAPE':
      // What follows is a piece of the file, which may be a secret.
      return `not valid YAML: ${message.split(':')[0]}`;
    default:
      // The parser recurses, and reports it when its stack is used up.
      if (/call stack|stack overflow/i.test(message)) return tooDeep;
      return `not valid YAML: ${message.split('\n')[0]}`;
  }
}

type Document = ReturnType<typeof parseDocument>;
type AnyNode = Node | null | undefined;
type AliasNode = Extract<AnyNode, { readonly source: string }> & { resolve(document: Document): AnyNode };

interface Visit {
  readonly node: AnyNode;
  readonly path: Path;
  readonly ancestors: readonly AnyNode[];
}

/** Looks at every node once: depth, keys, aliases; and puts the environment's values into scalars. */
class Walker {
  readonly expanded = new Set<unknown>();
  firstAlias = Number.POSITIVE_INFINITY;
  #aliases = 0;
  #nodes = 0;
  readonly #document: Document;
  readonly #env: Env;
  readonly #report: Report;

  constructor(document: Document, env: Env, report: Report) {
    this.#document = document;
    this.#env = env;
    this.#report = report;
  }

  /** False where the content cannot be used at all. */
  walk(root: AnyNode): boolean {
    const open: Visit[] = [{ node: root, path: [], ancestors: [] }];
    for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
      if (!this.#visit(visit)) return false;
      for (const child of below(visit)) open.push(child);
    }
    return true;
  }

  #visit(visit: Visit): boolean {
    const { node, path } = visit;
    this.#nodes++;
    if (this.#nodes > nodesMax) {
      this.#report(start(node), [], `more than ${nodesMax} values; a configuration has a few hundred`);
      return false;
    }
    if (path.length > depthMax) {
      this.#report(start(node), path.slice(0, 5), tooDeep);
      return false;
    }
    if (isAlias(node)) return this.#checkAlias(node as AliasNode, visit);
    if (isMap(node)) return this.#checkKeys(node as YAMLMap<AnyNode, AnyNode>, path);
    if (isScalar(node)) this.#expand(node, path);
    return true;
  }

  #checkAlias(node: AliasNode, { path, ancestors }: Visit): boolean {
    this.#aliases++;
    this.firstAlias = Math.min(this.firstAlias, start(node));
    const problem = this.#aliasProblem(node, ancestors);
    if (problem !== '') this.#report(start(node), path, problem);
    return problem === '';
  }

  #aliasProblem(node: AliasNode, ancestors: readonly AnyNode[]): string {
    if (this.#aliases > aliasesMax) return `more than ${aliasesMax} aliases (*name); write the values out`;
    const target = node.resolve(this.#document);
    if (target === undefined)
      return 'no such anchor (&name) before this alias; a text that begins with * needs quotes';
    return ancestors.includes(target) ? 'this alias stands inside of what it names' : '';
  }

  #checkKeys(map: YAMLMap<AnyNode, AnyNode>, path: Path): boolean {
    const seen = new Map<string, number>();
    for (const { key, value } of map.items) {
      if (keyText(key) === '<<' && !this.#isMergeable(value)) {
        this.#report(start(key), path, 'expected a mapping to merge, such as <<: *name, or a list of such');
        return false;
      }
      if (!isScalar(key)) {
        this.#report(start(key) || start(map), path, 'expected a plain word as a key');
        return false;
      }
      const text = keyText(key);
      const first = seen.get(text);
      if (first === undefined) seen.set(text, start(key));
      else this.#report(start(key), [...path, text], 'this key is there twice; keep one of the two');
    }
    return true;
  }

  /** A mapping, an alias of one, or a list of those. */
  #isMergeable(value: AnyNode): boolean {
    const isMapping = (node: AnyNode) => isMap(isAlias(node) ? node.resolve(this.#document) : node);
    return isSeq(value) ? value.items.every((item) => isMapping(item as AnyNode)) : isMapping(value);
  }

  #expand(node: AnyNode, path: Path): void {
    if (!isScalar(node) || typeof node.value !== 'string' || !node.value.includes('${')) return;
    const result = expandVariables(node.value, this.#env);
    for (const problem of result.problems) this.#report(start(node), path, problem);
    this.expanded.add(node);
    node.value = node.type === 'PLAIN' ? plainValue(result.text) : result.text;
  }
}

function below({ node, path, ancestors }: Visit): readonly Visit[] {
  const line = ancestors.concat(node);
  if (isSeq(node)) {
    return node.items.map((item, i) => ({ node: item as AnyNode, path: [...path, i], ancestors: line }));
  }
  if (!isMap(node)) return [];
  const pairs = node.items as Pair<AnyNode, AnyNode>[];
  return pairs.map(({ key, value }) => ({ node: value, path: [...path, keyText(key)], ancestors: line }));
}

/** As YAML would have read it: an unquoted `${PORT}` may be a number, a quoted one is always a text. */
function plainValue(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?(0|[1-9]\d{0,14})(\.\d{1,15})?$/.test(text) ? Number(text) : text;
}

class NodeSource implements YamlSource {
  readonly value: unknown;
  readonly #root: AnyNode;
  readonly #lines: LineCounter;
  readonly #resolve: (alias: AliasNode) => AnyNode;
  readonly #expanded: ReadonlySet<unknown>;

  constructor(
    value: unknown,
    root: AnyNode,
    lines: LineCounter,
    resolve: (alias: AliasNode) => AnyNode,
    expanded: ReadonlySet<unknown>,
  ) {
    this.value = value;
    this.#root = root;
    this.#lines = lines;
    this.#resolve = resolve;
    this.#expanded = expanded;
  }

  place(path: Path): Place {
    const { node, key, whole } = this.#find(path);
    // A key without a value, or a parent whose child is missing, is shown by its key.
    const shown = (whole && node) || key || node;
    return this.#placeOf(start(shown));
  }

  placeOfKey(path: Path): Place {
    const { node, key } = this.#find(path);
    return this.#placeOf(start(key ?? node));
  }

  range(path: Path): readonly [number, number] | undefined {
    const { node, whole } = this.#find(path);
    const range = whole ? this.#follow(node)?.range : undefined;
    return range ? [range[0], range[1]] : undefined;
  }

  isFromEnvironment(path: Path): boolean {
    const { node, whole } = this.#find(path);
    return whole && this.#expanded.has(this.#follow(node));
  }

  #placeOf(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  /** Goes down as far as the file does; `whole`: to the end of the path. */
  #find(path: Path): { node: AnyNode; key: AnyNode; whole: boolean } {
    let node = this.#root;
    let key: AnyNode;
    for (const step of path) {
      const parent = this.#follow(node);
      if (isSeq(parent) && typeof step === 'number' && step < parent.items.length) {
        node = parent.items[step] as AnyNode;
        key = undefined;
        continue;
      }
      const pair = isMap(parent) ? this.#pair(parent as YAMLMap<AnyNode, AnyNode>, String(step)) : undefined;
      if (pair === undefined) return { node, key, whole: false };
      node = pair.value;
      key = pair.key;
    }
    return { node, key, whole: true };
  }

  /** The pair of a key, of `<key>_file` where a file holds the value, or one merged in by `<<`. */
  #pair(map: YAMLMap<AnyNode, AnyNode>, step: string): Pair<AnyNode, AnyNode> | undefined {
    const own =
      map.items.find(({ key }) => keyText(key) === step) ??
      map.items.find(({ key }) => keyText(key) === `${step}_file`);
    if (own !== undefined) return own;
    for (const { key, value } of map.items) {
      if (keyText(key) !== '<<') continue;
      const merged = this.#follow(value);
      const maps = isSeq(merged) ? merged.items.map((item) => this.#follow(item as AnyNode)) : [merged];
      for (const other of maps) {
        const pair = isMap(other) ? this.#pair(other as YAMLMap<AnyNode, AnyNode>, step) : undefined;
        if (pair !== undefined) return pair;
      }
    }
    return undefined;
  }

  #follow(node: AnyNode): AnyNode {
    return isAlias(node) ? this.#resolve(node as AliasNode) : node;
  }
}

function keyText(key: AnyNode): string {
  if (!isScalar(key)) return '';
  return typeof key.value === 'symbol' ? '<<' : String(key.value);
}

function start(node: AnyNode): number {
  return node?.range?.[0] ?? 0;
}
