/**
 * The default rule: has a signal changed, surely and by enough? In a rule of the agent it looks at eight windows at once,
 * from one pane to 2,016 (5 minutes to 7 days), against a reference that knows its seasons and how much it varies; its
 * chance of a false alarm follows from `false_alarms`, over all looks at all signals (detectors/ladder/).
 *
 * Asked about a single window, as here, it takes rows as independent and the reference as one profile.
 */
import { z } from 'zod';
import type { Counters } from '../core/pane.ts';
import type { Finding } from '../core/verdict.ts';
import {
  noReference,
  notApplicable,
  numberText,
  probabilityText,
  rowsText,
  sizesOf,
  tooFew,
} from './counters/finding.ts';
import { defineDetector } from './detector.ts';
import { addBins, type Binning, binLabel, binningOf } from './ladder/binning.ts';
import { judgeLevels } from './ladder/judge-levels.ts';
import { judgeWindow } from './ladder/judge-window.ts';

const options = z.strictObject({
  min_rows: z
    .int()
    .min(50)
    .default(200)
    .describe(
      'Effective rows a window must have; fewer are inconclusive. The approximations hold from 200 on.',
    ),
  min_effect: z
    .number()
    .min(0)
    .max(10)
    .default(0.01)
    .describe(
      'Least PSI beyond what chance gives: 0.01 is a shift of a normal signal by 0.1 standard deviations.',
    ),
});

type DriftOptions = z.infer<typeof options>;

export const drift = defineDetector<DriftOptions>({
  type: 'drift',
  title: 'Drift, at the false-alarm rate you ask for',
  stability: 'beta',
  description:
    'The default: a smooth test and an exact test of the largest bin over eight windows at once, with seasons and variance learned from the reference, and PSI as the size of the effect. Not for identifiers or free text.',
  class: 'drift',
  scales: ['numeric', 'levels'],
  needsReference: true,
  ladder: true,
  options,
  shorthand: 'min_effect',
  examples: [{}, { min_effect: 0.05 }],
  judge(input): Finding {
    const { scale, current, reference, alpha, signal } = input;
    const { min_rows: minRows, min_effect: minEffect } = input.options;
    if (scale.kind === 'log') return notApplicable(input, 'drift');
    if (reference === undefined) return noReference(input);
    const few = tooFew(input, minRows);
    if (few !== undefined) return few;
    const binning = binningOf(scale, reference);
    if (binning === undefined) return notApplicable(input, 'drift');
    const size = sizesOf(input);
    const bins = shares(binning, current).map((share) => share * size.current);
    const look = {
      bins,
      n: size.current,
      expected: shares(binning, reference),
      inverseM: 1 / size.reference,
    };
    const asked = { ...look, alpha, minEffect, minRows, wantP: true };
    const found = binning.kind === 'ordered' ? judgeWindow(asked) : judgeLevels(asked);
    const threshold = found.psi - found.excess + minEffect;
    const isBreach = found.status === 'breach';
    const how = isBreach
      ? `is ${found.words.slice(0, 2).join(' and ') || 'different'}`
      : 'is as its reference';
    const rows = `${rowsText(current)} against ${rowsText(reference)} in the reference`;
    const z = found.z[0] ?? 0;
    const { moved } = found;
    return {
      status: found.status,
      statistic: found.psi,
      effect: found.excess,
      threshold,
      pValue: found.p ?? 1,
      ...(Math.abs(z) < 3 ? {} : { direction: z > 0 ? ('high' as const) : ('low' as const) }),
      size,
      reason:
        `${signal} ${how}: PSI ${numberText(found.psi)}, limit ${numberText(threshold)}, ` +
        `${probabilityText(found.p ?? 1)} where ${numberText(alpha)} is allowed, with ${rows}.`,
      evidence: moved
        ? [{ label: binLabel(scale, binning, moved.bin), reference: moved.reference, current: moved.current }]
        : [],
    };
  },
});

function shares(binning: Binning, counters: Counters): Float64Array {
  const bins = new Float64Array(binning.size);
  addBins(binning, counters, bins);
  const total = bins.reduce((sum, count) => sum + count, 0);
  return total > 0 ? bins.map((count) => count / total) : bins;
}
