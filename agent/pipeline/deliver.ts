import type { RollbackRequest } from '../../alerts/action.ts';
import { giveUp, supersededBy, victimsOf } from '../../alerts/outbox.ts';
import { canonicalJson } from '../../core/json.ts';
import type { Delivery, Notice, Notification } from '../../core/notification.ts';
import type { StoreWrite } from '../../core/ports.ts';
import {
  compareIds,
  type DeliverOptions,
  declareSeries,
  envelopeOf,
  lastSuccessMs,
  type Outlet,
  outletsOf,
  recipientsOf,
} from './deliver-outlets.ts';
import { RowMaker } from './deliver-rows.ts';
import { type ChannelState, ChannelWorker } from './deliver-worker.ts';
import { OutboxBook, rowWrite } from './outbox-book.ts';

export { readOutbox } from './outbox-book.ts';

/** Rows to be queued. Nothing is sent of them before one of the two calls. */
export interface Enqueued {
  /** For the transaction that also holds the state they tell of. */
  readonly writes: readonly StoreWrite[];
  /** The transaction is durable: the rows are queued. */
  commit(): void;
  /** It failed. Messages go out all the same and are stored once the store works; a rollback is not called. */
  commitUnsaved(): void;
}

export interface DeliverStage {
  /**
   * Renders and freezes one row per notice and recipient. `actionsOf` says what Kedge did or would do about an
   * incident, in sentences.
   */
  enqueue(
    notices: readonly Notice[],
    nowMs: number,
    actionsOf?: (incident: string) => readonly string[],
  ): Enqueued;
  /** The call is a row like any other, on the channel `rollback:<target>`, with the action's id as its own. */
  enqueueRollback(request: RollbackRequest, nowMs: number): Enqueued;
  /** Sends what is due; once after start, and after each tick. */
  wake(): void;
  /** Lets go of old history. The writes belong into any later transaction. */
  purge(nowMs: number): readonly StoreWrite[];
  /** Sends what is due for at most so long, then stores what is left. Safe twice. */
  stop(withinMs: number): Promise<void>;
  inspect(): { readonly channels: readonly ChannelState[]; readonly unsaved: number };
}

export function createDeliverStage(options: DeliverOptions): DeliverStage {
  return new Outbox(options);
}

class Outbox implements DeliverStage {
  readonly #options: DeliverOptions;
  readonly #book: OutboxBook;
  readonly #outlets: ReadonlyMap<string, Outlet>;
  readonly #workers: ReadonlyMap<string, ChannelWorker>;
  readonly #rows: RowMaker;
  #stopping: Promise<void> | undefined;

  constructor(options: DeliverOptions) {
    this.#options = options;
    this.#book = new OutboxBook(options.ports);
    this.#rows = new RowMaker(options);
    this.#outlets = new Map(outletsOf(options).map((outlet) => [outlet.name, outlet]));
    this.#restore();
    const workers = [...this.#outlets.values()].map(
      (outlet) => [outlet.name, this.#workerFor(outlet)] as const,
    );
    this.#workers = new Map(workers);
    const { meter } = options.ports;
    meter.set('limit', options.config.outbox.rowsMax, { what: 'outbox_rows' });
    meter.set('limit', options.config.outbox.bytesMax, { what: 'outbox_bytes' });
  }

  enqueue(
    notices: readonly Notice[],
    nowMs: number,
    actionsOf: (incident: string) => readonly string[] = () => [],
  ): Enqueued {
    const batch = new Batch();
    for (const notice of notices) {
      const outlet = this.#outlets.get(notice.channel);
      if (outlet?.channel === undefined) {
        this.#options.ports.log.error('notice for a channel that does not exist', {
          channel: notice.channel,
        });
        continue;
      }
      const { channel, options } = outlet;
      const { title, writes } = this.#rows.titleOf(notice, nowMs);
      batch.titles.push(...writes);
      const actions = actionsOf(notice.incident.id);
      for (const recipient of recipientsOf(channel, options)) {
        const told = this.#afterEarlierRows(batch, notice, recipient);
        batch.rows.push(this.#rows.rowOf(told, { channel, options, recipient, title, actions, nowMs }));
      }
    }
    return this.#enqueued(batch, nowMs);
  }

