/**
 * No calls any more: a silence longer than one and a half times the longest gap there was while the reference was learned, and
 * that is surely no chance at this hour of the week (ladder/traffic.ts). In a rule it is for the signal `calls`.
 *
 * Without calls every other rule has nothing to judge, so this one is part of the default policy: what looks like peace may be
 * an exporter that died. A batch that comes once a day has a gap of a day, and is missed after a day and a half.
 *
 * A worked example: 100 calls an hour at random, longest gap 7 minutes: silent for 15 minutes 25 are expected, p = 1e-11.
 *
 * When not to use it: for models that are called by hand, once in a while.
 */
import { z } from 'zod';
import { notApplicable } from './counters/finding.ts';
import { defineDetector } from './detector.ts';
import type { SilenceOptions } from './ladder/traffic.ts';

const options = z.strictObject({
  after: z
    .int()
    .min(0)
    .max(100_000)
    .default(0)
    .describe('Panes without a call before it can breach at all, besides what was learned.'),
});

export const silence = defineDetector<SilenceOptions>({
  type: 'silence',
  title: 'No calls any more',
  stability: 'alpha',
  description:
    'Breaches when a model gets no calls for longer than ever before, and that is no chance at this hour of the week. For the signal `calls`. Not for models that are called once in a while.',
  class: 'drift',
  scales: [],
  needsReference: false,
  ladder: true,
  traffic: 'silence',
  options,
  shorthand: 'after',
  examples: [{}, { after: 12 }],
  judge: (input) => notApplicable(input, 'Silence'),
});
