/**
 * The rules of others on the same streams, written from their documentation, on an even lattice instead of raw values:
 *
 * - Evidently (`ValueDrift`, presets' numeric default for references over 1,000 rows is Wasserstein): PSI ≥ 0.1 over
 *   Sturges bins of both samples together, a share of 0 as 1e-4 (or a millionth of the smallest share where that is 1e-4
 *   or less); Wasserstein-1 over the reference's standard deviation ≥ 0.1.
 * - NannyML (univariate drift, `StandardDeviationThreshold(3)`): Jensen–Shannon distance and KS of a chunk against the
 *   reference, alarm above mean + 3 sd of the reference's own chunks. Chunks are days.
 * - Two-sample KS, p < 0.05.
 *
 * Evidently and KS look at the last hour each tick, as the default rule does; NannyML at each day that is complete.
 */
import { kolmogorovUpperInverse } from '../../detectors/math/kolmogorov.ts';
import { latticeCells, latticeWidth, type Stream } from './stream.ts';

export const peerRules = ['evidently_psi', 'evidently_w1', 'nannyml_js', 'nannyml_ks', 'ks_p05'] as const;
export type PeerRule = (typeof peerRules)[number];

const hourTicks = 12;
const dayTicks = 288;
const psiLimit = 0.1;
const w1Limit = 0.1;

/** The lattice of a reference: its sum, and each of its days. */
export class PeerReference {
  readonly total = new Float64Array(latticeCells);
  readonly #days: Float64Array[] = [];
  #day = new Float64Array(latticeCells);
  #ticks = 0;