  enqueueRollback(request: RollbackRequest, nowMs: number): Enqueued {
    const row = this.#rows.rollbackRow(request, nowMs);
    const batch = new Batch();
    batch.rows.push(row);
    const enqueued = this.#enqueued(batch, nowMs);
    return {
      ...enqueued,
      commitUnsaved: () => {
        // The audit line did not reach the disk, so there is no call: guards fail closed.
        this.#book.contest(enqueued.writes);
        const dead = giveUp(row, nowMs, 'audit_failed: the decision could not be stored before the call');
        this.#book.put(dead);
        void this.#book.save([rowWrite(dead), ...this.#settled(dead)]);
      },
    };
  }

  wake(): void {
    if (this.#book.unsavedCount > 0) void this.#book.save([]);
    for (const worker of this.#workers.values()) worker.wake();
    this.#measure();
  }

  purge(nowMs: number): readonly StoreWrite[] {
    return [...this.#book.purge(nowMs, this.#options.keepDoneMs), ...this.#rows.purgeTitles(nowMs)];
  }

  stop(withinMs: number): Promise<void> {
    this.#stopping ??= this.#stop(withinMs);
    return this.#stopping;
  }

  inspect() {
    const channels = [...this.#workers.values()].map((worker) => worker.inspect());
    return { channels, unsaved: this.#book.unsavedCount };
  }

  async #stop(withinMs: number): Promise<void> {
    const { clock } = this.#options.ports;
    const workers = [...this.#workers.values()];
    let timer: { cancel(): void } | undefined;
    const late = new Promise<void>((resolve) => {
      timer = clock.runAt(clock.nowMs() + withinMs, resolve);
    });
    await Promise.race([Promise.all(workers.map((worker) => worker.idle())), late]);
    timer?.cancel();
    for (const worker of workers) worker.stop();
    await this.#book.close();
  }

  /** A resolved message takes the place of the firing ones that have not left yet. */
  #afterEarlierRows(batch: Batch, notice: Notice, recipient: string | undefined): Notice {
    if (notice.kind !== 'resolved' && notice.kind !== 'fired_and_resolved') return notice;
    const { stale, neverHeard } = supersededBy(
      this.#book.lane(notice.channel, notice.incident.id, recipient),
    );
    for (const row of stale) if (!this.#book.isHeld(row.id)) batch.superseded.add(row);
    return neverHeard ? { ...notice, kind: 'fired_and_resolved', reason: 'fired_and_resolved' } : notice;
  }

  /** Supersedes, makes room, and promises: rows that are to end are held from now until the transaction has ended. */
  #enqueued(batch: Batch, nowMs: number): Enqueued {
    const ended = [...batch.superseded].map(
      (row): Notification => ({ ...row, state: 'superseded', endedMs: nowMs }),
    );
    const dropped = this.#makeRoom(batch);
    const held = [...ended, ...dropped].map(({ id }) => id);
    this.#book.hold(held);
    const rows = batch.rows.filter((row) => !dropped.includes(row));
    const writes = [
      ...batch.titles,
      ...[...ended, ...rows].map(rowWrite),
      ...dropped
        .filter((row) => !batch.rows.includes(row))
        .map((row) => ({ ...rowWrite(row), value: undefined })),
    ];
    const apply = () => {
      for (const row of dropped) this.#drop(row);
      for (const row of ended) this.#supersede(row);
      for (const row of rows) this.#add(row);
      this.#book.release(held);
      this.#measure();
    };
    return {
      writes,
      commit: () => {
        this.#book.saved(writes);
        apply();
      },
      commitUnsaved: () => {
        this.#book.contest(writes);
        apply();
      },
    };
  }

  #makeRoom(batch: Batch): readonly Notification[] {
    const { rowsMax, bytesMax } = this.#options.config.outbox;
    const waiting = this.#book
      .waiting()
      .filter((row) => !this.#book.isHeld(row.id) && !batch.superseded.has(row));
    return victimsOf([...waiting, ...batch.rows], { rowsMax, bytesMax });
  }

  #add(row: Notification): void {
    this.#book.put(row);
    if (row.state === 'dead') void this.#book.save(this.#settled(row));
  }

  #supersede(row: Notification): void {
    this.#book.put(row);
    this.#options.ports.meter.add('notifications', 1, {
      channel: row.channel,
      kind: row.kind,
      result: 'superseded',
    });
  }

