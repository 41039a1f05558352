import { burnPairs, judgeBurn } from '../../detectors/budget/burn-rate.ts';
import { forecastRunRate } from '../../detectors/budget/forecast.ts';
import { meanInterval, ratioOfMeans, welchTest } from '../../detectors/budget/means.ts';
import { pairedNonInferiority } from '../../detectors/budget/non-inferiority.ts';
import { sampleOf, skewnessOf } from '../../detectors/budget/sample.ts';
import { rowsForNonInferiority, rowsForTwoShares } from '../../detectors/budget/sample-size.ts';
import type { GoldenCase } from './runner.ts';

type Values = Readonly<Record<'x' | 'y' | 'x_baseline' | 'y_current' | 'daily_cost', readonly number[]>>;
type Numbers = Readonly<Record<string, number>>;

const usualConfidence = 0.95;

const kinds: Readonly<Record<string, (numbers: Numbers, values: Values) => unknown>> = {
  mean_t: ({ confidence = usualConfidence }, { x }) => {
    const found = meanInterval(sampleOf(x), confidence);
    return { ...found, se: found?.standardError, cv: found?.variation, skewness: skewnessOf(x) };
  },
  welch: ({ confidence = usualConfidence }, { x, y }) => {
    // The file's difference is the second less the first.
    const found = welchTest(sampleOf(y), sampleOf(x), confidence);
    return {
      ...found,
      df: found?.degreesOfFreedom,
      p_two_sided: found?.pTwoSided,
      p_greater: found?.pGreater,
      diff: found?.difference,
    };
  },
  ratio_of_means: ({ confidence = usualConfidence }, { x_baseline, y_current }) => {
    const found = ratioOfMeans(sampleOf(x_baseline), sampleOf(y_current), confidence);
    return { ...found, se_log: found?.logError };
  },
  burn_rate: ({ bad_long, total_long, bad_short, total_short, slo, factor }) => {
    const [long, short] = [
      { bad: bad_long ?? 0, total: total_long ?? 0 },
      { bad: bad_short ?? 0, total: total_short ?? 0 },
    ];
    const found = judgeBurn(long, short, { slo: slo ?? 0, factor: factor ?? 0, badMin: 0 });
    return { burn_long: found.long, burn_short: found.short, fires: found.fires };
  },
  burn_constants: ({ period_days = 30 }) => ({
    rows: burnPairs(period_days).map(({ severity, longHours, shortMinutes, factor, budget }) => ({
      severity,
      long_h: longHours,
      short_min: shortMinutes,
      factor,
      budget,
    })),
  }),
  sample_size_two_proportions: ({ p1 = 0, p2 = 0, alpha_two_sided: alpha = 0, power = 0 }) => ({
    n_per_group: rowsForTwoShares(p1, p2, { alpha, power }),
  }),
  sample_size_non_inferiority: ({ p = 0, margin = 0, alpha_one_sided: alpha = 0, power = 0 }) => ({
    n_per_group: rowsForNonInferiority(p, margin, { alpha, power }),
  }),
  non_inferiority_paired: (numbers) => nonInferiority(numbers),
  forecast_run_rate: ({ days_left = 0, confidence = 0 }, { daily_cost }) => {
    const found = forecastRunRate(daily_cost, days_left, confidence);
    return { ...found, forecast: found?.total, se: found?.standardError };
  },
};

function nonInferiority(numbers: Numbers) {
  const table = {
    bothCorrect: numbers['both_correct'] ?? 0,
    onlyIncumbentCorrect: numbers['only_incumbent_correct'] ?? 0,
    onlyCandidateCorrect: numbers['only_candidate_correct'] ?? 0,
    bothWrong: numbers['both_wrong'] ?? 0,
  };
  const found = pairedNonInferiority(table, numbers['margin'] ?? 0, numbers['alpha_one_sided'] ?? 0);
  return {
    ...found,
    diff: found?.difference,
    se: found?.standardError,
    non_inferior: found?.isNonInferior,
  };
}

export function run({ kind = '', input }: GoldenCase): unknown {
  const compute = kinds[kind];
  if (compute === undefined) throw new Error(`unknown kind ${kind}`);
  return compute(input as Numbers, input as Values);
}
