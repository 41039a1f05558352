import { formatDuration, parseDuration } from '../core/duration.ts';
import { globMatches } from '../core/glob.ts';
import { budgetKeys, budgetRuleName } from './budgets.ts';
import { durationAt } from './check-tools.ts';
import { checkEgress } from './checks-network.ts';
import { checkComparisons } from './checks-references.ts';
import { checkRollback } from './checks-rollback.ts';
import { checkRoutes } from './checks-routes.ts';
import { defaultRules, defaults } from './defaults.ts';
import type { Examination, Named } from './examination.ts';
import { nearest } from './known-keys.ts';
import type { Registries } from './registries.ts';
import type { Path } from './yaml-source.ts';

/*
 * What no schema can say: how parts of the file fit together. The checks read the file's own data, not what
 * the schema made of it, so that they run even where the schema refused something: every fault is told at
 * once. A value the schema refuses is skipped here.
 */

/** The files a check may ask for. */
export interface Files {
  readFile(path: string): string | undefined;
  isReadable?(path: string): boolean;
}

export function crossCheck(examination: Examination, registries: Registries, files: Files): void {
  const rules = ruleNames(examination);
  checkNames(examination, rules);
  checkWindows(examination);
  checkSignals(examination);
  checkBudgets(examination, registries);
  checkReferences(examination, files);
  checkComparisons(examination, registries);
  checkRoutes(examination);
  checkRollback(
    examination,
    rules.map(({ name }) => name),
  );
  checkEgress(examination);
}

/** The names of all rules: those of the file or the default ones, and those of budgets. */
function ruleNames(examination: Examination): readonly Named[] {
  const isDefault = examination.at(['rules']) === undefined;
  const own = isDefault ? defaultRules.map(({ name }) => ({ name, path: [] })) : examination.named(['rules']);
  const budgets = examination.indices(['budgets']).flatMap((i) => {
    const budget = examination.at(['budgets', i]);
    if (typeof budget !== 'object' || budget === null) return [];
    const name = examination.text(['budgets', i, 'name']);
    const model = examination.text(['budgets', i, 'model']);
    return budgetKeys
      .filter((key) => Object.hasOwn(budget, key))
      .map((key): Named => ({ name: budgetRuleName({ name, model }, key), path: ['budgets', i, key] }));
  });
  return [...own, ...budgets];
}

function checkNames(examination: Examination, rules: readonly Named[]): void {
  refuseTwins(examination, rules);
  for (const list of [
    ['alerting', 'channels'],
    ['rollback', 'targets'],
    ['rollback', 'policies'],
    ['references', 'files'],
    ['segments'],
  ]) {
    refuseTwins(examination, examination.named(list));
  }
}

function refuseTwins(examination: Examination, all: readonly Named[]): void {
  const seen = new Set<string>();
  for (const { name, path } of all) {
    const hint =
      path[0] === 'budgets' ? 'two rules would have the name' : 'there is another one with the name';
    if (seen.has(name)) examination.refuse(path, `${hint} "${name}"; names are unique`);
    seen.add(name);
  }
}

function checkWindows(examination: Examination): void {
  const pane = durationAt(examination, ['windows', 'pane'], defaults.pane);
  if (pane === undefined || pane === 0) return;
  if (examination.at(['rules']) === undefined) checkDefaultWindows(examination, pane);
  for (const i of examination.indices(['rules'])) checkRuleWindow(examination, ['rules', i], pane);
  for (const i of examination.indices(['budgets'])) {
    const path = ['budgets', i];
    const window = examination.text([...path, 'window']) ?? defaults.budgetWindow;
    refuseUnevenWindow(examination, [...path, 'window'], `the window ${window}`, window, pane);
    if (examination.at([...path, 'spend_per_day']) === undefined) continue;
    refuseUnevenWindow(examination, [...path, 'spend_per_day'], 'the window of a day', '1d', pane);
  }
}

function checkDefaultWindows(examination: Examination, pane: number): void {
  for (const rule of defaultRules) {
    const window = 'window' in rule ? rule.window : defaults.window;
    const what = `the window ${window} of a default rule`;
    refuseUnevenWindow(examination, ['windows', 'pane'], what, window, pane);
  }
}

