import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileBlobs } from '../agent/adapters/file-blobs.ts';
import { memoryLog } from '../agent/adapters/memory-log.ts';
import { nodeDigest } from '../agent/adapters/node-digest.ts';
import { createPromMeter } from '../agent/adapters/prom-meter.ts';
import { recordOnly } from '../agent/adapters/record-only.ts';
import { seededRandom } from '../agent/adapters/seeded-random.ts';
import { openSqliteStore } from '../agent/adapters/sqlite-store.ts';
import { createVirtualClock } from '../agent/adapters/virtual-clock.ts';
import { createAgent, registries } from '../agent/agent.ts';
import { loadConfig } from '../config/load.ts';
import { Fields } from '../core/fields.ts';
import type { Call } from '../core/observation.ts';
import { Chance } from './payload-records.ts';

/*
 * `node --expose-gc bench/week.ts [SIGNALS DAYS LEARN_DAYS ROWS_PER_PANE]`
 *
 * An agent with many signals under the default policy, on the virtual clock, with its real store: what it holds and how
 * long it stops everything else, day by day. Time within a tick is the machine's, so that work is sliced as it would be.
 */

const [signals = 1_000, days = 9, learnDays = 7, rowsPerPane = 20] = process.argv.slice(2).map(Number);
const paneMs = 300_000;
const dayMs = 86_400_000;
const startMs = Math.ceil(1_764_000_000_000 / dayMs) * dayMs;
const megabyte = 1e6;

const yaml = `limits: { signals_max: ${signals + 100}, panes_max: 200000 }
windows: { tick: 30s }
store: { checkpoint_every: 10m }
references: { learn: { rows: 1000, at_least: ${learnDays}d, at_most: ${learnDays * 2}d } }
`;

/** The longest time between two turns of the event loop while it is watched. */
class Stalls {
  longestMs = 0;
  #lastMs = 0;
  #isOn = false;

  async during(work: () => Promise<void>): Promise<void> {
    this.#isOn = true;
    this.#lastMs = performance.now();
    this.#turn();
    await work();
    this.#note();
    this.#isOn = false;
  }

  takeMs(): number {
    const longest = this.longestMs;
    this.longestMs = 0;
    return longest;
  }

  #turn(): void {
    setImmediate(() => {
      if (!this.#isOn) return;
      this.#note();
      this.#turn();
    });
  }

  #note(): void {
    const nowMs = performance.now();
    this.longestMs = Math.max(this.longestMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
  }
}

const names = Array.from({ length: signals }, (_, i) => `feature_${i}`);
const fields = new Fields();
const noFields = new Fields();

function callOf(timeMs: number, id: number): Call {
  return {
    kind: 'prediction',
    idHigh: 1,
    idLow: id,
    timeMs,
    model: 'wide',
    version: '1',
    environment: 'prod',
    provider: '',
    role: 'champion',
    inputs: fields,
    outputs: noFields,
    latencyMs: 12,
    firstTokenMs: Number.NaN,
    cost: undefined,
    tokens: undefined,
    result: 'ok',
    traceId: () => '',
    transactionId: '',
    root: false,
    weight: 1,
    weightKnown: 'exact',
    convention: 'ml',
  };
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'kedge-week-'));
  const loaded = loadConfig(yaml, 'week.yaml', registries, { env: {}, readFile: () => undefined });
  if (!loaded.ok) throw new Error(loaded.faults.map((fault) => fault.message).join('\n'));
  const meter = await createPromMeter();
  const log = memoryLog();
  const store = await openSqliteStore({ file: join(folder, 'kedge.db'), log, meter });
  const clock = createVirtualClock(startMs);
  const { http, mail } = recordOnly();
  const agent = await createAgent({
    config: loaded.config,
    ports: {
      clock: {
        nowMs: () => clock.nowMs(),
        monotonicMs: () => performance.now(),
        runAt: clock.runAt.bind(clock),
      },
      random: seededRandom(1),
      digest: nodeDigest(),
      store,
      blobs: await openFileBlobs(folder, meter),
      http,
      mail,
      log,
      meter,
    },
    references: [],
    identity: { name: 'kedge', version: 'bench' },
    trace: (_name, work) => work(),
    isRollbackDisabled: () => false,
  });
  agent.start();
  const chance = new Chance(12_345);
  const stalls = new Stalls();
  const normals = Float64Array.from({ length: 1 << 20 }, () => chance.normal());
  let id = 0;
  let at = 0;
  try {
    for (let pane = 0; pane < days * 288; pane++) {
      const beginMs = startMs + pane * paneMs;
      for (let row = 0; row < rowsPerPane; row++) {
        fields.clear();
        for (const name of names) fields.addNumber(name, normals[at++ & 0xf_ffff] as number);
        at += chance.whole(0, 1_000);
        agent.observe(callOf(beginMs + row, ++id));
      }
      await stalls.during(() => clock.advanceTo(beginMs + paneMs));
      if ((pane + 1) % 72 === 0) tell((pane + 1) / 288, stalls, agent.status().verdicts);
    }
    if (process.env['SNAPSHOT']) (await import('node:v8')).writeHeapSnapshot(process.env['SNAPSHOT']);
  } finally {
    await stalls.during(() =>
      Promise.race([agent.stop(), clock.advanceTo(clock.nowMs() + 60_000)]).then(() => {}),
    );
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function tell(day: number, stalls: Stalls, verdicts: readonly { status: string }[]): void {
  const rss = process.memoryUsage.rss();
  globalThis.gc?.();
  const { heapUsed, arrayBuffers, rss: after } = process.memoryUsage();
  const counts = new Map<string, number>();
  for (const { status } of verdicts) counts.set(status, (counts.get(status) ?? 0) + 1);
  const mb = (bytes: number) => (bytes / megabyte).toFixed(0).padStart(4);
  console.log(
    `day ${day.toFixed(2)}  rss ${mb(rss)} MB, after gc ${mb(after)}; heap ${mb(heapUsed)}, buffers ${mb(arrayBuffers)};` +
      `  longest stall ${stalls.takeMs().toFixed(0)} ms;  ${[...counts].map(([k, n]) => `${n} ${k}`).join(', ')}`,
  );
}

await main();
