import { energyDistance } from '../../detectors/exact/energy.ts';
import { populationDeviation } from '../../detectors/exact/sample.ts';
import { wasserstein, wassersteinNormed } from '../../detectors/exact/wasserstein.ts';
import type { GoldenCase } from './runner.ts';

interface Input {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly wx?: readonly number[];
  readonly wy?: readonly number[];
}

export function run({ input }: GoldenCase): unknown {
  const { x, y, wx, wy } = input as Input;
  const reference = { values: x, ...(wx === undefined ? {} : { weights: wx }) };
  const current = { values: y, ...(wy === undefined ? {} : { weights: wy }) };
  return {
    wasserstein1: wasserstein(reference, current),
    energy_distance: energyDistance(reference, current),
    std_ref_population: populationDeviation(reference),
    wasserstein1_normed: wassersteinNormed(reference, current),
  };
}