  #drop(row: Notification): void {
    const { log, meter } = this.#options.ports;
    meter.add('outbox_dropped', 1, { kind: row.kind, severity: row.severity });
    log.error('outbox full, message dropped', {
      channel: row.channel,
      kind: row.kind,
      incident: row.incident,
    });
    this.#book.remove(row);
  }

  #settled(row: Notification): readonly StoreWrite[] {
    return this.#options.onSettled?.(row) ?? [];
  }

  #workerFor(outlet: Outlet): ChannelWorker {
    const { ports, restored, agent, killSwitch } = this.#options;
    const { name: channel } = outlet;
    declareSeries(channel, ports.meter);
    const configDigest = ports.digest.sha256(
      canonicalJson(JSON.parse(JSON.stringify(outlet.options ?? null))),
    );
    return new ChannelWorker({
      channel,
      concurrencyMax: outlet.concurrencyMax,
      maxAgeMs: outlet.maxAgeMs,
      configDigest,
      isDisabled: restored.disabled.get(channel) === configDigest,
      lastSuccessMs: lastSuccessMs(this.#book.history(), channel),
      book: this.#book,
      ports,
      ended: (row) => this.#settled(row),
      send: async (row) => {
        if (outlet.channel === undefined && killSwitch?.() === true) return heldByKillSwitch;
        return outlet.send(row.payload, envelopeOf(row, agent), ports);
      },
    });
  }

  /** What was under way when the agent ended may have arrived: it is sent again, with the same id. */
  #restore(): void {
    const { ports, restored } = this.#options;
    const rows = [...restored.rows].sort((a, b) => compareIds(a.id, b.id));
    for (const row of rows) {
      const isWaiting = row.state === 'pending' || row.state === 'inflight';
      if (isWaiting && !this.#outlets.has(row.channel)) {
        const dead = giveUp(row, ports.clock.nowMs(), 'its channel is not in the configuration any more');
        ports.log.error('message given up', { channel: row.channel, row: row.id, why: 'no such channel' });
        ports.meter.add('notifications', 1, { channel: row.channel, kind: row.kind, result: 'dead' });
        this.#book.put(dead);
        this.#book.stash([rowWrite(dead), ...this.#settled(dead)]);
      } else {
        this.#book.put(row.state === 'inflight' ? { ...row, state: 'pending', ambiguous: true } : row);
      }
    }
  }

  #measure(): void {
    const waiting = this.#book.waiting();
    const { meter } = this.#options.ports;
    meter.set('in_use', waiting.length, { what: 'outbox_rows' });
    meter.set(
      'in_use',
      waiting.reduce((sum, row) => sum + row.payload.length, 0),
      { what: 'outbox_bytes' },
    );
  }
}

/** What one call of `enqueue` is going to change. */
class Batch {
  readonly rows: Notification[] = [];
  readonly superseded = new Set<Notification>();
  readonly titles: StoreWrite[] = [];
}

const heldByKillSwitch: Delivery = {
  outcome: 'failed',
  failure: 'config',
  detail: 'kill_switch: rollbacks are switched off',
};
