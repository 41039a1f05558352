import { parentPort, Worker, workerData } from 'node:worker_threads';
import { postRows } from './row-sender.ts';

/* A sender in a thread of its own, so that whatever keeps the test busy does not slow it. */

const everyMs = 100;

export interface CanaryReport {
  /** Rows that were acknowledged. */
  readonly rows: number;
  readonly posts: number;
  readonly refused: number;
  /** The longest time in which every post was refused or failed. */
  readonly longestRefusalMs: number;
  readonly slowestMs: number;
  readonly statuses: Readonly<Record<string, number>>;
}

export interface Canary {
  stop(): Promise<CanaryReport>;
}

/** Posts a good row each 100 ms until it is stopped. */
export function startCanary(otlpUrl: string, model: string): Canary {
  const worker = new Worker(new URL(import.meta.url), { workerData: { otlpUrl, model } });
  const report = new Promise<CanaryReport>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  return {
    stop: () => {
      worker.postMessage('stop');
      return report;
    },
  };
}

async function sing(otlpUrl: string, model: string): Promise<CanaryReport> {
  let isStopped = false;
  parentPort?.once('message', () => {
    isStopped = true;
  });
  const statuses: Record<string, number> = {};
  let [rows, posts, refused, slowestMs, longestRefusalMs] = [0, 0, 0, 0, 0];
  let wellMs = performance.now();
  while (!isStopped) {
    const startedMs = performance.now();
    const row = { id: `canary-${posts}`, timeMs: Date.now(), model, features: { amount: posts % 10 } };
    const status = await postRows(otlpUrl, [row]);
    const endedMs = performance.now();
    posts++;
    statuses[status] = (statuses[status] ?? 0) + 1;
    slowestMs = Math.max(slowestMs, endedMs - startedMs);
    if (status === 200) {
      rows++;
      wellMs = endedMs;
    } else {
      refused++;
      longestRefusalMs = Math.max(longestRefusalMs, endedMs - wellMs);
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, everyMs - (endedMs - startedMs))));
  }
  return { rows, posts, refused, longestRefusalMs, slowestMs, statuses };
}

if (parentPort !== null && workerData?.otlpUrl !== undefined) {
  const { otlpUrl, model } = workerData as { otlpUrl: string; model: string };
  parentPort.postMessage(await sing(otlpUrl, model));
}
