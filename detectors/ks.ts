/**
 * Two-sample Kolmogorov–Smirnov test: D = the largest distance between the distribution functions of the window and its
 * reference.
 *
 * 1. Both functions are read at the edges of the cells, where the cumulated counts are exact. Between edges D may be
 *    larger: with 60-quantiles it is too low by 0.001 on average and 0.003 at most.
 * 2. p = Q(√(nm/(n+m))·D), Kolmogorov's limit, with Kish's effective rows n and m. It is conservative for ties, for few
 *    rows, and for D read at edges only.
 * 3. Calibrated: breach when p ≤ alpha and D ≥ min_effect. 0.05 is the D of a normal shifted by 0.125 sd, a little over
 *    PSI's floor of 0.1 sd (D = 0.04): D reads a wandering mean directly, and small p come cheap with many rows.
 *
 * A worked example: 5,000 rows against 20,000 with D = 0.05: √4000 · 0.05 = 3.16, p = 4e-9.
 *
 * When not to use it: for changes in the tails or in spread, where the distance stays small (PSI is better, a tail test
 * best); for levels; with p alone on many rows, as everything real moves by a hair.
 *
 * Sources: A. Kolmogorov (1933), N. Smirnov (1948); weighted samples as in Monahan, Numerical Methods of Statistics §12.
 */
import { z } from 'zod';
import type { Finding } from '../core/verdict.ts';
import {
  changeText,
  noReference,
  notApplicable,
  numberText,
  probabilityText,
  rowsText,
  sizesOf,
  toldNow,
  toldWhenAsked,
  tooFew,
} from './counters/finding.ts';
import { directionOf, evidenceOf, groupsOf } from './counters/groups.ts';
import { type DetectorInput, defineDetector } from './detector.ts';
import { KeptInverses } from './math/kept-inverses.ts';
import { kolmogorovUpper, kolmogorovUpperInverse } from './math/kolmogorov.ts';

const options = z.strictObject({
  p: z
    .number()
    .positive()
    .max(1)
    .optional()
    .describe(
      'Breach when p is under this. No default: without p and d the test is calibrated to the budget.',
    ),
  d: z
    .number()
    .positive()
    .max(1)
    .optional()
    .describe('Breach when D is over this. No default; with p given too, both must hold.'),
  min_rows: z.int().min(1).default(200).describe('Effective rows needed in the window and in the reference.'),
  min_effect: z
    .number()
    .min(0)
    .max(1)
    .default(0.05)
    .describe('Calibrated only: the least D. 0.05 is a shift by 0.125 sd of a normal.'),
});

type Options = z.output<typeof options>;

export interface KsDistances {
  /** The larger of the two. */
  readonly d: number;
  /** sup(F_reference − F_current): large where the window's numbers are higher. */
  readonly above: number;
  /** sup(F_current − F_reference). */
  readonly below: number;
}

/** The distances at the upper edges of the cells; all 0 where either side is empty. */
export function ksDistances(reference: Float64Array, current: Float64Array): KsDistances {
  let before = 0;
  let now = 0;
  for (let cell = 0; cell < reference.length; cell++) {
    before += reference[cell] as number;
    now += current[cell] as number;
  }
  if (before <= 0 || now <= 0) return { d: 0, above: 0, below: 0 };
  let f = 0;
  let g = 0;
  let above = 0;
  let below = 0;
  // At the end of the last cell both functions are 1, but for the last digits of their sums.
  for (let cell = 0; cell < reference.length - 1; cell++) {
    f += reference[cell] as number;
    g += current[cell] as number;
    const difference = f / before - g / now;
    if (difference > above) above = difference;
    else if (-difference > below) below = -difference;
  }
  return { d: Math.max(above, below), above, below };
}

/** P(D or more by chance) for n and m effective rows. */
export function ksPValue(d: number, n: number, m: number): number {
  return kolmogorovUpper(Math.sqrt((n * m) / (n + m)) * d);
}

