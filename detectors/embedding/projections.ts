/**
 * An embedding as a few plain numbers, so that its drift is counted and judged like that of any other number, and no vector
 * is kept.
 *
 * The idea: the direction of a vector, read along fixed random directions. Any change of the distribution of directions
 * changes some of these marginals (Cramér and Wold). The random directions have entries ±1, made from a seed by arithmetic
 * alone, so every agent and every run has the same; each reading is scaled to be about standard normal for a random
 * direction.
 *
 * What it is worth: with 32 projections a topic of 10 % is found with 400 rows in 3 of 4 cases and with 100 in 1 of 4;
 * 3 % is not. The distance to the nearest centroid of the reference finds far more, and costs k·d numbers.
 *
 * Invariants: `project` is undefined for a vector that has another length, is 0, or is not finite; it never throws.
 */
import { dot, type Vector } from './mmd.ts';

/** Longer vectors are not read. */
export const dimensionMax = 16_384;
/** Directions, at most: each is one signal. */
export const projectionsMax = 64;

export interface Projector {
  readonly dimension: number;
  /** One number per direction. */
  project(vector: Vector): Float64Array | undefined;
}

/** Undefined where the limits do not allow it, or a number is no whole one from 1. */
export function createProjector(dimension: number, count: number, seed: number): Projector | undefined {
  if (!isWholeIn(dimension, dimensionMax) || !isWholeIn(count, projectionsMax)) return undefined;
  const directions = Array.from({ length: count }, (_, row) => signsFrom(seed, row, dimension));
  return {
    dimension,
    project: (vector) => {
      if (vector.length !== dimension) return undefined;
      const length = Math.sqrt(dot(vector, vector));
      if (!(length > 0 && Number.isFinite(length))) return undefined;
      return Float64Array.from(directions, (signs) => dot(vector, signs) / length);
    },
  };
}

function isWholeIn(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= max;
}

/** One byte per entry, ±1, by hashing seed, row and place (the finaliser of MurmurHash3). */
function signsFrom(seed: number, row: number, length: number): Int8Array {
  return Int8Array.from({ length }, (_, place) => {
    let mixed = (seed ^ Math.imul(row + 1, 0x9e3779b1) ^ Math.imul(place + 1, 0x85ebca6b)) >>> 0;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) & 1) === 0 ? 1 : -1;
  });
}

/** The distance to the nearest of the reference's centroids: what was never seen before lies far from all of them. */
export function nearestDistance(vector: Vector, centroids: readonly Vector[]): number | undefined {
  let nearest: number | undefined;
  for (const centroid of centroids) {
    if (centroid.length !== vector.length) continue;
    let square = 0;
    for (let i = 0; i < vector.length; i++) square += ((vector[i] as number) - (centroid[i] as number)) ** 2;
    if (Number.isFinite(square) && !(square >= (nearest ?? Number.POSITIVE_INFINITY))) nearest = square;
  }
  return nearest === undefined ? undefined : Math.sqrt(nearest);
}
