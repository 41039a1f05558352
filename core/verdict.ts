import type { Explanation } from './explanation.ts';
import type { Series } from './series.ts';

export type VerdictStatus = 'ok' | 'breach' | 'inconclusive' | 'error';

/** Why a verdict is inconclusive or an error. */
export type VerdictCause =
  | 'gap'
  | 'too_few'
  | 'no_reference'
  | 'scale_mismatch'
  | 'not_applicable'
  | 'detector_threw';

/** One cell that moved: its name and its shares (0..1). */
export interface Evidence {
  readonly label: string;
  readonly reference: number;
  readonly current: number;
}

/** Cells named in a verdict, at most. */
export const evidenceMax = 5;

/** What an inconclusive finding lacks, and when it will be there if traffic goes on as it is. */
export interface Missing {
  /** Effective rows. */
  readonly rows?: number;
  /** Event time, Unix ms; absent: not foreseeable, or never at this rate. */
  readonly enoughAtMs?: number;
}

/**
 * What a detector found in one window. Numbers are finite or absent. `reason` and `evidence` of what is not a breach may
 * be getters: of the thousands of verdicts that a pane brings few are ever read.
 */
export interface Finding {
  readonly status: VerdictStatus;
  readonly cause?: VerdictCause;
  /** The value judged, e.g. PSI, D of KS, the p95 in ms, the total in USD. */
  readonly statistic?: number;
  /** The size of the change in the detector's own unit, free of its bias: PSI excess, D, ratio to the budget. */
  readonly effect?: number;
  /** What the statistic was compared with. */
  readonly threshold?: number;
  readonly pValue?: number;
  readonly direction?: 'high' | 'low';
  /** Effective rows. */
  readonly size: { readonly reference: number; readonly current: number };
  /** One sentence with the numbers, for a person. */
  readonly reason: string;
  /** Of an inconclusive finding. */
  readonly missing?: Missing;
  readonly evidence: readonly Evidence[];
  /**
   * What a sequential detector wants to be handed at its next look at this series: plain JSON of bounded size, and no
   * value of a row. Absent: it keeps what it had. It is the judge's to keep, and no part of a verdict.
   */
  readonly state?: unknown;
}

/** A finding with its place: which rule, series and window. */
export interface Verdict extends Omit<Finding, 'state'> {
  readonly rule: string;
  readonly detector: string;
  readonly series: Series;
  readonly startMs: number;
  readonly endMs: number;
  readonly referenceId?: string;
  /** Of those that are kept: `kedge verdict show ID` repeats it. */
  readonly id?: string;
  /** Of breaches. */
  readonly explanation?: Explanation;
}
