import type { KernelRequest } from './kernels-worker.ts';
import { type Run, Unequal } from './suite.ts';
import { startWorker } from './worker.ts';

/** Figures of one kernel each, in a fresh process each. */
export async function measureKernels(run: Run): Promise<void> {
  const { only } = run.options;
  if (only.has('count')) await measure(run, 'count', ['count.numeric.ns_per_value']);
  if (only.has('eval')) {
    await measure(run, 'features', ['eval.1000_features_ms']);
    await measure(run, 'verdicts', ['eval.1000_verdicts_ms']);
  }
  if (only.has('memory')) {
    await measure(run, 'windows', ['memory.bytes_per_window']);
    await measure(run, 'references', ['memory.bytes_per_reference']);
  }
}

async function measure(run: Run, kernel: KernelRequest['kernel'], [key = '']: [string]): Promise<void> {
  const { rounds, seed } = run.options;
  const worker = startWorker('kernels-worker.ts', { nodeOptions: ['--expose-gc'] });
  try {
    const request: KernelRequest = { kernel, rounds, seed };
    const { unequal, values } = await worker.ask<{ unequal: string; values: number[] }>(request);
    if (unequal !== '') throw new Unequal(unequal);
    run.figures.add(key, values);
  } finally {
    worker.stop();
  }
}
