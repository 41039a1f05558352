/**
 * Maximum mean discrepancy: how far two sets of vectors are apart, as the distance of their means in a space of features.
 *
 * With random frequencies w the features of x are cos(w·x) and sin(w·x) over √m; their inner product is about exp(−|x −
 * y|²/2) for normal frequencies (divide those by the length scale for another). Means of features add up over panes, so no
 * vector is kept: the state of a window is 2m sums and a count.
 *
 * `mmdBiased` is |mean φ(x) − mean φ(y)|², too high by chance; `mmdUnbiased` leaves the products of a vector with itself
 * out (each is 1) and has mean 0 where nothing changed.
 *
 * Source: Rahimi and Recht, NIPS 2007; Gretton et al., JMLR 13 (2012) 723.
 */
export type Vector = ArrayLike<number>;

export function dot(a: Vector, b: Vector): number {
  let sum = 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/** First all cosines, then all sines. */
export function randomFeatures(vector: Vector, frequencies: readonly Vector[]): Float64Array {
  const m = frequencies.length;
  const features = new Float64Array(2 * m);
  const scale = 1 / Math.sqrt(m);
  for (const [j, frequency] of frequencies.entries()) {
    const angle = dot(vector, frequency);
    features[j] = scale * Math.cos(angle);
    features[m + j] = scale * Math.sin(angle);
  }
  return features;
}

/** The mean of vectors of one length; empty for none. */
export function meanVector(vectors: readonly Vector[]): Float64Array {
  const mean = new Float64Array(vectors[0]?.length ?? 0);
  for (const [k, vector] of vectors.entries()) {
    for (let i = 0; i < mean.length; i++)
      mean[i] = (mean[i] as number) + ((vector[i] as number) - (mean[i] as number)) / (k + 1);
  }
  return mean;
}

/** Means of the features, and how many vectors they are of. */
export interface FeatureMean {
  readonly mean: Vector;
  readonly n: number;
}

export function mmdBiased(x: FeatureMean, y: FeatureMean): number {
  return squaredDistance(x.mean, y.mean);
}

/** Undefined for fewer than two vectors on a side. */
export function mmdUnbiased(x: FeatureMean, y: FeatureMean): number | undefined {
  if (x.n < 2 || y.n < 2) return undefined;
  const within = ({ mean, n }: FeatureMean) => (n * dot(mean, mean) - 1) / (n - 1);
  return within(x) + within(y) - 2 * dot(x.mean, y.mean);
}

/** With the kernel exp(−gamma·|x − y|²) itself, over all pairs: to check the features by. O(n²). */
export function mmdExact(x: readonly Vector[], y: readonly Vector[], gamma: number): number {
  const mean = (a: readonly Vector[], b: readonly Vector[]) => {
    let sum = 0;
    for (const one of a) for (const other of b) sum += Math.exp(-gamma * squaredDistance(one, other));
    return sum / a.length / b.length;
  };
  return mean(x, x) + mean(y, y) - 2 * mean(x, y);
}

function squaredDistance(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return sum;
}

/** Cosine of two vectors, −1..1; undefined where one is 0 or not finite. */
export function cosine(a: Vector, b: Vector): number | undefined {
  const size = Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b));
  return size > 0 && Number.isFinite(size) ? Math.min(1, Math.max(-1, dot(a, b) / size)) : undefined;
}
