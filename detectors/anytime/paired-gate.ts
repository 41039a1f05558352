/**
 * Is a candidate no worse than the incumbent, by pairs of answers to the same rows, looked at as often as one likes?
 *
 * Each pair is +1 where only the candidate was right, −1 where only the incumbent, else 0. Its mean lies within ± h of what
 * was seen at all times (normal-mixture.ts with the variance learned on the way): pass where even the lower end is above
 * −margin, fail where the upper one is below it, else hold. A hold is never a pass, and below `pairsMin` it is always
 * hold, as the bound needs the mean to be about normal.
 *
 * Worth by simulation: at exactly the margin it passes 1.7 % of candidates (2.5 % are planned); equal ones pass after
 * 1,200 pairs in the middle, where 6 % of pairs differ. A plain test at each look would pass a fifth of those at the margin.
 */
import { mixtureScale, normalMixtureHalfWidth } from './normal-mixture.ts';

export const pairsMin = 200;

/** Pairs for which the bound is tightest. */
const tightestAt = 1_200;

export interface PairCounts {
  readonly n: number;
  readonly onlyCandidate: number;
  readonly onlyIncumbent: number;
}

export interface GateOptions {
  /** Worse by less than this is no worse; a share. */
  readonly margin: number;
  /** One-sided. */
  readonly alpha: number;
  /** Share of pairs expected to differ. */
  readonly discordance: number;
}

export interface GateAnswer {
  readonly decision: 'pass' | 'fail' | 'hold';
  /** Candidate less incumbent, a share. */
  readonly difference: number;
  readonly halfWidth: number;
}

export const gateDefaults: GateOptions = { margin: 0.02, alpha: 0.025, discordance: 0.06 };

export function judgePairs(counts: PairCounts, options: GateOptions = gateDefaults): GateAnswer {
  const { n, onlyCandidate, onlyIncumbent } = counts;
  if (!(n > 0)) return { decision: 'hold', difference: 0, halfWidth: 1 };
  const { margin, alpha, discordance } = options;
  const difference = (onlyCandidate - onlyIncumbent) / n;
  const square = (onlyCandidate + onlyIncumbent + 1) / (n + 1) - difference * difference;
  const rho = mixtureScale(tightestAt, discordance, Math.sqrt(alpha));
  const halfWidth = normalMixtureHalfWidth(n, Math.max(0, square), rho, 2 * alpha);
  if (n < pairsMin) return { decision: 'hold', difference, halfWidth };
  const decision =
    difference - halfWidth > -margin ? 'pass' : difference + halfWidth < -margin ? 'fail' : 'hold';
  return { decision, difference, halfWidth };
}
