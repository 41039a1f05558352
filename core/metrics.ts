import { alertMetrics } from './metrics-alerts.ts';

/**
 * Every metric of the agent, as data: this and metrics-alerts.ts alone name them. The Meter port takes only these keys.
 * A label is either a closed list of values, which exist with 0 from the start so that absence means trouble,
 * or a number: at most so many values, the rest folded into `other`.
 */
export interface MetricSpec {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels?: Readonly<Record<string, readonly string[] | number>>;
  /** Upper bounds of a histogram, ascending. */
  readonly buckets?: readonly number[];
}

const otlpSignals = ['traces', 'logs', 'metrics'] as const;
const modelsCap = 50;
const seriesCap = 1_000;
const seconds = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 30];

export const dropReasons = [
  'models_max',
  'versions_max',
  'signals_max',
  'contents_max',
  'panes_max',
  'late',
  'future',
  'duplicate',
  'invalid_name',
  'sampled_out',
  'ladder_max',
  'reference_hours_max',
  'reference_learners_max',
  'references_max',
  'own_telemetry',
] as const;
export type DropReason = (typeof dropReasons)[number];

/** Why something of a segment is not kept apart. */
export const segmentDrops = [
  'segments_max',
  'segment_other',
  'fields_max',
  'distinct_max',
  'values_max',
  'pairs_max',
  'panes_max',
  'days_max',
] as const;
export type SegmentDrop = (typeof segmentDrops)[number];

