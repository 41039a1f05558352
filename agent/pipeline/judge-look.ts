import type { Config } from '../../config/config.ts';
import type { Rule } from '../../core/rule.ts';
import type { Scale } from '../../core/scale.ts';
import { isoTime } from '../../core/time.ts';
import type { Finding, Verdict, VerdictCause } from '../../core/verdict.ts';
import type { SignalFamily } from '../../detectors/ladder/alpha-ladder.ts';
import { type SignalState, seriesOf } from './model-state.ts';
import type { ClosedPane } from './window.ts';

/** One rule's look at one signal of a model, when a pane closed. */
export interface Look {
  readonly rule: Rule;
  readonly closed: ClosedPane;
  readonly signal: SignalState;
  readonly scale: Scale;
  readonly shares: BudgetShares;
}

/** What a window was compared with, where that is not simply the model's reference. */
export interface ComparisonShown {
  readonly id: string;
  /** Added to the reason; '' where there is nothing to say. */
  readonly note: string;
}

/** Who shares the false-alarm budget of a model; counted once for each pane that closes. */
export interface BudgetShares {
  /** Signals times rules about drift. */
  readonly watched: number;
  /** Signals times rules under the default rule, by the part of its budget they share. */
  readonly families: Readonly<Record<SignalFamily, number>>;
}

/** A finding as the verdict of a look: of which version, and of the window that began when. */
export function toVerdict(
  { rule, closed, signal }: Look,
  finding: Finding,
  window: { readonly startMs: number; readonly version: string; readonly comparison?: ComparisonShown },
): Verdict {
  const { note = '', id = signal.learner?.reference?.id } = window.comparison ?? {};
  const { status, cause, statistic, effect, threshold, pValue, direction, size, missing } = finding;
  return {
    status,
    ...(cause === undefined ? {} : { cause }),
    ...(statistic === undefined ? {} : { statistic }),
    ...(effect === undefined ? {} : { effect }),
    ...(threshold === undefined ? {} : { threshold }),
    ...(pValue === undefined ? {} : { pValue }),
    ...(direction === undefined ? {} : { direction }),
    ...(missing === undefined ? {} : { missing }),
    size,
    // A finding may make these when asked for, which a copy would be.
    get reason() {
      return note === '' ? finding.reason : `${finding.reason} ${note}`;
    },
    get evidence() {
      return finding.evidence;
    },
    rule: rule.name,
    detector: rule.detector.type,
    series: seriesOf(closed.state, signal.name, window.version),
    startMs: window.startMs,
    endMs: closed.endMs,
    ...(id === undefined ? {} : { referenceId: id }),
  };
}

/** A breach of any version speaks for the model; else an error; else the version with most rows that could be judged. */
export function worse(a: Verdict, b: Verdict): Verdict {
  const rank = { breach: 3, error: 2, ok: 1, inconclusive: 0 } as const;
  if (rank[a.status] !== rank[b.status]) return rank[a.status] > rank[b.status] ? a : b;
  if (a.status === 'breach') return (a.effect ?? 0) >= (b.effect ?? 0) ? a : b;
  return a.size.current >= b.size.current ? a : b;
}

export function inconclusive(
  cause: VerdictCause,
  reason: string,
  reference: number,
  current: number,
): Finding {
  return { status: 'inconclusive', cause, size: { reference, current }, reason, evidence: [] };
}

/** No reference yet: how far learning has come, and when it will be over if traffic goes on as it is. */
export function learningFinding(
  { signal, closed }: Pick<Look, 'signal' | 'closed'>,
  config: Config,
  current: number,
): Finding {
  const { rows, atLeastMs } = config.references.learn;
  const { learner } = signal;
  const seen = learner?.rows ?? 0;
  const fromMs = learner?.snapshot()?.fromMs ?? Number.NaN;
  const earliestMs = fromMs + atLeastMs;
  const until = isoTime(earliestMs) === '' ? '' : `, until ${minute(earliestMs)} at the earliest`;
  const neededMs = seen > 0 ? ((closed.endMs - fromMs) * rows) / seen : Number.NaN;
  const enoughAtMs = Math.ceil(Math.max(earliestMs, fromMs + neededMs));
  // Only where rows, not time, decide: else the sentence would say one thing twice.
  const isSlow = isoTime(enoughAtMs) !== '' && enoughAtMs > Math.max(earliestMs, closed.endMs);
  const slowly = isSlow ? `; at this rate the rows are there about ${minute(enoughAtMs)}` : '';
  const reason = `The reference of ${signal.name} is being learned: ${seen} of ${rows} rows${until}${slowly}.`;
  return {
    ...inconclusive('no_reference', reason, 0, current),
    missing: {
      ...(seen < rows ? { rows: rows - seen } : {}),
      ...(isoTime(enoughAtMs) === '' ? {} : { enoughAtMs }),
    },
  };
}

function minute(ms: number): string {
  return `${isoTime(ms).slice(0, 16).replace('T', ' ')} UTC`;
}
