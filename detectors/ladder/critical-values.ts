/**
 * What the statistics of a window must reach before its p can be at most alpha. Comparing with them costs nothing; p,
 * which costs dozens of incomplete beta functions, is computed only for what passes.
 *
 * p = 2 · min(p_smooth, B · min p_j) ≤ alpha needs p_smooth ≤ alpha/2 or a p_j ≤ alpha/(2B).
 *
 * Values are kept by alpha and by nu rounded up to steps of 1 %: never above the exact ones, so that nothing that p would
 * find is lost.
 */
import { chiSquareUpperInverse } from '../math/chi-square.ts';
import { fisherUpperInverse } from '../math/fisher-f.ts';
import { order } from './basis.ts';
import type { Certainty } from './smooth-test.ts';

export interface CriticalValue {
  /** T of the smooth test, already times the guard. */
  readonly t: number;
  /** The squared deviation of a bin over its variance, already times the guard. */
  readonly s: number;
}

const entriesMax = 4_096;
const stepOfNu = Math.log(1.01);

export function criticalValue(alpha: number, bins: number, certainty?: Certainty): CriticalValue {
  const pSmooth = alpha / 2;
  const pBin = alpha / (2 * bins);
  if (certainty === undefined)
    return { t: chiSquareUpperInverse(pSmooth, order), s: chiSquareUpperInverse(pBin, 1) };
  const { nu, guard } = certainty;
  return {
    t: order * guard * fisherUpperInverse(pSmooth, order, nu),
    s: guard * fisherUpperInverse(pBin, 1, nu),
  };
}

/** A memory of critical values; it starts anew where it has grown past its limit. */
export class CriticalValues {
  readonly #known = new Map<number, Map<number, CriticalValue>>();
  #size = 0;

  at(alpha: number, bins: number, certainty?: Certainty): CriticalValue {
    const step = certainty === undefined ? 0 : Math.ceil(Math.log(certainty.nu) / stepOfNu);
    // Numbers make the key, as this is asked for each window: bins up to 1,000, the guard to a hundredth.
    const key = (step * 1_000 + bins) * 1_000 + Math.round((certainty?.guard ?? 0) * 100);
    const known = this.#known.get(alpha)?.get(key);
    if (known !== undefined) return known;
    const rounded = certainty && { nu: Math.exp(step * stepOfNu), guard: certainty.guard };
    return this.#keep(alpha, key, criticalValue(alpha, bins, rounded));
  }

  #keep(alpha: number, key: number, made: CriticalValue): CriticalValue {
    if (this.#size >= entriesMax) {
      this.#known.clear();
      this.#size = 0;
    }
    const ofAlpha = this.#known.get(alpha) ?? new Map<number, CriticalValue>();
    this.#known.set(alpha, ofAlpha.set(key, made));
    this.#size++;
    return made;
  }
}