function checkRuleWindow(examination: Examination, path: Path, pane: number): void {
  const window = examination.text([...path, 'window']) ?? defaults.window;
  refuseUnevenWindow(examination, [...path, 'window'], `the window ${window}`, window, pane);
  const hop = examination.text([...path, 'hop']);
  if (hop === undefined) return;
  refuseUnevenWindow(examination, [...path, 'hop'], `the hop ${hop}`, hop, pane);
  const [hopMs, windowMs] = [parseDuration(hop), parseDuration(window)];
  if (hopMs === undefined || windowMs === undefined || hopMs <= windowMs) return;
  const said = `the hop ${hop} is longer than the window ${window}: rows between windows would not be judged`;
  examination.refuse([...path, 'hop'], said);
}

function refuseUnevenWindow(
  examination: Examination,
  path: Path,
  what: string,
  written: string,
  paneMs: number,
): void {
  const ms = parseDuration(written);
  if (ms === undefined || ms === 0 || ms % paneMs === 0) return;
  const below = Math.floor(ms / paneMs) * paneMs;
  const near = [below, below + paneMs].filter((each) => each > 0).map(formatDuration);
  examination.refuse(
    path,
    `${what} is no multiple of windows.pane (${formatDuration(paneMs)}); the nearest: ${near.join(', ')}`,
  );
}

const builtInSignals = [
  'latency_ms',
  'first_token_ms',
  'cost_usd',
  'transaction_cost_usd',
  'tokens.input',
  'tokens.output',
  'error_share',
  'calls',
];

/** A warning only: which inputs a model has is known when it is seen. */
function checkSignals(examination: Examination): void {
  for (const i of examination.indices(['rules'])) {
    const path = ['rules', i, 'match', 'signal'];
    const signal = examination.text(path);
    if (signal === undefined || builtInSignals.some((known) => globMatches(signal, known))) continue;
    const start = signal.split('*')[0] as string;
    const mayBeField = ['input.', 'output.'].some((field) =>
      signal.includes('*') && start.length < field.length ? field.startsWith(start) : start.startsWith(field),
    );
    if (mayBeField) continue;
    const near = nearest(signal, builtInSignals);
    const hint =
      near === undefined ? 'signals are input.*, output.* and the built-in ones' : `did you mean "${near}"?`;
    examination.warn(path, `no signal has the name ${examination.show(path)}; ${hint}`);
  }
}

function checkBudgets(examination: Examination, registries: Registries): void {
  const needed = {
    latency: 'quantile_limit',
    cost: 'mean_limit',
    error: 'share_limit',
    spend: 'total_limit',
  } as const;
  for (const i of examination.indices(['budgets'])) {
    const keys = budgetKeys.filter((key) => examination.at(['budgets', i, key]) !== undefined);
    if (keys.length === 0)
      examination.refuse(['budgets', i], `the budget has no limit; give one of ${budgetKeys.join(', ')}`);
    for (const key of keys) {
      const type = needed[key.split('_')[0] as keyof typeof needed];
      if (registries.detectors.some((detector) => detector.type === type)) continue;
      examination.refuse(['budgets', i, key], `this agent has no detector ${type}, which this budget needs`);
    }
  }
}

function checkReferences(examination: Examination, files: Files): void {
  const learn: Path = ['references', 'learn'];
  const [rows, rowsMin] = [
    examination.number([...learn, 'rows']),
    examination.number([...learn, 'rows_min']),
  ];
  if ((rowsMin ?? 500) > (rows ?? 10_000)) {
    examination.refuse([...learn, rowsMin === undefined ? 'rows' : 'rows_min'], 'rows_min is more than rows');
  }
  const atLeast = durationAt(examination, [...learn, 'at_least'], '7d');
  const atMost = durationAt(examination, [...learn, 'at_most'], '14d');
  if (atLeast !== undefined && atMost !== undefined && atLeast > atMost) {
    const key = examination.at([...learn, 'at_least']) === undefined ? 'at_most' : 'at_least';
    examination.refuse([...learn, key], 'at_least is longer than at_most');
  }
  for (const i of examination.indices(['references', 'files'])) {
    const path = ['references', 'files', i, 'path'];
    const file = examination.text(path);
    if (file === undefined) continue;
    const isReadable = files.isReadable?.(file) ?? files.readFile(file) !== undefined;
    if (!isReadable) examination.refuse(path, `the file ${examination.show(path)} cannot be read`);
  }
}
