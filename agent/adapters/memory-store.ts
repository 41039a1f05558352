import type { Store, StoreWrite } from '../../core/ports.ts';
import { StoreFailed } from './store-errors.ts';
import { checkWrites } from './store-limits.ts';

/** What a failing commit did before it failed: the caller cannot know. */
export type FaultOutcome = 'lost' | 'stored';

export interface MemoryStore extends Store {
  /**
   * The next commit rejects with `StoreFailed`, its writes lost or, as after a failed fsync, stored all the
   * same.
   */
  failNextCommit(outcome: FaultOutcome): void;
}

/** `records` is the disk: a second store over the same map is the restart of a process. */
export function createMemoryStore(records = new Map<string, Uint8Array>()): MemoryStore {
  return new MapStore(records);
}

class MapStore implements MemoryStore {
  readonly #records: Map<string, Uint8Array>;
  #fault: FaultOutcome | undefined;
  #closed = false;

  constructor(records: Map<string, Uint8Array>) {
    this.#records = records;
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    this.#checkOpen();
    return this.#records.get(key)?.slice();
  }

  async scan(prefix: string): Promise<readonly (readonly [string, Uint8Array])[]> {
    this.#checkOpen();
    const found = [...this.#records].filter(([key]) => key.startsWith(prefix));
    // By the bytes of UTF-8, as SQLite compares: UTF-16 would put U+1F40B before U+FFFD.
    found.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return found.map(([key, value]) => [key, value.slice()] as const);
  }

  async last(prefix: string): Promise<readonly [string, Uint8Array] | undefined> {
    return (await this.scan(prefix)).at(-1);
  }

  async commit(writes: readonly StoreWrite[]): Promise<void> {
    this.#checkOpen();
    checkWrites(writes);
    const fault = this.#fault;
    this.#fault = undefined;
    if (fault !== 'lost') this.#apply(writes);
    if (fault !== undefined) throw new StoreFailed('the disk failed, as the test asked', 'SQLITE_IOERR');
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  failNextCommit(outcome: FaultOutcome): void {
    this.#fault = outcome;
  }

  #apply(writes: readonly StoreWrite[]): void {
    for (const { key, value } of writes) {
      if (value === undefined) this.#records.delete(key);
      else this.#records.set(key, value.slice());
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreFailed('the store is closed', 'CLOSED');
  }
}
