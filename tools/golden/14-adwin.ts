import { type AdwinOptions, type AdwinState, adwinStep } from '../../detectors/streaming/adwin.ts';
import type { GoldenCase } from './runner.ts';

interface Input {
  readonly x: readonly number[];
  readonly delta: number;
  readonly clock: number;
  readonly max_buckets?: number;
  readonly min_window?: number;
  readonly grace?: number;
}

export function run({ kind, input, expected }: GoldenCase): unknown {
  if (kind !== 'adwin_paper' && kind !== 'adwin_river') throw new Error(`unknown kind ${kind}`);
  const { x, delta, clock, max_buckets = 5, min_window = 5, grace = 10 } = input as Input;
  const options: AdwinOptions = {
    delta,
    clock,
    bucketsPerRow: max_buckets,
    sideMin: min_window,
    grace,
    form: kind === 'adwin_river' ? 'river' : 'paper',
  };
  // Where to look is an input that stands among the expected values.
  const { checkpoints = [] } = expected as { readonly checkpoints?: readonly number[] };
  let state: AdwinState | undefined;
  const found = { alarms: [] as number[], checkpoints, width: [] as number[], mean: [] as number[] };
  for (const [i, value] of x.entries()) {
    const step = adwinStep(state, value, options);
    ({ state } = step);
    if (step.alarm) found.alarms.push(i);
    if (!checkpoints.includes(i)) continue;
    found.width.push(step.width);
    found.mean.push(step.mean);
  }
  return found;
}
