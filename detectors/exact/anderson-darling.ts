/**
 * Two-sample Anderson–Darling test on raw values, by Scholz and Stephens: Cramér–von Mises weighted by 1 / (H(1 − H)), so
 * that the tails count as much as the middle. The statistic is standardised: (A² − 1) / σ.
 *
 * - `midrank`: at a tie half of it counts, on both sides. `right`: distribution functions continuous from the right.
 *   `continuous`: the form for data without ties; it equals `right` there.
 * - p is read off a table of critical values by a parabola in ln p, and so holds from 0.001 to 0.25 only: enough to show,
 *   not to raise alarms.
 *
 * Source: F. W. Scholz and M. A. Stephens, K-sample Anderson–Darling tests, JASA 82 (1987) 918, equations 3, 6 and 7.
 */
import { type Sample, type Step, stepsOf } from './sample.ts';

export type AndersonDarlingForm = 'midrank' | 'right' | 'continuous';

export interface AndersonDarling {
  readonly statistic: number;
  /** In 0.001..0.25. */
  readonly pValueCapped: number;
}

/** Rows of weight 1. Undefined for fewer than 4 rows or one distinct value, where there is no variance to divide by. */
export function andersonDarling(
  x: Sample,
  y: Sample,
  form: AndersonDarlingForm,
): AndersonDarling | undefined {
  const steps = stepsOf(x, y);
  const n = steps.reduce((sum, step) => sum + step.x, 0);
  const m = steps.reduce((sum, step) => sum + step.y, 0);
  if (n + m < 4 || steps.length < 2) return undefined;
  const squared = form === 'midrank' ? midrankSum(steps, n, m) : rightSum(steps, n, m);
  const statistic = (squared - 1) / deviationOf(n, m);
  return { statistic, pValueCapped: pFromTable(statistic) };
}

function midrankSum(steps: readonly Step[], n: number, m: number): number {
  const rows = n + m;
  let below = 0;
  let belowX = 0;
  let sum = 0;
  for (const { x, y } of steps) {
    const ties = x + y;
    const middle = below + ties / 2;
    const difference = rows * (belowX + x / 2) - middle * n;
    // y's difference is minus x's, so both terms have one square: 1/n + 1/m.
    sum += (ties / rows) * (difference ** 2 / (middle * (rows - middle) - (rows * ties) / 4));
    below += ties;
    belowX += x;
  }
  return ((rows - 1) / rows) * sum * (1 / n + 1 / m);
}

function rightSum(steps: readonly Step[], n: number, m: number): number {
  const rows = n + m;
  let upTo = 0;
  let upToX = 0;
  let sum = 0;
  for (const { x, y } of steps.slice(0, -1)) {
    upTo += x + y;
    upToX += x;
    sum += ((x + y) / rows) * ((rows * upToX - upTo * n) ** 2 / (upTo * (rows - upTo)));
  }
  return sum * (1 / n + 1 / m);
}

/** σ of equation 4, for two samples. */
function deviationOf(n: number, m: number): number {
  const k = 2;
  const rows = n + m;
  const sizes = 1 / n + 1 / m;
  let h = 1;
  let g = 0;
  let partial = 0;
  for (let i = 1; i <= rows - 2; i++) {
    partial += 1 / (rows - i);
    g += partial / (i + 1);
  }
  h += partial;
  const a = (4 * g - 6) * (k - 1) + (10 - 6 * g) * sizes;
  const b = (2 * g - 4) * k * k + 8 * h * k + (2 * g - 14 * h - 4) * sizes - 8 * h + 4 * g - 6;
  const c = (6 * h + 2 * g - 2) * k * k + (4 * h - 4 * g + 6) * k + (2 * h - 6) * sizes + 4 * h;
  const d = (2 * h + 6) * k * k - 4 * h * k;
  const above = ((a * rows + b) * rows + c) * rows + d;
  return Math.sqrt(above / ((rows - 1) * (rows - 2) * (rows - 3)));
}

/** Critical values of the standardised statistic for two samples, and their p: table 1 with m = 1. */
// biome-ignore lint/suspicious/noApproximativeNumericConstant: a critical value, not e.
const critical = [0.325, 1.226, 1.961, 2.718, 3.752, 4.592, 6.546] as const;
const levels = [0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001] as const;

function pFromTable(statistic: number): number {
  if (statistic < critical[0]) return levels[0];
  if (statistic > critical[6]) return levels[6];
  const [constant, linear, square] = parabola(critical, levels.map(Math.log));
  return Math.exp(constant + statistic * (linear + statistic * square));
}

type Triple = readonly [number, number, number];

/** Least squares of c₀ + c₁x + c₂x² through the points, by Cramer's rule. */
function parabola(xs: readonly number[], ys: readonly number[]): Triple {
  const moment = (power: number) => xs.reduce((sum, x) => sum + x ** power, 0);
  const product = (power: number) => xs.reduce((sum, x, i) => sum + x ** power * (ys[i] as number), 0);
  const [s0, s1, s2, s3, s4] = [0, 1, 2, 3, 4].map(moment) as [number, number, number, number, number];
  const columns: [Triple, Triple, Triple] = [
    [s0, s1, s2],
    [s1, s2, s3],
    [s2, s3, s4],
  ];
  const right: Triple = [product(0), product(1), product(2)];
  const whole = determinant(columns);
  const solved = columns.map(
    (_, i) => determinant(columns.map((column, j) => (i === j ? right : column))) / whole,
  );
  return solved as unknown as Triple;
}

function determinant(columns: readonly Triple[]): number {
  const [[a, b, c], [d, e, f], [g, h, i]] = columns as [Triple, Triple, Triple];
  return a * (e * i - f * h) - d * (b * i - c * h) + g * (b * f - c * e);
}
