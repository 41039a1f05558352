/** The share of one level, in the window and in the reference, as proportions of effective rows. */
import type { Counters } from '../../core/pane.ts';
import type { Finding } from '../../core/verdict.ts';
import type { DetectorInput } from '../detector.ts';
import type { Proportion } from '../exact/proportions.ts';
import { effectiveSize } from './counters.ts';
import { inconclusive, noReference, notApplicable, sizesOf } from './finding.ts';

/** Both sides, or the finding that says why there are none. */
export function levelRates(
  input: DetectorInput<unknown>,
  detector: string,
  level: string,
): { readonly current: Proportion; readonly reference: Proportion } | { readonly finding: Finding } {
  const { scale, current, reference, signal } = input;
  if (scale.kind !== 'levels') return { finding: notApplicable(input, detector) };
  if (reference === undefined) return { finding: noReference(input) };
  const cell = scale.cells.get(level);
  if (cell === undefined) {
    const reason = `${signal} has no level '${level}' of its own among its ${scale.cells.size} levels.`;
    return { finding: inconclusive('not_applicable', reason, sizesOf(input)) };
  }
  return { current: cellRate(current, cell), reference: cellRate(reference, cell) };
}

export function cellRate(counters: Counters, cell: number): Proportion {
  const n = effectiveSize(counters);
  const total = counters.counts.reduce((sum, count) => sum + count, 0);
  const share = total > 0 ? (counters.counts[cell] as number) / total : 0;
  return { k: share * n, n };
}
