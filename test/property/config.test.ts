import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { registries } from '../../agent/agent.ts';
import { formatFault, loadConfig } from '../../config/load.ts';
import { formatDuration } from '../../core/duration.ts';

const root = join(import.meta.dirname, '../..');
const bad = join(root, 'test/unit/config/bad');
const example = readFileSync(join(root, 'config/kedge.yaml'), 'utf8');
/**
 * The example with its settings switched on, near enough: some of it becomes faulty, which is as good here.
 */
const full = example.replace(/^(\s*)#(?=\S| {2}\S)/gm, '$1');
const seeds = [
  example,
  full,
  ...readdirSync(bad)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => readFileSync(join(bad, file), 'utf8')),
];
const secret = 'hunter2-planted-canary';

/** Loads any text; whatever comes of it must be well formed. */
function loadAny(text: string): boolean {
  const loaded = loadConfig(text, 'kedge.yaml', registries, {
    env: { NAME: secret },
    readFile: (path) => (path.includes('secret') ? secret : undefined),
  });
  const told = [...loaded.warnings, ...(loaded.ok ? [] : loaded.faults)];
  if (!loaded.ok) expect(loaded.faults.length).toBeGreaterThan(0);
  const lines = text.split(/\r?\n|\r/).length;
  for (const fault of told) {
    expect(fault.line).toBeGreaterThanOrEqual(1);
    expect(fault.line).toBeLessThanOrEqual(lines + 1);
    expect(fault.column).toBeGreaterThanOrEqual(1);
    expect(fault.message).not.toBe('');
    const shown = formatFault(fault, text);
    expect(shown).not.toContain(secret);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may reach a terminal
    expect(shown).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f]/);
  }
  return loaded.ok;
}

test('no text makes the loader throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      loadAny(text);
    }),
    { numRuns: 150 },
  );
});

test('no text of YAML pieces makes the loader throw', () => {
  const piece = fc.constantFrom(
    ...[
      'rules',
      'alerting',
      'channels',
      'windows',
      '<<',
      '&a',
      '*a',
      '!!str',
      '!x',
      '|',
      '>',
      '? ',
      '- ',
      ': ',
      ', ',
    ],
    ...[
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '#',
      '---',
      '...',
      '\n',
      '\n  ',
      '\t',
      '$' + '{NAME}',
      '${',
      'null',
      '~',
      '1e999',
      '.nan',
    ],
    ...[
      '__proto__',
      'constructor',
      'toString',
      'psi',
      'name: a',
      'match: {signal: x}',
      'type: webhook',
      'secrets_file: secret',
    ],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      loadAny(pieces.join(''));
    }),
    { numRuns: 300 },
  );
});

test('no change of a configuration makes the loader throw', () => {
  const change = fc.record({
    seed: fc.nat(seeds.length - 1),
    edits: fc.array(
      fc.record({
        at: fc.nat(10_000),
        cut: fc.nat(12),
        put: fc.oneof(
          fc.constantFrom('', '\n', '  ', '-', ':', '{', '"', '*', '&a ', '0', 'null', '[]'),
          fc.string(),
        ),
      }),
      { maxLength: 5 },
    ),
  });
  fc.assert(
    fc.property(change, ({ seed, edits }) => {
      let text = seeds[seed] ?? '';
      for (const { at, cut, put } of edits) {
        const place = at % (text.length + 1);
        text = text.slice(0, place) + put + text.slice(place + cut);
      }
      loadAny(text);
    }),
    { numRuns: 250 },
  );
});

test('any plain data makes a good file or a fault, written as JSON', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('rules', 'windows', 'alerting', 'prices', 'x'), fc.jsonValue()),
      (data) => {
        loadAny(JSON.stringify(data));
      },
    ),
    { numRuns: 150 },
  );
});

test('every duration is read back as it was written', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3_650 * 86_400_000 }), (ms) => {
      const loaded = loadConfig(`transactions: {idle: ${formatDuration(ms)}}`, 'f', registries, {
        env: {},
        readFile: () => undefined,
      });
      expect(loaded.ok && loaded.config.transactions.idleMs).toBe(ms);
    }),
    { numRuns: 100 },
  );
});
