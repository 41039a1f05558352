import type { Config } from '../../config/config.ts';
import type { Rule } from '../../core/rule.ts';

export const minuteMs = 60_000;
export const hourMs = 3_600_000;
export const dayMs = 86_400_000;

/** A whole configuration with small limits, for stages under test; the loader has tests of its own. */
export function testConfig(over: Partial<Config> = {}): Config {
  return {
    dataDir: '',
    environment: 'default',
    externalUrl: '',
    receivers: {
      otlpHttp: {
        host: '127.0.0.1',
        port: 0,
        bodyBytesMax: 1 << 26,
        requestsInWorkMax: 256,
        inflightBytesMax: 1 << 27,
      },
    },
    admin: { host: '127.0.0.1', port: 0 },
    windows: { paneMs: 5 * minuteMs, allowedLatenessMs: minuteMs, tickMs: 1_000 },
    limits: { modelsMax: 3, versionsMax: 2, signalsMax: 8, panesMax: 1_000 },
    falseAlarms: { count: 1, perMs: 30 * dayMs },
    models: [],
    references: {
      learn: { rows: 500, rowsMin: 100, atLeastMs: hourMs, atMostMs: dayMs },
      files: [],
      rolling: { lengthMs: 28 * dayMs, gapMs: dayMs },
      relearn: { onNewVersion: 'none', approval: 'never' },
    },
    rules: [],
    prices: { version: 'test', entries: [] },
    sampling: {},
    content: { rowsPerSecondMax: 1_000 },
    transactions: { idleMs: minuteMs, openMax: 100 },
    alerting: {
      groupBy: ['environment', 'model', 'version'],
      reopenWindowMs: 15 * minuteMs,
      channels: [],
      route: {
        match: {},
        channels: [],
        continue: false,
        timing: { groupWaitMs: 0, groupIntervalMs: 0, repeatIntervalMs: 4 * hourMs, sendResolved: true },
        routes: [],
      },
      outbox: { rowsMax: 10_000, bytesMax: 1 << 26, maxAgeMs: 3 * dayMs },
    },
    rollback: { targets: [], policies: [] },
    store: { checkpointEveryMs: 10_000, keepDoneMs: dayMs, maintenanceCron: '0 3 * * *', verdictsKept: 50 },
    telemetry: {},
    log: { level: 'info' },
    ...over,
  };
}

/** A drift rule on every input, judged each hour. */
export function testRule(over: Partial<Rule> = {}): Rule {
  return {
    name: 'input_drift',
    match: { model: '*', environment: '*', version: '*', signal: 'input.*' },
    class: 'drift',
    detector: { type: 'psi', options: { min_rows: 100, min_effect: 0.01 } },
    lengthMs: hourMs,
    hopMs: hourMs,
    for: { windows: 1 },
    keepFiringFor: { windows: 1 },
    severity: 'warning',
    noDataAfter: 0,
    runbookUrl: '',
    ...over,
  };
}
