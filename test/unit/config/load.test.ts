import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import type { Config } from '../../../config/config.ts';
import { formatFault, type Loaded, loadConfig, type Surroundings } from '../../../config/load.ts';
import { defaultPriceBook } from '../../../config/price-book.ts';
import type { Secret } from '../../../core/secret.ts';
import { registries } from './registries.ts';

const whsec = `whsec_${'A'.repeat(43)}=`;

function load(text: string, surroundings: Partial<Surroundings> = {}): Loaded {
  return loadConfig(text, 'kedge.yaml', registries, { env: {}, readFile: () => undefined, ...surroundings });
}

function configOf(text: string, surroundings: Partial<Surroundings> = {}): Config {
  const loaded = load(text, surroundings);
  if (!loaded.ok) throw new Error(loaded.faults.map((fault) => formatFault(fault, text)).join('\n'));
  return loaded.config;
}

const messages = (loaded: Loaded) =>
  loaded.ok ? [] : loaded.faults.map(({ path, message }) => `${path}: ${message}`);
const warnings = (loaded: Loaded) => loaded.warnings.map(({ path, message }) => `${path}: ${message}`);

test.each(['', '# nothing\n', 'rules:\n', '{}'])('%j means all defaults', (text) => {
  const config = configOf(text);
  expect(config).toMatchObject({
    dataDir: './data',
    environment: 'default',
    externalUrl: '',
    receivers: { otlpHttp: { host: '127.0.0.1', port: 4318, bodyBytesMax: 20_971_520 } },
    admin: { host: '127.0.0.1', port: 9464 },
    windows: { paneMs: 300_000, allowedLatenessMs: 60_000, tickMs: 1_000 },
    limits: { modelsMax: 50, versionsMax: 8, signalsMax: 500, panesMax: 200_000 },
    falseAlarms: { count: 1, perMs: 2_592_000_000 },
    references: {
      learn: { rows: 10_000, rowsMin: 500, atLeastMs: 604_800_000, atMostMs: 1_209_600_000 },
      files: [],
    },
    prices: defaultPriceBook,
    sampling: {},
    content: { rowsPerSecondMax: 1_000 },
    transactions: { idleMs: 60_000, openMax: 100_000 },
    alerting: {
      channels: [],
      route: {
        match: {},
        channels: [],
        timing: {
          groupWaitMs: 10_000,
          groupIntervalMs: 300_000,
          repeatIntervalMs: 14_400_000,
          sendResolved: true,
        },
      },
      outbox: { rowsMax: 10_000, bytesMax: 67_108_864, maxAgeMs: 259_200_000 },
    },
    rollback: { targets: [], policies: [] },
    store: {
      checkpointEveryMs: 10_000,
      keepDoneMs: 2_592_000_000,
      maintenanceCron: '0 3 * * *',
      verdictsKept: 50,
    },
    telemetry: {},
    log: { level: 'info' },
  });
});

test('without rules the default policy applies: shape of inputs and outputs, and failures', () => {
  const rules = configOf('').rules.map((rule) => [
    rule.name,
    rule.match.signal,
    rule.detector.type,
    rule.class,
    rule.severity,
    rule.lengthMs,
  ]);
  expect(rules).toEqual([
    ['input_drift', 'input.*', 'drift', 'drift', 'warning', 300_000],
    ['output_drift', 'output.*', 'drift', 'drift', 'major', 300_000],
    ['token_drift', 'tokens.*', 'drift', 'cost', 'warning', 300_000],
    ['error_share', 'error_share', 'share_limit', 'error', 'major', 900_000],
  ]);
  expect(configOf('rules: []').rules).toEqual([]);
});

