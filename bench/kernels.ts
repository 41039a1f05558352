import type { KernelAnswer } from './kernel-answer.ts';
import type { KernelRequest } from './kernels-worker.ts';
import type { Group } from './options.ts';
import { type Run, Unequal } from './suite.ts';
import { startWorker } from './worker.ts';

/** The kernels of each group of figures. */
const kernelsOf: Readonly<Partial<Record<Group, readonly KernelRequest['kernel'][]>>> = {
  count: ['numbers', 'levels'],
  accuracy: ['accuracy'],
  eval: ['features', 'verdicts'],
  exact: ['exact'],
  memory: ['windows', 'references'],
};

/** Whether any of these figures is asked for. */
export function asksKernels(only: ReadonlySet<Group>): boolean {
  return [...only].some((group) => kernelsOf[group] !== undefined);
}

/** Figures of one kernel each, in a fresh process each. */
export async function measureKernels(run: Run): Promise<void> {
  for (const group of run.options.only) {
    for (const kernel of kernelsOf[group] ?? []) await measure(run, kernel);
  }
}

async function measure(run: Run, kernel: KernelRequest['kernel']): Promise<void> {
  const { rounds, seed } = run.options;
  const worker = startWorker('kernels-worker.ts', { nodeOptions: ['--expose-gc'] });
  try {
    const request: KernelRequest = { kernel, rounds, seed };
    const { unequal, figures, absent = {} } = await worker.ask<KernelAnswer>(request);
    if (unequal !== '') throw new Unequal(unequal);
    for (const [key, values] of Object.entries(figures)) run.figures.add(key, values);
    for (const [key, why] of Object.entries(absent)) run.figures.leaveOut(key, why);
  } finally {
    worker.stop();
  }
}
