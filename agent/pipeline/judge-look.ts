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
  const { state: _, ...found } = finding;
  return {
    ...found,
    reason: note === '' ? found.reason : `${found.reason} ${note}`,
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

/** How far learning has come, and when it can be over at the earliest. */
export function learningText(signal: SignalState, config: Config): string {
  const { rows, atLeastMs } = config.references.learn;
  const fromMs = signal.learner?.snapshot()?.fromMs ?? Number.NaN;
  const when = isoTime(fromMs + atLeastMs);
  const until = when === '' ? '' : `, until ${when.slice(0, 16).replace('T', ' ')} UTC at the earliest`;
  return `The reference of ${signal.name} is being learned: ${signal.learner?.rows ?? 0} of ${rows} rows${until}.`;
}
