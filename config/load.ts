import type { Fault } from '../core/fault.ts';
import { buildConfig } from './build.ts';
import { crossCheck } from './checks.ts';
import type { Config } from './config.ts';
import { defaultRules } from './defaults.ts';
import { describeSchema } from './describe.ts';
import { Examination } from './examination.ts';
import { explain } from './explain.ts';
import { refuseIssues } from './faults.ts';
import { readOptionFiles } from './files.ts';
import { SchemaView } from './known-keys.ts';
import { shownLine } from './mask.ts';
import type { Registries } from './registries.ts';
import { createSchema } from './schema.ts';
import { readYaml } from './yaml-source.ts';

export { formatFault } from './faults.ts';

/** Faults told at once, at most: who has more has one and the same many times. */
const faultsMax = 100;

/** What the loader may look at besides the text. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The content of a small file; `undefined` where it cannot be read. */
  readFile(path: string): string | undefined;
  /** Can the file be read? Where it is not given, `readFile` answers: a reference may be large. */
  isReadable?(path: string): boolean;
}

export type Loaded =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly Fault[] }
  | { readonly ok: false; readonly faults: readonly Fault[]; readonly warnings: readonly Fault[] };

/**
 * Reads kedge.yaml: YAML with its variables, then the schema, then what no schema can say. Reports every
 * fault at once, in the order of the file; never throws, whatever the text.
 */
export function loadConfig(
  text: string,
  file: string,
  registries: Registries,
  surroundings: Surroundings,
): Loaded {
  const { source, faults } = readYaml(text, file, surroundings.env);
  if (source === undefined) return { ok: false, faults: withExcerpts(faults, text), warnings: [] };
  const schema = createSchema(registries);
  const examination = new Examination(file, source, new SchemaView(() => describeSchema(schema, registries)));
  examination.adopt(faults);
  readOptionFiles(examination, (path) => surroundings.readFile(path));

  const parsed = schema.safeParse(withDefaultRules(examination.value, registries), { error: explain });
  refuseIssues(examination, parsed.error?.issues ?? []);
  crossCheck(examination, registries, surroundings);

  const shown = examination.maskedText(text);
  const warnings = withExcerpts(examination.warnings, shown);
  if (!parsed.success || examination.faults.length > 0) {
    return { ok: false, faults: withExcerpts(examination.faults, shown, examination.overflow), warnings };
  }
  return { ok: true, config: buildConfig(parsed.data, registries), warnings };
}

/** A file without `rules` has the default ones, as far as their detectors are there. */
function withDefaultRules(value: unknown, registries: Registries): unknown {
  const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isMapping || Object.hasOwn(value, 'rules')) return value;
  const types = registries.detectors.map(({ type }) => type);
  const rules = defaultRules.filter((rule) => types.some((type) => Object.hasOwn(rule, type)));
  return Object.fromEntries([...Object.entries(value), ['rules', rules]]);
}

/** In the order of the file, each with its line of it. */
function withExcerpts(faults: readonly Fault[], text: string, overflow = 0): readonly Fault[] {
  const ordered = faults.toSorted((a, b) => a.line - b.line || a.column - b.column);
  const shown = ordered.slice(0, faultsMax);
  const left = ordered.length - shown.length + overflow;
  const last = shown.at(-1);
  if (left > 0 && last !== undefined)
    shown.push({ ...last, path: '', message: `and ${left} more after this` });
  return shown.map((fault) => {
    const excerpt = shownLine(text, fault.line);
    return excerpt === undefined ? fault : { ...fault, excerpt };
  });
}
