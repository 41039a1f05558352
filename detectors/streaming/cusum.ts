/**
 * Tabular CUSUM: has the mean moved off a known one by a sustained amount?
 *
 * With z = (x − mu0) / sigma0, up = max(0, up + z − k) and down = max(0, down − z − k): what lies beyond the allowance k
 * adds up, the rest is forgotten. k is half the shift worth finding, in sigma0; alarm when either passes h. After an
 * alarm both begin at 0.
 *
 * `cap` is for watching rather than for single alarms: then nothing begins anew, but neither sum grows past it, so that
 * the alarm lasts as long as the shift and ends soon after.
 *
 * Invariants: pure; both sums ≥ 0; a value that is no number changes nothing; sigma0 > 0.
 *
 * Source: E. S. Page (1954); D. C. Montgomery, Introduction to Statistical Quality Control, ch. 9.
 */
import { withinReach } from './reach.ts';

export interface CusumState {
  readonly up: number;
  readonly down: number;
}

export interface CusumOptions {
  readonly mu0: number;
  readonly sigma0: number;
  readonly k: number;
  readonly h: number;
  readonly cap?: number;
}

export interface CusumStep {
  readonly state: CusumState;
  /** The sums of this value, before an alarm clears them. */
  readonly up: number;
  readonly down: number;
  readonly statistic: number;
  readonly alarm: boolean;
  readonly direction: 'up' | 'down' | undefined;
}

const start: CusumState = { up: 0, down: 0 };

export function cusumStep(state: CusumState | undefined, value: number, options: CusumOptions): CusumStep {
  const before = state ?? start;
  const z = withinReach((value - options.mu0) / options.sigma0);
  const cap = options.cap ?? Number.POSITIVE_INFINITY;
  const up = z === undefined ? before.up : Math.min(cap, Math.max(0, before.up + z - options.k));
  const down = z === undefined ? before.down : Math.min(cap, Math.max(0, before.down - z - options.k));
  const statistic = Math.max(up, down);
  const alarm = z !== undefined && statistic > options.h;
  const direction = alarm ? (up > options.h ? 'up' : 'down') : undefined;
  const isAnew = alarm && options.cap === undefined;
  return { state: isAnew ? start : { up, down }, up, down, statistic, alarm, direction };
}
