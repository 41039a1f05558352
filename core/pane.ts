/**
 * What is kept of the values of one series over some time: counts on a frozen scale, and moments.
 * Counters of the same `scaleId` merge by addition, in any order.
 *
 * `counts` has one weighted entry per cell. `weight` is their sum over rows that are in cells; `missing`,
 * `malformed` and `late` are weights in no cell. n_eff = weight² / weightSquared (Kish).
 * `mean` and `m2` (sum of weighted squared deviations) are of the raw numbers; of levels they are 0.
 * `min` and `max` are Infinity and -Infinity while empty, and stay so for levels.
 */
export interface Counters {
  readonly scaleId: string;
  readonly counts: Float64Array;
  rows: number;
  weight: number;
  weightSquared: number;
  missing: number;
  malformed: number;
  late: number;
  mean: number;
  m2: number;
  min: number;
  max: number;
}
