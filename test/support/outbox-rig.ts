import { memoryLog } from '../../agent/adapters/memory-log.ts';
import { memoryMeter } from '../../agent/adapters/memory-meter.ts';
import { createMemoryStore } from '../../agent/adapters/memory-store.ts';
import { nodeDigest } from '../../agent/adapters/node-digest.ts';
import { type AnswerHttp, type AnswerMail, recordOnly } from '../../agent/adapters/record-only.ts';
import { seededRandom } from '../../agent/adapters/seeded-random.ts';
import { createVirtualClock } from '../../agent/adapters/virtual-clock.ts';
import { createDeliverStage, type Enqueued, readOutbox } from '../../agent/pipeline/deliver.ts';
import type { DeliverOptions } from '../../agent/pipeline/deliver-outlets.ts';
import * as actionRegistry from '../../alerts/actions/registry.ts';
import type { Channel } from '../../alerts/channel.ts';
import * as channelRegistry from '../../alerts/channels/registry.ts';
import type { AlertingConfig } from '../../config/config.ts';
import { decodeJson } from '../../core/json.ts';
import type { Notification } from '../../core/notification.ts';
import type { Ports, Store } from '../../core/ports.ts';
import { alertingOf } from './alert-samples.ts';
import { identity, sinceMs } from './notices.ts';

export const startMs = sinceMs;
export const hookUrl = 'http://ops.example.com/kedge';
export const channels: readonly Channel[] = Object.values(channelRegistry);
export const actions = Object.values(actionRegistry);

export function optionsOf(type: string, given: unknown): unknown {
  return channels.find((channel) => channel.type === type)?.options.parse(given);
}

/** Two webhooks, `hook` and `other`, and a mail channel with two recipients. */
export function rigConfig(over: Partial<AlertingConfig> = {}): AlertingConfig {
  return alertingOf({
    channels: [
      { name: 'hook', type: 'webhook', options: optionsOf('webhook', { url: hookUrl }) },
      { name: 'other', type: 'webhook', options: optionsOf('webhook', { url: 'http://other.example.com/' }) },
      {
        name: 'mail',
        type: 'email',
        options: optionsOf('email', {
          smtp: { host: 'smtp.example.com' },
          from: 'kedge@example.com',
          to: ['one@example.com', 'two@example.com'],
        }),
      },
    ],
    ...over,
  });
}

export interface RigOptions
  extends Partial<Pick<DeliverOptions, 'targets' | 'killSwitch' | 'onSettled' | 'channels'>> {
  readonly http?: AnswerHttp;
  readonly mail?: AnswerMail;
  readonly config?: AlertingConfig;
  /** The disk: hand it to the next rig for a restart. */
  readonly records?: Map<string, Uint8Array>;
  readonly startMs?: number;
  readonly wrapStore?: (store: Store) => Store;
  readonly wrapHttp?: (http: Ports['http']) => Ports['http'];
}

/** A deliver stage with everything around it in memory, on a clock of its own. */
export async function createOutboxRig(options: RigOptions = {}) {
  const records = options.records ?? new Map<string, Uint8Array>();
  const clock = createVirtualClock(options.startMs ?? startMs);
  const memory = createMemoryStore(records);
  const store = options.wrapStore?.(memory) ?? memory;
  const sent = recordOnly({
    ...(options.http === undefined ? {} : { http: options.http }),
    ...(options.mail === undefined ? {} : { mail: options.mail }),
  });
  const log = memoryLog();
  const meter = memoryMeter();
  const { killSwitch, onSettled } = options;
  const deliver = createDeliverStage({
    config: options.config ?? rigConfig(),
    channels: options.channels ?? channels,
    actions,
    targets: options.targets ?? [],
    ports: {
      clock,
      random: seededRandom(7),
      digest: nodeDigest(),
      store,
      http: options.wrapHttp?.(sent.http) ?? sent.http,
      mail: sent.mail,
      log,
      meter,
    },
    agent: identity,
    externalUrl: '',
    keepDoneMs: 3_600_000,
    restored: await readOutbox(memory, meter),
    ...(killSwitch === undefined ? {} : { killSwitch }),
    ...(onSettled === undefined ? {} : { onSettled }),
  });
  return {
    deliver,
    clock,
    store: memory,
    records,
    log,
    meter,
    sent,
    /** Commits as the tick does: durable first, then sent. */
    async queue(enqueued: Enqueued): Promise<void> {
      await store.commit(enqueued.writes);
      enqueued.commit();
      deliver.wake();
    },
    /** Ms after the start. */
    advance: (ms: number) => clock.advanceTo(clock.nowMs() + ms),
    /** The rows in the store. */
    rows: (): readonly Notification[] =>
      [...records]
        .filter(([key]) => key.startsWith('outbox/'))
        .map(([, bytes]) => decodeJson<Notification>(bytes)),
  };
}

export const answer = (status: number, headers: Record<string, string> = {}) => ({
  status,
  headers,
  body: new Uint8Array(),
});

/** The body of a webhook request. */
export function bodyOf(request: { readonly body: Uint8Array }): {
  readonly id: string;
  readonly type: string;
  readonly sequence: string;
  readonly data: Readonly<Record<string, unknown>>;
} {
  return decodeJson(request.body);
}
