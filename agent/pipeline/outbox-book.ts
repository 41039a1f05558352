import { laneOf } from '../../alerts/outbox.ts';
import { decodeJson, encodeJson } from '../../core/json.ts';
import type { Notification } from '../../core/notification.ts';
import type { Clock, Log, Meter, Store, StoreWrite } from '../../core/ports.ts';

const rowPrefix = 'outbox/';
const titlePrefix = 'title/';
const channelPrefix = 'channel/';
/** Ended rows kept in memory and store, at most; the oldest leave first. */
const historyMax = 10_000;
/** Dead letters are kept for so long. */
const deadKeptMs = 30 * 86_400_000;
const saveRetryMs = 5_000;
/** A message is not held back longer than this by a store that does not answer. */
const saveWaitMs = 1_000;

/** What the outbox left behind when the agent last stopped. */
export interface StoredOutbox {
  readonly rows: readonly Notification[];
  /** By incident. */
  readonly titles: ReadonlyMap<string, Title>;
  /** Digests of the configurations of channels that were told they are gone, by name. */
  readonly disabled: ReadonlyMap<string, string>;
}

/** The line an incident got with its first message. */
export interface Title {
  readonly text: string;
  readonly usedMs: number;
}

/** Reads what is stored. A damaged record is left out and counted; it stays in the store. */
export async function readOutbox(store: Store, meter: Meter): Promise<StoredOutbox> {
  const [rows, titles, disabled] = await Promise.all(
    [rowPrefix, titlePrefix, channelPrefix].map((prefix) => store.scan(prefix)),
  );
  const decodeAll = <T>(
    records: Awaited<ReturnType<Store['scan']>> = [],
  ): readonly (readonly [string, T])[] =>
    records.flatMap(([key, bytes]) => {
      try {
        return [[key.slice(key.indexOf('/') + 1), decodeJson<T>(bytes)] as const];
      } catch {
        meter.add('corrupt_records', 1, { kind: 'record' });
        return [];
      }
    });
  return {
    rows: decodeAll<Notification>(rows).map(([, row]) => row),
    titles: new Map(decodeAll<Title>(titles)),
    disabled: new Map(decodeAll<string>(disabled)),
  };
}

export function rowWrite(row: Notification): StoreWrite {
  return { key: rowPrefix + row.id, value: encodeJson(row) };
}

export function titleWrite(incident: string, title: Title | undefined): StoreWrite {
  return { key: titlePrefix + incident, value: title === undefined ? undefined : encodeJson(title) };
}

export function disabledWrite(channel: string, digest: string | undefined): StoreWrite {
  return { key: channelPrefix + channel, value: digest === undefined ? undefined : encodeJson(digest) };
}

export interface BookPorts {
  readonly clock: Clock;
  readonly store: Store;
  readonly log: Log;
  readonly meter: Meter;
}

/**
 * All rows of the outbox, and what of them is not in the store yet. While the store fails, the newest state of each
 * record waits here and is written again until it holds: sending goes on meanwhile.
 *
 * Invariants: a row is either waiting (pending, inflight) or in the history (done, dead, superseded); rows of the
 * history have no payload in memory; a held row is in a transaction that has not ended, and is not sent.
 */
export class OutboxBook {
  readonly #ports: BookPorts;
  readonly #waiting = new Map<string, Map<string, Notification>>();
  readonly #history = new Map<string, Notification>();
  /** Dead rows of the history, by channel. */
  readonly #dead = new Map<string, number>();
  readonly #held = new Set<string>();
  /** Keys a failed transaction of someone else tried to write, and may write yet. */
  readonly #contested = new Set<string>();
  readonly #unsaved = new Map<string, Uint8Array | undefined>();
  #saving: Promise<void> = Promise.resolve();
  #queuedSave: Promise<void> | undefined;
  #retry: { cancel(): void } | undefined;
  #closed = false;

  constructor(ports: BookPorts) {
    this.#ports = ports;
  }

