/**
 * Why did the output move? contribution_f = Σ_j (q_j − p_j) · s̄_fj: the shift of the mean output if only the shares of
 * input f had changed from p to q, s̄_fj being the mean output of rows in bin j of f.
 *
 * It is a reading of what went together in the reference, not of cause: inputs that go together share what either
 * explains, so contributions that add up to more than 120 % of the observed shift overlap, and are said to. A remainder
 * with inputs that hardly moved points to the model or to code before it.
 *
 * Inputs are ranked by I_f · √excess_f, I_f the correlation ratio of the output on the bins of f (the root of the share
 * of its variance that lies between bins): how much it matters times how far it moved.
 */

/** What was seen of the output by the bins of one signal. */
export interface ScoreBins {
  /** Rows and sum of the output in each bin, weighted. */
  readonly weight: ArrayLike<number>;
  readonly sum: ArrayLike<number>;
  /** Sum of squares of the output over all bins. */
  readonly squares: number;
}

/** Rows in a bin below which its mean is drawn to the mean of all. */
const shrinkageRows = 5;
/** Where the parts add up to more than this share of the whole they overlap. */
export const overlapShare = 1.2;

/** The mean output of each bin; of thin ones near the mean of all. */
export function meanScores({ weight, sum }: ScoreBins): Float64Array {
  const rows = total(weight);
  const mean = rows > 0 ? total(sum) / rows : 0;
  return Float64Array.from(
    weight,
    (count, j) => ((sum[j] as number) + shrinkageRows * mean) / (count + shrinkageRows),
  );
}

/** Of the output itself; 0 where there are no rows. */
export function scoreDeviation({ weight, sum, squares }: ScoreBins): number {
  const rows = total(weight);
  if (!(rows > 0)) return 0;
  return Math.sqrt(Math.max(0, squares / rows - (total(sum) / rows) ** 2));
}

/** The shift of the mean output that the change of shares from `expected` to `current` brings by itself. */
export function contributionOf(
  means: ArrayLike<number>,
  expected: ArrayLike<number>,
  current: ArrayLike<number>,
): number {
  let sum = 0;
  for (let j = 0; j < means.length; j++)
    sum += ((current[j] as number) - (expected[j] as number)) * (means[j] as number);
  return sum;
}

/** The correlation ratio, 0 to 1, less what chance makes of so many bins and rows. */
export function importanceOf(bins: ScoreBins): number {
  const rows = total(bins.weight);
  const variance = scoreDeviation(bins) ** 2;
  if (!(variance > 0)) return 0;
  const mean = total(bins.sum) / rows;
  let between = 0;
  let used = 0;
  for (let j = 0; j < bins.weight.length; j++) {
    const count = bins.weight[j] as number;
    if (!(count > 0)) continue;
    used++;
    between += count * ((bins.sum[j] as number) / count - mean) ** 2;
  }
  const byChance = (used - 1) / Math.max(1, rows);
  return Math.sqrt(Math.min(1, Math.max(0, between / rows / variance - byChance)));
}

function total(values: ArrayLike<number>): number {
  let sum = 0;
  for (let j = 0; j < values.length; j++) sum += values[j] as number;
  return sum;
}
