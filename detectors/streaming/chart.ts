/**
 * What the registered charts (CUSUM, EWMA, Page–Hinkley, ADWIN) read of a stretch of rows: how far its mean, or the share
 * of one level, is from the reference, in standard errors (`z`) and in standard deviations of a row (`shift`).
 *
 * With d = (mean − reference's mean) / reference's sd, z = d·√n: about standard normal where rows are independent and n,
 * the effective rows, is not small. So stretches of different size count alike, and no scale has to be learned. For the
 * share p of a level d = (p − p₀) / √(p₀(1 − p₀)), p₀ with half a row added on both sides, so that it is never 0.
 *
 * `referenceError` = √(n/m): by so many z the reference's own mean, of m rows, may be off in all windows alike.
 */
import type { Counters } from '../../core/pane.ts';
import type { Scale } from '../../core/scale.ts';
import type { Finding } from '../../core/verdict.ts';
import { effectiveSize } from '../counters/counters.ts';
import { inconclusive, noReference, notApplicable, rowsText, sizesOf, tooFew } from '../counters/finding.ts';
import { evidenceOf, groupsOf } from '../counters/groups.ts';
import type { DetectorInput } from '../detector.ts';

/** Further off than this counts as this: one row of 1e300 must not be remembered for ever. */
const zMax = 1e6;

/** Standard errors of the reference's mean by which a chart against it is more patient. */
export const referenceErrors = 2;

/** Options that all charts have. */
export interface ChartOptions {
  readonly level?: string | undefined;
  readonly min_rows: number;
  readonly min_effect: number;
}

export interface ChartValue {
  readonly z: number;
  readonly shift: number;
  readonly rows: number;
  readonly referenceError: number;
  /** What is followed, for the sentence: "the mean of input.amount", "the share of 'ok' in input.result". */
  readonly subject: string;
  /** "1000 rows against 20000 rows in the reference". */
  readonly rowsText: string;
}

/** The value of this stretch, or the finding that says why there is none. */
export function chartValueOf(
  input: DetectorInput<ChartOptions>,
  title: string,
): { readonly value: ChartValue } | { readonly finding: Finding } {
  const { scale, current, reference, options, signal } = input;
  if (scale.kind === 'log') return { finding: notApplicable(input, title) };
  if (reference === undefined) return { finding: noReference(input) };
  const few = tooFew(input, options.min_rows);
  if (few !== undefined) return { finding: few };
  const followed =
    scale.kind === 'numeric'
      ? { subject: `the mean of ${signal}`, shift: shiftOfMean(reference, current) }
      : shiftOfLevel(input, scale.cells);
  if (followed === undefined) {
    const reason = `${signal} has no level '${options.level ?? ''}' of its own to follow.`;
    return { finding: inconclusive('not_applicable', reason, sizesOf(input)) };
  }
  const rows = effectiveSize(current);
  const shift = bounded(followed.shift);
  return {
    value: {
      z: bounded(shift * Math.sqrt(rows)),
      shift,
      rows,
      referenceError: Math.sqrt(rows / effectiveSize(reference)),
      subject: followed.subject,
      rowsText: `${rowsText(current)} against ${rowsText(reference)} in the reference`,
    },
  };
}

function bounded(value: number): number {
  return Math.min(zMax, Math.max(-zMax, value));
}

function shiftOfMean(reference: Counters, current: Counters): number {
  const sd = Math.sqrt(reference.m2 / reference.weight);
  // A constant reference has no spread: then any move is a large one, but for the rounding of the mean.
  const least = Math.max(Math.abs(reference.mean) * 1e-9, 1e-300);
  const distance = current.mean - reference.mean;
  return Number.isNaN(distance) ? 0 : distance / Math.max(sd, least);
}

/** Undefined where the level has no cell. */
function shiftOfLevel(
  { current, reference, options, signal }: DetectorInput<ChartOptions>,
  cells: ReadonlyMap<string, number>,
): { readonly subject: string; readonly shift: number } | undefined {
  if (reference === undefined) return undefined;
  const level = options.level ?? mostFrequent(cells, reference);
  const cell = level === undefined ? undefined : cells.get(level);
  if (cell === undefined) return undefined;
  const rows = effectiveSize(reference);
  const before = (shareOf(reference, cell) * rows + 0.5) / (rows + 1);
  const shift = (shareOf(current, cell) - before) / Math.sqrt(before * (1 - before));
  return { subject: `the share of '${level}' in ${signal}`, shift };
}

function shareOf(counters: Counters, cell: number): number {
  const total = counters.counts.reduce((sum, count) => sum + count, 0);
  return total > 0 ? (counters.counts[cell] as number) / total : 0;
}

function mostFrequent(cells: ReadonlyMap<string, number>, reference: Counters): string | undefined {
  let most: readonly [level: string, count: number] | undefined;
  for (const [level, cell] of cells) {
    const count = reference.counts[cell] ?? 0;
    if (most === undefined || count > most[1]) most = [level, count];
  }
  return most?.[0];
}

/** What a chart found, for its finding. */
export interface ChartFinding {
  readonly isBreach: boolean;
  readonly statistic: number;
  readonly threshold: number;
  /** Signed, in sd of a row. */
  readonly shift: number;
  readonly reason: string;
  readonly state: unknown;
}

export function findingOfChart(input: DetectorInput<ChartOptions>, found: ChartFinding): Finding {
  const { isBreach, statistic, threshold, shift, reason, state } = found;
  return {
    status: isBreach ? 'breach' : 'ok',
    statistic,
    effect: Math.abs(shift),
    threshold,
    ...(isBreach ? { direction: shift > 0 ? 'high' : 'low' } : {}),
    size: sizesOf(input),
    reason,
    evidence: evidenceIn(input.scale, input.reference, input.current),
    state,
  };
}

function evidenceIn(scale: Scale, reference: Counters | undefined, current: Counters): Finding['evidence'] {
  if (scale.kind === 'log' || reference === undefined) return [];
  return evidenceOf(groupsOf(scale, reference, current).groups);
}
