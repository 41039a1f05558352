/**
 * Inverses of tails, kept: each costs some fifty tails, and a pane of a thousand signals asks for the same few, as all
 * share one alpha and have few degrees of freedom. The numbers are those of the functions themselves.
 */
import { chiSquareUpperInverse } from './chi-square.ts';
import { kolmogorovUpperInverse } from './kolmogorov.ts';

const keptMax = 4_096;

/** It starts anew where it has grown past its limit. */
export class KeptInverses {
  readonly #known = new Map<number, Map<number, number>>();
  #size = 0;

  chiSquareUpper(p: number, df: number): number {
    return this.#known.get(p)?.get(df) ?? this.#keep(p, df, chiSquareUpperInverse(p, df));
  }

  kolmogorovUpper(p: number): number {
    // No chi-square has 0 degrees of freedom.
    return this.#known.get(p)?.get(0) ?? this.#keep(p, 0, kolmogorovUpperInverse(p));
  }

  #keep(p: number, df: number, made: number): number {
    if (this.#size >= keptMax) {
      this.#known.clear();
      this.#size = 0;
    }
    const ofP = this.#known.get(p) ?? new Map<number, number>();
    this.#known.set(p, ofP.set(df, made));
    this.#size++;
    return made;
  }
}