interface Limits {
  readonly n: number;
  readonly m: number;
  readonly alpha: number;
  readonly inverses: KeptInverses | undefined;
}

function isOver(options: Options, found: { d: number; pValue: number }, alpha: number): boolean {
  const { p, d } = options;
  if (p === undefined && d === undefined) return found.pValue <= alpha && found.d >= options.min_effect;
  return (p === undefined || found.pValue < p) && (d === undefined || found.d > d);
}

/** The D from which all that is asked for holds. */
function thresholdOf(options: Options, limits: Limits): number {
  const { n, m, alpha, inverses = new KeptInverses() } = limits;
  const { p, d } = options;
  const distanceAt = (level: number) =>
    Math.min(1, inverses.kolmogorovUpper(level) * Math.sqrt(1 / n + 1 / m));
  if (p === undefined && d === undefined) return Math.max(distanceAt(alpha), options.min_effect);
  return Math.max(p === undefined ? 0 : distanceAt(p), d ?? 0);
}

function judge(input: DetectorInput<Options>): Finding {
  const { scale, current, reference, signal, alpha } = input;
  if (scale.kind !== 'numeric') return notApplicable(input, 'KS');
  if (reference === undefined) return noReference(input);
  const few = tooFew(input, input.options.min_rows);
  if (few !== undefined) return few;
  const size = sizesOf(input);
  const { d } = ksDistances(reference.counts, current.counts);
  const pValue = ksPValue(d, size.current, size.reference);
  const isBreach = isOver(input.options, { d, pValue }, alpha);
  const limits = { n: size.current, m: size.reference, alpha, inverses: input.inverses };
  const threshold = thresholdOf(input.options, limits);
  const direction = isBreach ? directionOf(scale, reference, current) : undefined;
  const evidence = () => evidenceOf(groupsOf(scale, reference, current).groups);
  const reason = () => {
    const verdict = `${isBreach ? 'over' : 'within'} ${numberText(threshold)} (${probabilityText(pValue)})`;
    const rows = `${rowsText(current)} against ${rowsText(reference)} in the reference`;
    const change = isBreach ? changeText(evidence(), direction) : '';
    return `KS distance of ${signal} is ${numberText(d)}, ${verdict}, with ${rows}${change}.`;
  };
  const finding = {
    status: isBreach ? 'breach' : 'ok',
    statistic: d,
    effect: d,
    threshold,
    pValue,
    ...(direction === undefined ? {} : { direction }),
    size: sizesOf(input),
  } as const;
  return isBreach ? toldNow(finding, { reason, evidence }) : toldWhenAsked(finding, { reason, evidence });
}

export const ks = defineDetector<Options>({
  type: 'ks',
  title: 'Kolmogorov–Smirnov distance',
  stability: 'beta',
  description:
    'The largest distance between the distribution functions of a number and its reference. Calibrated by default. Blunt ' +
    'for changes in spread and tails; not for levels.',
  class: 'drift',
  scales: ['numeric'],
  needsReference: true,
  options,
  shorthand: 'p',
  raw: {
    textOf: ({ p, d }) => {
      const parts = [
        ...(p === undefined ? [] : [`KS p < ${p}`]),
        ...(d === undefined ? [] : [`KS D > ${d}`]),
      ];
      return parts.length === 0 ? undefined : parts.join(' and ');
    },
    // Independent rows make p what it says; rows that vary more make small p too often.
    tailOf: ({ p, d }, { n, m, inflation }) => {
      const x = 1 / n + 1 / m;
      const distance = Math.max(d ?? 0, p === undefined ? 0 : kolmogorovUpperInverse(p) * Math.sqrt(x));
      return kolmogorovUpper(distance / Math.sqrt(x * inflation));
    },
  },
  examples: [{}, { p: 0.001 }, { d: 0.1, min_rows: 500 }],
  judge,
});
