/** What single windows show: is p what it says, is the minimum detectable shift found, do weights do no harm? */
import { ladderAlpha } from '../../detectors/ladder/alpha-ladder.ts';
import { orthonormalBasis } from '../../detectors/ladder/basis.ts';
import { CriticalValues } from '../../detectors/ladder/critical-values.ts';
import { judgeLevels } from '../../detectors/ladder/judge-levels.ts';
import { judgeWindow } from '../../detectors/ladder/judge-window.ts';
import { unseenPValue } from '../../detectors/ladder/levels.ts';
import { minDetectableShift } from '../../detectors/ladder/min-detectable-shift.ts';
import { judgeRate } from '../../detectors/ladder/rate.ts';
import { binomialQuantile, binomialUpper } from '../../detectors/math/binomial.ts';
import { normalQuantile } from '../../detectors/math/normal.ts';
import { asked, minEffect, minRows } from './default-rule.ts';
import { SeededRandom } from './random.ts';
import { evenShares, multinomial, shiftedNormal } from './random-counts.ts';

const bins = 20;
const m = 10_000;
/** Windows judged against one drawn reference. */
const windowsPerReference = 5;

export const calibrationAlphas = [1e-2, 1e-3, 1e-4, 1e-5] as const;

export interface Calibration {
  readonly n: number;
  readonly marginal: string;
  readonly windows: number;
  /** Rejections at each alpha: of the smooth test alone, and of the rule's p. */
  readonly smooth: readonly number[];
  readonly rule: readonly number[];
}

/** Shares of bins: even as for any continuous value, heavy ties, and levels that fall as 1/rank. */
export const marginals: Readonly<Record<string, Float64Array>> = {
  continuous: evenShares(bins),
  ties: Float64Array.of(0.4, 0.2, 0.12, 0.08, 0.06, 0.05, 0.04, 0.03, 0.02),
  zipf: zipfShares(25),
};

function zipfShares(levels: number): Float64Array {
  const raw = Float64Array.from({ length: levels }, (_, rank) => 1 / (rank + 1));
  const total = raw.reduce((sum, one) => sum + one, 0);
  return raw.map((one) => one / total);
}

export function calibrate(marginal: string, n: number, windows: number, seed: number): Calibration {
  const random = new SeededRandom(seed, 31, n, marginal.length);
  const shares = marginals[marginal] ?? evenShares(bins);
  const criticals = new CriticalValues();
  const smooth = calibrationAlphas.map(() => 0);
  const rule = calibrationAlphas.map(() => 0);
  // p is computed down to half of this: all of the smooth test that is counted.
  const loosest = 2 * calibrationAlphas[0];
  let expected = shares;
  let basis = orthonormalBasis(shares);
  for (let window = 0; window < windows; window++) {
    if (window % windowsPerReference === 0) {
      expected = multinomial(random, m, shares).map((count) => count / m);
      basis = orthonormalBasis(expected);
    }
    const counts = multinomial(random, n, shares);
    const input = {
      bins: counts,
      n,
      expected,
      inverseM: 1 / m,
      alpha: loosest,
      minEffect: -1,
      minRows,
      basis,
    };
    const found = marginal === 'zipf' ? judgeLevels(input) : judgeWindow({ ...input, criticals });
    calibrationAlphas.forEach((alpha, i) => {
      if ((found.pSmooth ?? 1) <= alpha) smooth[i] = (smooth[i] ?? 0) + 1;
      if ((found.p ?? 1) <= alpha) rule[i] = (rule[i] ?? 0) + 1;
    });
  }
  return { n, marginal, windows, smooth, rule };
}

export interface ShiftFound {
  readonly n: number;
  readonly windowTicks: number;
  readonly delta: number;
  readonly windows: number;
  readonly found: number;
  /** The shift that is really found in 9 of 10 windows, in sd. */
  readonly needed: number;
}

