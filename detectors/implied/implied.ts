/**
 * What a threshold of the user's own means: how many evaluations a month chance alone takes over it, and what shift it finds.
 *
 * 1. Over the limit a month = looks a month × P(statistic > threshold | nothing changed), per signal. By the detector's own
 *    formula where it has one and the window has 200 rows or more; else by seeded draws, of which none over the limit means
 *    less than one in their number. Window and reference are both drawn, as both are samples.
 * 2. The smallest shift, in sd of the reference, that 9 of 10 windows show: by bisection over draws of the shifted reference.
 * 3. These are evaluations, not alarms: windows that overlap pass the limit together, and confirmation waits for a second one.
 *
 * A worked example: PSI > 0.1 over ten groups, 200 rows against 10,000: x = 0.0051, P(χ²₉ > 19.6) = 0.0205; 8,640 looks a month
 * are 177 over the limit, for each signal.
 */
import type { Counters } from '../../core/pane.ts';
import type { Scale } from '../../core/scale.ts';
import { newCounters } from '../counters/counters.ts';
import { freezeNumeric } from '../counters/freeze.ts';
import type { Detector, NullCase } from '../detector.ts';
import { shiftShares } from '../ladder/min-detectable-shift.ts';
import { normalQuantile } from '../math/normal.ts';
import { countersOf, drawCounts, uniformDraws } from './draws.ts';

const formulaFrom = 200;
const drawsOfFew = 10_000;
const drawsOfTail = 2_000;
/** Where windows are large a draw costs the same and the chance is mostly nil. */
const drawsOfPower = 64;
const power = 0.9;
const shiftMax = 4;
const bisections = 9;
const drawsOfSlowPower = 16;
const seed = 20_251;
/** No look takes an alpha from the budget here: thresholds are raw. */
const noAlpha = 1e-15;

/** What is compared with: of a real signal, or of the usual normal one. */
export interface Subject {
  readonly scale: Scale;
  readonly reference: Counters;
}

export interface ImpliedLook extends Pick<NullCase, 'n' | 'm'> {
  readonly inflation?: number;
  readonly share?: number;
  readonly groups?: number;
}

const usualGroups = 10;
const usualShare = 0.05;

/** Twenty thousand rows of a standard normal signal. */
export function usualSubject(): Subject {
  const size = 20_000;
  const sample = Float64Array.from({ length: size }, (_, i) => normalQuantile((i + 0.5) / size));
  const scale = freezeNumeric(sample, () => 'usual');
  const counters = newCounters(scale);
  for (const value of sample) {
    let cell = 0;
    while (cell < scale.edges.length && (scale.edges[cell] as number) < value) cell++;
    counters.counts[cell] = (counters.counts[cell] as number) + 1;
  }
  const [min, max] = [sample[0] as number, sample[size - 1] as number];
  const m2 = sample.reduce((sum, value) => sum + value * value, 0);
  return {
    scale,
    reference: { ...counters, rows: size, weight: size, weightSquared: size, mean: 0, m2, min, max },
  };
}

/** P(a look is over the threshold | nothing changed); undefined where the options hold no threshold. */
export function impliedTail(
  detector: Detector,
  options: unknown,
  look: ImpliedLook,
  subject: Subject,
): number | undefined {
  if (detector.raw?.textOf(options) === undefined) return undefined;
  const { n, m, inflation = 1, share = usualShare, groups = usualGroups } = look;
  const byFormula = detector.raw.tailOf?.(options, { n, m, groups, inflation, share, ...subject });
  if (n < leastRows(options)) return 0;
  const isExact =
    n >= formulaFrom ||
    detector.sequential === true ||
    detector.raw.isSlow === true ||
    !canDraw(detector, subject);
  if (byFormula !== undefined && isExact) return byFormula;
  if (!canDraw(detector, subject)) return byFormula ?? 0;
  return shareOver(
    detector,
    options,
    { n: n / inflation, m },
    subject,
    n < formulaFrom ? drawsOfFew : drawsOfTail,
  );
}

/** In standard deviations of the reference; undefined where no shift up to 4 is found, or the detector is not of that kind. */
export function impliedShift(
  detector: Detector,
  options: unknown,
  look: ImpliedLook,
  subject: Subject,
): number | undefined {
  const { scale, reference } = subject;
  if (detector.sequential || scale.kind !== 'numeric' || !canDraw(detector, subject)) return undefined;
  if (look.n < leastRows(options)) return undefined;
  const sd = Math.sqrt(reference.m2 / reference.weight);
  const shares = sharesOf(reference);
  const edges = [
    Math.min(reference.min, (scale.edges[0] as number) - sd / 10),
    ...scale.edges,
    Math.max(reference.max, (scale.edges.at(-1) as number) + sd / 10),
  ];
  const draws = detector.raw?.isSlow ? drawsOfSlowPower : drawsOfPower;
  const found = (size: number) => {
    const shifted = shiftShares(shares, edges, size * sd);
    return shareOver(detector, options, look, subject, draws, shifted) >= power;
  };
  if (!(sd > 0) || !found(shiftMax)) return undefined;
  let low = 0;
  let high = shiftMax;
  for (let step = 0; step < bisections; step++) {
    const middle = (low + high) / 2;
    if (found(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** With fewer rows a window is not judged. */
export function leastRows(options: unknown): number {
  const { min_rows: rows } = (options ?? {}) as { readonly min_rows?: unknown };
  return typeof rows === 'number' ? rows : 0;
}

/** Shares of one kind of row, such as missing ones, are no cells. */
function canDraw(detector: Detector, { scale }: Subject): boolean {
  return detector.scales.includes(scale.kind) && detector.type !== 'missing_share';
}

function sharesOf({ counts }: Counters): Float64Array {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => (total > 0 ? count / total : 0));
}

function shareOver(
  detector: Detector,
  options: unknown,
  { n, m }: Pick<NullCase, 'n' | 'm'>,
  { scale, reference }: Subject,
  draws: number,
  shifted?: Float64Array,
): number {
  const uniform = uniformDraws(seed);
  const shares = sharesOf(reference);
  const [rows, referenceRows] = [Math.round(n), Math.round(m)];
  let over = 0;
  for (let draw = 0; draw < draws; draw++) {
    const current = countersOf(reference, drawCounts(uniform, rows, shifted ?? shares), rows);
    const before = countersOf(reference, drawCounts(uniform, referenceRows, shares), referenceRows);
    const input = { scale, current, reference: before, options, alpha: noAlpha, signal: '' };
    if (detector.judge(input).status === 'breach') over++;
  }
  return over / draws;
}
