import { ksWeighted } from '../../detectors/exact/ks-weighted.ts';
import type { GoldenCase } from './runner.ts';

type Input = Readonly<Record<'x' | 'wx' | 'y' | 'wy', readonly number[]>>;

export function run({ input }: GoldenCase): unknown {
  const { x, wx, y, wy } = input as Input;
  const found = ksWeighted({ values: x, weights: wx }, { values: y, weights: wy });
  return {
    statistic: found.d,
    greater: found.greater,
    less: found.less,
    n_eff_x: found.sizeX,
    n_eff_y: found.sizeY,
    p_kolmogorov_limit: found.pValue,
  };
}

export function families(key: string): readonly string[] {
  if (key === 'n_eff_y') return ['n_eff_x'];
  return ['greater', 'less'].includes(key) ? ['statistic'] : [];
}