export const metrics = {
  build_info: {
    name: 'kedge_build_info',
    type: 'gauge',
    help: 'Always 1; the version is a label.',
    labels: { version: 1, node: 1 },
  },
  start_time: { name: 'kedge_start_time_seconds', type: 'gauge', help: 'Unix time the agent started.' },
  ready: {
    name: 'kedge_ready',
    type: 'gauge',
    help: '1 when restored, listening and able to store; else 0.',
  },
  resident_memory: {
    name: 'kedge_resident_memory_bytes',
    type: 'gauge',
    help: 'Resident memory of the process.',
  },
  loop_delay: {
    name: 'kedge_event_loop_delay_seconds',
    type: 'gauge',
    help: 'Longest delay of the event loop since the last scrape.',
  },

  requests: {
    name: 'kedge_receiver_requests_total',
    type: 'counter',
    help: 'Export requests answered.',
    labels: { signal: [...otlpSignals, 'other'], status: ['200', '400', '404', '405', '413', '415', '503'] },
  },
  request_bytes: {
    name: 'kedge_receiver_bytes_total',
    type: 'counter',
    help: 'Body bytes received, after decompression.',
    labels: { signal: otlpSignals },
  },
  rejected: {
    name: 'kedge_receiver_rejected_total',
    type: 'counter',
    help: 'Requests or items refused by a limit or fault.',
    labels: {
      reason: [
        'malformed',
        'too_large',
        'content_type',
        'encoding',
        'busy',
        'stopping',
        'bad_id',
        'method',
        'path',
        'slow',
        'flood',
        'internal',
        'token',
      ],
    },
  },
  items: {
    name: 'kedge_receiver_items_total',
    type: 'counter',
    help: 'Spans and log records read.',
    labels: { signal: otlpSignals },
  },
  malformed_values: {
    name: 'kedge_malformed_values_total',
    type: 'counter',
    help: 'Attribute values that could not be used; each costs only itself.',
    labels: {
      reason: ['type', 'not_finite', 'depth', 'too_long', 'too_many', 'column_length', 'json', 'dimension'],
    },
  },
  not_understood: {
    name: 'kedge_items_not_understood_total',
    type: 'counter',
    help: 'Spans and log records no convention reads (most are not model calls).',
    labels: { signal: otlpSignals },
  },

  rows: {
    name: 'kedge_rows_total',
    type: 'counter',
    help: 'Model calls counted.',
    labels: { convention: 20 },
  },
  content_rows: {
    name: 'kedge_content_rows_total',
    type: 'counter',
    help: 'Rows with texts or vectors: read, or left out because of content.rows_per_second_max.',
    labels: { result: ['read', 'left_out'] },
  },
  dropped: {
    name: 'kedge_rows_dropped_total',
    type: 'counter',
    help: 'Model calls or values not counted, by reason.',
    labels: { reason: dropReasons },
  },
  segment_rows: {
    name: 'kedge_segment_search_rows_total',
    type: 'counter',
    help: 'Rows offered to the search for the worst segment: taken, or thinned out where a pane has many.',
    labels: { result: ['searched', 'thinned'] },
  },
  segments_dropped: {
    name: 'kedge_segments_dropped_total',
    type: 'counter',
    help: 'Segments, fields, values, pairs and rows not kept apart, by limit; segment_other: rows counted in `other`.',
    labels: { reason: segmentDrops },
  },
  unpriced: {
    name: 'kedge_unpriced_calls_total',
    type: 'counter',
    help: 'Calls with tokens whose cost is unknown.',
    labels: { reason: ['model_unknown', 'tokens_unknown'] },
  },
  transactions: {
    name: 'kedge_transactions_total',
    type: 'counter',
    help: 'Transactions closed.',
    labels: { by: ['root', 'idle', 'overflow'] },
  },
  limit: {
    name: 'kedge_limit',
    type: 'gauge',
    help: 'The limit in force of each bounded thing.',
    labels: { what: 40 },
  },
  in_use: {
    name: 'kedge_limit_used',
    type: 'gauge',
    help: 'How much of each bounded thing is in use.',
    labels: { what: 40 },
  },

  references: {
    name: 'kedge_references',
    type: 'gauge',
    help: 'References by state.',
    labels: { state: ['sampling', 'learning', 'frozen'] },
  },
  reference_rows: {
    name: 'kedge_reference_rows',
    type: 'gauge',
    help: 'Effective rows in the reference of a signal.',
    labels: { model: modelsCap, signal: seriesCap },
  },
  reference_warnings: {
    name: 'kedge_reference_warnings',
    type: 'gauge',
    help: 'References in force with a weakness, by model; see `kedge reference show`.',
    labels: {
      model: modelsCap,
      check: ['rows', 'long_enough', 'windows', 'stable', 'halves', 'unseen', 'age'],
    },
  },
  references_listed: {
    name: 'kedge_references_listed',
    type: 'gauge',
    help: 'Frozen references by standing.',
    labels: { standing: ['in_force', 'waiting', 'kept'] },
  },
  panes_closed: { name: 'kedge_panes_closed_total', type: 'counter', help: 'Panes of event time closed.' },
  watermark: {
    name: 'kedge_watermark_seconds',
    type: 'gauge',
    help: 'Event time up to which windows of a model are closed.',
    labels: { model: modelsCap },
  },
  verdicts: {
    name: 'kedge_verdicts_total',
    type: 'counter',
    help: 'Windows judged.',
    labels: { detector: 60, status: ['ok', 'breach', 'inconclusive', 'error'] },
  },
  verdicts_let_go: {
    name: 'kedge_verdicts_let_go_total',
    type: 'counter',
    help: 'Kept verdicts that made room for newer ones, and those kept without what they were made from.',
    labels: { reason: ['kept_max', 'verdicts_max', 'too_large'] },
  },
  explain_limited: {
    name: 'kedge_explain_limited_total',
    type: 'counter',
    help: 'Signals and episodes that explanations leave out, by the limit that was reached.',
    labels: { reason: ['score_cells_max', 'episodes_max'] },
  },
  signal_statistic: {
    name: 'kedge_signal_statistic',
    type: 'gauge',
    help: 'The last statistic of a rule on a signal, in the unit of its detector.',
    labels: { model: modelsCap, rule: 100, signal: seriesCap },
  },
  signal_threshold: {
    name: 'kedge_signal_threshold',
    type: 'gauge',
    help: 'What that statistic is compared with.',
    labels: { model: modelsCap, rule: 100, signal: seriesCap },
  },
  signal_rows: {
    name: 'kedge_signal_rows',
    type: 'gauge',
    help: 'Effective rows in the last judged window.',
    labels: { model: modelsCap, rule: 100, signal: seriesCap },
  },
  false_alarms_promised: {
    name: 'kedge_false_alarms_promised_per_month',
    type: 'gauge',
    help: 'False alarms asked for a model, in 30 days.',
    labels: { model: modelsCap },
  },
  drift_alerts_given: {
    name: 'kedge_drift_alerts_given_per_month',
    type: 'gauge',
    help: 'Drift alerts fired in the last 30 days, true ones among them: by rules under the budget, and by raw thresholds.',
    labels: { model: modelsCap, threshold: ['budget', 'raw'] },
  },
  implied_over_limit: {
    name: 'kedge_rule_implied_over_limit_per_month',
    type: 'gauge',
    help: 'Evaluations over a raw threshold that chance alone makes in 30 days, at the traffic seen.',
    labels: { model: modelsCap, rule: 100 },
  },
  detectable_change: {
    name: 'kedge_signal_detectable_change',
    type: 'gauge',
    help: 'The smallest change a window finds with 90 %: a shift in sd of the reference, or a share of rows moved.',
    labels: { model: modelsCap, signal: seriesCap, window: 8, unit: ['sd', 'points'] },
  },
  tick_seconds: {
    name: 'kedge_tick_seconds',
    type: 'histogram',
    help: 'Time to close windows, judge them and commit.',
    buckets: seconds,
  },
  scheduler_lag: {
    name: 'kedge_scheduler_lag_seconds',
    type: 'gauge',
    help: 'How late the last tick began.',
  },
  ticks_skipped: {
    name: 'kedge_ticks_skipped_total',
    type: 'counter',
    help: 'Ticks left out because the last one still ran.',
  },

  ...alertMetrics,

  checkpoints: {
    name: 'kedge_checkpoints_total',
    type: 'counter',
    help: 'Checkpoints of counters.',
    labels: { result: ['ok', 'failed'] },
  },
  checkpoint_bytes: { name: 'kedge_checkpoint_bytes', type: 'gauge', help: 'Size of the last checkpoint.' },
  learning_bytes: {
    name: 'kedge_learning_checkpoint_bytes',
    type: 'gauge',
    help: 'Size of the last checkpoint of what is learned over days: panes of references, new versions, past hours.',
  },
  counting_gap: {
    name: 'kedge_counting_gap_seconds_total',
    type: 'counter',
    help: 'Time not covered by a checkpoint before a restart.',
  },
  commits: {
    name: 'kedge_store_commits_total',
    type: 'counter',
    help: 'Transactions of the store.',
    labels: { result: ['ok', 'failed'] },
  },
  records_dropped: {
    name: 'kedge_store_records_dropped_total',
    type: 'counter',
    help: 'Decisions given up because too many waited for a broken store.',
  },
  storage_degraded: {
    name: 'kedge_storage_degraded',
    type: 'gauge',
    help: '1 while decisions cannot be stored durably.',
  },
  detector_states_dropped: {
    name: 'kedge_detector_states_dropped_total',
    type: 'counter',
    help: 'States of sequential detectors not kept because a limit was reached: their charts begin anew.',
    labels: { reason: ['states_max', 'too_large'] },
  },
  corrupt_records: {
    name: 'kedge_corrupt_records_total',
    type: 'counter',
    help: 'Stored records whose checksum was wrong; set aside.',
    labels: { kind: ['record', 'checkpoint', 'store'] },
  },
  internal_errors: {
    name: 'kedge_internal_errors_total',
    type: 'counter',
    help: 'Programmer errors caught at a stage boundary.',
    labels: {
      stage: [
        'receive',
        'normalise',
        'aggregate',
        'judge',
        'explain',
        'alert',
        'act',
        'deliver',
        'checkpoint',
        'admin',
      ],
    },
  },
  log_lines_suppressed: {
    name: 'kedge_log_lines_suppressed_total',
    type: 'counter',
    help: 'Log lines held back because they repeat.',
  },
  log_lines_dropped: {
    name: 'kedge_log_lines_dropped_total',
    type: 'counter',
    help: 'Log lines lost because nobody read them.',
  },
  metric_series_folded: {
    name: 'kedge_metric_series_folded_total',
    type: 'counter',
    help: 'Updates folded into `other` by a cap of this page.',
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

export type MetricKey = keyof typeof metrics;
