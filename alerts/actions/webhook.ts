import { z } from 'zod';
import type { Alert } from '../../core/alert.ts';
import { isoTime } from '../../core/time.ts';
import { defineAction, type RollbackRequest } from '../action.ts';
import { postSigned } from '../http-post.ts';
import { type WebhookOptions, webhookOptions } from '../options.ts';
import { alertViewOf, cleanText } from '../render.ts';

const evidenceAlertsMax = 20;
const eventType = 'dev.kedge.rollback.requested.v1';

const contentType = 'application/cloudevents+json; charset=utf-8';

const options = z.strictObject(webhookOptions);
/**
 * Asks a service of yours to roll back. The receiver verifies the signature, does nothing twice for one
 * `idempotency_key`, nothing after `expires_at`, and nothing where `from` is not what runs.
 */
export const webhook = defineAction<WebhookOptions>({
  type: 'webhook',
  title: 'Rollback webhook',
  stability: 'beta',
  description:
    'A POST of a CloudEvents 1.0 event in JSON, signed as Standard Webhooks 1.0.0 says, that asks a deployment service of yours to go back to an earlier version. A 2xx means that it took the request over.',
  options,
  render: (request) => JSON.stringify(eventOf(request)),
  send: (payload, envelope, options, ports) =>
    postSigned({ body: payload, contentType, event: eventType }, envelope, options, ports),
  examples: [
    { url: 'https://deploy.example.com/rollback', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
  ],
});

function eventOf(request: RollbackRequest) {
  const { action } = request;
  return {
    specversion: '1.0',
    id: action.id,
    source: `/kedge/${encodeURIComponent(cleanText(action.environment))}/${encodeURIComponent(cleanText(action.model))}`,
    type: eventType,
    subject: action.incident,
    time: isoTime(request.requestedAtMs),
    datacontenttype: 'application/json',
    data: {
      rollback_id: action.id,
      idempotency_key: action.id,
      mode: action.mode,
      dry_run: action.mode === 'dry_run',
      target: { kind: 'webhook', name: action.target },
      model: cleanText(action.model),
      environment: cleanText(action.environment),
      // Exact, not cleaned: the receiver compares it with what runs.
      from: { version: action.from },
      to: { version: action.to },
      reason: action.reason,
      policy: { id: request.policy },
      alert: alertOf(request),
      evidence: request.alerts.slice(0, evidenceAlertsMax).map(evidenceOf),
      guards: action.guards,
      requested_at: isoTime(request.requestedAtMs),
      expires_at: isoTime(request.expiresAtMs),
      agent: { id: cleanText(request.agent) },
      audit_head: request.auditHead,
    },
  };
}

function alertOf({ action, alerts }: RollbackRequest) {
  const lead = alerts[0];
  return {
    incident: action.incident,
    fingerprint: lead?.fingerprint ?? null,
    rule: lead === undefined ? null : cleanText(lead.rule),
    severity: lead?.severity ?? null,
  };
}

function evidenceOf(alert: Alert) {
  const view = alertViewOf(alert, 'firing');
  const { signal, value, threshold, effect, p, n, reference, reason, window, since } = view;
  return { signal, value, threshold, effect, p, n, reference, reason, since, windows: [window] };
}
