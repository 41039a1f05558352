/**
 * Detectors on Σ c (F − G)² over the edges of the cells: Cramér–von Mises, Anderson–Darling and the energy distance. They
 * differ in the weights c only.
 *
 * 1. The statistic, times K = nm/(n+m), is under no change about a sum of chi-squares whose weights follow from the cells
 *    themselves (math/bridge-form.ts), ties and fat cells included; p is a saddle-point approximation of its tail, ≈.
 * 2. The effect is the statistic without K, less its mean under no change.
 * 3. Breach: p ≤ alpha and effect ≥ min_effect; or, with a threshold, statistic > threshold.
 */
import { z } from 'zod';
import type { NumericScale } from '../../core/scale.ts';
import type { Finding } from '../../core/verdict.ts';
import { type Detector, type DetectorInput, defineDetector } from '../detector.ts';
import { bridgeEigenvalues, bridgeFormInverse, bridgeFormUpper } from '../math/bridge-form.ts';
import { comparableOf, comparedFinding } from './compared.ts';
import { type EcdfStep, ecdfsOf, squaredForm } from './ecdf.ts';
import { groupsOf } from './groups.ts';

export interface SquaredDistance {
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly stability: Detector['stability'];
  readonly name: string;
  readonly thresholdText: string;
  readonly exampleThreshold: number;
  /** The least effect, and what it means. */
  readonly minEffect: number;
  readonly minEffectText: string;
  weightOf(step: EcdfStep): number;
  /** From Σ c (F − G)² to the statistic and the effect shown; x = 1/K. Both rise with it. */
  toStatistic(integral: number, x: number): number;
  fromStatistic(statistic: number, x: number): number;
  toEffect(integral: number): number;
  fromEffect(effect: number): number;
}

function optionsOf(distance: SquaredDistance) {
  return z.strictObject({
    threshold: z
      .number()
      .positive()
      .optional()
      .describe(
        `${distance.thresholdText} No default: without it the test is calibrated to the false-alarm budget.`,
      ),
    min_rows: z
      .int()
      .min(1)
      .default(200)
      .describe('Effective rows needed in the window and in the reference.'),
    min_effect: z
      .number()
      .min(0)
      .default(distance.minEffect)
      .describe(`Calibrated only: ${distance.minEffectText}`),
  });
}

type Options = z.output<ReturnType<typeof optionsOf>>;

export function defineSquaredDistance(distance: SquaredDistance): Detector {
  return defineDetector<Options>({
    type: distance.type,
    title: distance.title,
    stability: distance.stability,
    description: distance.description,
    class: 'drift',
    scales: ['numeric'],
    needsReference: true,
    options: optionsOf(distance),
    shorthand: 'threshold',
    raw: {
      textOf: ({ threshold }) => (threshold === undefined ? undefined : `${distance.name} > ${threshold}`),
      tailOf: ({ threshold }, { n, m, inflation, scale, reference }) => {
        if (threshold === undefined || scale.kind !== 'numeric') return undefined;
        const x = 1 / n + 1 / m;
        // Under no change both sides are as the reference: the points of its own distribution function.
        const { points } = squaredForm(ecdfsOf(scale, reference, reference), distance.weightOf);
        const scaled = distance.fromStatistic(threshold, x) / (x * inflation);
        return bridgeFormUpper(scaled, bridgeEigenvalues(points));
      },
      isSlow: true,
    },
    examples: [
      {},
      { threshold: distance.exampleThreshold },
      { min_rows: 500, min_effect: 2 * distance.minEffect },
    ],
    judge: (input) => judge(distance, input),
  });
}

function judge(distance: SquaredDistance, input: DetectorInput<Options>): Finding {
  const { threshold, min_rows, min_effect } = input.options;
  const compared = comparableOf<NumericScale>(input, {
    name: distance.title,
    kinds: ['numeric'],
    minRows: min_rows,
  });
  if ('finding' in compared) return compared.finding;
  const { scale, reference, current } = compared;
  const ecdfs = ecdfsOf(scale, reference, current);
  const { integral, scaled, points } = squaredForm(ecdfs, distance.weightOf);
  const eigenvalues = bridgeEigenvalues(points);
  const byChance = eigenvalues.reduce((sum, value) => sum + value, 0) * ecdfs.x;
  const pValue = bridgeFormUpper(scaled, eigenvalues);
  const effect = distance.toEffect(Math.max(0, integral - byChance));
  const least = Math.max(
    bridgeFormInverse(Math.min(0.4, input.alpha), eigenvalues) * ecdfs.x,
    byChance + distance.fromEffect(min_effect),
  );
  const statistic = distance.toStatistic(integral, ecdfs.x);
  const isBreach =
    threshold === undefined ? pValue <= input.alpha && effect >= min_effect : statistic > threshold;
  return comparedFinding(input, compared, {
    name: distance.name,
    statistic,
    effect,
    threshold: threshold ?? distance.toStatistic(least, ecdfs.x),
    pValue,
    isBreach,
    groups: groupsOf(scale, reference, current).groups,
  });
}