  add(stream: Stream): void {
    addTo(this.total, stream.lattice);
    addTo(this.#day, stream.lattice);
    this.#ticks++;
    if (this.#ticks % dayTicks !== 0) return;
    this.#days.push(this.#day);
    this.#day = new Float64Array(latticeCells);
  }

  limits(): { readonly js: number; readonly ks: number } {
    return {
      js: meanAndThreeSd(this.#days.map((day) => jensenShannon(this.total, day))),
      ks: meanAndThreeSd(this.#days.map((day) => ksDistance(this.total, day))),
    };
  }
}

export class Peers {
  readonly #reference: Float64Array;
  readonly #rows: number;
  readonly #sd: number;
  readonly #limits: { readonly js: number; readonly ks: number };
  readonly #ring = Array.from({ length: hourTicks }, () => new Float64Array(latticeCells));
  readonly #hour = new Float64Array(latticeCells);
  readonly #day = new Float64Array(latticeCells);
  readonly #ksLimit = kolmogorovUpperInverse(0.05);
  #ticks = 0;

  constructor(reference: PeerReference) {
    this.#reference = reference.total;
    this.#rows = sum(reference.total);
    this.#sd = Math.max(0.001, deviation(reference.total));
    this.#limits = reference.limits();
  }

  /** Takes the tick in; `fired` gets the rules that alarm after it. */
  step(stream: Stream, fired: Set<PeerRule>): void {
    const place = this.#ring[this.#ticks % hourTicks] as Float64Array;
    for (let c = 0; c < latticeCells; c++)
      this.#hour[c] = (this.#hour[c] as number) + (stream.lattice[c] as number) - (place[c] as number);
    place.set(stream.lattice);
    addTo(this.#day, stream.lattice);
    this.#ticks++;
    fired.clear();
    if (this.#ticks >= hourTicks) this.#lookAtHour(fired);
    if (this.#ticks % dayTicks === 0) this.#lookAtDay(fired);
  }

  #lookAtHour(fired: Set<PeerRule>): void {
    const n = sum(this.#hour);
    if (n === 0) return;
    if (sturgesPsi(this.#reference, this.#hour) >= psiLimit) fired.add('evidently_psi');
    const { ks, w1 } = distances(this.#reference, this.#hour);
    if (w1 / this.#sd >= w1Limit) fired.add('evidently_w1');
    if (ks * Math.sqrt((n * this.#rows) / (n + this.#rows)) > this.#ksLimit) fired.add('ks_p05');
  }

  #lookAtDay(fired: Set<PeerRule>): void {
    if (jensenShannon(this.#reference, this.#day) > this.#limits.js) fired.add('nannyml_js');
    if (ksDistance(this.#reference, this.#day) > this.#limits.ks) fired.add('nannyml_ks');
    this.#day.fill(0);
  }
}

function addTo(target: Float64Array, source: Float64Array): void {
  for (let c = 0; c < target.length; c++) target[c] = (target[c] as number) + (source[c] as number);
}

function sum(counts: Float64Array): number {
  let total = 0;
  for (let c = 0; c < counts.length; c++) total += counts[c] as number;
  return total;
}

function deviation(counts: Float64Array): number {
  let total = 0;
  let first = 0;
  let second = 0;
  counts.forEach((count, cell) => {
    const value = cell * latticeWidth;
    total += count;
    first += count * value;
    second += count * value * value;
  });
  return Math.sqrt(Math.max(0, second / total - (first / total) ** 2));
}

/** Largest and summed distance of the two distribution functions. */
function distances(reference: Float64Array, current: Float64Array): { ks: number; w1: number } {
  const m = sum(reference);
  const n = sum(current);
  let gap = 0;
  let ks = 0;
  let w1 = 0;
  for (let c = 0; c < reference.length; c++) {
    gap += (reference[c] as number) / m - (current[c] as number) / n;
    ks = Math.max(ks, Math.abs(gap));
    w1 += Math.abs(gap) * latticeWidth;
  }
  return { ks, w1 };
}

function ksDistance(reference: Float64Array, current: Float64Array): number {
  return distances(reference, current).ks;
}

/** First and last occupied cell of either, and how many cells a Sturges bin is wide. */
function sturges(reference: Float64Array, current: Float64Array) {
  let first = 0;
  let last = reference.length - 1;
  const isEmpty = (c: number) => reference[c] === 0 && current[c] === 0;
  while (first < last && isEmpty(first)) first++;
  while (last > first && isEmpty(last)) last--;
  const bins = Math.ceil(Math.log2(sum(reference) + sum(current)) + 1);
  return { first, last, width: Math.max(1, Math.round((last - first + 1) / bins)) };
}

function sturgesShares(counts: Float64Array, cut: { first: number; last: number; width: number }): number[] {
  const total = sum(counts);
  const shares: number[] = [];
  for (let c = cut.first; c <= cut.last; c++) {
    const bin = Math.floor((c - cut.first) / cut.width);
    shares[bin] = (shares[bin] ?? 0) + (counts[c] as number) / total;
  }
  return shares;
}

function sturgesPsi(reference: Float64Array, current: Float64Array): number {
  const cut = sturges(reference, current);
  const before = withoutZeros(sturgesShares(reference, cut));
  const now = withoutZeros(sturgesShares(current, cut));
  let psi = 0;
  for (let bin = 0; bin < before.length; bin++) {
    const p = before[bin] as number;
    const q = now[bin] as number;
    psi += (q - p) * Math.log(q / p);
  }
  return psi;
}

function withoutZeros(shares: number[]): number[] {
  let smallest = Number.POSITIVE_INFINITY;
  for (const share of shares) if (share > 0 && share < smallest) smallest = share;
  const instead = smallest <= 1e-4 ? smallest / 1e6 : 1e-4;
  return shares.map((share) => (share === 0 ? instead : share));
}

/** Square root of the divergence in bits. */
function jensenShannon(reference: Float64Array, current: Float64Array): number {
  const cut = sturges(reference, current);
  const p = sturgesShares(reference, cut);
  const q = sturgesShares(current, cut);
  let divergence = 0;
  p.forEach((one, bin) => {
    const other = q[bin] as number;
    const middle = (one + other) / 2;
    if (one > 0) divergence += (one * Math.log2(one / middle)) / 2;
    if (other > 0) divergence += (other * Math.log2(other / middle)) / 2;
  });
  return Math.sqrt(Math.max(0, divergence));
}

function meanAndThreeSd(values: readonly number[]): number {
  const mean = values.reduce((total, one) => total + one, 0) / values.length;
  const square = values.reduce((total, one) => total + (one - mean) ** 2, 0) / values.length;
  return mean + 3 * Math.sqrt(square);
}