test('a rule with all it can say, and one with the least', () => {
  const [full, least] = configOf(`
rules:
  - name: slow
    match: {model: "chat-*", environment: prod, version: "2*", signal: latency_ms}
    quantile_limit: {quantile: 0.99, max: 800}
    window: 1h
    hop: 5m
    for: {windows: 3}
    keep_firing_for: 30m
    severity: critical
    no_data_after: 0
    runbook_url: https://wiki.example.com/slow
  - {name: drift, match: {signal: input.age}, psi: 0.2}
`).rules;
  expect(full).toEqual({
    name: 'slow',
    match: { model: 'chat-*', environment: 'prod', version: '2*', signal: 'latency_ms' },
    class: 'latency',
    detector: { type: 'quantile_limit', options: { quantile: 0.99, max: 800 } },
    lengthMs: 3_600_000,
    hopMs: 300_000,
    for: { windows: 3 },
    keepFiringFor: { ms: 1_800_000 },
    severity: 'critical',
    noDataAfter: 0,
    runbookUrl: 'https://wiki.example.com/slow',
  });
  expect(least).toEqual({
    name: 'drift',
    match: { model: '*', environment: '*', version: '*', signal: 'input.age' },
    class: 'drift',
    detector: { type: 'psi', options: { threshold: 0.2, min_rows: 200 } },
    lengthMs: 3_600_000,
    hopMs: 3_600_000,
    for: { windows: 2 },
    keepFiringFor: { windows: 2 },
    severity: 'warning',
    noDataAfter: 3,
    runbookUrl: '',
  });
});

test.each([
  ['psi: 0.2', { type: 'psi', options: { threshold: 0.2, min_rows: 200 } }],
  ['psi: {threshold: 0.2}', { type: 'psi', options: { threshold: 0.2, min_rows: 200 } }],
  ['psi: {}', { type: 'psi', options: { min_rows: 200 } }],
  ['psi:', { type: 'psi', options: { min_rows: 200 } }],
  ['total_limit: 50', { type: 'total_limit', options: { max: 50 } }],
])('%s', (detector, expected) => {
  const config = configOf(`rules:\n  - name: one\n    match: {signal: cost_usd}\n    ${detector}\n`);
  expect(config.rules[0]?.detector).toEqual(expected);
});

test('what a signal is about decides the class of a rule, not its detector', () => {
  const text = (signal: string) => `rules: [{name: one, match: {signal: "${signal}"}, mean_limit: 1}]`;
  const classes = [
    'latency_ms',
    'first_token_ms',
    'cost_usd',
    'tokens.output',
    'error_share',
    'input.age',
    '*',
  ].map((signal) => configOf(text(signal)).rules[0]?.class);
  expect(classes).toEqual(['latency', 'latency', 'cost', 'cost', 'error', 'drift', 'cost']);
});

test('each limit of a budget becomes a rule', () => {
  const config = configOf(`
rules: []
budgets:
  - model: "credit-*"
    environment: prod
    latency_p50: 100ms
    latency_p95: 300ms
    latency_p99: 1s
    cost_per_call: 0.02 USD
    cost_per_transaction: 0.05 USD
    spend_per_day: 50 USD
    error_share: 2%
    window: 30m
    severity: critical
  - {latency_p95: 2s}
`);
  expect(config.rules.map((rule) => [rule.name, rule.match.signal, rule.class, rule.detector])).toEqual([
    ['budget_credit_latency_p50', 'latency_ms', 'latency', limit('quantile_limit', 100, 0.5)],
    ['budget_credit_latency_p95', 'latency_ms', 'latency', limit('quantile_limit', 300, 0.95)],
    ['budget_credit_latency_p99', 'latency_ms', 'latency', limit('quantile_limit', 1_000, 0.99)],
    ['budget_credit_cost_per_call', 'cost_usd', 'cost', limit('mean_limit', 0.02)],
    ['budget_credit_cost_per_transaction', 'transaction_cost_usd', 'cost', limit('mean_limit', 0.05)],
    ['budget_credit_spend_per_day', 'cost_usd', 'cost', limit('total_limit', 50)],
    ['budget_credit_error_share', 'error_share', 'error', limit('share_limit', 0.02)],
    ['budget_latency_p95', 'latency_ms', 'latency', limit('quantile_limit', 2_000, 0.95)],
  ]);
  const [first, , , , , spend] = config.rules;
  expect(first).toMatchObject({
    match: { model: 'credit-*', environment: 'prod', version: '*' },
    lengthMs: 1_800_000,
    hopMs: 1_800_000,
    for: { windows: 2 },
    severity: 'critical',
  });
  expect(spend).toMatchObject({ lengthMs: 86_400_000, hopMs: 300_000, for: { windows: 1 } });
});

function limit(type: string, max: number, quantile?: number) {
  return { type, options: quantile === undefined ? { max } : { max, quantile } };
}

