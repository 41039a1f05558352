import type { ChangeForm, Matters } from '../core/explanation.ts';
import type { RuleClass, Severity } from '../core/rule.ts';
import type { Evidence } from '../core/verdict.ts';

/** Why, as messages and the API show it: ISO 8601 times, finite numbers or null. */
export interface ExplanationView {
  /** Since when and how, what moved with it, what was changed about then: one sentence. */
  readonly sentence: string;
  readonly onset: {
    readonly at: string;
    /** 95 % interval. */
    readonly from: string;
    readonly to: string;
    readonly form: ChangeForm;
  } | null;
  readonly movedTogether: readonly {
    readonly signal: string;
    readonly since: string;
    readonly isTogether: boolean;
  }[];
  readonly output: {
    readonly signal: string;
    readonly shift: number;
    /** In its standard deviations. */
    readonly deviations: number;
    /** Share of the shift that the inputs below explain; above 1.2 they overlap. */
    readonly explained: number | null;
    readonly contributions: readonly {
      readonly signal: string;
      readonly shift: number;
      readonly deviations: number;
    }[];
  } | null;
  readonly changesNearby: readonly { readonly what: string; readonly at: string }[];
  readonly matters: Matters;
  readonly mattersReason: string;
}

/** One alert as messages and the API show it: finite numbers or null, ISO 8601 times, no raw values. */
export interface AlertView {
  readonly fingerprint: string;
  readonly status: 'firing' | 'resolved';
  readonly rule: string;
  readonly class: RuleClass;
  readonly detector: string;
  readonly signal: string;
  /** `city=Seattle`; absent: the whole model. */
  readonly segment?: string;
  readonly model: string;
  readonly environment: string;
  readonly version: string;
  readonly severity: Severity;
  /** One sentence with the numbers: the reason of the last breach. */
  readonly reason: string;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly effect: number | null;
  readonly p: number | null;
  readonly n: number;
  readonly reference: { readonly id: string; readonly n: number } | null;
  readonly window: { readonly start: string; readonly end: string };
  /** Since when: the likeliest beginning, else the start of the first window of this episode that breached. */
  readonly since: string;
  readonly startsAt: string;
  readonly endsAt: string | null;
  readonly stale: boolean;
  readonly evidence: readonly Evidence[];
  /** Absent from alerts that were raised by an earlier Kedge, and where nothing could be said. */
  readonly explanation: ExplanationView | null;
  /** For `kedge verdict show`; '' where it is not kept. */
  readonly verdictId: string;
  readonly runbookUrl: string;
}
