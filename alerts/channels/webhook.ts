import { z } from 'zod';
import type { NotificationKind } from '../../core/notification.ts';
import { segmentLabels } from '../../core/series.ts';
import { defineChannel, type MessageView } from '../channel.ts';
import { postSigned } from '../http-post.ts';
import { type WebhookOptions, webhookOptions } from '../options.ts';
import { boundedView } from '../render.ts';
import type { AlertView, ExplanationView } from '../view.ts';

const alertsMax = 50;
const bodyBytesMax = 64 * 1_024;
const encoder = new TextEncoder();

const contentType = 'application/cloudevents+json; charset=utf-8';

const options = z.strictObject(webhookOptions);
/** The body is a CloudEvents 1.0 event in JSON; fields are only ever added within v1. */
export const webhook = defineChannel<WebhookOptions>({
  type: 'webhook',
  title: 'Webhook',
  stability: 'beta',
  description:
    'A POST of a CloudEvents 1.0 event in JSON, signed as Standard Webhooks 1.0.0 says, to a URL of yours. Not for receivers that expect a format of their own, such as chat services.',
  options,
  recipients: () => [],
  render: (view) => renderEvent(view),
  send: (payload, envelope, options, ports) =>
    postSigned({ body: payload, contentType, event: eventType(envelope.kind) }, envelope, options, ports),
  examples: [
    { url: 'https://ops.example.com/kedge' },
    {
      url: 'https://ops.example.com/kedge',
      secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'],
      timeout: '5s',
      headers: { authorization: 'Bearer example' },
    },
  ],
});

/** As many alerts as fit, worst first; `truncated` is the number of those left out. */
function renderEvent(unbounded: MessageView): string {
  const view = boundedView(unbounded);
  const all = [...view.firing, ...view.resolved];
  let low = 0;
  let high = Math.min(alertsMax, all.length);
  const total = unbounded.firing.length + unbounded.resolved.length;
  const write = (count: number) => JSON.stringify(eventOf(view, all.slice(0, count), total - count));
  // The largest count that fits, by halving: rendering each count in turn would be quadratic.
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (encoder.encode(write(middle)).length <= bodyBytesMax) low = middle;
    else high = middle - 1;
  }
  return write(low);
}

function eventOf(view: MessageView, alerts: readonly AlertView[], truncated: number) {
  return {
    specversion: '1.0',
    id: view.id,
    source: sourceOf(view),
    type: eventType(view.kind),
    subject: view.incident,
    time: view.at,
    datacontenttype: 'application/json',
    sequence: String(view.seq),
    data: {
      incident: view.incident,
      status: statusOf(view.kind),
      reason: view.reason,
      severity: view.severity,
      title: view.title,
      summary: view.headline,
      group: view.group,
      opened_at: view.openedAt,
      truncated,
      url: view.url,
      actions: view.actions,
      agent: view.agent,
      alerts: alerts.map(alertBody),
    },
  };
}

function alertBody(alert: AlertView) {
  return {
    fingerprint: alert.fingerprint,
    status: alert.status,
    rule: alert.rule,
    class: alert.class,
    environment: alert.environment,
    model: alert.model,
    signal: alert.signal,
    segment: segmentLabels(alert.segment),
    severity: alert.severity,
    version: alert.version,
    statistic: alert.detector,
    value: alert.value,
    threshold: alert.threshold,
    effect: alert.effect,
    p: alert.p,
    n: alert.n,
    reason: alert.reason,
    reference: alert.reference,
    window: alert.window,
    evidence: alert.evidence,
    matters: alert.explanation?.matters ?? null,
    matters_reason: alert.explanation?.mattersReason ?? null,
    explanation: explanationBody(alert.explanation),
    verdict: alert.verdictId === '' ? null : alert.verdictId,
    stale: alert.stale,
    since: alert.since,
    starts_at: alert.startsAt,
    ends_at: alert.endsAt,
    runbook_url: alert.runbookUrl,
  };
}

function explanationBody(explanation: ExplanationView | null) {
  if (explanation === null) return null;
  const { sentence, onset, movedTogether, output, changesNearby } = explanation;
  return {
    sentence,
    onset,
    moved_together: movedTogether.map((one) => ({
      signal: one.signal,
      since: one.since === '' ? null : one.since,
      same_time: one.isTogether,
    })),
    output,
    changes_nearby: changesNearby,
  };
}

/** A URI reference: `/kedge/prod/credit-risk`, as far as the group names them. */
function sourceOf(view: MessageView): string {
  const alert = view.firing[0] ?? view.resolved[0];
  const parts = [view.group['environment'] ?? alert?.environment, view.group['model'] ?? alert?.model];
  return ['/kedge', ...parts.filter((part) => part !== undefined && part !== '').map(encodePart)].join('/');
}

function encodePart(part: string | undefined): string {
  return encodeURIComponent(part ?? '');
}

function eventType(kind: NotificationKind): string {
  switch (kind) {
    case 'firing':
      return 'dev.kedge.alert.firing.v1';
    case 'resolved':
    case 'fired_and_resolved':
      return 'dev.kedge.alert.resolved.v1';
    case 'rollback':
      return 'dev.kedge.rollback.decided.v1';
    case 'test':
      return 'dev.kedge.test.v1';
  }
}

function statusOf(kind: NotificationKind): string {
  switch (kind) {
    case 'resolved':
    case 'fired_and_resolved':
      return 'resolved';
    case 'firing':
    case 'rollback':
      return 'firing';
    case 'test':
      return 'test';
  }
}
