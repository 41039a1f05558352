import type { RuleClass, Severity } from './rule.ts';
import type { Verdict } from './verdict.ts';

/** Inactive alerts have no record. `recovering` is shown as firing outside. */
export type Condition = 'pending' | 'firing' | 'recovering' | 'error';

/**
 * One rule on one signal of one model. Plain data: stored, restored and compared as JSON.
 * Times are event times (window ends), so that a restart or a clock jump changes no condition.
 */
export interface Alert {
  /** sha256 hex of the canonical JSON of [environment, model, rule, signal] and a segment: no value, version or time. */
  readonly fingerprint: string;
  readonly rule: string;
  readonly class: RuleClass;
  readonly severity: Severity;
  readonly model: string;
  readonly environment: string;
  readonly signal: string;
  /** Absent: the whole model. */
  readonly segment?: string;
  /** The version of the last breach. */
  readonly version: string;
  readonly condition: Condition;
  /** The condition underneath an error. */
  readonly kept?: Exclude<Condition, 'error'>;
  /** Firing, and no data since. Silence of data never resolves. */
  readonly stale: boolean;
  readonly flaps: number;
  /** End of the first window of this episode that breached. */
  readonly activeAtMs: number;
  /** Start of that window: the answer to "since when". */
  readonly sinceMs: number;
  readonly firedAtMs?: number;
  readonly recoveringAtMs?: number;
  /** Windows judged `breach` in a row while pending, and `ok` in a row while recovering. */
  readonly breaches: number;
  readonly oks: number;
  /** Windows without an answer in a row: the clocks of `for` and `keep_firing_for` pause meanwhile. */
  readonly paused: number;
  readonly incident?: string;
  readonly lastBreach?: Verdict;
  readonly lastVerdict: Verdict;
}

/** What a step of the life cycle means to the outside. */
export type AlertEvent =
  | 'none'
  | 'pending'
  | 'cancelled'
  | 'fired'
  | 'recovering'
  | 'refired'
  | 'resolved'
  | 'faulted'
  | 'recovered_from_fault';
