import {
  kolmogorovLimit,
  ksExact,
  ksSize,
  ksTwoSample,
  smirnovLimit,
  stephensLimit,
} from '../../detectors/exact/ks-two-sample.ts';
import type { Sample } from '../../detectors/exact/sample.ts';
import type { GoldenCase } from './runner.ts';

/** Raw values, or how often each of `support` was seen. */
type Input = Readonly<Partial<Record<'x' | 'y' | 'support' | 'count_x' | 'count_y', readonly number[]>>>;

export function run({ input }: GoldenCase): unknown {
  const { x, y, support = [], count_x = [], count_y = [] } = input as Input;
  const sample = (values: readonly number[] | undefined, counts: readonly number[]): Sample =>
    values === undefined ? { values: support, weights: counts } : { values };
  const found = ksTwoSample(sample(x, count_x), sample(y, count_y));
  const { n, m } = found;
  const oneSided = (d: number, side: 'less' | 'greater') => ({
    statistic: d,
    p_exact: ksExact(d, n, m, side),
    p_smirnov_limit: smirnovLimit(d, n, m),
    p_asymp_scipy: smirnovLimit(d, n, m),
  });
  return {
    'two-sided': {
      statistic: found.d,
      en: ksSize(n, m),
      // Informative: scipy's is kstwo.sf of a rounded size, ours the limit.
      p_asymp_scipy: kolmogorovLimit(found.d, n, m),
      p_exact: ksExact(found.d, n, m),
      p_kolmogorov_limit: kolmogorovLimit(found.d, n, m),
      p_stephens: stephensLimit(found.d, n, m),
    },
    less: oneSided(found.less, 'less'),
    greater: oneSided(found.greater, 'greater'),
  };
}
