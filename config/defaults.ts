/*
 * Defaults that more than one place must agree on: the schema fills them in, the cross-checks compare with
 * them. As they are written in kedge.yaml.
 */
export const defaults = {
  pane: '5m',
  window: '1h',
  budgetWindow: '15m',
  for: '2 windows',
  keepFiringFor: '2 windows',
  noDataAfter: 3,
  otlpPort: 4318,
  adminPort: 9464,
  groupWait: '10s',
  groupInterval: '5m',
  repeatInterval: '4h',
} as const;

/** The ladder has paid for its looks with its alpha, and says by itself when a drift is over. */
const atOnce = { for: '1 window', keep_firing_for: '1 window' } as const;

/**
 * The rules of a file that has none, in the form of the file. Shape only: a drift test needs no knowledge of
 * the model, its alpha comes from the false-alarm budget, and confirmation over two windows costs one window
 * of delay. Latency and cost have no default, as only the user knows what is too much. Errors have one, as no
 * service is content with a tenth of its calls failing for half an hour.
 */
export const defaultRules = [
  { name: 'input_drift', match: { signal: 'input.*' }, drift: {}, ...atOnce, severity: 'warning' },
  { name: 'output_drift', match: { signal: 'output.*' }, drift: {}, ...atOnce, severity: 'major' },
  { name: 'token_drift', match: { signal: 'tokens.*' }, drift: {}, ...atOnce, severity: 'warning' },
  { name: 'input_missing', match: { signal: 'input.*' }, missing_rate: {}, ...atOnce, severity: 'warning' },
  {
    name: 'input_malformed',
    match: { signal: 'input.*' },
    malformed_rate: {},
    ...atOnce,
    severity: 'warning',
  },
  { name: 'output_missing', match: { signal: 'output.*' }, missing_rate: {}, ...atOnce, severity: 'major' },
  { name: 'error_rate', match: { signal: 'error_share' }, error_rate: {}, ...atOnce, severity: 'major' },
  { name: 'silence', match: { signal: 'calls' }, silence: {}, ...atOnce, severity: 'major' },
  { name: 'worst_segment', match: { signal: '*' }, worst_segment: {}, ...atOnce, severity: 'warning' },
  {
    name: 'error_share',
    match: { signal: 'error_share' },
    share_limit: { max: 0.1 },
    window: '15m',
    severity: 'major',
  },
] as const;
