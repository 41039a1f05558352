import type { Labels } from './labels.ts';

/**
 * One signal of one model. `version` '' means: all versions together. Without `segment` it is of the whole model; a segment
 * is a text such as `city=Seattle` (decision 0013).
 * Signals: `input.<name>` `output.<name>` `latency_ms` `first_token_ms` `cost_usd` `transaction_cost_usd`
 * `tokens.input` `tokens.output` `error_share`.
 */
export interface Series {
  readonly model: string;
  readonly environment: string;
  readonly version: string;
  readonly signal: string;
  readonly segment?: string;
}

/** Equal text for equal series; JSON, so that no name can imitate a separator. That of a whole model names no segment. */
export function seriesKey(series: Series): string {
  const { environment, model, version, signal, segment } = series;
  return JSON.stringify([environment, model, version, signal, ...(segment === undefined ? [] : [segment])]);
}

/** `input.income`, or `input.income of city=Seattle`: for a person, and as a label of metrics. */
export function signalOf({ signal, segment }: Pick<Series, 'signal' | 'segment'>): string {
  return segment === undefined ? signal : `${signal} of ${segment}`;
}

/** `{city: 'Seattle'}`; `{}` of a whole model. The name of a segment has no `=`. */
export function segmentLabels(segment: string | undefined): Labels {
  if (segment === undefined) return {};
  const end = segment.indexOf('=');
  return { [segment.slice(0, end)]: segment.slice(end + 1) };
}
