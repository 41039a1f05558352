/**
 * One signal of one model. `version` '' means: all versions together.
 * Signals: `input.<name>` `output.<name>` `latency_ms` `first_token_ms` `cost_usd` `transaction_cost_usd`
 * `tokens.input` `tokens.output` `error_share`.
 */
export interface Series {
  readonly model: string;
  readonly environment: string;
  readonly version: string;
  readonly signal: string;
}

/** Equal text for equal series; JSON, so that no name can imitate a separator. */
export function seriesKey(series: Series): string {
  return JSON.stringify([series.environment, series.model, series.version, series.signal]);
}
