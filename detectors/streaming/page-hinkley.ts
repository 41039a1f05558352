/**
 * Page–Hinkley: has the mean moved up (or down) against the mean of all values so far?
 *
 * The idea: m adds up what each value is above the running mean plus an allowance delta, forgetting by alpha; where
 * nothing changes m falls, and the statistic is how far it has risen from its lowest. It needs no reference, as the mean
 * is learned on the way; for the same reason a drift slower than that learning is missed.
 *
 * n and mean are updated first; m = alpha·m + (x − mean − delta); M = min(M, m), from 0; alarm when n ≥ min and m − M >
 * lambda. After an alarm everything begins anew with the next value. `form: 'river'` is that of the Python package river,
 * which lets m never fall under 0 and alarms at, not above, lambda: to compare with it.
 *
 * `weight` is for values that are means of so many rows: it weighs them in the running mean, and their distance from it
 * counts in standard errors, √weight times.
 *
 * Invariants: pure; the state is plain JSON of constant size; a value that is no number changes nothing.
 *
 * Source: E. S. Page, Biometrika 41 (1954) 100; D. Hinkley, Biometrika 58 (1971) 509.
 */
import { withinReach } from './reach.ts';

export interface PageHinkleyState {
  readonly n: number;
  /** Of all values: n where each weighs 1. */
  readonly weight: number;
  readonly mean: number;
  readonly sum: number;
  readonly lowest: number;
}

export interface PageHinkleyOptions {
  /** Moves of this size are none. */
  readonly delta: number;
  readonly lambda: number;
  /** Weight of the past in m: 1 forgets nothing. */
  readonly alpha: number;
  /** Values before the first alarm. */
  readonly min: number;
  readonly direction: 'increase' | 'decrease';
  readonly form?: 'paper' | 'river';
}

export interface PageHinkleyStep {
  /** Undefined after an alarm: the next value begins anew. */
  readonly state: PageHinkleyState | undefined;
  /** The sums with this value, whether or not there was an alarm. */
  readonly sums: PageHinkleyState;
  readonly statistic: number;
  readonly alarm: boolean;
}

const fresh: PageHinkleyState = { n: 0, weight: 0, mean: 0, sum: 0, lowest: 0 };

export function pageHinkleyStep(
  state: PageHinkleyState | undefined,
  value: number,
  options: PageHinkleyOptions,
  weight: number = 1,
): PageHinkleyStep {
  const before = state ?? fresh;
  const x = withinReach(value);
  if (x === undefined) return { state, sums: before, statistic: before.sum - before.lowest, alarm: false };
  const n = before.n + 1;
  const total = before.weight + weight;
  const mean = before.mean + (x - before.mean) / (total / weight);
  const distance = Math.sqrt(weight) * (x - mean);
  const above = options.direction === 'increase' ? distance : -distance;
  const isRiver = options.form === 'river';
  const risen = options.alpha * before.sum + above - options.delta;
  const sum = isRiver ? Math.max(0, risen) : risen;
  const lowest = isRiver ? 0 : Math.min(before.lowest, sum);
  const statistic = sum - lowest;
  // River's own count begins at 1, and so is one ahead.
  const isEnough = n + (isRiver ? 1 : 0) >= options.min;
  const alarm = isEnough && (isRiver ? statistic >= options.lambda : statistic > options.lambda);
  const sums = { n, weight: total, mean, sum, lowest };
  return { state: alarm ? undefined : sums, sums, statistic, alarm };
}
