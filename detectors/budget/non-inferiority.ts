/**
 * Is the candidate no worse than the incumbent by more than a margin, from pairs of answers to the same rows, looked at
 * once? Wald's test on the difference of the discordant shares. For more than one look use anytime/paired-gate.ts: this
 * one, read at each look, passes a fifth of the candidates that are as bad as the margin.
 */
import { normalQuantile, normalUpper } from '../math/normal.ts';

export interface PairTable {
  readonly bothCorrect: number;
  readonly onlyIncumbentCorrect: number;
  readonly onlyCandidateCorrect: number;
  readonly bothWrong: number;
}

export interface NonInferiority {
  /** Candidate less incumbent. */
  readonly difference: number;
  readonly standardError: number;
  readonly z: number;
  readonly p: number;
  /** Lower end of the one-sided interval. */
  readonly lower: number;
  readonly isNonInferior: boolean;
}

/** Undefined for no pairs. Where no pair differs the error is 0, z is Infinity, and the margin alone decides. */
export function pairedNonInferiority(
  table: PairTable,
  margin: number,
  alpha: number,
): NonInferiority | undefined {
  const { onlyIncumbentCorrect: worse, onlyCandidateCorrect: better } = table;
  const n = table.bothCorrect + worse + better + table.bothWrong;
  if (!(n > 0)) return undefined;
  const difference = (better - worse) / n;
  const standardError = Math.sqrt(Math.max(0, (better + worse) / n - difference * difference) / n);
  const distance = difference + margin;
  const z = distance === 0 ? 0 : distance / standardError;
  const lower = difference - normalQuantile(1 - alpha) * standardError;
  return { difference, standardError, z, p: normalUpper(z), lower, isNonInferior: lower > -margin };
}
