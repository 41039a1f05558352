import type { Log, Meter, Store, StoreWrite } from '../../core/ports.ts';

/** Records waiting for the store, at most; over it the oldest waiting ones of the same kind are given up. */
export const waitingRecordsMax = 50_000;

/**
 * Collects what one tick decided and commits it as one transaction. While the store is broken the newest value of each
 * record waits in memory and is written with the next commit: decisions take effect all the same, and are durable again
 * as soon as the store is.
 */
export class Ledger {
  readonly #store: Store;
  readonly #meter: Meter;
  readonly #log: Log;
  readonly #waiting = new Map<string, StoreWrite>();
  #degraded = false;

  constructor(store: Store, meter: Meter, log: Log) {
    this.#store = store;
    this.#meter = meter;
    this.#log = log;
  }

  get degraded(): boolean {
    return this.#degraded;
  }

  add(writes: readonly StoreWrite[]): void {
    for (const write of writes) {
      if (this.#waiting.size >= waitingRecordsMax && !this.#waiting.has(write.key)) this.#forgetOldest();
      this.#waiting.set(write.key, write);
    }
  }

  /** These are somebody else's to write from now on. */
  release(writes: readonly StoreWrite[]): void {
    for (const write of writes) if (this.#waiting.get(write.key) === write) this.#waiting.delete(write.key);
  }

  /** Durable when it resolves to true; never rejects. */
  async commit(): Promise<boolean> {
    if (this.#waiting.size === 0) return true;
    const writes = [...this.#waiting.values()];
    this.#waiting.clear();
    try {
      await this.#store.commit(writes);
      this.#settle(true, '');
      return true;
    } catch (fault) {
      for (const write of writes) if (!this.#waiting.has(write.key)) this.#waiting.set(write.key, write);
      this.#settle(false, fault instanceof Error ? fault.message : 'unknown');
      return false;
    }
  }

  #settle(ok: boolean, cause: string): void {
    if (!ok && !this.#degraded) {
      this.#log.error(
        'storage degraded: decisions are kept in memory and written again; free or repair the data dir',
        { cause },
      );
    }
    if (ok && this.#degraded) this.#log.info('storage recovered');
    this.#degraded = !ok;
  }

  #forgetOldest(): void {
    for (const key of this.#waiting.keys()) {
      this.#waiting.delete(key);
      this.#meter.add('records_dropped', 1);
      return;
    }
  }
}
