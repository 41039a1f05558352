import type { ActionAdapter } from '../../alerts/action.ts';
import type { AgentIdentity, Channel, ChannelPorts, Envelope } from '../../alerts/channel.ts';
import type { AlertingConfig, RollbackTarget } from '../../config/config.ts';
import { metrics } from '../../core/metrics.ts';
import { type Delivery, failures, type Notification } from '../../core/notification.ts';
import type { Meter, Ports, StoreWrite } from '../../core/ports.ts';
import type { StoredOutbox } from './outbox-book.ts';

const concurrencyDefault = 4;

export interface DeliverOptions {
  readonly config: AlertingConfig;
  /** The registries; a configured type that is not in them is the loader's fault. */
  readonly channels: readonly Channel[];
  readonly actions: readonly ActionAdapter[];
  readonly targets: readonly RollbackTarget[];
  readonly ports: Pick<Ports, 'clock' | 'random' | 'digest' | 'store' | 'http' | 'mail' | 'log' | 'meter'>;
  readonly agent: AgentIdentity;
  readonly externalUrl: string;
  readonly keepDoneMs: number;
  readonly runbookOf?: (rule: string) => string;
  /** From `readOutbox`. */
  readonly restored: StoredOutbox;
  /** While it says so, no rollback call leaves; asked right before each try. */
  readonly killSwitch?: () => boolean;
  /** A row was accepted (`done`) or given up (`dead`); what it returns is stored together with that mark. */
  readonly onSettled?: (row: Notification) => readonly StoreWrite[];
}

/** What a row is made with and sent by: a channel or a rollback target, by the name rows carry. */
export interface Outlet {
  readonly name: string;
  readonly concurrencyMax: number;
  readonly maxAgeMs: number;
  readonly options: unknown;
  readonly channel?: Channel;
  send(payload: string, envelope: Envelope, ports: ChannelPorts): Promise<Delivery>;
}

export function rollbackChannel(target: string): string {
  return `rollback:${target}`;
}

export function outletsOf(options: DeliverOptions): readonly Outlet[] {
  const { config, channels, actions, targets } = options;
  const { maxAgeMs } = config.outbox;
  const toTell = config.channels.flatMap(({ name, type, options }): Outlet[] => {
    const channel = channels.find((one) => one.type === type);
    if (channel === undefined) return [];
    const concurrencyMax = channel.concurrencyMax ?? concurrencyDefault;
    const send: Outlet['send'] = (payload, envelope, ports) =>
      channel.send(payload, envelope, options, ports);
    return [{ name, concurrencyMax, maxAgeMs, options, channel, send }];
  });
  const toCall = targets.flatMap(({ name, type, options }): Outlet[] => {
    const adapter = actions.find((one) => one.type === type);
    if (adapter === undefined) return [];
    const send: Outlet['send'] = (payload, envelope, ports) =>
      adapter.send(payload, envelope, options, ports);
    return [{ name: rollbackChannel(name), concurrencyMax: 1, maxAgeMs, options, send }];
  });
  return [...toTell, ...toCall];
}

export function recipientsOf(channel: Channel, options: unknown): readonly (string | undefined)[] {
  const recipients = channel.recipients(options);
  return recipients.length === 0 ? [undefined] : recipients;
}

export function envelopeOf(row: Notification, agent: AgentIdentity): Envelope {
  const { id, incident, seq, kind, severity, recipient, attempts } = row;
  return { id, incident, seq, kind, severity, recipient, attempt: attempts, agent };
}

/** All series of a channel at 0 from the start, so that absence means trouble. */
export function declareSeries(channel: string, meter: Meter): void {
  for (const kind of metrics.notifications.labels.kind) {
    for (const result of metrics.notifications.labels.result)
      meter.add('notifications', 0, { channel, kind, result });
  }
  for (const failure of failures) meter.add('notification_failures', 0, { channel, class: failure });
}

export function lastSuccessMs(history: Iterable<Notification>, channel: string): number {
  let lastMs = 0;
  for (const row of history) {
    if (row.channel === channel && row.state === 'done') lastMs = Math.max(lastMs, row.endedMs ?? 0);
  }
  return lastMs;
}

export function compareIds(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
