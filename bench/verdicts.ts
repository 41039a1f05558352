import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryBlobs } from '../agent/adapters/memory-blobs.ts';
import { memoryLog } from '../agent/adapters/memory-log.ts';
import { nodeDigest } from '../agent/adapters/node-digest.ts';
import { createPromMeter } from '../agent/adapters/prom-meter.ts';
import { recordOnly } from '../agent/adapters/record-only.ts';
import { seededRandom } from '../agent/adapters/seeded-random.ts';
import { openSqliteStore } from '../agent/adapters/sqlite-store.ts';
import { createVirtualClock, type VirtualClock } from '../agent/adapters/virtual-clock.ts';
import { type Agent, createAgent } from '../agent/agent.ts';
import type { Config } from '../config/config.ts';
import { Fields } from '../core/fields.ts';
import type { Call } from '../core/observation.ts';
import { hourMs, minuteMs, testConfig, testRule } from '../test/support/test-config.ts';
import type { KernelAnswer } from './kernel-answer.ts';
import type { Chance } from './payload-records.ts';

const signals = 1_000;
/** Of these every second window is moved, so that alerts open and close all the time. */
const moved = 50;
const rowsPerWindow = 300;
/** Hours of traffic until every signal has a reference: one to learn it, one to see it frozen. */
const learningWindows = 3;
/** One tick is too short for one sample. */
const windowsPerRound = 6;
const startMs = 1_764_000_000_000 - (1_764_000_000_000 % hourMs);

const config: Config = testConfig({
  limits: { modelsMax: 2, versionsMax: 2, signalsMax: signals + 10, panesMax: 100_000 },
  windows: { paneMs: hourMs, allowedLatenessMs: minuteMs, tickMs: 1_000 },
  references: {
    ...testConfig().references,
    learn: { rows: rowsPerWindow, rowsMin: 100, atLeastMs: hourMs, atMostMs: 24 * hourMs },
  },
  rules: [testRule({ detector: { type: 'psi', options: { min_rows: 200, min_effect: 0.01 } } })],
});

/**
 * CPU of one tick in which the windows of 1,000 signals close: counters to verdicts, alerts, and one commit to a real
 * store. Nothing is sent.
 */
export async function measureVerdicts(rounds: number, chance: Chance): Promise<KernelAnswer> {
  const folder = mkdtempSync(join(tmpdir(), 'kedge-bench-store-'));
  const meter = await createPromMeter();
  const log = memoryLog();
  const store = await openSqliteStore({ file: join(folder, 'kedge.db'), log, meter });
  const clock = createVirtualClock(startMs);
  const random = seededRandom(1);
  const { http, mail } = recordOnly();
  const agent = await createAgent({
    config,
    ports: { clock, random, digest: nodeDigest(), store, blobs: createMemoryBlobs(), http, mail, log, meter },
    references: [],
    identity: { name: 'kedge', version: 'bench' },
    trace: (_name, work) => work(),
    isRollbackDisabled: () => false,
  });
  try {
    return await measureTicks(rounds, new Hours(agent, clock, chance));
  } finally {
    await agent.stop();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureTicks(rounds: number, hours: Hours): Promise<KernelAnswer> {
  for (let i = 0; i < learningWindows + windowsPerRound; i++) await hours.next();
  const values: number[] = [];
  let wrong = 0;
  for (let round = 0; round < rounds; round++) {
    let cpuMs = 0;
    for (let i = 0; i < windowsPerRound; i++) {
      cpuMs += await hours.next();
      wrong += hours.countWrong();
    }
    values.push(cpuMs / windowsPerRound);
  }
  const unequal = wrong === 0 ? '' : `${wrong} verdicts are missing or are not what was drawn`;
  return { unequal, figures: { 'eval.1000_verdicts_ms': values } };
}

/** One hour of traffic after another. */
class Hours {
  readonly #agent: Agent;
  readonly #clock: VirtualClock;
  readonly #chance: Chance;
  readonly #fields = new Fields();
  #hour = 0;

  constructor(agent: Agent, clock: VirtualClock, chance: Chance) {
    this.#agent = agent;
    this.#clock = clock;
    this.#chance = chance;
  }

  /** CPU milliseconds of the tick in which the hour closes. */
  async next(): Promise<number> {
    const beginMs = startMs + this.#hour * hourMs;
    const isMoved = this.#isMoved();
    for (let row = 0; row < rowsPerWindow; row++) {
      await this.#advanceTo(beginMs + (row * hourMs) / rowsPerWindow);
      this.#observe(row, isMoved);
    }
    await this.#advanceTo(beginMs + hourMs + 2 * minuteMs);
    const before = process.cpuUsage();
    // A pane of many signals is judged in parts, each at its turn by the clock.
    const ticked = this.#agent.tick();
    await this.#clock.advanceTo(this.#clock.nowMs());
    await ticked;
    const { user, system } = process.cpuUsage(before);
    this.#hour++;
    return (user + system) / 1_000;
  }

  /** Of the last hour: verdicts that are not there, and moved signals that were not seen (or the reverse). */
  countWrong(): number {
    const { verdicts } = this.#agent.status();
    const endMs = startMs + this.#hour * hourMs;
    const fresh = verdicts.filter((verdict) => verdict.endMs === endMs);
    const wasMoved = this.#hour % 2 === 0;
    const breaches = fresh.filter(({ status }) => status === 'breach').length;
    return signals - fresh.length + Math.abs(breaches - (wasMoved ? moved : 0));
  }

  #isMoved(): boolean {
    return this.#hour >= learningWindows && this.#hour % 2 === 1;
  }

  async #advanceTo(ms: number): Promise<void> {
    if (ms > this.#clock.nowMs()) await this.#clock.advanceTo(ms);
  }

  #observe(row: number, isMoved: boolean): void {
    const fields = this.#fields;
    fields.clear();
    for (let i = 0; i < signals; i++) {
      fields.addNumber(names[i] as string, this.#chance.normal() + (isMoved && i < moved ? 2 : 0));
    }
    this.#agent.observe(callOf(fields, this.#clock.nowMs(), this.#hour * rowsPerWindow + row));
  }
}

const names = Array.from({ length: signals }, (_, i) => `feature_${i}`);
const noFields = new Fields();

function callOf(inputs: Fields, timeMs: number, id: number): Call {
  return {
    kind: 'prediction',
    idHigh: 1,
    idLow: id + 1,
    timeMs,
    model: 'wide',
    version: '1',
    environment: 'prod',
    provider: '',
    role: 'champion',
    inputs,
    outputs: noFields,
    latencyMs: Number.NaN,
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
