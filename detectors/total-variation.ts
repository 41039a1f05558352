/**
 * Total variation of the shares of deciles or levels: ½ Σ |p − q|, the share of rows that would have to change their group. The
 * easiest of all to explain: 0.1 is "one row in ten is elsewhere".
 *
 * Its null has no closed form. The p here is a bound that always holds: one row more or less in a group moves it by 1/n or 1/m
 * at most, so P(TV ≥ E + t) ≤ e^(−2t²/x) (McDiarmid), x = 1/n + 1/m; and E ≤ ½ Σ √(π(1 − π)x), π the pooled shares. So alarms
 * come later than chi_square's, and never more often than asked.
 *
 * A worked example: ten groups, 5,000 rows against 20,000: E ≤ 0.0237; p = 1e-6 needs TV = 0.0653.
 *
 * When not to use it: to find small changes early (chi_square, psi).
 *
 * Source: C. McDiarmid, Surveys in Combinatorics (1989) 148.
 */
import { z } from 'zod';
import type { LevelsScale, NumericScale } from '../core/scale.ts';
import type { Finding } from '../core/verdict.ts';
import { comparableOf, comparedFinding } from './counters/compared.ts';
import { sizesOf } from './counters/finding.ts';
import { nothingFrequent } from './counters/group-test.ts';
import { type Group, groupsOf } from './counters/groups.ts';
import { type DetectorInput, defineDetector } from './detector.ts';
import { sharesOf, totalVariation as variationOf } from './exact/divergences.ts';

const options = z.strictObject({
  threshold: z
    .number()
    .positive()
    .max(1)
    .optional()
    .describe(
      'Breach when the total variation is over this. No default: without it the test is calibrated to the budget.',
    ),
  min_rows: z.int().min(1).default(200).describe('Effective rows needed in the window and in the reference.'),
  min_effect: z
    .number()
    .min(0)
    .max(1)
    .default(0.03)
    .describe('Calibrated only: the least share beyond chance. 0.04 is a shift by 0.1 sd of a normal.'),
});

type Options = z.output<typeof options>;

/** The most that chance alone gives on average. */
function expectedByChance(groups: readonly Group[], x: number): number {
  const rows = groups.reduce((sum, group) => sum + group.reference + group.current, 0);
  return groups.reduce((sum, { reference, current }) => {
    const share = (reference + current) / rows;
    return sum + Math.sqrt(share * (1 - share) * x) / 2;
  }, 0);
}

function judge(input: DetectorInput<Options>): Finding {
  const { threshold, min_rows, min_effect } = input.options;
  const compared = comparableOf<NumericScale | LevelsScale>(input, {
    name: 'Total variation',
    kinds: ['numeric', 'levels'],
    minRows: min_rows,
  });
  if ('finding' in compared) return compared.finding;
  const { groups, comparable } = groupsOf(compared.scale, compared.reference, compared.current);
  if (!comparable) return nothingFrequent(input);
  const size = sizesOf(input);
  const x = 1 / size.reference + 1 / size.current;
  const shares = (side: 'reference' | 'current') => sharesOf(groups.map((group) => group[side]));
  const statistic = variationOf(shares('reference'), shares('current'));
  const byChance = expectedByChance(groups, x);
  const effect = statistic - byChance;
  const pValue = effect > 0 ? Math.exp((-2 * effect * effect) / x) : 1;
  const calibrated = byChance + Math.max(min_effect, Math.sqrt((x * Math.log(1 / input.alpha)) / 2));
  const isBreach =
    threshold === undefined ? pValue <= input.alpha && effect >= min_effect : statistic > threshold;
  return comparedFinding(input, compared, {
    name: 'Total variation',
    statistic,
    effect,
    threshold: threshold ?? calibrated,
    pValue,
    isBreach,
    groups,
  });
}

export const totalVariation = defineDetector<Options>({
  type: 'total_variation',
  title: 'Total variation',
  stability: 'beta',
  description:
    'The share of rows that would have to change their decile or level to match the reference. Calibrated by default, by a ' +
    'bound on p that always holds; so it finds small changes later than chi_square or psi.',
  class: 'drift',
  scales: ['numeric', 'levels'],
  needsReference: true,
  options,
  shorthand: 'threshold',
  raw: {
    textOf: ({ threshold }) => (threshold === undefined ? undefined : `Total variation > ${threshold}`),
  },
  examples: [{}, { threshold: 0.15 }, { min_rows: 500, min_effect: 0.05 }],
  judge,
});
