import type { Config } from '../../config/config.ts';
import type { Call } from '../../core/observation.ts';
import type { Meter } from '../../core/ports.ts';

/** What a whole business transaction cost, once it is over. */
export interface ClosedTransaction {
  readonly environment: string;
  /** Of its first priced call: where a transaction is booked. */
  readonly model: string;
  readonly version: string;
  /** Event time of its end. */
  readonly timeMs: number;
  readonly costUsd: number;
  readonly weight: number;
}

interface Open {
  readonly environment: string;
  readonly model: string;
  readonly version: string;
  readonly weight: number;
  lastMs: number;
  arrivedMs: number;
  costUsd: number;
}

/**
 * Adds up the cost of all calls of one transaction: by the id the sender gives, else by trace.
 *
 * A transaction ends with the root call of its trace, or when no call came for `idle`; when too many are open the one
 * idle longest ends early, counted. A transaction closed early and continued counts as two: that is the price of a bound.
 */
export class Transactions {
  readonly #config: Config['transactions'];
  readonly #meter: Meter;
  readonly #onClosed: (closed: ClosedTransaction) => void;
  /** In order of the last call: a call puts its transaction at the end. */
  readonly #open = new Map<string, Open>();

  constructor(config: Config['transactions'], meter: Meter, onClosed: (closed: ClosedTransaction) => void) {
    this.#config = config;
    this.#meter = meter;
    this.#onClosed = onClosed;
  }

  get size(): number {
    return this.#open.size;
  }

  add(call: Call, nowMs: number): void {
    if (call.cost === undefined) return;
    const key = call.transactionId === '' ? call.traceId() : `t/${call.transactionId}`;
    if (key === '') return;
    const open = this.#open.get(key) ?? opened(call);
    open.costUsd += call.cost.amountUsd;
    open.lastMs = Math.max(open.lastMs, call.timeMs);
    open.arrivedMs = nowMs;
    this.#open.delete(key);
    this.#open.set(key, open);
    if (call.root && call.transactionId === '') this.#close(key, open, open.lastMs, 'root');
    else if (this.#open.size > this.#config.openMax) this.#closeOldest();
  }

  /** Ends every transaction that has been idle for long enough. */
  closeIdle(nowMs: number): void {
    for (const [key, open] of this.#open) {
      if (nowMs - open.arrivedMs < this.#config.idleMs) return;
      // It is dated when its idle time was over: dated at its last call it would often come after its pane has closed.
      this.#close(key, open, open.lastMs + this.#config.idleMs, 'idle');
    }
  }

  #closeOldest(): void {
    const [oldest] = this.#open;
    if (oldest !== undefined) this.#close(oldest[0], oldest[1], oldest[1].lastMs, 'overflow');
  }

  #close(key: string, open: Open, timeMs: number, by: 'root' | 'idle' | 'overflow'): void {
    this.#open.delete(key);
    this.#meter.add('transactions', 1, { by });
    const { environment, model, version, costUsd, weight } = open;
    this.#onClosed({ environment, model, version, timeMs, costUsd, weight });
  }
}

function opened(call: Call): Open {
  const { environment, model, version, weight } = call;
  return { environment, model, version, weight, lastMs: call.timeMs, arrivedMs: 0, costUsd: 0 };
}
