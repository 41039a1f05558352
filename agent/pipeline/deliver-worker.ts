import {
  afterDelivery,
  type ChannelHealth,
  giveUp,
  healthy,
  isExpired,
  nextRows,
  startTry,
} from '../../alerts/outbox.ts';
import type { Delivery, Notification } from '../../core/notification.ts';
import type { Clock, Log, Meter, Random, StoreWrite } from '../../core/ports.ts';
import { disabledWrite, type OutboxBook, rowWrite } from './outbox-book.ts';

/** Channels have a deadline of their own; this one is for a channel that forgot. */
const tryDeadlineMs = 60_000;
const sweepEveryMs = 1_000;

export interface WorkerOptions {
  readonly channel: string;
  readonly concurrencyMax: number;
  readonly maxAgeMs: number;
  /** Digest of the channel's configuration: a channel that is gone stays off while it is the same. */
  readonly configDigest: string;
  readonly isDisabled: boolean;
  readonly lastSuccessMs: number;
  readonly book: OutboxBook;
  readonly ports: {
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Log;
    readonly meter: Meter;
  };
  send(row: Notification): Promise<Delivery>;
  /** A row has ended as done or dead; what it returns is written together with the mark. */
  ended(row: Notification): readonly StoreWrite[];
}

export interface ChannelState {
  readonly channel: string;
  readonly up: boolean;
  readonly disabled: boolean;
  readonly waiting: number;
  readonly inflight: number;
  readonly oldestMs: number | undefined;
  readonly pausedUntilMs: number;
  readonly lastError: string | undefined;
  readonly lastSuccessMs: number;
}

/** Sends the rows of one channel. Nothing it waits for is shared with another channel, but the store. */
export class ChannelWorker {
  readonly channel: string;
  readonly #options: WorkerOptions;
  #health: ChannelHealth;
  #timer: { readonly atMs: number; cancel(): void } | undefined;
  #inflight = 0;
  #lastError: string | undefined;
  #lastSuccessMs: number;
  #sweptMs = 0;
  #stopped = false;
  #onIdle: (() => void) | undefined;

  constructor(options: WorkerOptions) {
    this.channel = options.channel;
    this.#options = options;
    this.#health = { ...healthy, disabled: options.isDisabled };
    this.#lastSuccessMs = options.lastSuccessMs;
    this.#gauges();
  }