test('own prices come before the shipped ones, and what is left out follows from the rest', () => {
  const { prices } = configOf(`
prices:
  models:
    - {id: self/llama-3.1-8b, input: 0.05, output: 0.08}
    - {id: scorer, models: ["score-*"], providers: [own], per_call: 0.00002, cache_read: 1}
`);
  expect(prices.version).toBe(`${defaultPriceBook.version}+own`);
  expect(prices.entries.slice(0, 2)).toEqual([
    {
      id: 'self/llama-3.1-8b',
      providers: [],
      models: ['llama-3.1-8b'],
      input: 0.05,
      cacheRead: 0.05,
      cacheWrite: 0.05,
      output: 0.08,
      perCall: 0,
    },
    {
      id: 'scorer',
      providers: ['own'],
      models: ['score-*'],
      input: 0,
      cacheRead: 1,
      cacheWrite: 0,
      output: 0,
      perCall: 0.00002,
    },
  ]);
  expect(prices.entries.slice(2)).toEqual(defaultPriceBook.entries);
  expect(configOf('prices: {version: mine}').prices.version).toBe('mine');
});

const twoChannels = `
alerting:
  defaults: {group_wait: 30s}
  channels:
    - {name: mail, type: email, smtp: {host: mail.example.com}, to: [ml@example.com]}
    - {name: hook, type: webhook, url: https://ops.example.com/kedge}
`;

test('without a route every channel is told everything', () => {
  const { alerting } = configOf(twoChannels);
  expect(alerting.route).toMatchObject({ channels: ['mail', 'hook'], match: {}, routes: [] });
  expect(alerting.channels[1]).toEqual({
    name: 'hook',
    type: 'webhook',
    options: { url: 'https://ops.example.com/kedge', secrets: [], headers: {}, format: 'cloudevents' },
  });
});

test('a route has the timing of the one above, unless it says otherwise', () => {
  const { route } = configOf(`${twoChannels}
  route:
    channels: [mail]
    repeat_interval: 1h
    routes:
      - match: {severity: critical}
        channels: [hook]
        continue: true
        group_wait: 0s
        routes: [{match: {model: "a*"}, send_resolved: false}]
`).alerting;
  const [child] = route.routes;
  expect(route.timing).toMatchObject({
    groupWaitMs: 30_000,
    repeatIntervalMs: 3_600_000,
    sendResolved: true,
  });
  expect(child).toMatchObject({ match: { severity: 'critical' }, continue: true });
  expect(child?.timing).toMatchObject({ groupWaitMs: 0, repeatIntervalMs: 3_600_000, sendResolved: true });
  expect(child?.routes[0]).toMatchObject({
    match: { model: 'a*' },
    channels: [],
    timing: { sendResolved: false },
  });
});

test('rollback: targets, and policies that are dry runs unless told otherwise', () => {
  const text = (mode: string) => `
environment: prod
rollback:
  targets: [{name: credit, model: credit-risk, type: webhook, url: https://deploy.example.com/back}]
  policies: [{name: back, target: credit${mode}}]
`;
  expect(configOf(text('')).rollback).toMatchObject({
    targets: [{ name: 'credit', model: 'credit-risk', environment: 'prod', type: 'webhook' }],
    policies: [
      {
        name: 'back',
        target: 'credit',
        mode: 'dry_run',
        rules: ['output_*'],
        minSeverity: 'critical',
        cooldownMs: 21_600_000,
        maxPerDay: 1,
        maxVersionAgeMs: 604_800_000,
        expiresMs: 1_800_000,
      },
    ],
  });
  expect(warnings(load(text('')))).toEqual([]);
  expect(warnings(load(text(', mode: auto')))).toEqual([
    'rollback.policies[0].mode: this policy acts: it calls its target without asking anybody',
  ]);
});

test('a reference file', () => {
  const text = `
references:
  files: [{name: training, model: credit-risk, path: ./t.csv, columns: {Age: input.age}}]
`;
  const config = configOf(text, { isReadable: (path) => path === './t.csv' });
  expect(config.references.files).toEqual([
    {
      name: 'training',
      model: 'credit-risk',
      environment: 'default',
      path: './t.csv',
      columns: { Age: 'input.age' },
      rowsMax: 1_000_000,
      isDefault: true,
    },
  ]);
  expect(configOf(text, { readFile: () => 'Age\n1\n' }).references.files).toHaveLength(1);
});

