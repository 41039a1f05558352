/**
 * The null distribution of statistics that gather squared differences of two distribution functions at given points:
 * Σ c_i B(H_i)², B a Brownian bridge, H_i the share below point i, c_i ≥ 0 its weight. With c_i the steps of H it is
 * Cramér–von Mises on cells, with the steps over H(1 − H) Anderson–Darling, with distances the energy distance.
 *
 * The idea: such a form is Σ λ_k χ²₁, its λ the eigenvalues of C^½ Σ C^½ with Σ_ij = min(H_i, H_j) − H_i H_j. The inverse of Σ is
 * tridiagonal (the bridge is a Markov process), so their reciprocals come from a tridiagonal matrix in O(points²). The
 * tail is then a saddle-point approximation, good to a few per cent of p however far out; so ties, few points and heavy
 * cells are all in it, where the textbook limits hold for continuous data only.
 *
 * Invariants: 1. Points with H at 0 or 1 or with weight 0 add nothing. 2. The tail is in 0..1 and falls. 3. For one point the
 * form is c·H(1 − H)·χ²₁.
 *
 * A worked example: 999 even points with c = 1/1000: P(form > 0.461) = 0.05, as for the limit of Cramér–von Mises.
 *
 * Sources: Anderson and Darling, Annals of Mathematical Statistics 23 (1952) 193; Kuonen, Biometrika 86 (1999) 929, with
 * Barndorff-Nielsen's r*; Bowdler et al., Numerische Mathematik 11 (1968) 293 for the eigenvalues.
 */
import { bisectFalling } from './bisect.ts';
import { normalUpper } from './normal.ts';

export interface BridgePoint {
  /** The share below, 0..1. */
  readonly share: number;
  readonly weight: number;
}

/** Points that carry less than this of the whole are left out: they would only cost digits. */
const partMin = 1e-10;
const sweepsMax = 60;

/** The λ of the form, falling; none for no points. `points` come with rising shares. */
export function bridgeEigenvalues(points: readonly BridgePoint[]): number[] {
  const used = usedPoints(points);
  const heaviest = used.reduce((most, point) => Math.max(most, point.weight), 0);
  if (used.length === 0) return [];
  const roots = used.map((point) => Math.sqrt(point.weight / heaviest));
  const gaps = used.map((point, i) => point.share - (used[i - 1]?.share ?? 0));
  gaps.push(1 - (used.at(-1) as BridgePoint).share);
  const inverse = (i: number) => 1 / (gaps[i] as number);
  const diagonal = roots.map((root, i) => (inverse(i) + inverse(i + 1)) / (root * root));
  const beside = roots.slice(1).map((root, i) => -inverse(i + 1) / (root * (roots[i] as number)));
  return tridiagonalEigenvalues(diagonal, beside)
    .sort((a, b) => a - b)
    .map((reciprocal) => heaviest / reciprocal);
}

/** Inner points of some weight; those of one share are one point. */
function usedPoints(points: readonly BridgePoint[]): BridgePoint[] {
  const partOf = ({ share, weight }: BridgePoint) => weight * share * (1 - share);
  const largest = points.reduce((most, point) => Math.max(most, partOf(point)), 0);
  const used: BridgePoint[] = [];
  for (const point of points) {
    if (!(partOf(point) > largest * partMin)) continue;
    const last = used.at(-1);
    if (last !== undefined && point.share - last.share < 1e-12) {
      used[used.length - 1] = { share: last.share, weight: last.weight + point.weight };
    } else used.push(point);
  }
  return used;
}

/** Implicit QL with shifts, without vectors. */
function tridiagonalEigenvalues(diagonal: readonly number[], beside: readonly number[]): number[] {
  const d = Float64Array.from(diagonal);
  const e = Float64Array.from([...beside, 0]);
  for (let first = 0; first < d.length; first++) {
    for (let sweep = 0; sweep < sweepsMax; sweep++) {
      const last = smallFrom(d, e, first);
      if (last === first) break;
      rotate(d, e, first, last);
    }
  }
  return Array.from(d);
}

