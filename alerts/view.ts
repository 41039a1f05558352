import type { RuleClass, Severity } from '../core/rule.ts';
import type { Evidence } from '../core/verdict.ts';

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
  /** Since when: the start of the first window of this episode that breached. */
  readonly since: string;
  readonly startsAt: string;
  readonly endsAt: string | null;
  readonly stale: boolean;
  readonly evidence: readonly Evidence[];
  readonly runbookUrl: string;
}
