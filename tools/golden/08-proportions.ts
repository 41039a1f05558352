import { mcNemar } from '../../detectors/exact/mcnemar.ts';
import { poissonRates } from '../../detectors/exact/poisson-rates.ts';
import {
  clopperPearson,
  type Interval,
  newcombe,
  wilson,
  wilsonCorrected,
} from '../../detectors/exact/proportion-intervals.ts';
import {
  binomialTwoSided,
  fisherExact,
  oddsRatio,
  type Proportion,
  pooledZ,
  unpooledZ,
  type ZTest,
} from '../../detectors/exact/proportions.ts';
import type { GoldenCase } from './runner.ts';

type Input = Readonly<Record<string, number>>;

function read(input: Input, keys: readonly string[]): number[] {
  return keys.map((key) => input[key] ?? Number.NaN);
}

function shown(test: ZTest | undefined): unknown {
  // Without a variance there is no z; the file says NaN.
  const { z, twoSided, greater, less } = test ?? {
    z: Number.NaN,
    twoSided: Number.NaN,
    greater: Number.NaN,
    less: Number.NaN,
  };
  return { z, p_two_sided: twoSided, p_greater: greater, p_less: less };
}

function twoProportions(input: Input, confidences: readonly number[]): unknown {
  const [k1 = 0, n1 = 0, k2 = 0, n2 = 0] = read(input, ['k1', 'n1', 'k2', 'n2']);
  const first: Proportion = { k: k1, n: n1 };
  const second: Proportion = { k: k2, n: n2 };
  const fisher = fisherExact(first, second);
  const intervals: Readonly<Record<string, (confidence: number) => Interval>> = {
    newcombe_diff: (confidence) => newcombe(first, second, confidence),
    wilson_1: (confidence) => wilson(first, confidence),
    clopper_pearson_1: (confidence) => clopperPearson(first, confidence),
    wilson_cc_1: (confidence) => wilsonCorrected(first, confidence),
  };
  const atLevels = Object.entries(intervals).flatMap(([key, at]) =>
    confidences.map((confidence) => [`${key}_${confidence}`, at(confidence)]),
  );
  return {
    z_pooled: shown(pooledZ(first, second)),
    z_unpooled: shown(unpooledZ(first, second)),
    'fisher_two-sided': fisher.twoSided,
    fisher_less: fisher.less,
    fisher_greater: fisher.greater,
    odds_ratio_sample: oddsRatio(first, second),
    binom_test_vs_p2: binomialTwoSided(first, k2 / n2),
    ...Object.fromEntries(atLevels),
  };
}

function discordant(input: Input): unknown {
  const [b = 0, c = 0] = read(input, ['b', 'c']);
  const found = mcNemar(b, c);
  return {
    exact_p: found.exactP,
    chi2: found.chiSquare,
    p_chi2: found.chiSquareP,
    chi2_cc: found.corrected,
    p_chi2_cc: found.correctedP,
    midp: found.midP,
  };
}

function rates(input: Input): unknown {
  const [events1 = 0, exposure1 = 0, events2 = 0, exposure2 = 0] = read(input, [
    'events1',
    'exposure1',
    'events2',
    'exposure2',
  ]);
  const { twoSided, greater, less } = poissonRates(
    { events: events1, exposure: exposure1 },
    { events: events2, exposure: exposure2 },
  );
  return { p_two_sided: twoSided, p_greater: greater, p_less: less };
}

/** Those that the keys end in, such as `wilson_1_0.95`. */
function confidencesIn(expected: unknown): number[] {
  const ends = Object.keys(expected as object).flatMap((key) => /_(0\.\d+)$/.exec(key)?.[1] ?? []);
  return [...new Set(ends)].map(Number);
}

export function run({ kind, input, expected }: GoldenCase): unknown {
  switch (kind) {
    case 'two_proportions':
      return twoProportions(input as Input, confidencesIn(expected));
    case 'mcnemar':
      return discordant(input as Input);
    case 'poisson_rates':
      return rates(input as Input);
    default:
      throw new Error(`unknown kind ${kind}`);
  }
}

export function families(key: string): readonly string[] {
  if (/^(newcombe|wilson|clopper)/.test(key)) return ['intervals'];
  return /^(p_|fisher_|binom_test|exact_p$|midp$)/.test(key) ? ['p'] : [];
}
