import type { Evidence } from '../../core/verdict.ts';
import { evidenceMax } from '../../core/verdict.ts';
import { numberText, percentText } from '../../detectors/counters/finding.ts';
import type { Term, WorstSlice } from '../../detectors/segments/worst-slices.ts';
import type { Outcome } from './slice-outcomes.ts';

/** `city=Seattle`, or `city=Seattle and plan=pro`. */
export function sliceText(terms: readonly Term[]): string {
  return terms.map(({ field, value }) => `${field.replace(/^input\./, '')}=${value}`).join(' and ');
}

/** The worst slice in full, the others by name and effect: one sentence without its end. */
export function slicesText(outcome: Outcome, worst: readonly WorstSlice[], moved: boolean): string {
  const [first, ...others] = worst;
  if (first === undefined) return '';
  const than = moved ? ' than its peers moved' : '';
  const interval = `95 % interval ${spanText(outcome, first)}; ${effectText(outcome, first.shrunk)} shrunk`;
  const rows = `${Math.round(first.rows)} rows, ${percentText(first.share)} of all`;
  const said =
    `in ${sliceText(first.terms)} ${outcomeText(outcome)} is ${valueText(outcome, first.now)}, ` +
    `${valueText(outcome, first.before)} before: ${effectText(outcome, first.effect)} ${wayText(first)}${than} ` +
    `(${interval}), with ${rows}`;
  const more = others.map(
    (slice) => `${sliceText(slice.terms)} (${effectText(outcome, slice.effect)} ${wayText(slice)})`,
  );
  return more.length === 0 ? said : `${said}; also in ${more.join(', ')}`;
}

/** Shares only: what is shown beside a verdict are shares. */
export function sliceEvidence(outcome: Outcome, worst: readonly WorstSlice[]): Evidence[] {
  if (outcome.kind !== 'share') return [];
  return worst.slice(0, evidenceMax).map(({ terms, before, now }) => ({
    label: sliceText(terms),
    reference: Math.min(1, Math.max(0, before)),
    current: Math.min(1, Math.max(0, now)),
  }));
}

function wayText({ effect }: WorstSlice): string {
  return effect < 0 ? 'lower' : 'higher';
}

function outcomeText({ signal, level }: Outcome): string {
  return level === ''
    ? `the mean of ${signal}`.replace('the mean of error_share', 'error_share')
    : `the share of ${level} in ${signal}`;
}

function valueText(outcome: Outcome, value: number): string {
  if (outcome.kind === 'share') return percentText(value);
  return isLogarithm(outcome) ? `${numberText(Math.exp(value))} ms` : numberText(value + outcome.centre);
}

function effectText(outcome: Outcome, effect: number): string {
  const size = Math.abs(effect);
  if (outcome.kind === 'share') return `${numberText(size * 100)} points`;
  return isLogarithm(outcome) ? percentText(Math.abs(Math.expm1(effect))) : numberText(size);
}

function spanText(outcome: Outcome, { effect, low, high }: WorstSlice): string {
  const ends = effect < 0 ? [-high, -low] : [low, high];
  const text = (end: number) => {
    if (outcome.kind === 'share') return numberText(end * 100);
    if (isLogarithm(outcome))
      return numberText(100 * Math.sign(end) * Math.abs(Math.expm1(effect < 0 ? -end : end)));
    return numberText(end);
  };
  return `${text(ends[0] as number)} to ${text(ends[1] as number)}`;
}

function isLogarithm({ signal }: Outcome): boolean {
  return signal === 'latency_ms';
}
