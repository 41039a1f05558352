import {
  cosine,
  meanVector,
  mmdBiased,
  mmdExact,
  mmdUnbiased,
  randomFeatures,
  type Vector,
} from '../../detectors/embedding/mmd.ts';
import type { GoldenCase } from './runner.ts';

export function run({ kind, input }: GoldenCase): unknown {
  if (kind !== 'mmd_rff') throw new Error(`unknown kind ${kind}`);
  const { frequencies, x, y } = input as Readonly<Record<'frequencies' | 'x' | 'y', readonly Vector[]>>;
  const featureMean = (vectors: readonly Vector[]) => ({
    mean: meanVector(vectors.map((vector) => randomFeatures(vector, frequencies))),
    n: vectors.length,
  });
  const [ofX, ofY] = [featureMean(x), featureMean(y)];
  return {
    feature_mean_x: [...ofX.mean],
    feature_mean_y: [...ofY.mean],
    mmd2_biased: mmdBiased(ofX, ofY),
    mmd2_unbiased: mmdUnbiased(ofX, ofY) ?? Number.NaN,
    exact_mmd2_biased_gamma_0_5: mmdExact(x, y, 0.5),
    cosine_of_means: cosine(meanVector(x), meanVector(y)) ?? Number.NaN,
  };
}
