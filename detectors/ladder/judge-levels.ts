/** The default rule for one window of levels, in the form of `judgeWindow`: `bins` are levels in any order. */

import { tooFewRows, type WindowFinding, type WindowInput } from './judge-window.ts';
import { aloneMax, mergeLevels, testLevels, type UnseenLevels } from './levels.ts';

export interface LevelsInput extends Omit<WindowInput, 'basis' | 'criticals' | 'wantP'> {
  /** Rows in levels without a bin; they come on top of `n`. */
  readonly unseen?: UnseenLevels;
}

const rowsSlack = 1e-6;

/**
 * `moved.bin` is the place of the level, or of the first of those that were merged. `t` and `threshold` are p and alpha on
 * the scale of −log10: there is no single statistic.
 */
export function judgeLevels(input: LevelsInput): WindowFinding {
  const { n, inverseM, expected, variance, alpha, minEffect } = input;
  const m = 1 / inverseM;
  const needed = input.minRows * Math.max(1, variance?.clustering ?? 1);
  if (!(n + rowsSlack >= needed) || !(m > 0)) return tooFewRows(n, m, needed - n);
  const merged = mergeLevels(
    expected.map((share) => share * m),
    input.bins,
    input.unseen?.rows ?? 0,
  );
  const tested = testLevels(merged, { variance, ...(input.unseen && { unseen: input.unseen }) });
  const members = merged.members[tested.group] ?? [];
  const rows = merged.current.reduce((sum, count) => sum + count, 0);
  const isBreach =
    tested.p <= alpha && (tested.excess >= minEffect || isUnseen(tested.pUnseen, alpha, input));
  return {
    status: isBreach ? 'breach' : 'ok',
    rowsMissing: 0,
    p: tested.p,
    pSmooth: tested.pPsi,
    pMaxBin: tested.pMaxLevel,
    t: -Math.log10(Math.max(tested.p, Number.MIN_VALUE)),
    threshold: -Math.log10(alpha),
    z: [],
    psi: tested.psi,
    excess: tested.excess,
    words: [],
    moved: {
      bin: members[0] ?? 0,
      reference: (merged.reference[tested.group] ?? 0) / m,
      current: (merged.current[tested.group] ?? 0) / rows,
    },
    n,
    m,
  };
}

/** Half a point more unseen rows than expected count as an effect: PSI hardly moves by them. */
function isUnseen(pUnseen: number, alpha: number, { unseen, n, inverseM }: LevelsInput): boolean {
  if (unseen === undefined || 3 * pUnseen > alpha) return false;
  return unseen.rows / (n + unseen.rows) - unseen.singletons * inverseM >= 0.005;
}

/** Bins a ring of levels needs at most: those that stand alone, and the rest. */
export const levelBinsMax = aloneMax + 1;
