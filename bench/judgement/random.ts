/** Chance from a seed: xoshiro128++ (Blackman and Vigna 2019). Equal seeds, equal streams. */
export class SeededRandom {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(...seed: readonly number[]) {
    // splitmix32 over all parts of the seed.
    let state = 0x9e3779b9;
    const next = () => {
      state = (state + 0x9e3779b9) | 0;
      let z = state;
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      return z ^ (z >>> 16);
    };
    for (const part of seed) {
      state ^= part | 0;
      state = next();
    }
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next();
  }

  /** 32 random bits, as an unsigned integer. */
  bits(): number {
    const sum = (this.#a + this.#d) | 0;
    const result = (((sum << 7) | (sum >>> 25)) + this.#a) | 0;
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result >>> 0;
  }

  /** In [0, 1). */
  uniform(): number {
    return this.bits() / 4294967296;
  }

  /** Marsaglia's polar method. */
  normal(): number {
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const s = u * u + v * v;
      if (s > 0 && s < 1) return u * Math.sqrt((-2 * Math.log(s)) / s);
    }
  }

  /** By inversion for small means; larger ones in halves, as sums of Poissons are Poisson. */
  poisson(mean: number): number {
    if (mean <= 0) return 0;
    if (mean > 30) {
      // The gamma split of Ahrens and Dieter (1974) keeps it exact: the k-th arrival, then the rest.
      const k = Math.floor(mean * 0.875);
      const arrival = this.#gamma(k);
      return arrival <= mean ? k + this.poisson(mean - arrival) : this.binomial(k - 1, mean / arrival);
    }
    let term = Math.exp(-mean);
    let left = this.uniform() - term;
    let count = 0;
    while (left > 0 && count < 1_000) {
      count++;
      term *= mean / count;
      left -= term;
    }
    return count;
  }

  /** Binomial by halving at an order statistic, then by counting (exact). */
  binomial(rows: number, share: number): number {
    let n = rows;
    let p = share;
    let sum = 0;
    while (n > 40) {
      const i = 1 + (n >> 1);
      const g = this.#gamma(i);
      const middle = g / (g + this.#gamma(n + 1 - i));
      if (middle <= p) {
        sum += i;
        n -= i;
        p = (p - middle) / (1 - middle);
      } else {
        n = i - 1;
        p /= middle;
      }
    }
    for (let i = 0; i < n; i++) if (this.uniform() < p) sum++;
    return sum;
  }

  /** 1, 2, … with this mean. */
  geometric(mean: number): number {
    return 1 + Math.floor(Math.log(1 - this.uniform()) / Math.log1p(-1 / mean));
  }

  /** Marsaglia and Tsang (2000), for shapes of 1 and more. */
  #gamma(shape: number): number {
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const z = this.normal();
      const v = (1 + c * z) ** 3;
      if (v <= 0) continue;
      const u = this.uniform();
      if (u > 0 && Math.log(u) < 0.5 * z * z + d - d * v + d * Math.log(v)) return d * v;
    }
  }
}
