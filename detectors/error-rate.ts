/**
 * The share of calls that end in an error, over eight windows at once (pipeline/rate-judge.ts), against what it was while
 * the reference was learned; asked about a single window, as here, against the reference's counters.
 *
 * p is the exact conditional binomial of ladder/rate.ts; what the reference's own windows vary beyond that is learned
 * (ladder/rate-model.ts). It asks for 5 events in both together, and for a move by half a point or by half as much again.
 *
 * A worked example: 50 of 10,000 calls failed; 25 of 1,000 give p = 1e-8.
 *
 * When not to use it: for a fixed error budget (share_limit).
 *
 * Source: Przyborowski and Wilenski, Biometrika 31 (1940) 313.
 */
import { levelRates } from './counters/level-rate.ts';
import {
  type LadderRateOptions,
  ladderRateExamples,
  ladderRateOptions,
  rateFinding,
} from './counters/rate-test.ts';
import { defineDetector } from './detector.ts';
import { ratePValue } from './ladder/rate.ts';

export const errorRate = defineDetector<LadderRateOptions>({
  type: 'error_rate',
  title: 'Share of failed calls, at the false-alarm rate you ask for',
  stability: 'beta',
  description:
    'Breaches when the share of calls that end in an error moved from what it was while the reference was learned, in any of eight windows; exact. For `error_share`; not for an error budget over weeks, which wants a burn rate.',
  class: 'error',
  scales: ['levels'],
  needsReference: true,
  ladder: true,
  rate: 'error',
  options: ladderRateOptions(),
  shorthand: 'min_points',
  examples: ladderRateExamples,
  judge: (input) => {
    const rates = levelRates(input, 'The share of errors', 'error');
    if ('finding' in rates) return rates.finding;
    return rateFinding(input, {
      ...rates,
      name: `Share of failed calls in ${input.signal}`,
      side: 'both',
      pValue: (now, before) =>
        ratePValue({ events: now.k, n: now.n, referenceEvents: before.k, m: before.n, alpha: input.alpha }),
    });
  },
});
