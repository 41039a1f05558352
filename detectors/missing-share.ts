/**
 * The share of rows without a value against the reference's: missing / (rows + missing).
 *
 * p is the exact conditional binomial: of all missing rows of window and reference together, those in the window, given one
 * rate, are Bin(k₁ + k₂, n/(n+m)); the smaller tail doubled. Missing rows count by the effective weight of the others.
 *
 * A worked example: with 100 of 10,000 rows missing in the reference, 71 of 2,350 in the window (3 %) give p = 2e-11.
 *
 * When not to use it: where the reference was made from rows that were cleaned first: every missing one is news there.
 *
 * Source: Przyborowski and Wilenski, Biometrika 31 (1940) 313.
 */
import type { Counters } from '../core/pane.ts';
import type { Finding } from '../core/verdict.ts';
import { effectiveSize } from './counters/counters.ts';
import { noReference } from './counters/finding.ts';
import { type RateOptions, rateExamples, rateFinding, rateOptions } from './counters/rate-test.ts';
import { type DetectorInput, defineDetector } from './detector.ts';
import type { Proportion } from './exact/proportions.ts';
import { ratePValue } from './ladder/rate.ts';

/** Effective rows per unit of weight; of the other side where there are no rows to tell. */
function worthOf(counters: Counters, other: Counters): number {
  const worth = (one: Counters) => (one.weight > 0 ? effectiveSize(one) / one.weight : 0);
  return worth(counters) || worth(other) || 1;
}

function missingOf(counters: Counters, other: Counters): Proportion {
  const worth = worthOf(counters, other);
  return { k: counters.missing * worth, n: (counters.weight + counters.missing) * worth };
}

function judge(input: DetectorInput<RateOptions>): Finding {
  const { current, reference } = input;
  if (reference === undefined) return noReference(input);
  return rateFinding(input, {
    name: `Share of missing ${input.signal}`,
    current: missingOf(current, reference),
    reference: missingOf(reference, current),
    side: 'both',
    pValue: (now, before) =>
      ratePValue({ events: now.k, n: now.n, referenceEvents: before.k, m: before.n, alpha: input.alpha }),
  });
}

export const missingShare = defineDetector<RateOptions>({
  type: 'missing_share',
  title: 'Share of missing values',
  stability: 'beta',
  description:
    'Breaches when the share of rows without a value moved from the reference by more than chance; exact, calibrated by ' +
    'default. Not with a reference whose rows were cleaned first.',
  class: 'drift',
  scales: ['numeric', 'levels', 'log'],
  needsReference: true,
  options: rateOptions(200),
  shorthand: 'threshold',
  examples: rateExamples,
  judge,
});
