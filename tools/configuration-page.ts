import { defaultRules } from '../config/defaults.ts';
import type { JsonSchema } from '../config/describe.ts';

/** A row of the page: one key. */
interface Row {
  readonly key: string;
  readonly type: string;
  readonly fallback: string;
  readonly description: string;
}

const introduction = `# Configuration

*Generated from the schema by \`node tools/generate.ts\`; do not edit.*

Kedge reads one YAML file. An empty file is a good one: every key has a default, and a model is discovered
when its telemetry arrives. [config/kedge.yaml](../config/kedge.yaml) has every key with its default, and runs
as it is.

\`kedge check FILE\` says everything that is wrong with a file at once, and where, and exits with 2; with 0
when the agent would start with it. Warnings do not stop it. Unknown keys are refused, with the one that was
probably meant.

- **Durations** are \`250ms\`, \`90s\`, \`5m\`, \`1h30m\`, \`7d\`, \`2w\`. **Sizes** are \`64MiB\`, \`20MB\`, or a
  number of bytes. **Amounts** are in USD: \`0.02 USD\`. **Shares** are \`2%\` or \`0.02\`. **Rates** are
  \`1 per month\` (30 days), \`2 per 10d\`. **Waits** are \`2 windows\` or a duration, which is rounded up to whole
  windows.
- **Patterns**: \`*\` stands for any text, also none.
- **Variables**: \`\${NAME}\` inside of a value, or \`\${NAME:-default}\`; one that is not set is a fault. Without
  quotes the result may be a number, inside of quotes it is always a text. \`$\${\` stands for \`\${\` itself.
- **Secrets** are best kept out of the file: \`password_file: /run/secrets/smtp\` is \`password\` with the content
  of that file, and so for every text among the options of channels and targets. A secret is never shown, in no
  message and no log.
- **Limits**: 1 MiB, 64 levels, 100 aliases, one document; YAML 1.2, so \`no\` and \`on\` are texts.
`;

/** docs/configuration.md. */
export function configurationPage(schema: JsonSchema): string {
  const definitions = (schema['$defs'] ?? {}) as Readonly<Record<string, JsonSchema>>;
  const page = new Page(definitions);
  const properties = Object.entries(propertiesOf(schema));
  const simple = properties.filter(([, node]) => !page.hasKeys(node));
  page.add(introduction);
  page.add('## At the top\n');
  page.table(simple.map(([key, node]) => page.row(key, node)));
  for (const [key, node] of properties) {
    if (!page.hasKeys(node)) continue;
    page.section(key, node);
    if (key === 'rules') page.add(defaultPolicy());
  }
  return page.text();
}

/** The default rules, as they would stand in the file. */
function defaultPolicy(): string {
  const rules = defaultRules.map((rule) => {
    const { match, ...rest } = rule;
    const keys = Object.entries(rest).map(([key, value]) => `${key}: ${flow(value)}`);
    return `  - {${[...keys, `match: ${flow(match)}`].join(', ')}}`;
  });
  return [
    '### The default policy\n',
    'A file without `rules` has these. They judge shape and failures only: latency and cost have no default limit,',
    'as only you know what is too much; give them as `budgets`. PSI and KS are calibrated: the threshold follows',
    'the number of rows and `false_alarms`.\n',
    ['```yaml', 'rules:', ...rules, '```', ''].join('\n'),
  ].join('\n');
}

/** YAML in one line. */
function flow(value: unknown): string {
  if (typeof value !== 'object' || value === null)
    return /[*]/.test(String(value)) ? `"${value}"` : String(value);
  return `{${Object.entries(value)
    .map(([key, inner]) => `${key}: ${flow(inner)}`)
    .join(', ')}}`;
}

class Page {
  readonly #parts: string[] = [];
  readonly #definitions: Readonly<Record<string, JsonSchema>>;
  /** Lists and unions get a heading of their own, after the table that names them. */
  #later: (() => void)[] = [];

  constructor(definitions: Readonly<Record<string, JsonSchema>>) {
    this.#definitions = definitions;
  }

  text(): string {
    return `${this.#parts.join('\n').trimEnd()}\n`;
  }

  add(text: string): void {
    this.#parts.push(text);
  }

  /** Does it hold keys of its own, directly or in the items of a list? */
  hasKeys(node: JsonSchema): boolean {
    const { inner } = this.#unfold(node);
    return inner['properties'] !== undefined || inner['oneOf'] !== undefined;
  }

