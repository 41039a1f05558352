/**
 * How much more a window differs from its expectation than independent rows would, learned from the reference.
 *
 * The variance of a component is phi · x + tau², x = 1/n + 1/m. phi: rows come in clusters (users repeat), which does not
 * change how fast the variance falls with n. tau: the mean wanders from window to window, which more rows do not cure.
 *
 * From windows of the reference, each compared with what the other weeks expect, y_i = d² and x_i are kept. r = y/x is
 * regressed on u = 1/x: r = phi + tau² u. Beside it stand the fits with one cause only; the inflation takes the largest
 * of the three, as windows of one size cannot tell the causes apart.
 *
 * 1. phi ≥ 1, tau² ≥ 0: a reference that happened to be calm earns nothing.
 * 2. No direction is trusted to be still while another wanders: tau of each smooth component ≥ 0.3 of the largest tau.
 * 3. nu counts the windows the fit is worth, after the correlation of neighbours.
 */
export interface VarianceFit {
  readonly phi: number;
  readonly tau2: number;
  readonly phiOnly: number;
  readonly tau2Only: number;
}

export const plainFit: VarianceFit = { phi: 1, tau2: 0, phiOnly: 1, tau2Only: 0 };

/** Windows below which a variance is not learned at this length. */
export const windowsFew = 28;
const kappa = 0.3;
const nuMin = 8;
/** Degrees of freedom where no length has enough windows: as if from 28 independent ones. */
export const nuUnlearned = 27;

const numbersPerFit = 4;

/** The fits of all bins, side by side: 32 bytes each, where an object takes four times that. */
export class BinFits {
  readonly #numbers: Float64Array;

  constructor(fits: readonly VarianceFit[]) {
    this.#numbers = new Float64Array(fits.length * numbersPerFit);
    fits.forEach(({ phi, tau2, phiOnly, tau2Only }, bin) => {
      this.#numbers.set([phi, tau2, phiOnly, tau2Only], bin * numbersPerFit);
    });
  }

  get length(): number {
    return this.#numbers.length / numbersPerFit;
  }

  /** `inflation` of a bin's fit; 1 for a bin that has none. */
  inflation(bin: number, x: number): number {
    const numbers = this.#numbers;
    const at = bin * numbersPerFit;
    if (at + numbersPerFit > numbers.length) return 1;
    const inverse = 1 / x;
    return Math.max(
      (numbers[at] as number) + (numbers[at + 1] as number) * inverse,
      numbers[at + 2] as number,
      1 + (numbers[at + 3] as number) * inverse,
    );
  }

  toJSON(): VarianceFit[] {
    return Array.from({ length: this.length }, (_, bin) => {
      const [phi = 1, tau2 = 0, phiOnly = 1, tau2Only = 0] = this.#numbers.subarray(
        bin * numbersPerFit,
        (bin + 1) * numbersPerFit,
      );
      return { phi, tau2, phiOnly, tau2Only };
    });
  }
}

/** The variance of windows of one length. */
export interface WindowVariance {
  /** Of the four smooth components. */
  readonly smooth: readonly VarianceFit[];
  readonly bins: BinFits;
  readonly psi: VarianceFit;
  readonly nu: number;
  readonly guard: number;
  /** The largest phi of PSI and the smooth components. */
  readonly phiMax: number;
  /** So many rows are worth one: what rows are needed is counted in these. */
  readonly clustering: number;
  /** Windows it was learned from; 0: it was not. */
  readonly windows: number;
}

export function fitVariance(y: ArrayLike<number>, x: ArrayLike<number>): VarianceFit {
  const count = y.length;
  if (count === 0) return plainFit;
  let sumR = 0;
  let sumU = 0;
  for (let i = 0; i < count; i++) {
    sumR += (y[i] as number) / (x[i] as number);
    sumU += 1 / (x[i] as number);
  }
  const meanR = sumR / count;
  const meanU = sumU / count;
  let cross = 0;
  let square = 0;
  let excessU = 0;
  let squareU = 0;
  for (let i = 0; i < count; i++) {
    const u = 1 / (x[i] as number);
    const r = (y[i] as number) * u;
    cross += (r - meanR) * (u - meanU);
    square += (u - meanU) ** 2;
    excessU += (r - 1) * u;
    squareU += u * u;
  }
  const tau2Only = Math.max(0, excessU / squareU);
  const phiOnly = Math.max(1, meanR);
  const slope = square > 0 ? cross / square : 0;
  if (slope < 0) return { phi: phiOnly, tau2: 0, phiOnly, tau2Only };
  const intercept = meanR - slope * meanU;
  if (intercept < 1) return { phi: 1, tau2: tau2Only, phiOnly, tau2Only };
  return { phi: intercept, tau2: slope, phiOnly, tau2Only };
}

/** Independent windows a series of z is worth; rho is the correlation of neighbours about 0. */
export function effectiveWindows(z: ArrayLike<number>): { readonly rho: number; readonly nu: number } {
  let neighbours = 0;
  let squares = 0;
  for (let t = 0; t < z.length; t++) {
    squares += (z[t] as number) ** 2;
    if (t > 0) neighbours += (z[t] as number) * (z[t - 1] as number);
  }
  const rho = squares > 0 ? Math.max(0, neighbours / squares) : 0;
  return { rho, nu: Math.max(nuMin, (z.length * (1 - rho)) / (1 + rho) - 1) };
}

/** By how much the variance exceeds that of independent rows, at x = 1/n + 1/m. */
export function inflation(fit: VarianceFit, x: number): number {
  const inverse = 1 / x;
  return Math.max(fit.phi + fit.tau2 * inverse, fit.phiOnly, 1 + fit.tau2Only * inverse);
}

/** No direction of the smooth test is trusted to be still while another wanders. */
export function shareWander(fits: readonly VarianceFit[]): VarianceFit[] {
  const floor = kappa ** 2 * Math.max(0, ...fits.map((fit) => fit.tau2));
  const floorOnly = kappa ** 2 * Math.max(0, ...fits.map((fit) => fit.tau2Only));
  return fits.map((fit) => ({
    ...fit,
    tau2: Math.max(fit.tau2, floor),
    tau2Only: Math.max(fit.tau2Only, floorOnly),
  }));
}

export function guardOf(phiMax: number, nu: number): number {
  return phiMax > 1.5 || nu < 300 ? 1.3 : 1;
}

/**
 * How many rows are worth one, by the shortest windows that could be learned from. phi alone may be 1 where windows are
 * all of one size, as clusters and wander then look the same; but in the shortest windows wander has the least part, and
 * the whole mean of r bounds what clusters can be. Judged by phi, 20 rows a tick of users with 10 rows each gave 16 false
 * alarms where half a one was asked (simulated).
 */
export function clusteringOf(shortest: WindowVariance): number {
  return Math.max(shortest.psi.phiOnly, ...shortest.smooth.map((fit) => fit.phiOnly));
}

/** Where no window length had enough windows: independent rows, with little certainty. */
export function unlearnedVariance(bins: number): WindowVariance {
  return {
    smooth: [plainFit, plainFit, plainFit, plainFit],
    bins: new BinFits(Array.from({ length: bins }, () => plainFit)),
    psi: plainFit,
    nu: nuUnlearned,
    guard: guardOf(1, nuUnlearned),
    phiMax: 1,
    clustering: 1,
    windows: 0,
  };
}
