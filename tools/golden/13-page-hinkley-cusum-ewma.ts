import { type CusumState, cusumStep } from '../../detectors/streaming/cusum.ts';
import { type EwmaState, ewmaStep } from '../../detectors/streaming/ewma.ts';
import {
  type PageHinkleyOptions,
  type PageHinkleyState,
  pageHinkleyStep,
} from '../../detectors/streaming/page-hinkley.ts';
import type { GoldenCase } from './runner.ts';

interface Input extends Readonly<Record<'delta' | 'lambda_' | 'alpha' | 'threshold', number>> {
  readonly x: readonly number[];
  readonly min_instances: number;
  readonly direction: 'increase' | 'decrease';
  readonly mu0: number;
  readonly sigma0: number;
  readonly k: number;
  readonly h: number;
  readonly L: number;
}

export function run({ kind, input }: GoldenCase): unknown {
  const given = input as Input;
  const { delta, alpha, min_instances: min } = given;
  switch (kind) {
    case 'page_hinkley':
      return pageHinkley(given.x, { delta, alpha, min, lambda: given.lambda_, direction: given.direction });
    case 'page_hinkley_river': {
      const options = { delta, alpha, min, lambda: given.threshold, direction: 'increase' } as const;
      return pageHinkley(given.x, { ...options, form: 'river' });
    }
    case 'cusum':
      return cusum(given);
    case 'ewma':
      return ewma(given);
    default:
      throw new Error(`unknown kind ${kind}`);
  }
}

function pageHinkley(values: readonly number[], options: PageHinkleyOptions) {
  let state: PageHinkleyState | undefined;
  const statistic: number[] = [];
  const alarms: number[] = [];
  for (const [i, value] of values.entries()) {
    const step = pageHinkleyStep(state, value, options);
    ({ state } = step);
    statistic.push(step.statistic);
    if (step.alarm) alarms.push(i);
  }
  return { statistic, alarms };
}

function cusum({ x, mu0, sigma0, k, h }: Input) {
  let state: CusumState | undefined;
  const found = { s_plus: [] as number[], s_minus: [] as number[], alarms: [] as [number, string][] };
  for (const [i, value] of x.entries()) {
    const step = cusumStep(state, value, { mu0, sigma0, k, h });
    ({ state } = step);
    found.s_plus.push(step.up);
    found.s_minus.push(step.down);
    if (step.direction !== undefined) found.alarms.push([i, step.direction]);
  }
  return found;
}

function ewma({ x, mu0, sigma0, lambda_: lambda, L: width }: Input) {
  let state: EwmaState | undefined;
  const found = { z: [] as number[], half_width: [] as number[], alarms: [] as number[] };
  for (const [i, value] of x.entries()) {
    const step = ewmaStep(state, value, { mu0, sigma0, lambda, width });
    ({ state } = step);
    found.z.push(step.z);
    found.half_width.push(step.halfWidth);
    if (step.alarm) found.alarms.push(i);
  }
  return found;
}

/** The file's tolerance of all that is not an alarm. */
export function families(key: string): readonly string[] {
  return key === 'alarms' ? [] : ['traces'];
}
