import type { Counters } from '../../core/pane.ts';
import type { Scale } from '../../core/scale.ts';
import { effectiveSize } from '../../detectors/counters/counters.ts';
import { addBins, binningOf } from '../../detectors/ladder/binning.ts';
import { judgeWindow } from '../../detectors/ladder/judge-window.ts';
import type { HalfFacts } from './reference-checks.ts';

/** As in the check of learned references. */
const alpha = 1e-3;
const minEffect = 0.01;
const minRows = 200;

/** The second half of a file's rows against the first: is it of one piece? */
export function compareHalves(scale: Scale, first: Counters, second: Counters): HalfFacts {
  const unseen = unseenShare(first, second);
  const binning = binningOf(scale, first);
  const m = effectiveSize(first);
  const n = effectiveSize(second);
  if (binning === undefined || !(m > 0) || !(n > 0)) return { differ: false, psi: 0, unseen };
  const expected = new Float64Array(binning.size);
  addBins(binning, first, expected);
  const shares = expected.map((count) => count / first.weight);
  const bins = new Float64Array(binning.size);
  addBins(binning, second, bins);
  const counts = bins.map((count) => (count * n) / second.weight);
  const window = { bins: counts, n, expected: shares, inverseM: 1 / m, variance: undefined };
  const found = judgeWindow({ ...window, alpha, minEffect, minRows, wantP: true });
  return { differ: found.status === 'breach', psi: found.psi, unseen };
}

/** Share of the second half in cells where the first has no row. */
function unseenShare(first: Counters, second: Counters): number {
  if (!(first.weight > 0) || !(second.weight > 0)) return 0;
  const unseen = second.counts.reduce((sum, count, cell) => sum + (first.counts[cell] === 0 ? count : 0), 0);
  return unseen / second.weight;
}
