/**
 * Wasserstein-1 (earth mover's) distance over the reference's standard deviation: the mean way by which rows would have to be
 * moved, in sd. 0.1 is the usual limit, and what a shift by 0.1 sd gives.
 *
 * 1. Read at the edges of the cells: Σ |F − G| Δ / sd, Δ the way to the next edge, sd at least 0.001.
 * 2. Clipped: what is outside the reference's range counts as one sd beyond it, however far out it was; the sentence says so
 *    where 1 % of the window's rows and more are outside.
 * 3. It has no p: by chance alone it is about 0.8·√(1/n + 1/m), so a threshold of 0.1 floods at 200 rows and is deaf to tails at
 *    10,000. It is to be shown, or judged by a threshold that one knows why.
 *
 * When not to use it: for heavy tails (the outer cells are wide: off by up to 69 % on lognormal data with σ = 2, and sd is that
 * of a few rows); to find drift early (psi, chi_square).
 *
 * Source: Vallender (1974); normed as in Evidently.
 */
import { z } from 'zod';
import type { NumericScale } from '../core/scale.ts';
import type { Finding } from '../core/verdict.ts';
import { comparableOf, comparedFinding } from './counters/compared.ts';
import { ecdfsOf } from './counters/ecdf.ts';
import { percentText } from './counters/finding.ts';
import { groupsOf } from './counters/groups.ts';
import { type DetectorInput, defineDetector } from './detector.ts';

/** From this share of rows outside the reference's range the sentence says so. */
const clippedTold = 0.01;

const options = z.strictObject({
  threshold: z
    .number()
    .positive()
    .describe(
      'Breach when the distance in sd is over this; 0.1 is usual. No default: there is no p to calibrate.',
    ),
  min_rows: z
    .int()
    .min(1)
    .default(500)
    .describe(
      'Effective rows needed in the window and in the reference: with fewer, chance alone comes near 0.1.',
    ),
});

type Options = z.output<typeof options>;

function judge(input: DetectorInput<Options>): Finding {
  const { threshold, min_rows } = input.options;
  const compared = comparableOf<NumericScale>(input, {
    name: 'Wasserstein',
    kinds: ['numeric'],
    minRows: min_rows,
  });
  if ('finding' in compared) return compared.finding;
  const { scale, reference, current } = compared;
  const { steps, x, clipped } = ecdfsOf(scale, reference, current);
  const distance = steps.reduce((sum, one) => sum + Math.abs(one.reference - one.current) * one.width, 0);
  const spread = steps.reduce((sum, one) => sum + Math.sqrt(one.pooled * (1 - one.pooled)) * one.width, 0);
  // E|N(0, v)| = √(2v/π) at each edge.
  const byChance = spread * Math.sqrt((2 * x) / Math.PI);
  const outside = `; clipped: ${percentText(clipped)} of the rows are outside the reference's range`;
  return comparedFinding(input, compared, {
    name: 'Wasserstein distance in sd',
    statistic: distance,
    effect: distance - byChance,
    threshold,
    isBreach: distance > threshold,
    groups: groupsOf(scale, reference, current).groups,
    ...(clipped >= clippedTold ? { note: outside } : {}),
  });
}

export const wasserstein = defineDetector<Options>({
  type: 'wasserstein',
  title: 'Wasserstein distance',
  stability: 'beta',
  description:
    'The mean way by which the rows of a number would have to be moved to match the reference, in standard deviations of it. ' +
    'It has no p and needs a threshold. Not for heavy tails, nor for fewer than 500 rows.',
  class: 'drift',
  scales: ['numeric'],
  needsReference: true,
  options,
  shorthand: 'threshold',
  raw: {
    textOf: ({ threshold }) => `Wasserstein distance > ${threshold} sd`,
  },
  examples: [{ threshold: 0.2 }, { threshold: 0.3, min_rows: 200 }],
  judge,
});
