/**
 * The share of rows without a value, over eight windows at once (pipeline/rate-judge.ts), against what it was while the
 * reference was learned; asked about a single window, as here, against the reference's counters.
 *
 * p is the exact conditional binomial of ladder/rate.ts; what the reference's own windows vary beyond that is learned
 * (ladder/rate-model.ts). It asks for 5 events in both together, and for a move by half a point or by half as much again.
 *
 * A worked example: 100 of 10,000 rows were missing; 71 of 2,350 (3 %) give p = 2e-11. An hour's window may take 3e-8 with 20
 * signals: a breach.
 *
 * When not to use it: where gaps are planned, such as a field that one caller never sends.
 *
 * Source: Przyborowski and Wilenski, Biometrika 31 (1940) 313.
 */
import { absentFinding } from './counters/absent-rate.ts';
import { type LadderRateOptions, ladderRateExamples, ladderRateOptions } from './counters/rate-test.ts';
import { defineDetector } from './detector.ts';

export const missingRate = defineDetector<LadderRateOptions>({
  type: 'missing_rate',
  title: 'Share of missing values, at the false-alarm rate you ask for',
  stability: 'beta',
  description:
    'Breaches when the share of rows without a value moved from what it was while the reference was learned, in any of eight windows; exact, with variance learned from the reference. Made from traffic, also where the reference is a file.',
  class: 'drift',
  scales: ['numeric', 'levels', 'log'],
  needsReference: true,
  ladder: true,
  rate: 'missing',
  options: ladderRateOptions(),
  shorthand: 'min_points',
  examples: ladderRateExamples,
  judge: (input) => absentFinding(input, 'missing'),
});