/** The minimum detectable shift as printed, against windows drawn with it. */
export function checkShift(n: number, windowTicks: 12 | 288, windows: number, seed: number): ShiftFound {
  const random = new SeededRandom(seed, 32, n, windowTicks);
  const expected = evenShares(bins);
  const alpha = ladderAlpha(windowTicks, asked, 200);
  const criticals = new CriticalValues();
  const inner = Array.from({ length: bins - 1 }, (_, i) => normalQuantile((i + 1) / bins));
  // The outermost of 10,000 rows lie about here.
  const edges = [-3.85, ...inner, 3.85];
  const x = 1 / n + 1 / m;
  const basis = orthonormalBasis(expected);
  const criticalT = criticals.at(alpha, bins).t;
  const delta = minDetectableShift({ expected, basis, edges, sd: 1, x, criticalT, minEffect }) ?? Number.NaN;
  const shareFound = (shift: number) => {
    const shares = shiftedNormal(bins, shift);
    let found = 0;
    for (let window = 0; window < windows; window++) {
      const reference = multinomial(random, m, expected).map((count) => count / m);
      const counts = multinomial(random, n, shares);
      const input = {
        bins: counts,
        n,
        expected: reference,
        inverseM: 1 / m,
        alpha,
        minEffect,
        minRows,
        criticals,
      };
      if (judgeWindow(input).status === 'breach') found++;
    }
    return found / windows;
  };
  let low = delta / 2;
  let high = delta * 2;
  for (let step = 0; step < 6; step++) {
    const middle = (low + high) / 2;
    if (shareFound(middle) < 0.9) low = middle;
    else high = middle;
  }
  return { n, windowTicks, delta, windows, found: shareFound(delta), needed: (low + high) / 2 };
}

/** Rows sampled at 1, 10 and 100 % and weighted back: how often is p ≤ 0.001 without a change? */
export function checkWeights(windows: number, seed: number): { rate: number; windows: number; rows: number } {
  const random = new SeededRandom(seed, 33);
  const shares = evenShares(bins);
  const criticals = new CriticalValues();
  const alpha = 1e-3;
  const classes = [
    { weight: 1, mean: 3160 },
    { weight: 10, mean: 316 },
    { weight: 100, mean: 31.6 },
  ];
  let rejected = 0;
  let rows = 0;
  for (let window = 0; window < windows; window++) {
    const reference = multinomial(random, m, shares).map((count) => count / m);
    const counts = new Float64Array(bins);
    let weight = 0;
    let squares = 0;
    for (const one of classes) {
      const kept = random.poisson(one.mean);
      multinomial(random, kept, shares).forEach((count, j) => {
        counts[j] = (counts[j] as number) + count * one.weight;
      });
      weight += kept * one.weight;
      squares += kept * one.weight ** 2;
    }
    const n = weight ** 2 / squares;
    rows += n / windows;
    const effective = counts.map((count) => (count * n) / weight);
    const input = {
      bins: effective,
      n,
      expected: reference,
      inverseM: 1 / m,
      alpha,
      minEffect: -1,
      minRows: 50,
    };
    if ((judgeWindow({ ...input, criticals }).p ?? 1) <= alpha) rejected++;
  }
  return { rate: rejected / windows, windows, rows };
}

const rowsAlpha = 1e-7;

/** Rows with which a missing share of 3 % against 1 % is found in 9 of 10 windows. */
export function rowsForMissing(): number {
  return smallestRows((n) => {
    const isFound = (events: number) =>
      judgeRate({ events, n, referenceEvents: 0.01 * m, m, alpha: rowsAlpha }).status === 'breach';
    return powerFrom(n, 0.03, isFound);
  });
}

/** Rows with which unseen levels in 2 % of rows against none are found in 9 of 10 windows. */
export function rowsForUnseen(): number {
  return smallestRows((n) =>
    powerFrom(n, 0.02, (events) => 3 * unseenPValue({ rows: events, singletons: 0 }, n, m) <= rowsAlpha),
  );
}

/** The chance of as many events as are needed. */
function powerFrom(n: number, share: number, isFound: (events: number) => boolean): number {
  let low = Math.floor(n * 0.001);
  let high = binomialQuantile(1 - 1e-12, n, share) + 1;
  if (!isFound(high)) return 0;
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if (isFound(middle)) high = middle;
    else low = middle;
  }
  return binomialUpper(high, n, share);
}

/** The first n with 90 % power; power goes up and down by whole events, so each n is tried. */
function smallestRows(power: (n: number) => number): number {
  for (let n = 50; n < 50_000; n++) if (power(n) >= 0.9) return n;
  return Number.POSITIVE_INFINITY;
}
