import { measureAccuracy } from './accuracy.ts';
import { measureLevels, measureNumbers } from './counting.ts';
import { measureFeatures } from './evaluation.ts';
import { measureExact } from './exact.ts';
import type { KernelAnswer } from './kernel-answer.ts';
import { Chance } from './payload-records.ts';
import { measureReferences, measureWindows } from './sizes.ts';
import { measureVerdicts } from './verdicts.ts';
import { answerRequests } from './worker.ts';

const kernels = {
  numbers: measureNumbers,
  levels: measureLevels,
  accuracy: measureAccuracy,
  features: measureFeatures,
  verdicts: measureVerdicts,
  exact: measureExact,
  windows: measureWindows,
  references: measureReferences,
} as const satisfies Record<string, (rounds: number, chance: Chance) => KernelAnswer | Promise<KernelAnswer>>;

export interface KernelRequest {
  readonly kernel: keyof typeof kernels;
  readonly rounds: number;
  readonly seed: number;
}

answerRequests(({ kernel, rounds, seed }: KernelRequest) => kernels[kernel](rounds, new Chance(seed)));