  section(key: string, node: JsonSchema, level = 2): void {
    const { inner, isList } = this.#unfold(node);
    this.add(
      `${'#'.repeat(level)} \`${key}\`${isList ? ' (a list)' : ''}\n\n${textOf(node['description'])}\n`,
    );
    const variants = inner['oneOf'] as readonly JsonSchema[] | undefined;
    if (variants === undefined) {
      this.table(this.#rows('', inner, key, level));
    } else {
      for (const variant of variants) {
        const type = textOf(propertiesOf(variant)['type']?.['const']);
        this.add(`${'#'.repeat(level + 1)} \`type: ${type}\`\n\n${textOf(variant['description'])}\n`);
        this.table(this.#rows('', variant, key, level + 1));
      }
    }
    const later = this.#later;
    this.#later = [];
    for (const write of later) write();
  }

  table(rows: readonly Row[]): void {
    const cells = rows.map(({ key, type, fallback, description }) =>
      [`\`${key}\``, type, fallback, description].map(cell).join(' | '),
    );
    this.add(
      ['| key | type | default | |', '|---|---|---|---|', ...cells.map((row) => `| ${row} |`), ''].join('\n'),
    );
  }

  row(key: string, node: JsonSchema, isRequired = false): Row {
    const fallback = node['default'];
    const isPlain = typeof fallback !== 'object' || (Array.isArray(fallback) && fallback.length > 0);
    return {
      key,
      type: this.#typeOf(node),
      fallback: isRequired
        ? '*required*'
        : fallback === undefined || !isPlain
          ? ''
          : `\`${shown(fallback)}\``,
      description: textOf(node['description']),
    };
  }

  /** Keys of mappings inside are written with dots; lists of mappings come later. */
  #rows(prefix: string, node: JsonSchema, parent: string, level: number): readonly Row[] {
    const required = (node['required'] ?? []) as readonly string[];
    return Object.entries(propertiesOf(node)).flatMap(([name, property]): readonly Row[] => {
      const key = prefix + name;
      const { inner, isList } = this.#unfold(property);
      if (!this.hasKeys(property)) return [this.row(key, property, required.includes(name))];
      if (
        !isList &&
        inner['oneOf'] === undefined &&
        property['anyOf'] === undefined &&
        property['$ref'] === undefined
      ) {
        return this.#rows(`${key}.`, inner, parent, level);
      }
      const path = `${parent}.${key}`;
      // A route holds routes: told once.
      const isInside =
        property['$ref'] === undefined && (property['items'] as JsonSchema | undefined)?.['$ref'];
      if (!isInside) this.#later.push(() => this.section(path, property, level + 1));
      return [this.row(key, property, required.includes(name))];
    });
  }

  #typeOf(node: JsonSchema): string {
    const { inner, isList } = this.#unfold(node);
    if (node['anyOf'] !== undefined && this.hasKeys(node)) return 'mapping, or the value alone';
    const one = this.#single(inner);
    return isList ? `list of ${one}` : one;
  }

  #single(node: JsonSchema): string {
    const choices = node['enum'] as readonly unknown[] | undefined;
    if (choices !== undefined) return choices.map((choice) => `\`${String(choice)}\``).join(', ');
    if (node['const'] !== undefined) return `\`${String(node['const'])}\``;
    if (node['writeOnly'] === true) return 'secret';
    if (typeof node['title'] === 'string' && node['properties'] === undefined) return node['title'];
    if (node['anyOf'] !== undefined) {
      const kinds = (node['anyOf'] as readonly JsonSchema[]).map((each) => this.#typeOf(each));
      return [...new Set(kinds)].join(' or ');
    }
    const names: Readonly<Record<string, string>> = {
      string: 'text',
      integer: 'whole number',
      number: 'number',
      boolean: '`true`, `false`',
      object: 'mapping',
      array: 'list',
    };
    const types = [node['type']].flat().map(textOf);
    return types.map((type) => names[type] ?? 'mapping').join(' or ');
  }

  /** Through references, lists and a shorthand to what holds the keys. */
  #unfold(node: JsonSchema): { readonly inner: JsonSchema; readonly isList: boolean } {
    const reference = node['$ref'];
    if (typeof reference === 'string') {
      return this.#unfold(this.#definitions[reference.split('/').at(-1) as string] ?? {});
    }
    if (node['type'] === 'array') {
      return { inner: this.#unfold((node['items'] ?? {}) as JsonSchema).inner, isList: true };
    }
    const choices = node['anyOf'] as readonly JsonSchema[] | undefined;
    const mapping = choices?.find((choice) => choice['type'] === 'object' && node['title'] === undefined);
    return { inner: mapping ?? node, isList: false };
  }
}

function propertiesOf(node: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return (node['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function shown(value: unknown): string {
  return Array.isArray(value) ? `[${value.join(', ')}]` : String(value);
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