/** `${NAME}`, without looking like a mistake in a template. */
const variable = (name: string) => `$\{${name}}`;

test('variables are put into values, after the file was read', () => {
  const env = {
    FOLDER: '/data',
    PORT: '9999',
    YAML: '"}, x: [',
    EMPTY: '',
    NESTED: variable('FOLDER'),
  };
  const config = configOf(
    [
      `data_dir: ${variable('FOLDER')}/kedge`,
      `environment: "${variable('YAML')}"`,
      'admin:',
      `  port: ${variable('PORT')}`,
      `  host: ${variable('EMPTY:-0.0.0.0')}`,
      'prices:',
      `  version: "$${variable('FOLDER')} ${variable('NESTED')} ${variable('HOME:-')}" # ${variable('NOT_SET')}`,
    ].join('\n'),
    { env },
  );
  expect(config).toMatchObject({
    dataDir: '/data/kedge',
    environment: '"}, x: [',
    admin: { host: '0.0.0.0', port: 9999 },
    prices: { version: `${variable('FOLDER')} ${variable('FOLDER')} ` },
  });
});

test('a variable with the name of a property of objects is not set', () => {
  expect(messages(load(`data_dir: ${variable('constructor')}`))).toEqual([
    expect.stringContaining('the environment variable constructor is not set'),
  ]);
});

const secretsFile = `
alerting:
  channels:
    - name: mail
      type: email
      smtp: {host: mail.example.com, user: kedge, password_file: /run/password}
      to: [ml@example.com]
    - name: hook
      type: webhook
      url_file: /run/url
      secrets_file: [/run/new, /run/old]
      headers: {authorization_file: /run/password}
    - name: other
      type: webhook
      url: https://ops.example.com
      secrets_file: /run/new
`;
const files: Readonly<Record<string, string>> = {
  '/run/password': 'hunter2 \n\n',
  '/run/url': 'https://ops.example.com/hunter2\n',
  '/run/new': `${whsec}\n`,
  '/run/old': whsec,
};

test('secrets come from files, and are shown nowhere', () => {
  const loaded = load(secretsFile, { readFile: (path) => files[path] });
  expect(loaded).toMatchObject({ ok: true, warnings: [] });
  if (!loaded.ok) return;
  const [mail, hook, other] = loaded.config.alerting.channels.map(({ options }) => options) as unknown as [
    { smtp: { password: Secret } },
    { url: string; secrets: readonly Secret[]; headers: { authorization: Secret } },
    { secrets: readonly Secret[] },
  ];
  expect(mail.smtp.password.reveal()).toBe('hunter2');
  expect(hook.secrets.map((secret) => secret.reveal())).toEqual([whsec, whsec]);
  expect(hook.headers.authorization.reveal()).toBe('hunter2');
  expect(hook.url).toBe('https://ops.example.com/hunter2');
  expect(other.secrets[0]?.reveal()).toBe(whsec);
  expect(JSON.stringify(loaded.config)).not.toContain(whsec);
  expect(inspect(loaded.config, { depth: 20 })).not.toContain(whsec);
});

test('what is wrong with a secret from a file or a variable is told without it', () => {
  const text = secretsFile
    .replace('password_file: /run/password}', `password: "${variable('PASSWORD')}", port: 0}`)
    .replace('url: https://ops.example.com', `url: ${variable('URL')}`);
  const loaded = load(text, {
    env: { PASSWORD: 'hunter2\nhunter2', URL: 'ftp://hunter2' },
    readFile: (path) => (path === '/run/new' ? 'hunter2' : files[path]),
  });
  const output = loaded.ok ? '' : loaded.faults.map((fault) => formatFault(fault, text)).join('\n');
  expect(messages(loaded)).toEqual([
    expect.stringContaining('alerting.channels[0].smtp.password: expected a secret on one line'),
    expect.stringContaining('alerting.channels[0].smtp.port: expected a number ≥ 1, got 0'),
    expect.stringContaining('alerting.channels[1].secrets_file[0]: expected whsec_'),
    expect.stringContaining('alerting.channels[2].url: expected a URL'),
    expect.stringContaining('alerting.channels[2].secrets_file[0]: expected whsec_'),
  ]);
  expect(output).not.toContain('hunter2');
});

