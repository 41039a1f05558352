/**
 * Neyman's smooth test of order 4 for a window against expected shares that are themselves uncertain.
 *
 * z_k = Σ_j d_j V_kj / √x with d_j = b_j/n − e_j and x = 1/n + 1/m; under no change each is about standard normal, and
 * T = Σ z_k² about chi-square with 4 degrees of freedom. With variance learned from the reference each z_k² is divided by
 * its inflation, and T/(4g) has an F distribution with 4 and nu degrees of freedom: nu says from how many windows the
 * variance was learned, the guard g allows for what so few windows cannot show.
 *
 * Source: J. Neyman, "Smooth test" for goodness of fit, Skandinavisk Aktuarietidskrift 20 (1937).
 */
import { chiSquareUpper } from '../math/chi-square.ts';
import { fisherUpper } from '../math/fisher-f.ts';
import { type Basis, order } from './basis.ts';

/** z₁ to z₄ of a window; `x` is 1/n + 1/m. */
export function smoothComponents(
  bins: Float64Array,
  n: number,
  expected: Float64Array,
  basis: Basis,
  x: number,
): readonly number[] {
  const size = expected.length;
  // Written out for the four degrees: this is asked for each window of each signal.
  let z1 = 0;
  let z2 = 0;
  let z3 = 0;
  let z4 = 0;
  for (let j = 0; j < size; j++) {
    const d = (bins[j] as number) / n - (expected[j] as number);
    z1 += d * (basis[j] as number);
    z2 += d * (basis[size + j] as number);
    z3 += d * (basis[2 * size + j] as number);
    z4 += d * (basis[3 * size + j] as number);
  }
  const error = Math.sqrt(x);
  return [z1 / error, z2 / error, z3 / error, z4 / error];
}

/** T; without inflation each component counts in full. */
export function smoothStatistic(z: readonly number[], inflation?: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < order; k++) sum += (z[k] as number) ** 2 / (inflation?.[k] ?? 1);
  return sum;
}

/** How sure the variance of a window is; absent: rows are independent and the variance is known. */
export interface Certainty {
  readonly nu: number;
  readonly guard: number;
}

export function smoothPValue(t: number, certainty?: Certainty): number {
  if (certainty === undefined) return chiSquareUpper(t, order);
  return fisherUpper(t / (order * certainty.guard), order, certainty.nu);
}
