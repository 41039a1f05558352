/**
 * Population stability index: Σ (p − q) ln(p / q) over groups, p the reference's shares and q the window's.
 *
 * The idea: it is 0 for equal shares and grows with every share that moves, about twice as fast as a chi-square of the
 * same change. Its habit is a fixed threshold such as 0.2; but with n and m rows it is (B − 1)(1/n + 1/m) by chance alone,
 * so a fixed threshold floods at 200 rows and is blind at 10,000. Without a threshold it is therefore calibrated.
 *
 * 1. Shares are (count + ½) / (rows + ½ B) on both sides (Jeffreys): never 0, so never infinite. Simulated false rates at
 *    n = 200 and alpha 1e-2 to 1e-6 are 1 to 2 times alpha; with the usual floor of 1e-4 instead, up to 10 times.
 * 2. Groups: the reference's deciles, tails outside it included in the outer ones; or its frequent levels and the rest.
 * 3. Under no change PSI / x is about chi-square with B' − 1 degrees of freedom, x = 1/n + 1/m, B' the groups that are not
 *    empty on both sides (Yurdakul 2018, theorem 2.1). Its mean is (B' − 1)x; PSI less that is the effect, `excess`.
 * 4. Calibrated: breach when p ≤ alpha and excess ≥ min_effect. 0.01 is a shift of a normal by 0.1 sd.
 *
 * A worked example: deciles of 20,000 rows against 5,000 rows shifted by a quarter sd: PSI 0.06, x = 0.00025, PSI / x =
 * 240 on 9 degrees of freedom, p = 1e-46.
 *
 * When not to use it: for ids and other levels of which none is frequent; to find spread or a thin tail early (it is
 * blunt there); with fewer than 200 rows.
 */
import { z } from 'zod';
import type { Finding } from '../core/verdict.ts';
import {
  changeText,
  inconclusive,
  noReference,
  notApplicable,
  numberText,
  probabilityText,
  rowsText,
  sizesOf,
  toldNow,
  toldWhenAsked,
  tooFew,
} from './counters/finding.ts';
import { directionOf, evidenceOf, type Group, groupsOf } from './counters/groups.ts';
import { type DetectorInput, defineDetector } from './detector.ts';
import { chiSquareUpper } from './math/chi-square.ts';
import { KeptInverses } from './math/kept-inverses.ts';

export { psiOfCounts } from './exact/psi.ts';

const options = z.strictObject({
  threshold: z
    .number()
    .positive()
    .optional()
    .describe(
      'Breach when PSI is over this. No default: without it PSI is calibrated to the false-alarm budget.',
    ),
  min_rows: z.int().min(1).default(200).describe('Effective rows needed in the window and in the reference.'),
  min_effect: z
    .number()
    .min(0)
    .default(0.01)
    .describe(
      'Calibrated only: the least PSI beyond what chance gives. 0.01 is a shift by 0.1 sd of a normal.',
    ),
});

type Options = z.output<typeof options>;

export interface PsiStatistics {
  readonly psi: number;
  /** 1/n + 1/m. */
  readonly scale: number;
  /** Groups that are not empty on both sides, less one. */
  readonly degreesOfFreedom: number;
  /** PSI less its mean under no change; may be negative. */
  readonly excess: number;
  readonly pValue: number;
}

/** PSI and what chance would make of it. Both sides must have rows. */
export function psiStatistics(groups: readonly Pick<Group, 'reference' | 'current'>[]): PsiStatistics {
  let before = 0;
  let now = 0;
  let used = 0;
  for (const { reference, current } of groups) {
    before += reference;
    now += current;
    if (reference > 0 || current > 0) used++;
  }
  const added = 0.5 * groups.length;
  let psi = 0;
  if (before > 0 && now > 0) {
    for (const { reference, current } of groups) {
      const p = (reference + 0.5) / (before + added);
      const q = (current + 0.5) / (now + added);
      psi += (p - q) * Math.log(p / q);
    }
  }
  const scale = 1 / before + 1 / now;
  const degreesOfFreedom = Math.max(0, used - 1);
  const pValue = degreesOfFreedom === 0 ? 1 : chiSquareUpper(psi / scale, degreesOfFreedom);
  return { psi, scale, degreesOfFreedom, excess: psi - degreesOfFreedom * scale, pValue };
}

/** The PSI at which p = alpha and the excess reaches its floor. */
export function psiThreshold(
  statistics: PsiStatistics,
  alpha: number,
  minEffect: number,
  inverses = new KeptInverses(),
): number {
  const { scale, degreesOfFreedom } = statistics;
  const byChance = degreesOfFreedom === 0 ? 0 : scale * inverses.chiSquareUpper(alpha, degreesOfFreedom);
  return Math.max(byChance, degreesOfFreedom * scale + minEffect);
}

function judge(input: DetectorInput<Options>): Finding {
  const { scale, current, reference, signal, alpha } = input;
  if (scale.kind === 'log') return notApplicable(input, 'PSI');
  if (reference === undefined) return noReference(input);
  const few = tooFew(input, input.options.min_rows);
  if (few !== undefined) return few;
  const { groups, comparable } = groupsOf(scale, reference, current);
  if (!comparable) {
    const reason = `No value of ${signal} is expected in 5 of ${rowsText(current)}: PSI has nothing to compare.`;
    return inconclusive('not_applicable', reason, sizesOf(input));
  }
  const statistics = psiStatistics(groups);
  const { psi, excess, pValue } = statistics;
  const isRaw = input.options.threshold !== undefined;
  const threshold =
    input.options.threshold ?? psiThreshold(statistics, alpha, input.options.min_effect, input.inverses);
  const isBreach = isRaw ? psi > threshold : pValue <= alpha && excess >= input.options.min_effect;
  const direction = isBreach && scale.kind === 'numeric' ? directionOf(scale, reference, current) : undefined;
  const evidence = () => evidenceOf(groups);
  const reason = () => {
    const verdict = `${isBreach ? 'over' : 'within'} ${numberText(threshold)} (${probabilityText(pValue)})`;
    const rows = `${rowsText(current)} against ${rowsText(reference)} in the reference`;
    const change = isBreach ? changeText(evidence(), direction) : '';
    return `PSI of ${signal} is ${numberText(psi)}, ${verdict}, with ${rows}${change}.`;
  };
  const finding = {
    status: isBreach ? 'breach' : 'ok',
    statistic: psi,
    effect: excess,
    threshold,
    pValue,
    ...(direction === undefined ? {} : { direction }),
    size: sizesOf(input),
  } as const;
  return isBreach ? toldNow(finding, { reason, evidence }) : toldWhenAsked(finding, { reason, evidence });
}

export const psi = defineDetector<Options>({
  type: 'psi',
  title: 'Population stability index',
  stability: 'beta',
  description:
    'Compares the shares of the deciles or levels of a signal with the reference. Calibrated by default: the threshold ' +
    'follows the number of rows and the false-alarm budget. Not for ids, nor for windows of fewer than 200 rows.',
  class: 'drift',
  scales: ['numeric', 'levels'],
  needsReference: true,
  options,
  shorthand: 'threshold',
  raw: {
    textOf: ({ threshold }) => (threshold === undefined ? undefined : `PSI > ${threshold}`),
    tailOf: ({ threshold }, { n, m, groups, inflation }) =>
      threshold === undefined
        ? undefined
        : chiSquareUpper(threshold / ((1 / n + 1 / m) * inflation), groups - 1),
  },
  examples: [{}, { threshold: 0.2 }, { min_rows: 500, min_effect: 0.02 }],
  judge,
});
