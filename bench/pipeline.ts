import { type MeasuredAgent, startAgent } from './agent-process.ts';
import type { LoadRequest, LoadResult } from './load-worker.ts';
import type { SetName } from './payloads.ts';
import { interleave } from './samples.ts';
import { type Decoders, type Run, type StoredSet, startDecoders, storeSet } from './suite.ts';
import { startWorker, type Worker } from './worker.ts';

const decoderWarmUpMs = 300;
const serverWarmUpMs = 2_000;
const decoderSampleMs = 250;
const serverSampleMs = 1_200;
/** Fewer say little about one request. */
const requestsMin = 50;

/**
 * The whole agent over real HTTP, from bytes on a socket to counters, in its usual configuration. What is not in the
 * figure: panes closing and judged (once in five minutes), inflating, JSON.
 */
export async function measurePipeline(run: Run): Promise<void> {
  for (const name of run.options.sets) {
    try {
      await measureSet(run, name);
    } catch (error) {
      if (!(error instanceof RoundFailed)) throw error;
      run.say(`pipeline ${name} failed: ${error.message}`);
      for (const key of keysOf(name)) run.figures.fail(key, error.message);
    }
  }
}

/** A set that could not be measured as it should is shown as failed. */
class RoundFailed extends Error {}

function keysOf(name: SetName): readonly string[] {
  if (name === 'batch') return ['pipeline.batch.rows_per_cpu_s'];
  return [`pipeline.${name}.vs_protobufjs`, `pipeline.${name}.spans_per_cpu_s`];
}

async function measureSet(run: Run, name: SetName): Promise<void> {
  const set = storeSet(run, name);
  const agent = await startAgent(run.launcher, run.folder);
  const load = startWorker('load-worker.ts', { pinned: true });
  const decoders = await startDecoders(set);
  try {
    await measureWith(run, set, { agent, load, decoders });
  } finally {
    decoders.stop();
    load.stop();
    await agent.stop();
  }
}

interface Processes {
  readonly agent: MeasuredAgent;
  readonly load: Worker;
  readonly decoders: Decoders;
}

async function measureWith(run: Run, set: StoredSet, { agent, load, decoders }: Processes): Promise<void> {
  const ask = <Answer>(request: LoadRequest) => load.ask<Answer>(request);
  let sent = 0;
  /** CPU milliseconds of the agent for one request. */
  const sampleAgent = async (ms: number): Promise<number> => {
    const before = agent.cpuMs();
    const { requests, refused } = await ask<LoadResult>({ type: 'run', ms });
    const spentMs = agent.cpuMs() - before;
    sent += requests;
    if (refused > 0) throw new RoundFailed(`${refused} of ${requests} requests were not answered 200`);
    if (requests < requestsMin) throw new RoundFailed(`only ${requests} requests in ${ms} ms`);
    return spentMs / requests;
  };

  await ask({ type: 'open', port: agent.otlpPort, path: `/v1/${set.signal}`, files: set.files });
  await sampleAgent(serverWarmUpMs);
  await decoders.sample('protobufjs', decoderWarmUpMs);
  const rounds = await interleave(run.options.rounds, {
    agent: () => sampleAgent(serverSampleMs),
    protobufjs: () => decoders.sample('protobufjs', decoderSampleMs),
  });
  await checkCounted(agent, sent * set.calls);

  const perSecond = rounds.map((round) => (set.items * 1_000) / round.agent);
  if (set.name === 'batch') run.figures.add('pipeline.batch.rows_per_cpu_s', perSecond);
  else {
    run.figures.add(`pipeline.${set.name}.spans_per_cpu_s`, perSecond);
    const ratios = rounds.map((round) => round.protobufjs / round.agent);
    run.figures.add(`pipeline.${set.name}.vs_protobufjs`, ratios);
  }
}

const countedMs = 5_000;
const pollMs = 100;

/** An agent that drops rows would look fast. Rows reach /metrics with the next tick. */
async function checkCounted(agent: MeasuredAgent, calls: number): Promise<void> {
  const until = performance.now() + countedMs;
  for (;;) {
    const ml = await agent.metric('kedge_rows_total{convention="ml"}');
    const genAi = await agent.metric('kedge_rows_total{convention="gen_ai"}');
    if (ml + genAi === calls) return;
    if (performance.now() > until) {
      throw new RoundFailed(`the agent counted ${ml + genAi} of ${calls} calls sent`);
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
