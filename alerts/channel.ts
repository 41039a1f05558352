import type { z } from 'zod';
import type { Delivery, NotificationKind, NotificationReason } from '../core/notification.ts';
import type { Clock, Digest, HttpSender, MailSender } from '../core/ports.ts';
import type { Severity } from '../core/rule.ts';
import type { AlertView } from './view.ts';

/** What a channel may use to send. Nothing else reaches it. */
export interface ChannelPorts {
  readonly http: HttpSender;
  readonly mail: MailSender;
  readonly digest: Digest;
  readonly clock: Clock;
}

/** The documented view model a message is rendered from; see view.ts. */
export interface MessageView {
  readonly id: string;
  readonly incident: string;
  readonly seq: number;
  readonly kind: NotificationKind;
  readonly reason: NotificationReason;
  readonly severity: Severity;
  readonly group: Readonly<Record<string, string>>;
  /** One short line, the same in every message of the incident: clients thread by it. */
  readonly title: string;
  /** One sentence a manager understands. */
  readonly headline: string;
  readonly firing: readonly AlertView[];
  readonly resolved: readonly AlertView[];
  readonly openedAt: string;
  readonly at: string;
  /** '' where no external_url is configured. */
  readonly url: string;
  /** What Kedge did or would do about it: sentences of rollback decisions; may be empty. */
  readonly actions: readonly string[];
  readonly agent: string;
}

/** Who sends: shown to receivers as `User-Agent` and `X-Kedge-Agent`. */
export interface AgentIdentity {
  readonly name: string;
  readonly version: string;
}

/** One try: which message, to whom, the how manyth. */
export interface Envelope {
  readonly id: string;
  readonly incident: string;
  readonly seq: number;
  readonly kind: NotificationKind;
  readonly severity: Severity;
  readonly recipient: string | undefined;
  /** 1 for the first. */
  readonly attempt: number;
  readonly agent: AgentIdentity;
}

/**
 * A way to tell people or machines: one file in alerts/channels, one line in registry.ts.
 * `send` makes exactly one request, says how it went, and never retries, throws or shows a secret:
 * tries, order and duplicates are the outbox's. Where `render` throws, the outbox queues `plainBody` of render.ts
 * instead, so `send` takes that too.
 */
export interface Channel<Options = unknown> {
  readonly type: string;
  readonly title: string;
  readonly stability: 'alpha' | 'beta' | 'stable';
  readonly description: string;
  readonly options: z.ZodType<Options>;
  /** One row of the outbox for each; none: one row for the channel as a whole. */
  recipients(options: Options): readonly string[];
  /** Messages under way at once, each of another incident; absent: 4. */
  readonly concurrencyMax?: number;
  /** The body, frozen when the message is queued. Within the channel's limits whatever the number of alerts. */
  render(view: MessageView, options: Options): string;
  send(payload: string, envelope: Envelope, options: Options, ports: ChannelPorts): Promise<Delivery>;
  readonly examples: readonly unknown[];
}

export function defineChannel<Options>(channel: Channel<Options>): Channel {
  return channel as unknown as Channel;
}
