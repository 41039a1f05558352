/**
 * A limit on the share of one level, such as "at most 1 % of calls end in error".
 *
 * The idea: the share of few rows is uncertain, so a breach is a lower confidence bound over the limit: Wilson's, which
 * holds for small shares and few rows where share ± z·sd does not, with Kish's effective rows.
 *
 * A worked example: 6 errors in 200 calls are 3 %; the bound is 1.4 %, so 1 % is surely passed and 2 % is not.
 *
 * When not to use it: for an error budget over weeks (a burn rate), or for a share that moved without having a limit (psi).
 *
 * Source: E. B. Wilson, JASA 22 (1927) 209; one-sided at 97.5 %.
 */
import { z } from 'zod';
import type { Counters } from '../core/pane.ts';
import type { LevelsScale } from '../core/scale.ts';
import type { Finding } from '../core/verdict.ts';
import { effectiveSize } from './counters/counters.ts';
import {
  boundedText,
  inconclusive,
  limitFinding,
  limitTail,
  notApplicable,
  percentText,
  rowsText,
  sizesOf,
  tooFew,
} from './counters/finding.ts';
import { type DetectorInput, defineDetector } from './detector.ts';
import { normalQuantile } from './math/normal.ts';

const options = z.strictObject({
  level: z.string().min(1).default('error').describe('The level whose share is limited.'),
  max: z
    .number()
    .positive()
    .lt(1)
    .describe('The limit as a share: 0.01 is 1 %. No default: only you know it.'),
  min_rows: z.int().min(1).default(50).describe('Effective rows needed in the window.'),
});

type Options = z.output<typeof options>;

/** Wilson's one-sided lower bound of a share seen in n rows. */
export function wilsonLower(share: number, n: number, tail: number): number {
  const z = normalQuantile(1 - tail);
  const square = z * z;
  const spread = z * Math.sqrt((share * (1 - share)) / n + square / (4 * n * n));
  return Math.max(0, (share + square / (2 * n) - spread) / (1 + square / n));
}

function shareOf(counters: Counters, scale: LevelsScale, cell: number): number {
  let total = 0;
  for (let i = 0; i <= scale.cells.size; i++) total += counters.counts[i] as number;
  return total > 0 ? (counters.counts[cell] as number) / total : 0;
}

function judge(input: DetectorInput<Options>): Finding {
  const { scale, current, signal } = input;
  const { level, max, min_rows } = input.options;
  if (scale.kind !== 'levels') return notApplicable(input, 'A share limit');
  const cell = scale.cells.get(level);
  if (cell === undefined) {
    const reason = `${signal} has no level '${level}' of its own among its ${scale.cells.size} levels.`;
    return inconclusive('not_applicable', reason, sizesOf(input));
  }
  const few = tooFew({ ...input, reference: undefined }, min_rows);
  if (few !== undefined) return few;
  const value = shareOf(current, scale, cell);
  const bounded = { value, bound: wilsonLower(value, effectiveSize(current), limitTail), max };
  const said = boundedText(bounded, percentText);
  return limitFinding(
    input,
    bounded,
    `Share of '${level}' in ${signal} is ${said}, with ${rowsText(current)}.`,
  );
}

export const shareLimit = defineDetector<Options>({
  type: 'share_limit',
  title: 'Share of a level over a limit',
  stability: 'beta',
  description:
    'Breaches when the share of one level, such as the share of errors, is over a limit with 97.5 % confidence. Not for an ' +
    'error budget over weeks, which wants a burn rate.',
  class: 'error',
  scales: ['levels'],
  needsReference: false,
  options,
  shorthand: 'max',
  examples: [{ max: 0.01 }, { level: 'error', max: 0.05, min_rows: 200 }],
  judge,
});