/** The first index from `first` on behind which the matrix falls apart. */
function smallFrom(d: Float64Array, e: Float64Array, first: number): number {
  for (let i = first; i < d.length - 1; i++) {
    const size = Math.abs(d[i] as number) + Math.abs(d[i + 1] as number);
    if (Math.abs(e[i] as number) <= Number.EPSILON * size) return i;
  }
  return d.length - 1;
}

function rotate(d: Float64Array, e: Float64Array, first: number, last: number): void {
  const at = (values: Float64Array, i: number) => values[i] as number;
  const half = (at(d, first + 1) - at(d, first)) / (2 * at(e, first));
  const root = Math.hypot(half, 1);
  let g = at(d, last) - at(d, first) + at(e, first) / (half + (half < 0 ? -root : root));
  let s = 1;
  let c = 1;
  let p = 0;
  for (let i = last - 1; i >= first; i--) {
    const f = s * at(e, i);
    const b = c * at(e, i);
    const r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1] = at(d, i + 1) - p;
      e[last] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = at(d, i + 1) - p;
    const turned = (at(d, i) - g) * s + 2 * c * b;
    p = s * turned;
    d[i + 1] = g + p;
    g = c * turned - b;
  }
  d[first] = at(d, first) - p;
  e[first] = g;
  e[last] = 0;
}

/**
 * The saddle point is written as δ = 1 − 2 s λ_max: 1 at the mean, toward 0 far up in the tail, above 1 below the mean.
 */
const deltaMax = 1e12;

/** P(Σ λ χ²₁ > x); `eigenvalues` fall. 1 where there are none. */
export function bridgeFormUpper(x: number, eigenvalues: readonly number[]): number {
  const largest = eigenvalues[0];
  if (largest === undefined || !(x > 0)) return 1;
  const ratios = eigenvalues.map((one) => one / largest);
  const delta = bisectFalling((at) => cumulants(at, ratios).mean, x / largest, { low: 0, high: deltaMax });
  return upperAt(delta, ratios);
}

/** The x with P(Σ λ χ²₁ > x) = p, for 0 < p < ½. */
export function bridgeFormInverse(p: number, eigenvalues: readonly number[]): number {
  const largest = eigenvalues[0];
  if (largest === undefined) return 0;
  const ratios = eigenvalues.map((one) => one / largest);
  const delta = bisectFalling((at) => -upperAt(at, ratios), -p, { low: 0, high: 1 });
  return cumulants(delta, ratios).mean * largest;
}

/** Mean, variance and third cumulant of the form tilted to δ, and the cumulant function there, for λ_max = 1. */
function cumulants(delta: number, ratios: readonly number[]) {
  let mean = 0;
  let variance = 0;
  let third = 0;
  let logs = 0;
  for (const ratio of ratios) {
    // 1 − 2 s λ = δ for λ_max itself, to the last digit.
    const factor = ratio === 1 ? delta : 1 - (1 - delta) * ratio;
    const part = ratio / factor;
    mean += part;
    variance += 2 * part * part;
    third += 8 * part ** 3;
    logs += Math.log(factor);
  }
  return { mean, variance, third, value: -logs / 2 };
}

function upperAt(delta: number, ratios: readonly number[]): number {
  const { mean, variance, third, value } = cumulants(delta, ratios);
  const s = (1 - delta) / 2;
  const w = Math.sign(s) * Math.sqrt(Math.max(0, 2 * (s * mean - value)));
  if (Math.abs(w) < 1e-3)
    return Math.min(1, 0.5 - third / variance ** 1.5 / (6 * Math.sqrt(2 * Math.PI)) - w * 0.4);
  const v = s * Math.sqrt(variance);
  return normalUpper(w + Math.log(v / w) / w);
}
