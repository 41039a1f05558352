import type { ActionMode } from '../core/action.ts';
import type { Labels } from '../core/labels.ts';
import type { Rule, Severity } from '../core/rule.ts';

/** kedge.yaml, read, checked and with every default filled in. Durations are ms, sizes bytes, money USD. */
export interface Config {
  readonly dataDir: string;
  /** Used where telemetry names no environment. */
  readonly environment: string;
  readonly externalUrl: string;
  readonly receivers: {
    readonly otlpHttp: ListenConfig & {
      readonly bodyBytesMax: number;
      readonly requestsInWorkMax: number;
      readonly inflightBytesMax: number;
    };
  };
  readonly admin: ListenConfig & {
    /** A file that holds the token of those who may change something; absent: nobody may. */
    readonly tokenFile?: string;
  };
  readonly windows: { readonly paneMs: number; readonly allowedLatenessMs: number; readonly tickMs: number };
  readonly limits: LimitsConfig;
  /** Of every model that `models` does not name. */
  readonly falseAlarms: FalseAlarms;
  /** Of single models; the first that fits counts (model-settings.ts). */
  readonly models: readonly ModelSettings[];
  readonly references: ReferencesConfig;
  /** The default policy where the file has no rules. */
  readonly rules: readonly Rule[];
  /** Segments that are series of their own; absent: none. */
  readonly segments?: readonly SegmentConfig[];
  readonly prices: PriceBook;
  readonly sampling: {
    /** Probability assumed where the sender states none; absent: unknown, weight 1. */ readonly assumeRatio?: number;
  };
  readonly content: {
    /** Rows whose texts and vectors are read in a second; above it some stand for the others. */
    readonly rowsPerSecondMax: number;
  };
  readonly transactions: { readonly idleMs: number; readonly openMax: number };
  readonly alerting: AlertingConfig;
  readonly rollback: {
    readonly targets: readonly RollbackTarget[];
    readonly policies: readonly RollbackPolicy[];
  };
  readonly store: {
    readonly checkpointEveryMs: number;
    readonly keepDoneMs: number;
    readonly maintenanceCron: string;
    /** Of each rule on each signal. */
    readonly verdictsKept: number;
  };
  readonly telemetry: {
    /** OTLP endpoint for the agent's own traces and metrics; absent: off. */ readonly endpoint?: string;
  };
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' };
}

/** So many false alarms in so much time. */
export interface FalseAlarms {
  readonly count: number;
  readonly perMs: number;
}

export interface ModelSettings {
  /** Globs. */
  readonly model: string;
  readonly environment: string;
  readonly falseAlarms: FalseAlarms;
}

export interface ListenConfig {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

export interface LimitsConfig {
  readonly modelsMax: number;
  readonly versionsMax: number;
  /** Per model: inputs, outputs and the built-in ones together. */
  readonly signalsMax: number;
  /** Panes of all series together. */
  readonly panesMax: number;
}

export interface ReferencesConfig {
  readonly learn: LearnConfig;
  readonly files: readonly ReferenceFile[];
  /** Of the comparisons with the signal's own past: how far back, and how much of the newest is left out. */
  readonly rolling: { readonly lengthMs: number; readonly gapMs: number };
  readonly relearn: RelearnConfig;
  /** Age from which a reference is said to be old; absent: never. */
  readonly expiresAfterMs?: number;
}

/** What of a new version gets a reference of its own, and whether a person must agree to it. */
export interface RelearnConfig {
  readonly onNewVersion: 'outputs' | 'all' | 'none';
  readonly approval: 'if_drifting' | 'always' | 'never';
}

/** When a learned reference is frozen: `rows` seen and `atLeastMs` old, or `atMostMs` old with `rowsMin`. */
export interface LearnConfig {
  readonly rows: number;
  readonly rowsMin: number;
  readonly atLeastMs: number;
  readonly atMostMs: number;
}

/**
 * CSV (with a header) or JSONL; each column is a field, empty cells and null are missing. Or JSON: references that
 * `kedge reference build` or `export` wrote, which bring their own signals.
 */
export interface ReferenceFile {
  readonly name: string;
  readonly model: string;
  readonly environment: string;
  readonly path: string;
  /** Column → signal (`input.age`); absent: every column is `input.<column>`. */
  readonly columns?: Readonly<Record<string, string>>;
  readonly rowsMax: number;
  /** Windows are compared with it unless a rule says otherwise; absent means they are. */
  readonly isDefault?: boolean;
}

export interface SegmentConfig {
  readonly name: string;
  /** `input.<name>`, `output.<name>`, `version`, `provider`, `role`; of several, each combination is a segment. */
  readonly from: readonly string[];
  /** Globs. */
  readonly model: string;
  readonly environment: string;
  /** The only ones; absent: as they come. Of several fields their text. */
  readonly values?: readonly string[];
  /** Besides `other`. */
  readonly max: number;
}

export interface PriceEntry {
  readonly id: string;
  /** Empty: any provider. */
  readonly providers: readonly string[];
  /** Globs. */
  readonly models: readonly string[];
  /** USD per million tokens. */
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly output: number;
  readonly perCall: number;
}

export interface PriceBook {
  readonly version: string;
  readonly entries: readonly PriceEntry[];
}

export interface Timing {
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  readonly sendResolved: boolean;
}

export interface RouteConfig {
  /** Label → glob: environment, model, version, rule, class, signal, severity. Empty: everything. */
  readonly match: Labels;
  readonly channels: readonly string[];
  readonly continue: boolean;
  readonly timing: Timing;
  readonly routes: readonly RouteConfig[];
}

export interface ChannelConfig {
  readonly name: string;
  readonly type: string;
  /** Checked against the schema of the channel with that type. */
  readonly options: unknown;
}

export interface AlertingConfig {
  readonly groupBy: readonly ('environment' | 'model' | 'version' | 'rule' | 'signal')[];
  readonly reopenWindowMs: number;
  readonly channels: readonly ChannelConfig[];
  readonly route: RouteConfig;
  readonly outbox: { readonly rowsMax: number; readonly bytesMax: number; readonly maxAgeMs: number };
}

export interface RollbackTarget {
  readonly name: string;
  readonly model: string;
  readonly environment: string;
  readonly type: string;
  readonly options: unknown;
}

export interface RollbackPolicy {
  readonly name: string;
  readonly target: string;
  readonly mode: ActionMode;
  /** Globs of rule names that may ask for it. */
  readonly rules: readonly string[];
  readonly minSeverity: Severity;
  readonly cooldownMs: number;
  readonly maxPerDay: number;
  /** A version older than this is not blamed. */
  readonly maxVersionAgeMs: number;
  readonly expiresMs: number;
}