  /** Rows of a channel that wait or are under way, in the order they were queued; held ones left out. */
  *sendable(channel: string): Iterable<Notification> {
    for (const row of this.#waiting.get(channel)?.values() ?? []) if (!this.#held.has(row.id)) yield row;
  }

  waiting(): readonly Notification[] {
    return [...this.#waiting.values()].flatMap((rows) => [...rows.values()]);
  }

  /** All rows of a channel that wait or are under way, by id, oldest first. */
  waitingOf(channel: string): ReadonlyMap<string, Notification> {
    return this.#waiting.get(channel) ?? new Map();
  }

  deadCount(channel: string): number {
    return this.#dead.get(channel) ?? 0;
  }

  history(): Iterable<Notification> {
    return this.#history.values();
  }

  /** All rows known of one lane of a channel, ended ones first. */
  lane(channel: string, incident: string, recipient: string | undefined): readonly Notification[] {
    const lane = laneOf(recipient === undefined ? { incident } : { incident, recipient });
    const isOfLane = (row: Notification) =>
      row.incident === incident && row.channel === channel && laneOf(row) === lane;
    return [
      ...[...this.#history.values()].filter(isOfLane),
      ...[...this.waitingOf(channel).values()].filter(isOfLane),
    ];
  }

  /** Keeps the row in memory; who calls it sees to the store. */
  put(row: Notification): void {
    const ends = row.state === 'done' || row.state === 'dead' || row.state === 'superseded';
    const rows = this.#waiting.get(row.channel) ?? new Map<string, Notification>();
    this.#waiting.set(row.channel, rows);
    if (!ends) {
      rows.set(row.id, row);
      return;
    }
    rows.delete(row.id);
    if (row.state === 'dead') this.#dead.set(row.channel, this.deadCount(row.channel) + 1);
    const { minimal: _, ...rest } = row;
    this.#history.set(row.id, { ...rest, payload: '' });
  }

  /** Gives a waiting row up without a trace. */
  remove(row: Notification): void {
    this.#waiting.get(row.channel)?.delete(row.id);
  }

  /** Their next state is in a transaction of someone else: an older one written now could come after it. */
  hold(ids: readonly string[]): void {
    for (const id of ids) {
      this.#held.add(id);
      this.#unsaved.delete(rowPrefix + id);
    }
  }

  release(ids: readonly string[]): void {
    for (const id of ids) this.#held.delete(id);
  }

  /** To be written with the next save. */
  stash(writes: readonly StoreWrite[]): void {
    for (const { key, value } of writes) this.#unsaved.set(key, value);
  }

  isHeld(id: string): boolean {
    return this.#held.has(id);
  }

  /**
   * A transaction of someone else holds these now: what waited to be written of them is older. What failed before it
   * may have been written with it, and be older than what we know: such records are written once more.
   */
  saved(writes: readonly StoreWrite[]): void {
    for (const { key } of writes) this.#unsaved.delete(key);
    if (this.#contested.size === 0) return;
    const rows = [...this.waiting(), ...this.#history.values()].map(rowWrite);
    const again = rows.filter(({ key }) => this.#contested.has(key));
    this.#contested.clear();
    void this.save(again);
  }

  /** A transaction of someone else with these failed. They are written by us, and perhaps by him later. */
  contest(writes: readonly StoreWrite[]): void {
    this.stash(writes);
    for (const { key } of writes) this.#contested.add(key);
  }

  /**
   * Writes these, and all that waits. Resolves when that was tried once, whatever came of it, or after `saveWaitMs`.
   * Writes that come while one runs go together with the next.
   */
  save(writes: readonly StoreWrite[]): Promise<void> {
    this.stash(writes);
    this.#queuedSave ??= this.#saving.then(() => {
      this.#queuedSave = undefined;
      this.#saving = this.#commit();
      return this.#saving;
    });
    return this.#within(this.#queuedSave, saveWaitMs);
  }

  /** The last write; afterwards nothing is retried. Safe twice. */
  async close(): Promise<void> {
    if (this.#closed) return;
    await this.save([]);
    this.#closed = true;
    this.#retry?.cancel();
  }

  get unsavedCount(): number {
    return this.#unsaved.size;
  }

  /** Lets go of old history; the writes that remove it from the store. */
  purge(nowMs: number, keepDoneMs: number): readonly StoreWrite[] {
    const ended = [...this.#history.values()].sort((a, b) => (a.endedMs ?? 0) - (b.endedMs ?? 0));
    const over = ended.length - historyMax;
    const old = ended.filter((row, index) => {
      const keptMs = row.state === 'dead' ? deadKeptMs : keepDoneMs;
      return index < over || nowMs - (row.endedMs ?? row.createdMs) >= keptMs;
    });
    for (const row of old) {
      this.#history.delete(row.id);
      if (row.state === 'dead') this.#dead.set(row.channel, this.deadCount(row.channel) - 1);
    }
    return old.map((row) => ({ key: rowPrefix + row.id, value: undefined }));
  }

  async #commit(): Promise<void> {
    if (this.#unsaved.size === 0 || this.#closed) return;
    const batch = [...this.#unsaved];
    try {
      await this.#ports.store.commit(batch.map(([key, value]) => ({ key, value })));
      for (const [key, value] of batch) if (this.#unsaved.get(key) === value) this.#unsaved.delete(key);
    } catch (error) {
      this.#ports.log.warn('outbox not stored, kept in memory', {
        records: batch.length,
        cause: String(error),
      });
      this.#retry?.cancel();
      this.#retry = this.#ports.clock.runAt(this.#ports.clock.nowMs() + saveRetryMs, () => this.save([]));
    }
  }

  #within(work: Promise<void>, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#ports.clock.runAt(this.#ports.clock.nowMs() + ms, resolve);
      const end = () => {
        timer.cancel();
        resolve();
      };
      work.then(end, end);
    });
  }
}
