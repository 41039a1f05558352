/** Metrics of alerts, messages and rollbacks: a part of the catalogue in metrics.ts. */
export const alertMetrics = {
  alerts: {
    name: 'kedge_alerts',
    type: 'gauge',
    help: 'Alerts by condition and severity; recovering counts as firing.',
    labels: { condition: ['pending', 'firing', 'error'], severity: ['info', 'warning', 'major', 'critical'] },
  },
  incidents: { name: 'kedge_incidents_open', type: 'gauge', help: 'Incidents open now.' },
  transitions: {
    name: 'kedge_alert_transitions_total',
    type: 'counter',
    help: 'Steps of the alert life cycle.',
    labels: {
      event: [
        'pending',
        'cancelled',
        'fired',
        'recovering',
        'refired',
        'resolved',
        'faulted',
        'recovered_from_fault',
      ],
    },
  },
  alerts_dropped: {
    name: 'kedge_alerts_dropped_total',
    type: 'counter',
    help: 'Alerts or incidents not kept apart because a limit was reached; over incidents_max they share one incident.',
    labels: { reason: ['alerts_max', 'incidents_max', 'ended_max'] },
  },
  notifications: {
    name: 'kedge_notifications_total',
    type: 'counter',
    help: 'Messages by channel, kind and what became of the try.',
    labels: {
      channel: 50,
      kind: ['firing', 'resolved', 'fired_and_resolved', 'rollback', 'test'],
      result: ['sent', 'retried', 'dead', 'superseded'],
    },
  },
  notification_failures: {
    name: 'kedge_notification_failures_total',
    type: 'counter',
    help: 'Failed tries by channel and class.',
    labels: {
      channel: 50,
      class: ['throttled', 'transient', 'ambiguous', 'config', 'gone', 'payload', 'recipient', 'redirect'],
    },
  },
  notification_latency: {
    name: 'kedge_notification_latency_seconds',
    type: 'histogram',
    help: 'From queued to accepted.',
    labels: { channel: 50 },
    buckets: [0.1, 0.5, 1, 5, 30, 120, 600, 3600],
  },
  outbox_rows: {
    name: 'kedge_outbox_rows',
    type: 'gauge',
    help: 'Messages waiting or dead.',
    labels: { channel: 50, state: ['pending', 'dead'] },
  },
  outbox_oldest: {
    name: 'kedge_outbox_oldest_seconds',
    type: 'gauge',
    help: 'Age of the oldest waiting message.',
    labels: { channel: 50 },
  },
  outbox_dropped: {
    name: 'kedge_outbox_dropped_total',
    type: 'counter',
    help: 'Messages given up because the outbox was full.',
    labels: {
      kind: ['firing', 'resolved', 'fired_and_resolved', 'rollback', 'test'],
      severity: ['info', 'warning', 'major', 'critical'],
    },
  },
  channel_up: {
    name: 'kedge_channel_up',
    type: 'gauge',
    help: '1 unless the channel is broken or disabled.',
    labels: { channel: 50 },
  },
  channel_last_success: {
    name: 'kedge_channel_last_success_timestamp_seconds',
    type: 'gauge',
    help: 'Unix time of the last accepted message.',
    labels: { channel: 50 },
  },
  rollbacks: {
    name: 'kedge_rollback_decisions_total',
    type: 'counter',
    help: 'Decisions about rollbacks.',
    labels: {
      target: 50,
      mode: ['off', 'dry_run', 'auto'],
      outcome: ['suppressed', 'dry_run', 'executing', 'accepted', 'failed'],
      reason: 30,
    },
  },
  audit_seq: { name: 'kedge_audit_seq', type: 'gauge', help: 'Number of the last audit line.' },
} as const;
