/** What the findings of all detectors have in common: when they cannot know, and how numbers read in a sentence. */
import type { Counters } from '../../core/pane.ts';
import type { Evidence, Finding, VerdictCause } from '../../core/verdict.ts';
import type { DetectorInput } from '../detector.ts';
import { effectiveSize } from './counters.ts';

/** Sizes of sampled rows are sums of fractions: 199.9999999 rows are 200. */
const sizeSlack = 1e-6;

/** Effective rows. */
export interface Sizes {
  readonly reference: number;
  readonly current: number;
}

export function sizesOf(input: DetectorInput<unknown>): Sizes {
  const { reference, current } = input;
  return {
    reference: reference === undefined ? 0 : effectiveSize(reference),
    current: effectiveSize(current),
  };
}

export function inconclusive(cause: VerdictCause, reason: string, size: Sizes): Finding {
  return { status: 'inconclusive', cause, reason, size, evidence: [] };
}

type Untold = Omit<Finding, 'reason' | 'evidence'>;

interface Telling {
  readonly reason: () => string;
  readonly evidence: () => Evidence[];
}

export function toldNow(finding: Untold, told: Telling): Finding {
  return { ...finding, reason: told.reason(), evidence: told.evidence() };
}

/**
 * For what is ordinary: words are made when somebody reads them. A window of counters does not change once it is judged;
 * of a window on the ladder it has to be before the next look.
 */
export function toldWhenAsked(finding: Untold, told: Telling): Finding {
  return {
    ...finding,
    get reason() {
      return told.reason();
    },
    get evidence() {
      return told.evidence();
    },
  };
}

export function notApplicable(input: DetectorInput<unknown>, detector: string): Finding {
  const reason = `${detector} cannot judge ${input.signal}: its values are counted on a ${input.scale.kind} scale.`;
  return inconclusive('not_applicable', reason, sizesOf(input));
}

export function noReference(input: DetectorInput<unknown>): Finding {
  const reason = `There is no reference of ${input.signal} to compare its ${rowsText(input.current)} with.`;
  return inconclusive('no_reference', reason, sizesOf(input));
}

/** A finding where the window, or the reference if there is one, has fewer effective rows than needed. */
export function tooFew(input: DetectorInput<unknown>, minRows: number): Finding | undefined {
  const size = sizesOf(input);
  if (size.current + sizeSlack < minRows) {
    const reason = `${input.signal} has only ${rowsText(input.current)} in this window; ${minRows} are needed.`;
    return { ...inconclusive('too_few', reason, size), missing: { rows: Math.ceil(minRows - size.current) } };
  }
  if (input.reference !== undefined && size.reference + sizeSlack < minRows) {
    const reason = `The reference of ${input.signal} has only ${rowsText(input.reference)}; ${minRows} are needed: learn a longer one, or give it as a file.`;
    return inconclusive('too_few', reason, size);
  }
  return undefined;
}

/** "5000 rows"; "1200 effective rows" where sampling weights make them worth other than their number. */
export function rowsText(counters: Counters): string {
  const size = effectiveSize(counters);
  const isPlain = Math.abs(size - counters.rows) <= 0.01 * counters.rows;
  return isPlain ? `${counters.rows} rows` : `${Math.round(size)} effective rows`;
}

/** Three significant digits, without trailing zeros; whole numbers from 1000 in full. */
export function numberText(value: number): string {
  const size = Math.abs(value);
  // The largest doubles would round up to Infinity.
  if (size >= 1e15) return value.toPrecision(3);
  return size >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

export function probabilityText(p: number): string {
  if (p < 1e-300) return 'p < 1e-300';
  return `p = ${Number(p.toPrecision(2))}`;
}

export function percentText(share: number): string {
  return `${numberText(share * 100)} %`;
}

/** The number with the unit that the signal's name tells: `latency_ms` in ms, `cost_usd` in USD. */
export function amountText(signal: string, value: number): string {
  if (signal.endsWith('_ms')) return `${numberText(value)} ms`;
  return signal.endsWith('_usd') ? `${numberText(value)} USD` : numberText(value);
}

/** What changed, as the end of a breach's sentence: "; it moved higher (12.5 to 20: 10 % to 25 %)". */
export function changeText(evidence: readonly Evidence[], direction: 'high' | 'low' | undefined): string {
  const most = evidence[0];
  if (most === undefined) return '';
  const moved = { high: 'it moved higher', low: 'it moved lower', none: 'its shares changed' }[
    direction ?? 'none'
  ];
  return `; ${moved} (${most.label}: ${percentText(most.reference)} to ${percentText(most.current)})`;
}

/** A quantity with its one-sided lower confidence bound, and the limit it must not pass. */
export interface Bounded {
  readonly value: number;
  readonly bound: number;
  readonly max: number;
}

/** How it stands to its limit; `text` writes a number with its unit. The bounds of all limits are at 97.5 %. */
export function boundedText({ value, bound, max }: Bounded, text: (amount: number) => string): string {
  if (bound > max) return `${text(value)}, at least ${text(bound)} with 97.5 % confidence, over ${text(max)}`;
  if (value > max) return `${text(value)}, not surely over ${text(max)} (it may be ${text(bound)})`;
  return `${text(value)}, within ${text(max)}`;
}

/** The one-sided tail probability of the lower bound of every limit. */
export const limitTail = 0.025;

/** The finding of a limit: a breach where even the lower bound is over it. */
export function limitFinding(input: DetectorInput<unknown>, bounded: Bounded, reason: string): Finding {
  const isBreach = bounded.bound > bounded.max;
  return {
    status: isBreach ? 'breach' : 'ok',
    statistic: bounded.value,
    effect: Math.min(Number.MAX_VALUE, bounded.value / bounded.max),
    threshold: bounded.max,
    ...(isBreach ? { direction: 'high' as const } : {}),
    size: { reference: 0, current: effectiveSize(input.current) },
    reason,
    evidence: [],
  };
}
