import { expect } from 'vitest';
import type { BuiltAgent, Status } from './built-agent.ts';
import { hookSecret } from './hook-receiver.ts';
import { evenRows, postRows, type TestRow } from './row-sender.ts';
import { until } from './until.ts';

/*
 * One model with one feature, whose windows of a minute lie ten days back: a window closes when a row of a later one
 * comes, so that no test depends on how fast the machine is.
 */

const minuteMs = 60_000;
const baseMs = Math.floor(Date.now() / 86_400_000 - 10) * 86_400_000;
export const driftModel = 'credit';
export const rowsPerWindow = 200;
/** Where the values of a window begin: like the reference, or far from it. */
export const quiet = 0;
export const shifted = 5;

export interface DriftConfig {
  readonly dataDir: string;
  readonly hookPort?: number;
  readonly smtpPort?: number;
  readonly checkpoint?: string;
  readonly pane?: string;
  readonly otlpPort?: number;
  readonly adminPort?: number;
}

/** One rule that fires on the first shifted window and resolves on the first quiet one. */
export function driftConfig(options: DriftConfig): string {
  const {
    dataDir,
    hookPort,
    smtpPort,
    checkpoint = '1s',
    pane = '1m',
    otlpPort = 0,
    adminPort = 0,
  } = options;
  const hook = `{ name: hook, type: webhook, url: "http://127.0.0.1:${hookPort}/", secrets: ["${hookSecret}"] }`;
  const smtp = `{ host: 127.0.0.1, port: ${smtpPort}, tls: none }`;
  const mail = `{ name: mail, type: email, smtp: ${smtp}, from: kedge@example.com, to: [team@example.com] }`;
  const channels = [...(hookPort === undefined ? [] : [hook]), ...(smtpPort === undefined ? [] : [mail])];
  return `
data_dir: ${dataDir}
receivers: { otlp_http: { host: 127.0.0.1, port: ${otlpPort} } }
admin: { host: 127.0.0.1, port: ${adminPort} }
windows: { pane: ${pane}, allowed_lateness: 1s, tick: 100ms }
references: { learn: { rows: 400, rows_min: 100, at_least: 1s, at_most: 1h } }
rules:
  - { name: shape, match: { signal: "input.*" }, psi: { threshold: 1, min_rows: 50 }, window: ${pane}, for: 1 window, keep_firing_for: 1 window }
alerting:
  reopen_window: 0s
  defaults: { group_wait: 0s, group_interval: 0s, repeat_interval: 4h }
  channels: [${channels.join(', ')}]
store: { checkpoint_every: ${checkpoint} }
`;
}

export function windowMs(index: number): number {
  return baseMs + index * minuteMs;
}

export function rowsOfWindow(
  window: number,
  from: number,
  count = rowsPerWindow,
  name = 'first',
): readonly TestRow[] {
  const timeMs = windowMs(window) + 2_000;
  return evenRows(count, { model: driftModel, name: `${window}-${name}`, timeMs, from });
}

/** Rows of one window; `name` tells those that are sent later apart from the first ones. */
export async function sendWindow(
  to: BuiltAgent,
  window: number,
  from: number,
  count = rowsPerWindow,
  name = 'first',
): Promise<void> {
  expect(await postRows(to.otlpUrl, rowsOfWindow(window, from, count, name))).toBe(200);
}

/** The quiet windows 0 to 3, of which a reference is made; resolves with its id. */
export async function learnReference(of: BuiltAgent): Promise<string> {
  for (const index of [0, 1, 2, 3]) await sendWindow(of, index, quiet);
  return until('a learned reference', async () => referenceOf(await of.status()) ?? undefined);
}

export function referenceOf(status: Status): string | null | undefined {
  return status.models[0]?.signals.find(({ signal }) => signal === 'input.amount')?.referenceId;
}

/** Learns, then drifts: the message about it is under way when this resolves. */
export async function fireAlert(of: BuiltAgent): Promise<void> {
  await learnReference(of);
  await sendWindow(of, 4, quiet);
  await sendWindow(of, 5, shifted);
  await sendWindow(of, 6, shifted);
  await until('a firing alert', async () => ((await of.status()).alerts.length > 0 ? true : undefined));
}

/** Waits for two checkpoints more: the second one began after this was asked. */
export async function untilSaved(of: BuiltAgent): Promise<void> {
  const saved = async () => (await of.metrics()).value('kedge_checkpoints_total{result="ok"}');
  const before = await saved();
  await until('two checkpoints', async () => ((await saved()) >= before + 2 ? true : undefined));
}
