export type Severity = 'info' | 'warning' | 'major' | 'critical';

export const severities: readonly Severity[] = ['info', 'warning', 'major', 'critical'];

/** What a signal belongs to; routing and rollback decide by it. */
export type RuleClass = 'drift' | 'latency' | 'cost' | 'error';

/** A wait, counted in closed windows or in event time (rounded up to whole windows). */
export type Span = { readonly windows: number } | { readonly ms: number };

/** One check, with every default filled in. `match` patterns are globs: `*` stands for any text. */
export interface Rule {
  readonly name: string;
  readonly match: {
    readonly model: string;
    readonly environment: string;
    readonly version: string;
    readonly signal: string;
    /** Absent: the whole model and every segment; '': the whole model only. */
    readonly segment?: string;
  };
  readonly class: RuleClass;
  /** `options` were checked against the schema of the detector with that type. */
  readonly detector: { readonly type: string; readonly options: unknown };
  readonly lengthMs: number;
  readonly hopMs: number;
  readonly for: Span;
  readonly keepFiringFor: Span;
  readonly severity: Severity;
  /** Windows without any row before `no_data` is raised; 0: never. */
  readonly noDataAfter: number;
  readonly runbookUrl: string;
  /** A kind of comparison or the name of a reference (comparison.ts); absent: the reference in force. */
  readonly against?: string;
}
