/**
 * The share of rows whose level has no cell of its own, because the reference never or hardly ever saw it, against what the
 * reference lets expect.
 *
 * "Must be none" would alarm in every window of a long-tailed signal: with 20,000 Zipf levels 9.4 % of new rows are levels
 * not seen before. Good and Turing: the expected share of levels seen r times is (r + 1) N_(r+1) / m, N_r the number of levels
 * seen r times. The rest cell gathers all levels seen fewer than c times, so its expected share is the sum for r < c, which is
 * (rows in the rest + c·N_c) / m: the rest's own rows, and those of the rarest levels that just got a cell.
 *
 * p is one-sided: K ~ Bin(u + expected rows, n/(n+m)), K ≥ u the window's rows in the rest.
 *
 * When not to use it: for levels that are nearly all new by nature, such as ids or free text.
 *
 * Sources: I. J. Good, Biometrika 40 (1953) 237; the conditional binomial as in missing-share.ts.
 */
import type { Counters } from '../core/pane.ts';
import type { LevelsScale } from '../core/scale.ts';
import type { Finding } from '../core/verdict.ts';
import { noReference, notApplicable } from './counters/finding.ts';
import { levelsMax } from './counters/freeze.ts';
import { cellRate } from './counters/level-rate.ts';
import { type RateOptions, rateExamples, rateFinding, rateOptions } from './counters/rate-test.ts';
import { type DetectorInput, defineDetector } from './detector.ts';
import type { Proportion } from './exact/proportions.ts';
import { binomialUpper } from './math/binomial.ts';

/** Levels with fewer reference rows have no cell; where all cells are taken the rarest one tells the bound instead. */
const rareRows = 20;

/** The reference's rows in the rest, and those of levels at the bound to it. */
function expectedRest(reference: Counters, scale: LevelsScale): Proportion {
  const { k, n } = cellRate(reference, scale.cells.size);
  const total = reference.counts.reduce((sum, count) => sum + count, 0);
  const named = Array.from(reference.counts.subarray(0, scale.cells.size)).filter((count) => count > 0);
  const rarest = named.reduce((least, count) => Math.min(least, count), Number.POSITIVE_INFINITY);
  const bound = scale.cells.size >= levelsMax ? Math.max(rareRows, rarest) : rareRows;
  const atBound = named.filter((count) => count <= bound).reduce((sum, count) => sum + count, 0);
  return { k: Math.min(n, k + (total > 0 ? (atBound / total) * n : 0)), n };
}

function judge(input: DetectorInput<RateOptions>): Finding {
  const { scale, current, reference } = input;
  if (scale.kind !== 'levels') return notApplicable(input, 'The share of unseen levels');
  if (reference === undefined) return noReference(input);
  return rateFinding(input, {
    name: `Share of new or rare levels in ${input.signal}`,
    current: cellRate(current, scale.cells.size),
    reference: expectedRest(reference, scale),
    side: 'higher',
    pValue: (now, before) => binomialUpper(now.k, now.k + before.k, now.n / (now.n + before.n)),
  });
}

export const unseenShare = defineDetector<RateOptions>({
  type: 'unseen_share',
  title: 'Share of unseen levels',
  stability: 'beta',
  description:
    'Breaches when more rows than the reference lets expect (Good–Turing) have levels that it never or hardly ever saw. ' +
    'Exact, one-sided, calibrated by default. Not for ids and free text.',
  class: 'drift',
  scales: ['levels'],
  needsReference: true,
  options: rateOptions(200),
  shorthand: 'threshold',
  examples: rateExamples,
  judge,
});