test('an empty or unreadable secret file is one fault', () => {
  const read = (content: string | undefined) =>
    messages(load(secretsFile, { readFile: (path) => (path === '/run/old' ? content : files[path]) }));
  expect(read('\n')).toEqual(['alerting.channels[1].secrets_file[1]: the file "/run/old" is empty']);
  expect(read(undefined)).toEqual([
    'alerting.channels[1].secrets_file[1]: the file "/run/old" cannot be read',
  ]);
});

test('warnings: secrets in the file, plain http, a channel nobody uses, a signal nobody has', () => {
  const text = `
rules:
  - {name: slow, match: {signal: latency}, quantile_limit: 300}
alerting:
  channels:
    - {name: a, type: webhook, url: "http://ops.example.com", secrets: [${whsec}]}
    - {name: b, type: webhook, url: "http://127.0.0.1:8080", secrets: ["\${WHSEC}"]}
  route: {channels: [a]}
`;
  const loaded = load(text, { env: { WHSEC: whsec } });
  expect(loaded.ok).toBe(true);
  expect(warnings(loaded)).toEqual([
    'rules[0].match.signal: no signal has the name "latency"; did you mean "latency_ms"?',
    'alerting.channels[0].url: plain http to another host: what is sent can be read and changed on the way; use https',
    'alerting.channels[0].secrets[0]: a secret stands in the file itself; better secrets_file: PATH, or secrets: ' +
      variable('NAME'),
    'alerting.channels[1].name: no route uses the channel "b"',
  ]);
  expect(loaded.warnings.map((warning) => formatFault(warning, text)).join('\n')).not.toContain(whsec);
});

test('anchors and merge keys', () => {
  const { rules } = configOf(`
rules:
  - &base {name: one, match: &match {signal: "input.*"}, psi: 0.2, window: 2h}
  - {<<: *base, name: two, match: {<<: *match, model: credit}}
`);
  expect(rules[1]).toMatchObject({
    name: 'two',
    match: { model: 'credit', signal: 'input.*' },
    lengthMs: 7_200_000,
  });
});

test('YAML 1.2: only true and false are booleans', () => {
  expect(configOf('environment: no\nprices: {version: "010"}')).toMatchObject({
    environment: 'no',
    prices: { version: '010' },
  });
});

test('size: 1 MiB is read, more is a fault; a bomb of aliases is refused in no time', () => {
  const line = `# ${'x'.repeat(1_048_576 - 2)}`;
  expect(load(line).ok).toBe(true);
  expect(messages(load(`${line}x`))).toEqual([': the file is larger than 1048576 bytes']);
  expect(messages(load('é'.repeat(600_000)))).toEqual([': the file is larger than 1048576 bytes']);
  const bomb = `a: &a [${'x,'.repeat(9)}]\n${'bcdefghi'
    .split('')
    .map((name, i) => `${name}: &${name} [${`*${'abcdefgh'[i]},`.repeat(9)}]`)
    .join('\n')}`;
  expect(messages(load(bomb))).toEqual([expect.stringContaining('aliases')]);
});

test.each([
  ['[', 20_000],
  ['{a: ', 20_000],
  ['- ', 20_000],
  ['? ', 20_000],
  ['&a ', 10_000],
  ['*a ', 10_000],
  ['a: *b\n', 10_000],
  ['"', 20_001],
])('%j, %d times, is a fault and no crash', (piece, times) => {
  expect(load(piece.repeat(times)).ok).toBe(false);
});

test('however many faults, the first hundred are told, in no time', () => {
  const keys = (count: number) => Array.from({ length: count }, (_, i) => `k${i}: 1`).join('\n');
  const told = messages(load(keys(5_000)));
  expect(told).toHaveLength(101);
  expect(told[100]).toBe(': and 4900 more after this');
  expect(messages(load(keys(51_000)))).toEqual([expect.stringContaining('more than 50000 values')]);
  const list = load(`rules: [${'1,'.repeat(20_000)}]`);
  expect(messages(list)).toEqual(['rules: expected at most 100 items, got a list']);
});
