/**
 * The share of rows whose value could not be read (a text where numbers are expected, NaN), over eight windows at once
 * (pipeline/rate-judge.ts), against what it was while the reference was learned; asked about a single window, as here,
 * against the reference's counters.
 *
 * p is the exact conditional binomial of ladder/rate.ts; what the reference's own windows vary beyond that is learned
 * (ladder/rate-model.ts). It asks for 5 events in both together, and for a move by half a point or by half as much again.
 *
 * A worked example: none of 10,000 rows was malformed; 6 of 300 give p = 1e-9.
 *
 * When not to use it: to check a schema row by row.
 *
 * Source: Przyborowski and Wilenski, Biometrika 31 (1940) 313.
 */
import { absentFinding } from './counters/absent-rate.ts';
import { type LadderRateOptions, ladderRateExamples, ladderRateOptions } from './counters/rate-test.ts';
import { defineDetector } from './detector.ts';

export const malformedRate = defineDetector<LadderRateOptions>({
  type: 'malformed_rate',
  title: 'Share of malformed values, at the false-alarm rate you ask for',
  stability: 'beta',
  description:
    'Breaches when the share of rows whose value could not be read moved from what it was while the reference was learned, in any of eight windows; exact.',
  class: 'drift',
  scales: ['numeric', 'levels', 'log'],
  needsReference: true,
  ladder: true,
  rate: 'malformed',
  options: ladderRateOptions(),
  shorthand: 'min_points',
  examples: ladderRateExamples,
  judge: (input) => absentFinding(input, 'malformed'),
});
