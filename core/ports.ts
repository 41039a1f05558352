import type { Labels } from './labels.ts';
import type { MetricKey } from './metrics.ts';
import type { Delivery } from './notification.ts';
import type { Secret } from './secret.ts';

/** Time. Nothing else in the agent reads a clock or sets a timer. */
export interface Clock {
  /** Unix ms; may jump. */
  nowMs(): number;
  /** Ms since some start; never jumps. */
  monotonicMs(): number;
  /** Runs the task once at or after `atMs`, however far away; a task that throws or rejects is the caller's fault. */
  runAt(atMs: number, task: () => void | Promise<void>): { cancel(): void };
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  bytes(length: number): Uint8Array;
}

export interface Digest {
  /** Lower-case hex. */
  sha256(data: string | Uint8Array): string;
  hmacSha256(key: Uint8Array, data: string | Uint8Array): Uint8Array;
}

/** `value` undefined: remove the key. */
export interface StoreWrite {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

/**
 * Durable records: decisions, never counts. `commit` is all or nothing and durable when its promise resolves; on a
 * rejection the outcome is unknown, and the caller keeps its state and writes it again.
 * Keys are text with `/` between kind and name: `alert/<fingerprint>`.
 */
export interface Store {
  read(key: string): Promise<Uint8Array | undefined>;
  /** All records whose key starts with the prefix, in order of their keys. */
  scan(prefix: string): Promise<readonly (readonly [string, Uint8Array])[]>;
  /** The one of them that `scan` would give last; undefined where there is none. */
  last(prefix: string): Promise<readonly [string, Uint8Array] | undefined>;
  commit(writes: readonly StoreWrite[]): Promise<void>;
  /** Safe twice. */
  close(): Promise<void>;
}

/** Checkpoints of counters: large, replaced as a whole, atomically; two generations are kept. */
export interface BlobStore {
  /** Durable when it resolves. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** The newest whole one; undefined where there is none. A damaged one is left out and counted. */
  read(name: string): Promise<Uint8Array | undefined>;
}

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Labels;
  readonly body: Uint8Array;
  /** For the whole exchange: name, connect, TLS, body, answer. */
  readonly deadlineMs: number;
  /** Answer bytes read at most; the rest is dropped. */
  readonly answerBytesMax: number;
}

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Labels;
  readonly body: Uint8Array;
}

/** No answer came. `sent`: the request may have been read. */
export class NoAnswer extends Error {
  readonly sent: boolean;
  readonly permanent: boolean;

  constructor(message: string, options: { sent: boolean; permanent: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.sent = options.sent;
    this.permanent = options.permanent;
  }
}

export interface HttpSender {
  /** One request, no retry, no redirect. Any status is an answer; rejects with `NoAnswer` only. */
  send(request: HttpRequest): Promise<HttpAnswer>;
}

export interface MailServer {
  readonly host: string;
  readonly port: number;
  readonly tls: 'starttls_required' | 'implicit' | 'none';
  readonly user?: string;
  readonly password?: Secret;
  readonly caFile?: string;
  readonly serverName?: string;
}

export interface Mail {
  readonly messageId: string;
  readonly from: string;
  /** The one recipient of the envelope. */
  readonly recipient: string;
  /** Addresses shown in `To:`. */
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly headers: Labels;
  readonly references: string;
}

export interface MailSender {
  /** One try for one recipient, at most `deadlineMs`; never rejects. */
  send(server: MailServer, mail: Mail, deadlineMs: number): Promise<Delivery>;
}

/** Structured log. `event` is a short constant phrase; values go into the fields. No telemetry text, no secrets. */
export interface Log {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Metrics of the agent, by key of the catalogue in metrics.ts. Label sets over a metric's cap are folded into `other`. */
export interface Meter {
  add(key: MetricKey, amount: number, labels?: Labels): void;
  set(key: MetricKey, value: number, labels?: Labels): void;
  observe(key: MetricKey, value: number, labels?: Labels): void;
  /** Takes the gauges of one metric away, so that what is gone is not shown as alive. */
  clear(key: MetricKey): void;
}

export interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly digest: Digest;
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly http: HttpSender;
  readonly mail: MailSender;
  readonly log: Log;
  readonly meter: Meter;
}
