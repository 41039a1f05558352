/**
 * Which slice of the traffic went bad? Not a test of one window: the agent searches the slices it has followed by itself
 * (detectors/segments/worst-slices.ts, agent/pipeline/segment-search.ts). This is what a rule says of the search.
 */
import { z } from 'zod';
import { notApplicable } from '../counters/finding.ts';
import { defineDetector } from '../detector.ts';

const options = z.strictObject({
  min_rows: z
    .int()
    .min(50)
    .default(200)
    .describe('Effective rows a window must have in all; a slice itself needs 30.'),
  min_points: z
    .number()
    .min(0)
    .lt(1)
    .default(0.01)
    .describe('Least change of a share that is named, 0.01 is a point; or half of what the share was.'),
  min_shift: z
    .number()
    .min(0)
    .max(10)
    .default(0.1)
    .describe('Least shift of a mean that is named, in standard deviations.'),
});

export type WorstSegmentOptions = z.infer<typeof options>;

export const worstSegment = defineDetector<WorstSegmentOptions>({
  type: 'worst_segment',
  title: 'The worst segment, found by itself',
  stability: 'beta',
  description:
    'Once a day, over 1, 7 and 28 days: errors, latency and outputs by value of every input with few levels, and by pair of two; names the slices that moved beyond their peers. The window and hop of the rule do not matter. Not for signals that are no outcome.',
  class: 'drift',
  scales: ['numeric', 'levels', 'log'],
  needsReference: false,
  search: true,
  options,
  shorthand: 'min_points',
  examples: [{}, { min_points: 0.02, min_rows: 1_000 }],
  judge: (input) => notApplicable(input, 'worst_segment'),
});
