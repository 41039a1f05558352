import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { registries } from '../../../agent/agent.ts';
import { describeSchema, type JsonSchema } from '../../../config/describe.ts';
import { formatFault, loadConfig } from '../../../config/load.ts';
import { createSchema } from '../../../config/schema.ts';
import { staleFiles } from '../../../tools/generate.ts';

/* config/kedge.yaml with the plug-ins there really are. */

const example = readFileSync(join(import.meta.dirname, '../../../config/kedge.yaml'), 'utf8');
const secret = `whsec_${'A'.repeat(43)}=`;

function load(text: string) {
  return loadConfig(text, 'kedge.yaml', registries, { env: {}, readFile: () => secret });
}

/** The example with its settings switched on: lines after `#` and a word, and what belongs to them. */
function switchedOn(text: string): string {
  let isOn = false;
  const lines = text.split('\n').map((line) => {
    const [, indent, rest] = /^(\s*)#(.*)$/.exec(line) ?? [];
    isOn = rest !== undefined && (/^\S/.test(rest) || (isOn && rest.startsWith('  ')));
    return isOn ? `${indent}${rest}` : line;
  });
  return lines.join('\n');
}

/** Dotted keys of the schema, without what plug-ins bring; `[]` for the items of a list. */
function keysOf(node: JsonSchema, prefix = ''): readonly string[] {
  const items = node['items'] as JsonSchema | undefined;
  if (items !== undefined && items['$ref'] === undefined) return keysOf(items, `${prefix}[]`);
  return Object.entries((node['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>).flatMap(
    ([name, inner]) => {
      const key = prefix === '' ? name : `${prefix}.${name}`;
      return [key, ...keysOf(inner, key)];
    },
  );
}

function writtenKeys(value: unknown, prefix = ''): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item) => writtenKeys(item, `${prefix}[]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    return [key, ...writtenKeys(inner, key)];
  });
}

test('it begins with the line that gives editors the schema', () => {
  expect(example.split('\n')[0]).toBe('# yaml-language-server: $schema=./kedge.schema.json');
});

test('as it is, it means the same as an empty file', () => {
  const loaded = load(example);
  expect(loaded).toMatchObject({ ok: true, warnings: [] });
  expect(loaded).toEqual(load(''));
});

test('with every setting switched on it is good too', () => {
  const text = switchedOn(example);
  const loaded = load(text);
  expect(loaded.ok ? [] : loaded.faults.map((fault) => formatFault(fault, text))).toEqual([]);
  expect(loaded.warnings).toEqual([]);
  expect(loaded).toMatchObject({
    config: {
      rules: { length: 11 },
      alerting: { channels: [{ type: 'email' }, { type: 'webhook' }] },
      rollback: { targets: [{ name: 'credit' }], policies: [{ mode: 'dry_run' }] },
      references: { files: [{ name: 'credit-training' }] },
    },
  });
});

test('every key is in it', () => {
  const known = keysOf(describeSchema(createSchema(registries), registries)).filter((key) => {
    const [, , detector] = /^rules\[\]\.(([a-z_]+).*)$/.exec(key) ?? [];
    return !registries.detectors.some(({ type }) => type === detector);
  });
  const written = new Set(writtenKeys(parse(switchedOn(example))));
  expect(known.length).toBeGreaterThan(80);
  expect(known.filter((key) => !written.has(key))).toEqual([]);
});

test('the default rules are those of all detectors they name', () => {
  const loaded = load('');
  expect(loaded.ok && loaded.config.rules.map((rule) => rule.name)).toEqual([
    'input_drift',
    'output_drift',
    'token_drift',
    'input_missing',
    'input_malformed',
    'output_missing',
    'error_rate',
    'silence',
    'worst_segment',
    'error_share',
  ]);
});

test('budgets of every kind suit the detectors they become', () => {
  const loaded = load(`
budgets:
  - {latency_p50: 1ms, latency_p95: 3650d, latency_p99: 1s, error_share: 99.999%}
  - {name: dear, cost_per_call: 0.000000001 USD, cost_per_transaction: 999999999 USD, spend_per_day: 1 USD}
`);
  expect(loaded).toMatchObject({ ok: true, warnings: [] });
});

test('examples of every plug-in are good configuration', () => {
  const text = JSON.stringify({
    rules: registries.detectors.flatMap(({ type, examples }) =>
      examples.map((example, i) => ({ name: `${type}${i}`, match: { signal: 'input.*' }, [type]: example })),
    ),
    alerting: {
      channels: registries.channels.flatMap(({ type, examples }) =>
        examples.map((example, i) => ({ name: `${type}${i}`, type, ...(example as object) })),
      ),
    },
    rollback: {
      targets: registries.actions.flatMap(({ type, examples }) =>
        examples.map((example, i) => ({ name: `${type}${i}`, model: 'm', type, ...(example as object) })),
      ),
    },
  });
  const loaded = load(text);
  expect(loaded.ok ? [] : loaded.faults).toEqual([]);
});

test('the JSON Schema that editors use takes the example, switched on or not, and sees a typing error', () => {
  const shipped = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../../config/kedge.schema.json'), 'utf8'),
  );
  const schema = z.fromJSONSchema(shipped);
  const faults = (text: string) => schema.safeParse(parse(text)).error?.issues ?? [];
  expect(faults(example)).toEqual([]);
  expect(faults(switchedOn(example))).toEqual([]);
  expect(faults('windows: {pain: 5m}')).not.toEqual([]);
  expect(faults('windows: {pane: 5 min}')).not.toEqual([]);
  expect(faults('alerting: {channels: [{name: a, type: webhook}]}')).not.toEqual([]);
  expect(faults('rules: [{name: a, match: {signal: x}, psi: , ks: {p: 0.001}}]')).toEqual([]);
});

test('the JSON Schema and the page are current', () => {
  expect(staleFiles(), 'run node tools/generate.ts').toEqual([]);
});
