/**
 * Detectors on shares whose statistic is, up to a factor, about chi-square under no change: Pearson's chi-square, G, and the
 * distances of Jensen–Shannon, Hellinger and Kullback–Leibler. They differ in the statistic only, and that stands in their
 * files; what they share is here.
 *
 * 1. Groups are the reference's deciles or frequent levels (groups.ts), B' of them not empty on both sides.
 * 2. Each gives its statistic and the chi-square variable X that belongs to it, with B' − 1 degrees of freedom: p ≈ P(χ² ≥ X).
 *    The approximation holds from 200 rows and 5 expected in a group on, which the groups see to.
 * 3. The effect is (X − (B' − 1))·x, x = 1/n + 1/m: what is beyond chance, on the scale of PSI for all of them. 0.01 is a
 *    normal shifted by 0.1 sd, 0.1 one by a third.
 * 4. Breach: p ≤ alpha and effect ≥ min_effect; or, with a threshold, statistic > threshold.
 */
import { z } from 'zod';
import type { LevelsScale, NumericScale } from '../../core/scale.ts';
import type { Finding } from '../../core/verdict.ts';
import { type Detector, type DetectorInput, defineDetector } from '../detector.ts';
import { chiSquareUpper } from '../math/chi-square.ts';
import { KeptInverses } from '../math/kept-inverses.ts';
import { comparableOf, comparedFinding } from './compared.ts';
import { inconclusive, rowsText, sizesOf } from './finding.ts';
import { groupsOf } from './groups.ts';

export interface GroupStatistic {
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly stability: Detector['stability'];
  /** Of the statistic, for the sentence. */
  readonly name: string;
  /** What the threshold option is compared with, for its description. */
  readonly thresholdText: string;
  readonly exampleThreshold: number;
  /**
   * When half a row is added to each group on both sides (Jeffreys). Distances made of roots or logarithms are too loud where
   * a group is nearly empty: at 200 rows and alpha 0.01 Hellinger breached 4 times as often as asked on data with ties, with
   * the half rows once. A threshold of one's own is compared with the distance as other tools compute it.
   */
  readonly halfRows: 'never' | 'calibrated' | 'always';
  statisticOf(reference: readonly number[], current: readonly number[]): number;
  /** The statistic as a chi-square variable; x = 1/n + 1/m. */
  toChiSquare(statistic: number, x: number): number;
  /** The reverse, for the threshold. */
  fromChiSquare(chiSquare: number, x: number): number;
}

function optionsOf(thresholdText: string) {
  return z.strictObject({
    threshold: z
      .number()
      .positive()
      .optional()
      .describe(`${thresholdText} No default: without it the test is calibrated to the false-alarm budget.`),
    min_rows: z
      .int()
      .min(1)
      .default(200)
      .describe('Effective rows needed in the window and in the reference.'),
    min_effect: z
      .number()
      .min(0)
      .default(0.01)
      .describe(
        'Calibrated only: the least change beyond chance, on the scale of PSI. 0.01 is a shift by 0.1 sd of a normal.',
      ),
  });
}

type Options = z.output<ReturnType<typeof optionsOf>>;

export function defineGroupDetector(statistic: GroupStatistic): Detector {
  return defineDetector<Options>({
    type: statistic.type,
    title: statistic.title,
    stability: statistic.stability,
    description: statistic.description,
    class: 'drift',
    scales: ['numeric', 'levels'],
    needsReference: true,
    options: optionsOf(statistic.thresholdText),
    shorthand: 'threshold',
    raw: {
      textOf: ({ threshold }) => (threshold === undefined ? undefined : `${statistic.name} > ${threshold}`),
      tailOf: ({ threshold }, { n, m, groups, inflation }) =>
        threshold === undefined
          ? undefined
          : chiSquareUpper(statistic.toChiSquare(threshold, 1 / n + 1 / m) / inflation, groups - 1),
    },
    examples: [{}, { threshold: statistic.exampleThreshold }, { min_rows: 500, min_effect: 0.02 }],
    judge: (input) => judge(statistic, input),
  });
}

function judge(test: GroupStatistic, input: DetectorInput<Options>): Finding {
  const { threshold, min_rows, min_effect } = input.options;
  const compared = comparableOf<NumericScale | LevelsScale>(input, {
    name: test.title,
    kinds: ['numeric', 'levels'],
    minRows: min_rows,
  });
  if ('finding' in compared) return compared.finding;
  const { groups, comparable } = groupsOf(compared.scale, compared.reference, compared.current);
  if (!comparable) return nothingFrequent(input);
  const size = sizesOf(input);
  const x = 1 / size.reference + 1 / size.current;
  const isAdded = test.halfRows === 'always' || (test.halfRows === 'calibrated' && threshold === undefined);
  const counts = (side: 'reference' | 'current') => groups.map((group) => group[side] + (isAdded ? 0.5 : 0));
  const degreesOfFreedom = groups.filter((group) => group.reference > 0 || group.current > 0).length - 1;
  const statistic = test.statisticOf(counts('reference'), counts('current'));
  const chiSquare = test.toChiSquare(statistic, x);
  const pValue = degreesOfFreedom < 1 ? 1 : chiSquareUpper(chiSquare, degreesOfFreedom);
  const effect = (chiSquare - Math.max(0, degreesOfFreedom)) * x;
  const inverses = input.inverses ?? new KeptInverses();
  const byChance = degreesOfFreedom < 1 ? 0 : inverses.chiSquareUpper(input.alpha, degreesOfFreedom);
  const calibrated = Math.max(byChance, degreesOfFreedom + min_effect / x);
  const isBreach =
    threshold === undefined ? pValue <= input.alpha && effect >= min_effect : statistic > threshold;
  return comparedFinding(input, compared, {
    name: test.name,
    statistic,
    effect,
    threshold: threshold ?? test.fromChiSquare(calibrated, x),
    pValue,
    isBreach,
    groups,
  });
}

/** Of levels none of which is frequent enough to stand alone. */
export function nothingFrequent(input: DetectorInput<unknown>): Finding {
  const rows = rowsText(input.current);
  const reason = `No value of ${input.signal} is expected in 5 of ${rows}: there are no shares to compare.`;
  return inconclusive('not_applicable', reason, sizesOf(input));
}
