/**
 * The share of rows whose level has no cell of its own, as the reference never or hardly ever saw it, over eight windows
 * at once (pipeline/rate-judge.ts), against what it was while the reference was learned; asked about a single window, as
 * here, against the reference's counters.
 *
 * p is the exact conditional binomial of ladder/rate.ts; what the reference's own windows vary beyond that is learned
 * (ladder/rate-model.ts). It asks for 5 events in both together, and for a move by half a point or by half as much again.
 *
 * A worked example: no row of 10,000 had such a level; 10 of 500 (2 %) give p = 6e-14. What the reference's own rest had is
 * what is expected: the cells were cut before it was counted, so it needs no correction for levels seen once.
 *
 * When not to use it: for ids and free text, which are new by nature.
 *
 * Source: Przyborowski and Wilenski, Biometrika 31 (1940) 313.
 */

import { type LadderRateOptions, ladderRateExamples, ladderRateOptions } from './counters/rate-test.ts';
import { unseenFinding } from './counters/unseen-rate.ts';
import { defineDetector } from './detector.ts';

export const unseenRate = defineDetector<LadderRateOptions>({
  type: 'unseen_rate',
  title: 'Share of new or rare levels, at the false-alarm rate you ask for',
  stability: 'beta',
  description:
    'Breaches when more rows than while the reference was learned have levels that it never or hardly ever saw, in any of eight windows; exact, one-sided. Not for ids and free text.',
  class: 'drift',
  scales: ['levels'],
  needsReference: true,
  ladder: true,
  rate: 'unseen',
  options: ladderRateOptions(),
  shorthand: 'min_points',
  examples: ladderRateExamples,
  judge: unseenFinding,
});
