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
import { type RateOptions, rateExamples, rateOptions, rawRate } from './counters/rate-test.ts';
import { unseenFinding } from './counters/unseen-rate.ts';
import { defineDetector } from './detector.ts';

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
  raw: rawRate('the share of unseen levels', 'higher'),
  examples: rateExamples,
  judge: unseenFinding,
});
