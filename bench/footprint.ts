import { encodeLogs, logsOf, otlpAttributes } from '../test/support/otlp.ts';
import { type MeasuredAgent, startAgent } from './agent-process.ts';
import { Chance } from './payload-records.ts';
import type { Run } from './suite.ts';

/** After it was ready. */
const idleMs = 10_000;
/** Covers one checkpoint, which is made every 10 s. */
const loadedIdleMs = 12_000;
const loadedRoundsMax = 3;
const megabyte = 1e6;

/** Starts the agent once a round, and lets those of all rounds be idle side by side. */
export async function measureStart(run: Run): Promise<void> {
  const { figures, options } = run;
  const agents: MeasuredAgent[] = [];
  const cpuSeconds: number[] = [];
  try {
    for (let round = 0; round < options.rounds; round++) {
      const agent = await startAgent(run.launcher, run.folder);
      cpuSeconds.push(agent.cpuMs() / 1_000);
      agents.push(agent);
    }
    if (options.only.has('start')) {
      figures.add('start.cpu_s', cpuSeconds);
      figures.add(
        'start.ready_s',
        agents.map(({ readyMs }) => readyMs / 1_000),
      );
    }
    if (options.only.has('memory')) {
      await wait(idleMs);
      figures.add(
        'memory.rss_idle_mb',
        agents.map((agent) => agent.rssBytes() / megabyte),
      );
    }
  } finally {
    await Promise.all(agents.map((agent) => agent.stop()));
  }
}

const signals = 1_000;
const panes = 12;
const paneMs = 300_000;
/** Enough to cut a scale from, in the configuration below. */
const firstRows = 600;
const rowsPerPane = 50;
const rowsPerBody = 100;

const manySignals = `limits: { signals_max: ${signals + 100} }
references: { learn: { rows: 500, rows_min: 100, at_least: 5m, at_most: 1h } }
rules:
  - { name: drift, match: { signal: "input.*" }, drift: {}, for: 1 window }
  - { name: hourly, match: { signal: "input.*" }, psi: 0.2, window: 1h }
`;

/** Agents that hold an hour of 1,000 numeric signals each: 12 panes of every one, and the windows of the default rule. */
export async function measureManySignals(run: Run): Promise<void> {
  const agents: MeasuredAgent[] = [];
  const sizes: number[] = [];
  try {
    for (let round = 0; round < Math.min(loadedRoundsMax, run.options.rounds); round++) {
      const agent = await startAgent(run.launcher, run.folder, manySignals);
      agents.push(agent);
      await fillPanes(agent, new Chance(run.options.seed + round));
    }
    await wait(loadedIdleMs);
    for (const agent of agents) {
      const used = await agent.metric('kedge_limit_used{what="panes"}');
      if (used < signals * panes) throw new Error(`the agent holds ${used} panes, not ${signals * panes}`);
      sizes.push(agent.rssBytes() / megabyte);
    }
  } finally {
    await Promise.all(agents.map((agent) => agent.stop()));
  }
  run.figures.add('memory.rss_1000_signals_mb', sizes);
}

async function fillPanes(agent: MeasuredAgent, chance: Chance): Promise<void> {
  const newestMs = Date.now() - paneMs;
  const oldestMs = newestMs - panes * paneMs;
  for (let rows = 0; rows < firstRows; rows += rowsPerBody) await post(agent, chance, rowsPerBody, oldestMs);
  for (let pane = 1; pane <= panes; pane++) await post(agent, chance, rowsPerPane, oldestMs + pane * paneMs);
}

async function post(agent: MeasuredAgent, chance: Chance, rows: number, atMs: number): Promise<void> {
  const features = Array.from({ length: signals }, (_, i) => [
    `feature_${i}`,
    Array.from({ length: rows }, () => chance.normal() * (i + 1)),
  ]);
  const batch = {
    timeUnixNano: `${atMs}000000`,
    eventName: 'ml.prediction.batch',
    traceId: chance.hex(16),
    spanId: chance.hex(8),
    attributes: otlpAttributes({ 'ml.model.name': 'wide', 'ml.model.version': '1', 'ml.batch.size': rows }),
    body: { kvlistValue: { values: otlpAttributes({ features: Object.fromEntries(features) }) } },
  };
  const answer = await fetch(`http://127.0.0.1:${agent.otlpPort}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: Buffer.from(encodeLogs(logsOf([batch]))),
  });
  if (answer.status !== 200) throw new Error(`a batch was answered ${answer.status}`);
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
