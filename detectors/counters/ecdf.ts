/**
 * Both distribution functions at the edges of the cells, where cumulated counts are exact; for statistics that gather
 * differences over the whole range.
 *
 * - Sizes are Kish's effective rows. `K` = nm/(n+m).
 * - Widths are in units of the reference's standard deviation (at least 0.001). What lies outside the reference's range counts
 *   as one such unit beyond it: how far out it was is not in the counters, and one wild row must not decide.
 * - `clipped` is the share of the window's rows that lie outside; for a reference with heavy tails, whose outer cells are wide,
 *   distances can be off by half and more.
 */
import type { Counters } from '../../core/pane.ts';
import type { NumericScale } from '../../core/scale.ts';
import type { BridgePoint } from '../math/bridge-form.ts';
import { effectiveSize } from './counters.ts';

const deviationMin = 0.001;

export interface EcdfStep {
  /** Shares at or below the edge. */
  readonly reference: number;
  readonly current: number;
  /** Of both together, by effective rows. */
  readonly pooled: number;
  /** Pooled share of the cell that the edge closes. */
  readonly step: number;
  /** To the next edge, in standard deviations of the reference. */
  readonly width: number;
}

export interface Ecdfs {
  readonly steps: readonly EcdfStep[];
  /** 1/n + 1/m. */
  readonly x: number;
  readonly clipped: number;
}

/** Both sides must have rows. */
export function ecdfsOf(scale: NumericScale, reference: Counters, current: Counters): Ecdfs {
  const m = effectiveSize(reference);
  const n = effectiveSize(current);
  const before = total(reference);
  const now = total(current);
  const deviation = Math.max(deviationMin, Math.sqrt(reference.m2 / reference.weight));
  let upToReference = 0;
  let upToCurrent = 0;
  let last = 0;
  const steps = Array.from(scale.edges, (edge, cell): EcdfStep => {
    upToReference += reference.counts[cell] as number;
    upToCurrent += current.counts[cell] as number;
    const f = Math.min(1, upToReference / before);
    const g = Math.min(1, upToCurrent / now);
    const pooled = (f * m + g * n) / (n + m);
    const step = Math.max(0, pooled - last);
    last = pooled;
    return { reference: f, current: g, pooled, step, width: widthAt(scale, cell, edge, deviation) };
  });
  const lastCell = current.counts.at(-1) ?? 0;
  return { steps, x: 1 / n + 1 / m, clipped: ((current.counts[0] ?? 0) + lastCell) / now };
}

/** Below the first edge and above the last one lies one deviation more. */
function widthAt(scale: NumericScale, cell: number, edge: number, deviation: number): number {
  const next = scale.edges[cell + 1];
  // Halves, as the way from -1e308 to 1e308 is no double.
  const inside = next === undefined ? 1 : ((next / 2 - edge / 2) / deviation) * 2;
  return Math.min(1e300, inside + (cell === 0 && next !== undefined ? 1 : 0));
}

function total(counters: Counters): number {
  return counters.counts.reduce((sum, count) => sum + count, 0);
}

/** Σ weight (F − G)² over the edges, and the points of its null distribution. */
export function squaredForm(
  { steps, x }: Ecdfs,
  weightOf: (step: EcdfStep) => number,
): { readonly integral: number; readonly scaled: number; readonly points: readonly BridgePoint[] } {
  let integral = 0;
  const points = steps.map((one) => {
    const isInside = one.pooled > 0 && one.pooled < 1;
    const weight = isInside ? weightOf(one) : 0;
    integral += weight * (one.reference - one.current) ** 2;
    return { share: one.pooled, weight };
  });
  return { integral, scaled: integral / x, points };
}
