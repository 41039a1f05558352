import type { WeightKnown } from '../../core/observation.ts';
import type { Item, KeyRegistry, Sink } from '../convention.ts';

/** 1 / sampling probability of a row. */
export interface Weight {
  readonly weight: number;
  readonly known: WeightKnown;
}

/**
 * A sender that states no threshold may have sampled all the same: the weight is unknown, and counts as 1.
 */
export const unknownWeight: Weight = { weight: 1, known: 'unknown' };

/**
 * Thresholds remembered. A sender uses a handful; when it is full all are forgotten, which costs time only.
 */
const thresholdsMax = 256;
const digitsMax = 14;
/** W3C Trace Context lets a tracestate of more than 512 characters be left out. */
const traceStateLengthMax = 512;
const whole = 1n << 56n;

interface Threshold extends Weight {
  /** Padded to 14 lower-case hex digits: text order is number order. */
  readonly hex: string;
}

/**
 * OpenTelemetry's consistent probability sampling: tracestate `ot=th:…;rv:…` on spans, attributes on log
 * records.
 */
export class SamplingWeights {
  readonly #thresholds = new Map<string, Threshold | undefined>();

  /**
   * The weight of threshold `th` (1–14 hex digits, padded right): 2^56 / (2^56 − T). Undefined where it is no
   * threshold. Source: OpenTelemetry specification, trace/tracestate-probability-sampling. T is exact as
   * BigInt; one division of doubles follows.
   */
  threshold(th: string): Threshold | undefined {
    if (th.length === 0 || th.length > digitsMax) return undefined;
    const known = this.#thresholds.get(th);
    if (known !== undefined || this.#thresholds.has(th)) return known;
    const made = parseThreshold(th);
    if (this.#thresholds.size >= thresholdsMax) this.#thresholds.clear();
    this.#thresholds.set(th, made);
    return made;
  }

  /**
   * `randomness` is 14 hex digits, or '' where there is none. A row whose randomness lies below its threshold
   * should not be here: then the threshold is wrong and says nothing. Undefined: stated, but unusable.
   */
  weigh(th: string, randomness: string): Weight | undefined {
    const threshold = this.threshold(th);
    if (threshold === undefined) return undefined;
    if (randomness !== '' && (!isHex(randomness) || randomness < threshold.hex)) return undefined;
    return threshold;
  }
}

function parseThreshold(th: string): Threshold | undefined {
  if (!isHex(th)) return undefined;
  const hex = th.padEnd(digitsMax, '0');
  return { hex, weight: Number(whole) / Number(whole - BigInt(`0x${hex}`)), known: 'exact' };
}

/** Lower-case only, as the specification has it. */
function isHex(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (!((code >= 48 && code <= 57) || (code >= 97 && code <= 102))) return false;
  }
  return true;
}

export type ReadWeight = (item: Item, sink: Sink) => Weight;

/** A stated weight that cannot be used is counted as malformed (type), and unknown. */
export function createWeightReader(keys: KeyRegistry): ReadWeight {
  const threshold = keys.key('sampling.threshold');
  const randomness = keys.key('sampling.randomness');
  const weights = new SamplingWeights();
  return (item, sink) => {
    const state = item.kind === 'span' ? openTelemetryPart(item.traceState()) : '';
    const isInState = state.includes('th:');
    if (!isInState && item.attributes.kind(threshold) === 'absent') return unknownWeight;
    const th = isInState ? partOf(state, 'th:') : item.attributes.text(threshold);
    const rv = isInState ? partOf(state, 'rv:') : item.attributes.text(randomness);
    const weight = weights.weigh(th, rv || item.traceId().slice(-digitsMax));
    if (weight === undefined) sink.malformed('type', 1);
    return weight ?? unknownWeight;
  };
}

/** The value of the `ot` member of a W3C tracestate, '' where there is none. */
function openTelemetryPart(traceState: string): string {
  if (traceState === '' || traceState.length > traceStateLengthMax) return '';
  for (const member of traceState.split(',')) {
    const trimmed = member.trim();
    if (trimmed.startsWith('ot=')) return trimmed.slice('ot='.length);
  }
  return '';
}

function partOf(state: string, name: string): string {
  for (const part of state.split(';')) if (part.startsWith(name)) return part.slice(name.length);
  return '';
}
