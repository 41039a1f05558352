import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OTLPLogExporter as JsonLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtobufLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider, type LogRecordExporter } from '@opentelemetry/sdk-logs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AgentProcess, startAgent } from '../../examples/demo/agent-process.ts';
import {
  type HookCatcher,
  type MailCatcher,
  startHookCatcher,
  startMailCatcher,
} from '../../examples/demo/receivers.ts';
import { plainKs, plainKsP, plainPsi } from '../support/plain-statistics.ts';
import { until } from '../support/until.ts';

/*
 * The built agent as a process of its own, real senders, real receivers, real data: three months of flights, January as
 * the reference file, one window a day. What the agent says of each day is held against statistics from raw values.
 */

interface Flight {
  readonly day: string;
  readonly timeMs: number;
  readonly delay: number;
  readonly distance: number;
}

const psiLimit = 0.2;
const ksLimit = 0.001;
const dayMs = 86_400_000;
const features = ['delay', 'distance'] as const;
const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const root = join(import.meta.dirname, '../..');
const flights = readFlights();
const january = flights.filter((flight) => flight.day.startsWith('2001/01'));
const days = [...new Set(flights.map((flight) => flight.day))]
  .filter((day) => !day.startsWith('2001/01'))
  .sort();

let folder: string;
let agent: AgentProcess;
let mail: MailCatcher;
let hook: HookCatcher;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kedge-flights-'));
  mail = await startMailCatcher();
  hook = await startHookCatcher(secret, () => undefined);
  const csv = ['delay,distance', ...january.map((flight) => `${flight.delay},${flight.distance}`)];
  writeFileSync(join(folder, 'january.csv'), csv.join('\n'));
  writeFileSync(join(folder, 'kedge.yaml'), configuration(folder, mail.port, hook.port));
  agent = await startAgent(
    join(folder, 'kedge.yaml'),
    { DEMO_DIR: folder },
    join(root, 'dist/agent/kedge.js'),
  );
});