  /** Looks for rows that are due, and sends them. Cheap where there are none. */
  wake(): void {
    if (this.#stopped) return;
    const { book, channel, ports, concurrencyMax } = this.#options;
    const nowMs = ports.clock.nowMs();
    this.#sweep(nowMs);
    const room = { concurrencyMax, inflight: this.#inflight };
    const { rows, wakeAtMs } = nextRows(book.sendable(channel), this.#health, nowMs, room);
    for (const row of rows) this.#start(row);
    this.#plan(wakeAtMs);
    this.#gauges();
    if (this.#inflight === 0) this.#onIdle?.();
  }

  /** Resolves once nothing is under way and nothing is due. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      this.wake();
    });
  }

  /** Starts no more tries. Safe twice. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  inspect(): ChannelState {
    const waiting = this.#options.book.waitingOf(this.channel);
    return {
      channel: this.channel,
      up: this.#isUp(),
      disabled: this.#health.disabled,
      waiting: waiting.size,
      inflight: this.#inflight,
      oldestMs: waiting.values().next().value?.createdMs,
      pausedUntilMs: this.#health.pausedUntilMs,
      lastError: this.#lastError,
      lastSuccessMs: this.#lastSuccessMs,
    };
  }

  #isUp(): boolean {
    return !this.#health.disabled && this.#health.broken === undefined;
  }

  #start(row: Notification): void {
    this.#inflight++;
    const inflight = startTry(row);
    this.#options.book.put(inflight);
    this.#try(inflight)
      .catch((error: unknown) => {
        const { log, meter } = this.#options.ports;
        meter.add('internal_errors', 1, { stage: 'deliver' });
        log.error('a try to deliver failed inside', {
          channel: this.channel,
          row: row.id,
          cause: nameOf(error),
        });
      })
      .finally(() => {
        this.#inflight--;
        this.wake();
      });
  }

  /** The row is marked before it is sent: after a crash in between, it counts as possibly arrived. */
  async #try(row: Notification): Promise<void> {
    const { book, ports } = this.#options;
    await book.save([rowWrite(row)]);
    const delivery = await this.#sendWithin(row);
    const nowMs = ports.clock.nowMs();
    const before = this.#health;
    const after = afterDelivery(row, before, delivery, { nowMs, chance: ports.random.next() });
    this.#health = after.health;
    this.#lastError = delivery.outcome === 'failed' ? delivery.detail : undefined;
    this.#count(after.row, after.result, delivery, nowMs);
    this.#tell(before, after.health, delivery);
    const writes = [rowWrite(after.row), ...this.#ended(after.row)];
    if (after.health.disabled && !before.disabled) {
      writes.push(disabledWrite(this.channel, this.#options.configDigest));
    }
    book.put(after.row);
    await book.save(writes);
  }

  #ended(row: Notification): readonly StoreWrite[] {
    return row.state === 'done' || row.state === 'dead' ? this.#options.ended(row) : [];
  }

  /** Gives up what is too old. Once a second is enough: it walks through all rows. */
  #sweep(nowMs: number): void {
    if (Math.abs(nowMs - this.#sweptMs) < sweepEveryMs) return;
    this.#sweptMs = nowMs;
    const { book, channel, maxAgeMs } = this.#options;
    for (const row of [...book.sendable(channel)]) {
      if (row.state === 'pending' && isExpired(row, nowMs, maxAgeMs)) this.#giveUp(row, nowMs);
    }
  }

  #giveUp(row: Notification, nowMs: number): void {
    const { book, ports } = this.#options;
    const dead = giveUp(row, nowMs, `too old; last: ${row.lastError ?? 'never tried'}`);
    ports.meter.add('notifications', 1, { channel: this.channel, kind: row.kind, result: 'dead' });
    ports.log.error('message given up', {
      channel: this.channel,
      row: row.id,
      incident: row.incident,
      why: 'too old',
    });
    book.put(dead);
    void book.save([rowWrite(dead), ...this.#ended(dead)]);
  }

  async #sendWithin(row: Notification): Promise<Delivery> {
    const { clock } = this.#options.ports;
    let cancel = () => {};
    const late = new Promise<Delivery>((resolve) => {
      const timer = clock.runAt(clock.nowMs() + tryDeadlineMs, () =>
        resolve({ outcome: 'failed', failure: 'ambiguous', detail: 'the channel did not come back' }),
      );
      cancel = () => timer.cancel();
    });
    try {
      return await Promise.race([this.#options.send(row), late]);
    } catch (error) {
      this.#options.ports.meter.add('internal_errors', 1, { stage: 'deliver' });
      return { outcome: 'failed', failure: 'ambiguous', detail: `the channel threw ${nameOf(error)}` };
    } finally {
      cancel();
    }
  }

  #plan(wakeAtMs: number | undefined): void {
    if (wakeAtMs !== undefined && this.#timer?.atMs === wakeAtMs) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (wakeAtMs === undefined) return;
    const timer = this.#options.ports.clock.runAt(wakeAtMs, () => {
      this.#timer = undefined;
      this.wake();
    });
    this.#timer = { atMs: wakeAtMs, cancel: () => timer.cancel() };
  }

  #count(row: Notification, result: 'sent' | 'retried' | 'dead', delivery: Delivery, nowMs: number): void {
    const { meter } = this.#options.ports;
    const { channel } = this;
    meter.add('notifications', 1, { channel, kind: row.kind, result });
    if (delivery.outcome === 'failed') {
      meter.add('notification_failures', 1, { channel, class: delivery.failure });
      return;
    }
    this.#lastSuccessMs = nowMs;
    meter.observe('notification_latency', Math.max(0, nowMs - row.createdMs) / 1_000, { channel });
  }

  /** One line when a channel breaks, one when it works again: not one per try. */
  #tell(before: ChannelHealth, after: ChannelHealth, delivery: Delivery): void {
    const { log } = this.#options.ports;
    const { channel } = this;
    const wasUp = !before.disabled && before.broken === undefined;
    if (wasUp === this.#isUp()) return;
    if (this.#isUp()) {
      log.info('channel works again', { channel });
      return;
    }
    const failed = delivery.outcome === 'failed' ? { class: delivery.failure, detail: delivery.detail } : {};
    const what = after.disabled
      ? 'off until its configuration changes'
      : 'messages wait, and are tried again';
    log.error('channel is broken', { channel, ...failed, what });
  }

  #gauges(): void {
    const { book, ports, channel } = this.#options;
    const { meter, clock } = ports;
    const waiting = book.waitingOf(channel);
    const oldestMs = waiting.values().next().value?.createdMs;
    const ageMs = oldestMs === undefined ? 0 : Math.max(0, clock.nowMs() - oldestMs);
    meter.set('outbox_rows', waiting.size, { channel, state: 'pending' });
    meter.set('outbox_rows', book.deadCount(channel), { channel, state: 'dead' });
    meter.set('outbox_oldest', ageMs / 1_000, { channel });
    meter.set('channel_up', this.#isUp() ? 1 : 0, { channel });
    meter.set('channel_last_success', this.#lastSuccessMs / 1_000, { channel });
  }
}

/** The kind of an error, never its text: that might hold a secret. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
