/**
 * Where vectors lie, as a mean and a few centroids, and how far a new one is from them. No vector is kept: learning holds
 * running means only.
 *
 * 1. The centroids come from sequential k-means (MacQueen 1967): the first k different vectors begin them, and each further
 *    one draws the nearest towards itself by 1 / how many it has drawn.
 * 2. Once frozen, a vector is read as `cosine` to the mean, `distance` to the mean, and `nearestDistance` to the nearest
 *    centroid. In a simulation with 384 dimensions the last one finds 3 % of a new topic with 100 rows in 60 % of cases,
 *    where the mean finds 2 %; the mean finds a mix of topics that changed, where the nearest centroid sees nothing.
 *
 * Distances of the reference must come from rows that did not make the centroids: those lie nearer.
 */
import { dot, type Vector } from './mmd.ts';

export const centroidsMax = 32;
/** Vectors longer than this (their Euclidean norm) are refused: single floats hold the means. */
export const normMax = 1e18;
/** A squared distance below this part of a vector's own square is rounding: it is the same vector. */
const sameShare = 1e-9;

export interface CentroidDistances {
  readonly cosine: number;
  readonly distance: number;
  readonly nearestDistance: number;
}

/** As plain JSON. */
export interface CentroidsJson {
  readonly dimension: number;
  readonly mean: readonly number[];
  readonly weight: number;
  readonly centroids: readonly (readonly number[])[];
  readonly drawn: readonly number[];
}

/** A vector that can be read: not empty, each number finite, and not too long. */
export function isUsableVector(vector: Vector): boolean {
  for (let i = 0; i < vector.length; i++) if (typeof vector[i] !== 'number') return false;
  const norm = Math.sqrt(dot(vector, vector));
  return norm > 0 && norm <= normMax;
}

export class Centroids {
  readonly dimension: number;
  readonly #mean: Float32Array;
  #weight = 0;
  readonly #centroids: Float32Array[] = [];
  readonly #drawn: number[] = [];
  /** Squared norm of each centroid, and of the mean. */
  readonly #squares: number[] = [];
  #meanSquare = 0;

  constructor(dimension: number) {
    this.dimension = dimension;
    this.#mean = new Float32Array(dimension);
  }

  /** The vector has the right dimension and is usable. */
  learn(vector: Vector, weight: number): void {
    this.#weight += weight;
    draw(this.#mean, vector, weight / this.#weight);
    this.#meanSquare = dot(this.#mean, this.#mean);
    const { at, square } = this.#nearest(vector);
    if (this.#centroids.length < centroidsMax && square > sameShare * dot(vector, vector)) {
      this.#add(Float32Array.from(vector), 1);
      return;
    }
    const centroid = this.#centroids[at] as Float32Array;
    const drawn = (this.#drawn[at] as number) + 1;
    this.#drawn[at] = drawn;
    draw(centroid, vector, 1 / drawn);
    this.#squares[at] = dot(centroid, centroid);
  }

  /** Undefined while nothing was learned, or where the mean has no direction. */
  measure(vector: Vector): CentroidDistances | undefined {
    if (this.#centroids.length === 0) return undefined;
    const norm = dot(vector, vector);
    const along = dot(vector, this.#mean);
    const cosine = along / Math.sqrt(norm) / Math.sqrt(this.#meanSquare);
    if (!Number.isFinite(cosine)) return undefined;
    return {
      cosine: Math.min(1, Math.max(-1, cosine)),
      distance: Math.sqrt(Math.max(0, norm - 2 * along + this.#meanSquare)),
      nearestDistance: Math.sqrt(this.#nearest(vector).square),
    };
  }

  toJson(): CentroidsJson {
    return {
      dimension: this.dimension,
      mean: shortened(this.#mean),
      weight: this.#weight,
      centroids: this.#centroids.map(shortened),
      drawn: this.#drawn,
    };
  }

  /** Throws an Error for what `toJson` did not write. */
  static fromJson(json: CentroidsJson): Centroids {
    const made = new Centroids(json.dimension);
    const isWhole = [json.mean, ...json.centroids].every((vector) => vector.length === json.dimension);
    if (!isWhole || json.centroids.length !== json.drawn.length || !(json.weight >= 0))
      throw new Error('The stored centroids are damaged.');
    made.#mean.set(json.mean);
    made.#weight = json.weight;
    made.#meanSquare = dot(made.#mean, made.#mean);
    for (const [i, centroid] of json.centroids.entries()) {
      made.#add(Float32Array.from(centroid), json.drawn[i] as number);
    }
    return made;
  }

  /** By |x|² − 2x·c + |c|²: one pass of products for each centroid. */
  #nearest(vector: Vector): { readonly at: number; readonly square: number } {
    const norm = dot(vector, vector);
    let [at, square] = [-1, Number.POSITIVE_INFINITY];
    for (const [i, centroid] of this.#centroids.entries()) {
      const distance = Math.max(0, norm - 2 * dot(vector, centroid) + (this.#squares[i] as number));
      if (distance < square) [at, square] = [i, distance];
    }
    return { at, square };
  }

  #add(centroid: Float32Array, drawn: number): void {
    this.#centroids.push(centroid);
    this.#drawn.push(drawn);
    this.#squares.push(dot(centroid, centroid));
  }
}

function draw(mean: Float32Array, vector: Vector, share: number): void {
  for (let i = 0; i < mean.length; i++) {
    const now = mean[i] as number;
    mean[i] = now + ((vector[i] as number) - now) * share;
  }
}

/** Seven digits are what a single float holds. */
function shortened(vector: Float32Array): number[] {
  return Array.from(vector, (value) => Number(value.toPrecision(8)));
}
