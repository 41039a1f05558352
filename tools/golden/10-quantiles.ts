import { quantileOf, weightedQuantile } from '../../detectors/exact/quantiles.ts';
import { binomialLower, quantileRanks } from '../../detectors/math/binomial.ts';
import type { GoldenCase } from './runner.ts';

interface Input {
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly q: readonly number[];
}

interface RankInput {
  readonly n: number;
  readonly q: number;
  readonly confidence: number;
}

export function run({ kind, input }: GoldenCase): unknown {
  switch (kind) {
    case 'type7': {
      const { x, q } = input as Input;
      const sorted = x.toSorted((a, b) => a - b);
      return {
        type7: q.map((share) => quantileOf(sorted, share)),
        inverted_cdf_type1: q.map((share) => quantileOf(sorted, share, 1)),
        hazen_type5: q.map((share) => quantileOf(sorted, share, 5)),
      };
    }
    case 'weighted': {
      const { x, w, q } = input as Input;
      return { inverted_cdf: q.map((share) => weightedQuantile({ values: x, weights: w }, share)) };
    }
    case 'order_statistic_ci':
      return ranksOf(input as RankInput);
    default:
      throw new Error(`unknown kind ${kind}`);
  }
}

function ranksOf({ n, q, confidence }: RankInput): unknown {
  const { low, high } = quantileRanks(n, q, (1 - confidence) / 2);
  const coverage = binomialLower((high ?? n + 1) - 1, n, q) - binomialLower((low ?? 0) - 1, n, q);
  return { rank_low: low ?? null, rank_high: high ?? null, coverage };
}

export function families(_key: string, { kind }: GoldenCase): readonly string[] {
  return kind === 'order_statistic_ci' ? [] : ['quantiles'];
}