afterAll(async () => {
  await agent?.stop();
  await hook?.stop();
  await mail?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('three months of flights: alerts on delay, on the worst days, and on nothing else', async () => {
  const judged = new Map<string, DayVerdicts>();
  for (const [index, day] of days.entries()) {
    await sendDay(day, index % 2 === 0 ? 'protobuf' : 'json');
    // The next day's first flight closes this one.
    const next = days[index + 1];
    await sendRows([], next === undefined ? dayStart(day) + dayMs : dayStart(next), 'protobuf');
    judged.set(day, await verdictsOf(day));
  }

  const expected = new Map(days.map((day) => [day, expectedOf(day)]));
  for (const day of days) {
    for (const feature of features) {
      const said = judged.get(day)?.[feature];
      const want = expected.get(day)?.[feature];
      expect(said?.n, `${day} ${feature} n`).toBe(want?.n);
      expect(said?.psi, `${day} ${feature} psi`).toBeCloseTo(want?.psi ?? Number.NaN, 1);
      // Cells can only miss a part of D: by 0.012 at this size (60-quantile cells, some 200 rows).
      expect(said?.ks, `${day} ${feature} ks`).toBeLessThanOrEqual((want?.ks ?? 0) + 1e-9);
      expect(said?.ks, `${day} ${feature} ks`).toBeGreaterThan((want?.ks ?? 0) - 0.02);
    }
  }

  const breached = (feature: 'delay' | 'distance') => days.filter((day) => judged.get(day)?.[feature].breach);
  expect(breached('distance')).toEqual([]);
  expect(breached('delay')).toEqual(days.filter((day) => expected.get(day)?.delay.breach));
  expect(breached('delay')).toEqual(expect.arrayContaining(['2001/02/24', '2001/02/25']));
});

test('every alert was told by webhook and e-mail, about delay only, and resolved', async () => {
  await until('no alert is left', async () =>
    (await agent.status()).alerts.length === 0 ? true : undefined,
  );
  const alertsIn = (type: string) =>
    hook.received
      .filter((one) => one.event.type === type)
      .flatMap(
        (one) => one.event.data['alerts'] as { signal: string; status: string; window: { start: string } }[],
      );
  await until('a resolved webhook', () => alertsIn('dev.kedge.alert.resolved.v1').at(0));
  expect(hook.received.every((one) => one.verified)).toBe(true);
  const fired = alertsIn('dev.kedge.alert.firing.v1');
  expect(fired.length).toBeGreaterThan(0);
  expect(new Set(fired.map((alert) => alert.signal))).toEqual(new Set(['input.delay']));
  const mails = await until('mails', () =>
    mail.mails.some((one) => one.subject?.startsWith('[RESOLVED]')) ? mail.mails : undefined,
  );
  expect(mails.some((one) => one.subject?.includes('input.delay'))).toBe(true);
  expect(mails.some((one) => one.subject?.includes('distance'))).toBe(false);
});

test('every row was counted: none late, none dropped, none malformed', async () => {
  const metrics = await (await fetch(`${agent.adminUrl}/metrics`)).text();
  const value = (line: RegExp): number => Number(line.exec(metrics)?.[1] ?? Number.NaN);
  const rows = flights.length - january.length + days.length;
  expect(value(/^kedge_rows_total\{convention="ml"\} (\d+)$/m)).toBe(rows);
  expect(metrics.match(/^kedge_rows_dropped_total\{.*\} [1-9]/m)).toBeNull();
  expect(metrics.match(/^kedge_malformed_values_total\{.*\} [1-9]/m)).toBeNull();
});

interface DayVerdict {
  readonly n: number;
  readonly psi: number;
  readonly ks: number;
  readonly breach: boolean;
}
type DayVerdicts = Readonly<Record<(typeof features)[number], DayVerdict>>;

/** Waits until both rules have judged the day on both features, and says what they said. */
async function verdictsOf(day: string): Promise<DayVerdicts> {
  const startMs = dayStart(day);
  return until(`verdicts of ${day}`, async () => {
    const { verdicts } = await agent.status();
    const mine = verdicts.filter(
      (verdict) => verdict.startMs === startMs && verdict.series.signal.startsWith('input.'),
    );
    if (mine.length < 4) return undefined;
    const of = (feature: string): DayVerdict => {
      const [psi, ks] = ['psi', 'ks'].map((detector) =>
        mine.find((one) => one.detector === detector && one.series.signal === `input.${feature}`),
      );
      return {
        n: psi?.size.current ?? Number.NaN,
        psi: psi?.statistic ?? Number.NaN,
        ks: ks?.statistic ?? Number.NaN,
        breach: psi?.status === 'breach' || ks?.status === 'breach',
      };
    };
    return { delay: of('delay'), distance: of('distance') };
  });
}

function expectedOf(day: string): DayVerdicts {
  const today = flights.filter((flight) => flight.day === day);
  const of = (feature: 'delay' | 'distance'): DayVerdict => {
    const reference = january.map((flight) => flight[feature]);
    const current = today.map((flight) => flight[feature]);
    const psi = plainPsi(reference, current);
    const ks = plainKs(reference, current);
    const breach = psi > psiLimit || plainKsP(ks, current.length, reference.length) < ksLimit;
    return { n: current.length, psi, ks, breach };
  };
  return { delay: of('delay'), distance: of('distance') };
}

async function sendDay(day: string, encoding: 'protobuf' | 'json'): Promise<void> {
  await sendRows(
    flights.filter((flight) => flight.day === day),
    undefined,
    encoding,
  );
}

/** Rows as the official SDK sends them; `markMs`: one more row without features, which only moves event time on. */
async function sendRows(
  rows: readonly Flight[],
  markMs: number | undefined,
  encoding: 'protobuf' | 'json',
): Promise<void> {
  const url = `${agent.otlpUrl}/v1/logs`;
  const exporter: LogRecordExporter =
    encoding === 'protobuf' ? new ProtobufLogExporter({ url }) : new JsonLogExporter({ url });
  const provider = new LoggerProvider({
    resource: resourceFromAttributes({ 'service.name': 'flights' }),
    processors: [new BatchLogRecordProcessor({ exporter, maxQueueSize: 4_096 })],
  });
  const logger = provider.getLogger('flights');
  const model = { 'ml.model.name': 'flights', 'ml.model.version': '1' };
  for (const [index, row] of rows.entries()) {
    logger.emit({
      eventName: 'ml.prediction',
      timestamp: row.timeMs,
      attributes: {
        ...model,
        'ml.prediction.id': `${row.day}-${index}`,
        'ml.feature.delay': row.delay,
        'ml.feature.distance': row.distance,
      },
    });
  }
  if (markMs !== undefined)
    logger.emit({
      eventName: 'ml.prediction',
      timestamp: markMs + 2_000,
      attributes: { ...model, 'ml.prediction.id': `mark-${markMs}` },
    });
  await provider.forceFlush();
  await provider.shutdown();
}

function readFlights(): readonly Flight[] {
  const file = join(root, 'node_modules/vega-datasets/data/flights-20k.json');
  const rows = JSON.parse(readFileSync(file, 'utf8')) as { date: string; delay: number; distance: number }[];
  return rows.map(({ date, delay, distance }) => {
    const day = date.slice(0, 10);
    const [hours, minutes] = date.slice(11).split(':').map(Number);
    return { day, timeMs: dayStart(day) + ((hours ?? 0) * 60 + (minutes ?? 0)) * 60_000, delay, distance };
  });
}

function dayStart(day: string): number {
  return Date.parse(`${day.replaceAll('/', '-')}T00:00:00Z`);
}

function configuration(dir: string, smtpPort: number, hookPort: number): string {
  return `
data_dir: ${dir}/data
receivers: { otlp_http: { host: 127.0.0.1, port: 0 } }
admin: { host: 127.0.0.1, port: 0 }
windows: { pane: 1d, allowed_lateness: 1s, tick: 100ms }
references:
  files:
    - { name: january, model: flights, path: ${dir}/january.csv }
rules:
  - { name: shape, match: { signal: "input.*" }, psi: { threshold: ${psiLimit}, min_rows: 100 }, window: 1d, for: 1 window, keep_firing_for: 1 window }
  - { name: distribution, match: { signal: "input.*" }, ks: { p: ${ksLimit}, min_rows: 100 }, window: 1d, for: 1 window, keep_firing_for: 1 window }
alerting:
  group_by: [environment, model, signal]
  reopen_window: 0s
  defaults: { group_wait: 0s, group_interval: 0s, repeat_interval: 4h }
  channels:
    - { name: mail, type: email, smtp: { host: 127.0.0.1, port: ${smtpPort}, tls: none }, from: kedge@example.com, to: [team@example.com] }
    - { name: hook, type: webhook, url: "http://127.0.0.1:${hookPort}/alerts", secrets: ["${secret}"] }
  route: { channels: [mail, hook] }
`;
}
