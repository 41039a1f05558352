import type { RollbackRequest } from '../../alerts/action.ts';
import type { Channel, MessageView } from '../../alerts/channel.ts';
import { giveUp } from '../../alerts/outbox.ts';
import { minimalViewOf, plainBody, titleOf, viewOf } from '../../alerts/render.ts';
import type { Notice, Notification } from '../../core/notification.ts';
import type { StoreWrite } from '../../core/ports.ts';
import { severities } from '../../core/rule.ts';
import { ulid, ulidTimeMs } from '../../core/ulid.ts';
import { type DeliverOptions, rollbackChannel } from './deliver-outlets.ts';
import { type Title, titleWrite } from './outbox-book.ts';

const rowIdPrefix = 'dlv_';
/** Incidents whose title is remembered, at most; the longest unused leave first. */
const titlesMax = 10_000;
const titleKeptMs = 30 * 86_400_000;
/** How far the stored time of use of a title may lag. */
const titleGrainMs = 86_400_000;

/** Where a row goes to, and what it says beside the notice. */
export interface RowContext {
  readonly channel: Channel;
  readonly options: unknown;
  readonly recipient: string | undefined;
  readonly title: string;
  readonly actions: readonly string[];
  readonly nowMs: number;
}

/** Makes rows: gives them their ids, in rising order, and renders what they say once and for all. */
export class RowMaker {
  readonly #options: DeliverOptions;
  readonly #titles: Map<string, Title>;
  #lastIdMs = 0;

  constructor(options: DeliverOptions) {
    this.#options = options;
    this.#titles = new Map(options.restored.titles);
    for (const { id } of options.restored.rows) {
      if (id.startsWith(rowIdPrefix)) this.#lastIdMs = Math.max(this.#lastIdMs, ulidTimeMs(id.slice(4)));
    }
  }

  rowOf(notice: Notice, context: RowContext): Notification {
    const { channel, options, recipient, title, actions, nowMs } = context;
    const { agent, externalUrl, runbookOf } = this.#options;
    const id = this.#nextId(nowMs);
    const seq = notice.incident.messages;
    const view = viewOf(notice, {
      id,
      seq,
      agent: agent.name,
      externalUrl,
      actions,
      title,
      ...(runbookOf === undefined ? {} : { runbookOf }),
    });
    const payload = this.#render(channel, options, view);
    const minimal = this.#render(channel, options, minimalViewOf(view));
    return {
      id,
      incident: notice.incident.id,
      seq,
      channel: notice.channel,
      ...(recipient === undefined ? {} : { recipient }),
      kind: notice.kind,
      reason: notice.reason,
      severity: view.severity,
      payload,
      ...(minimal === payload ? {} : { minimal }),
      createdMs: nowMs,
      notBeforeMs: nowMs,
      attempts: 0,
      state: 'pending',
    };
  }

  /** The call is dead from the start where it cannot be written. */
  rollbackRow(request: RollbackRequest, nowMs: number): Notification {
    const { action, alerts, expiresAtMs } = request;
    const severity = severities.findLast((one) => alerts.some((alert) => alert.severity === one));
    const base: Omit<Notification, 'payload'> = {
      id: action.id,
      incident: action.incident,
      seq: 0,
      channel: rollbackChannel(action.target),
      kind: 'rollback',
      reason: 'rollback_requested',
      severity: severity ?? 'critical',
      createdMs: nowMs,
      notBeforeMs: nowMs,
      expiresMs: expiresAtMs,
      attempts: 0,
      state: 'pending',
    };
    return this.#renderRollback(base, request, nowMs);
  }

  /** The line all messages of the incident share, and what is to be stored of it. */
  titleOf(notice: Notice, nowMs: number): { readonly title: string; readonly writes: readonly StoreWrite[] } {
    const { id } = notice.incident;
    const known = this.#titles.get(id);
    if (known !== undefined && nowMs - known.usedMs < titleGrainMs) return { title: known.text, writes: [] };
    const title: Title = { text: known?.text ?? titleOf(notice), usedMs: nowMs };
    this.#titles.delete(id);
    this.#titles.set(id, title);
    return { title: title.text, writes: [titleWrite(id, title)] };
  }

  /** Forgets titles long unused; the writes that remove them. */
  purgeTitles(nowMs: number): readonly StoreWrite[] {
    const writes: StoreWrite[] = [];
    for (const [incident, title] of this.#titles) {
      if (nowMs - title.usedMs < titleKeptMs && this.#titles.size <= titlesMax) continue;
      this.#titles.delete(incident);
      writes.push(titleWrite(incident, undefined));
    }
    return writes;
  }

  /** The body of a channel; a plain one where that throws: never a lost alert. */
  #render(channel: Channel, options: unknown, view: MessageView): string {
    try {
      return channel.render(view, options);
    } catch {
      const { log, meter } = this.#options.ports;
      meter.add('internal_errors', 1, { stage: 'deliver' });
      log.error('message not rendered, sent in plain words', { type: channel.type, incident: view.incident });
      return plainBody(view);
    }
  }

  #renderRollback(
    base: Omit<Notification, 'payload'>,
    request: RollbackRequest,
    nowMs: number,
  ): Notification {
    const { targets, actions } = this.#options;
    const target = targets.find((one) => one.name === request.action.target);
    const adapter = actions.find((one) => one.type === target?.type);
    if (target === undefined || adapter === undefined) {
      return giveUp({ ...base, payload: '' }, nowMs, 'the target of the rollback does not exist');
    }
    try {
      return { ...base, payload: adapter.render(request, target.options) };
    } catch {
      this.#options.ports.meter.add('internal_errors', 1, { stage: 'deliver' });
      return giveUp({ ...base, payload: '' }, nowMs, 'the call could not be written');
    }
  }

  /** Rising, also over a restart and a clock that went back: the order of ids is that of queueing. */
  #nextId(nowMs: number): string {
    this.#lastIdMs = Math.max(nowMs, this.#lastIdMs + 1);
    return rowIdPrefix + ulid(this.#lastIdMs, this.#options.ports.random.bytes(16));
  }
}
