/**
 * The number of calls of a model against what its hour of the week lets expect (ladder/traffic.ts), in windows of an hour to
 * seven days. In a rule it is for the signal `calls`.
 *
 * A worked example: 2,400 calls are expected in an hour that varies by a tenth (tau = 0.1): the standard deviation is 245, and
 * 900 calls give p = 1e-13.
 *
 * When not to use it: where campaigns, holidays or load tests move the traffic. That says nothing about the model, so it is no
 * part of the default policy.
 */
import { z } from 'zod';
import { notApplicable } from './counters/finding.ts';
import { defineDetector } from './detector.ts';
import type { VolumeOptions } from './ladder/traffic.ts';

const options = z.strictObject({
  min_ratio: z
    .number()
    .gt(1)
    .default(1.5)
    .describe('The least change that matters: so many times as many calls as expected, or as few.'),
});

export const volume = defineDetector<VolumeOptions>({
  type: 'volume',
  title: 'Number of calls',
  stability: 'alpha',
  description:
    'Breaches when there are far more or fewer calls than this hour of the week lets expect: negative binomial, with the spread learned. For the signal `calls`. Not where holidays or campaigns move the traffic.',
  class: 'drift',
  scales: [],
  needsReference: false,
  ladder: true,
  traffic: 'volume',
  options,
  shorthand: 'min_ratio',
  examples: [{}, { min_ratio: 2 }],
  judge: (input) => notApplicable(input, 'The number of calls'),
});
