import type { Fields } from './fields.ts';

/** Tokens of one model call. `input` includes cached ones, `output` includes reasoning. */
export interface Tokens {
  readonly input: number;
  readonly cachedRead: number;
  readonly cachedWrite: number;
  readonly output: number;
  readonly reasoning: number;
}

export interface Cost {
  readonly amountUsd: number;
  readonly source: 'reported' | 'priced';
}

/** How sure the weight is: stated by the sender, assumed by configuration, or not known (then it is 1). */
export type WeightKnown = 'exact' | 'assumed' | 'unknown';

/** A list of numbers a row brought, such as the embedding of a text. Valid only while the row is handed on. */
export interface NamedVector {
  readonly group: 'inputs' | 'outputs';
  readonly name: string;
  readonly values: readonly number[];
}

/** The words of a text, each as a hash. Valid only while the row is handed on. */
export interface NamedWords {
  readonly group: 'inputs' | 'outputs';
  readonly name: string;
  readonly hashes: Float64Array;
}

/**
 * What was read out of the texts and vectors of a row. As reading costs much more than counting, under load it is read of
 * some rows only, and each stands for `weight` of them (1: of every row).
 */
export interface Contents {
  readonly inputs: Fields;
  readonly outputs: Fields;
  readonly vectors: readonly NamedVector[];
  readonly words: readonly NamedWords[];
  readonly weight: number;
}

/**
 * One leaf call of a model: a prediction of a tabular model or an inference of an LLM.
 *
 * `inputs` and `outputs` are valid only during the synchronous call that hands the observation on.
 * Text never gets here: conventions turn it into descriptors (lengths, flags).
 */
export interface Call {
  readonly kind: 'prediction' | 'inference' | 'tool' | 'retrieval';
  /** A 64-bit key for duplicates in two halves: of trace and span id, or of the prediction id. Both 0: none. */
  readonly idHigh: number;
  readonly idLow: number;
  /** Event time, Unix ms. It decides the window; arrival only measures lateness. */
  readonly timeMs: number;
  readonly model: string;
  /** '' where the sender names none. */
  readonly version: string;
  readonly environment: string;
  readonly provider: string;
  readonly role: 'champion' | 'challenger' | 'canary' | 'shadow';
  readonly inputs: Fields;
  readonly outputs: Fields;
  /** Absent where the row has neither text nor vector, or was not chosen to be read. */
  readonly contents?: Contents | undefined;
  /** NaN where unknown, like `firstTokenMs`. */
  readonly latencyMs: number;
  readonly firstTokenMs: number;
  readonly cost: Cost | undefined;
  readonly tokens: Tokens | undefined;
  readonly result: 'ok' | 'error';
  /** Lower-case hex, '' where there is no trace. Made when asked for, and valid only as long as `inputs`: few rows need it. */
  readonly traceId: () => string;
  /** The business transaction; '' where the sender names none (the trace is used then). */
  readonly transactionId: string;
  /** True for a span without a parent: it ends its transaction. */
  readonly root: boolean;
  /** 1 / sampling probability. */
  readonly weight: number;
  readonly weightKnown: WeightKnown;
  readonly convention: string;
}
