/**
 * The smallest part of the rows that, moved from the most frequent level to the second, one window finds with 90 %: what
 * min-detectable-shift.ts is for numbers.
 *
 * PSI / x of a changed window is about noncentral chi-square with B − 1 degrees of freedom and λ = Σ d² / (e x I); a third of
 * alpha is its share, as levels have three tests. The PSI must reach the floor as well.
 */
import { bisectFalling } from '../math/bisect.ts';
import { chiSquareUpperInverse } from '../math/chi-square.ts';
import { fisherUpperInverse } from '../math/fisher-f.ts';
import { noncentralUpper } from './min-detectable-shift.ts';
import type { Certainty } from './smooth-test.ts';

const power = 0.9;
const tests = 3;

export interface MoveInput {
  readonly expected: Float64Array;
  /** 1/n + 1/m. */
  readonly x: number;
  readonly inflation?: number;
  readonly certainty?: Certainty | undefined;
  readonly alpha: number;
  readonly minEffect: number;
}

/** As a share of all rows, 0.01 is a point; undefined where not even all of the most frequent level's rows would do. */
export function minDetectableMove(input: MoveInput): number | undefined {
  const { expected, x, inflation = 1, certainty, alpha, minEffect } = input;
  const shares = [...expected].filter((share) => share > 0).sort((a, b) => b - a);
  const [first, second] = shares;
  if (first === undefined || second === undefined) return undefined;
  const freedom = shares.length - 1;
  const critical =
    certainty === undefined
      ? chiSquareUpperInverse(alpha / tests, freedom)
      : freedom * certainty.guard * fisherUpperInverse(alpha / tests, freedom, certainty.nu);
  const lambdaMax = 4 * (critical + 40);
  const needed = bisectFalling((lambda) => 1 - noncentralUpper(critical, freedom, lambda), 1 - power, {
    low: 0,
    high: lambdaMax,
  });
  const isMissed = (move: number) => {
    const lambda = (move * move * (1 / first + 1 / second)) / (x * inflation);
    const psi = move * (Math.log(first / (first - move)) + Math.log((second + move) / second));
    return lambda < needed || psi < minEffect;
  };
  const most = first * (1 - 1e-9);
  if (isMissed(most)) return undefined;
  return bisectFalling((move) => (isMissed(move) ? 1 : 0), 0.5, { low: 0, high: most });
}
