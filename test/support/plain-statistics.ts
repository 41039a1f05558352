/**
 * PSI and KS from raw values, written for the tests alone: straight from the definitions, sorting everything, sharing no
 * line with the agent. It is what the agent's counters are held against.
 */

/** Quantile type 7 of sorted values. */
function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] as number;
  const high = sorted[Math.ceil(at)] as number;
  return low + (high - low) * (at - Math.floor(at));
}

/** PSI over the reference's deciles (equal edges once), half a row added to each bin of either side. */
export function plainPsi(reference: readonly number[], current: readonly number[]): number {
  const sorted = [...reference].sort((a, b) => a - b);
  const edges = [...new Set(Array.from({ length: 9 }, (_, i) => quantile(sorted, (i + 1) / 10)))];
  const share = (values: readonly number[], bin: number): number => {
    const inside = values.filter(
      (v) => v > (edges[bin - 1] ?? -Infinity) && v <= (edges[bin] ?? Infinity),
    ).length;
    return (inside + 0.5) / (values.length + 0.5 * (edges.length + 1));
  };
  let psi = 0;
  for (let bin = 0; bin <= edges.length; bin++) {
    const p = share(reference, bin);
    const q = share(current, bin);
    psi += (p - q) * Math.log(p / q);
  }
  return psi;
}

/** The largest distance of the two empirical distribution functions. */
export function plainKs(reference: readonly number[], current: readonly number[]): number {
  let largest = 0;
  for (const at of new Set([...reference, ...current])) {
    const below = (values: readonly number[]): number => values.filter((v) => v <= at).length / values.length;
    largest = Math.max(largest, Math.abs(below(reference) - below(current)));
  }
  return largest;
}

/** Kolmogorov's limit: 2 Σ (−1)^(k−1) e^(−2 k² z²), z = D √(nm / (n + m)). */
export function plainKsP(d: number, n: number, m: number): number {
  const z = d * Math.sqrt((n * m) / (n + m));
  let sum = 0;
  for (let k = 1; k <= 100; k++) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * z * z);
  return Math.min(1, Math.max(0, sum));
}

/** `plainKs` for thousands of values: both sorted, walked side by side. */
export function plainKsSorted(reference: readonly number[], current: readonly number[]): number {
  let largest = 0;
  walk(reference, current, (f, g) => {
    largest = Math.max(largest, Math.abs(f - g));
  });
  return largest;
}

/** ∫ |F − G|, from raw values. */
export function plainWasserstein(reference: readonly number[], current: readonly number[]): number {
  let sum = 0;
  walk(reference, current, (f, g, width) => {
    sum += Math.abs(f - g) * width;
  });
  return sum;
}

/** At each value that occurs: both distribution functions, and the way to the next value. */
function walk(
  a: readonly number[],
  b: readonly number[],
  visit: (f: number, g: number, width: number) => void,
) {
  const left = Float64Array.from(a).sort();
  const right = Float64Array.from(b).sort();
  const values = Float64Array.from([...new Set([...left, ...right])]).sort();
  let i = 0;
  let j = 0;
  values.forEach((value, at) => {
    while (i < left.length && (left[i] as number) <= value) i++;
    while (j < right.length && (right[j] as number) <= value) j++;
    visit(i / left.length, j / right.length, (values[at + 1] ?? value) - value);
  });
}
