import type { LearnConfig } from '../../config/config.ts';
import { assert } from '../../core/assert.ts';
import { canonicalJson } from '../../core/json.ts';
import type { Counters } from '../../core/pane.ts';
import { learnedName, type Reference } from '../../core/reference.ts';
import type { Scale } from '../../core/scale.ts';
import {
  countLevel,
  countMissing,
  countNumber,
  mergeInto,
  newCounters,
} from '../../detectors/counters/counters.ts';
import { freezeLevels, freezeNumeric } from '../../detectors/counters/freeze.ts';

/** Values kept, in memory only, until a scale is cut from them; then they are counted and forgotten. */
export const sampleMax = 2_000;

export type LearnerState = 'sampling' | 'learning' | 'frozen';

/** What a learner is without its sample: that is never stored, as it holds raw values. */
export interface LearnerSnapshot {
  readonly scale: Scale;
  readonly counters: Counters;
  readonly fromMs: number;
}

/**
 * Learns the reference of one signal from its first traffic, in three states:
 * `sampling` keeps up to `sampleMax` values; `learning` has a scale cut from them and adds each closed pane;
 * `frozen` has a reference, which never changes again.
 *
 * The type of the first value decides between a numeric and a levels scale for good.
 */
export class Learner {
  readonly #learn: LearnConfig;
  readonly #sha256: (text: string) => string;
  readonly #valuesMax: number;
  #sample: { values: (number | string)[]; weights: number[]; missing: number; fromMs: number } | undefined;
  #learning: LearnerSnapshot | undefined;
  #reference: Reference | undefined;

  constructor(learn: LearnConfig, sha256: (text: string) => string, valuesMax = sampleMax) {
    this.#learn = learn;
    this.#valuesMax = valuesMax;
    this.#sha256 = sha256;
  }

  get state(): LearnerState {
    if (this.#reference !== undefined) return 'frozen';
    return this.#learning === undefined ? 'sampling' : 'learning';
  }

  get reference(): Reference | undefined {
    return this.#reference;
  }

  /** The scale to count on; absent while sampling. */
  get scale(): Scale | undefined {
    return this.#reference?.scale ?? this.#learning?.scale;
  }

  get rows(): number {
    return (this.#reference ?? this.#learning)?.counters.rows ?? this.#sample?.values.length ?? 0;
  }

  /** Takes a value while sampling; `false`: it has another type than the first one, and was not kept. */
  add(value: number | string, weight: number, timeMs: number): boolean {
    assert(this.state === 'sampling', 'a value is sampled only while no scale is cut');
    this.#sample ??= { values: [], weights: [], missing: 0, fromMs: timeMs };
    const first = this.#sample.values[0];
    if (first !== undefined && typeof first !== typeof value) return false;
    this.#sample.values.push(value);
    this.#sample.weights.push(weight);
    if (this.#sample.values.length >= Math.min(this.#valuesMax, this.#learn.rows)) this.#cut();
    return true;
  }

  addMissing(weight: number, timeMs: number): void {
    this.#sample ??= { values: [], weights: [], missing: 0, fromMs: timeMs };
    this.#sample.missing += weight;
  }

  /** A pane of this signal closed while learning: its counts join the reference to be. */
  addPane(counters: Counters): void {
    assert(this.#learning !== undefined, 'panes are learned from only while learning');
    mergeInto(this.#learning.counters, counters);
  }

  /** Freezes where enough was seen by `endMs` (event time); returns the reference made now, if one was. */
  settle(endMs: number, series: Reference['series'], nowMs: number): Reference | undefined {
    if (this.state === 'sampling') this.#cutIfOld(endMs);
    const learning = this.#learning;
    if (learning === undefined || !this.#isEnough(learning, endMs)) return undefined;
    this.#learning = undefined;
    this.#reference = makeReference('learned', series, learning, endMs, nowMs, this.#sha256);
    return this.#reference;
  }

  /** Starts with a reference from a file or from the store. */
  adopt(reference: Reference): void {
    this.#reference = reference;
    this.#learning = undefined;
    this.#sample = undefined;
  }

  snapshot(): LearnerSnapshot | undefined {
    return this.#learning;
  }

  restore(snapshot: LearnerSnapshot): void {
    if (this.#reference !== undefined) return;
    // It was given edges to learn on meanwhile: counts on others are of no use to it.
    const given = this.#learning?.scale.id;
    if (given === undefined || given === snapshot.scale.id) this.#learning = snapshot;
  }

  #isEnough(learning: LearnerSnapshot, endMs: number): boolean {
    const ageMs = endMs - learning.fromMs;
    const rows = learning.counters.rows;
    if (rows >= this.#learn.rows && ageMs >= this.#learn.atLeastMs) return true;
    return rows >= this.#learn.rowsMin && ageMs >= this.#learn.atMostMs;
  }

  /** Little traffic must not sample for ever: after `atMostMs` a scale is cut from what there is. */
  #cutIfOld(endMs: number): void {
    const sample = this.#sample;
    if (sample === undefined || sample.values.length < this.#learn.rowsMin) return;
    if (endMs - sample.fromMs >= this.#learn.atLeastMs) this.#cut();
  }

  #cut(): void {
    const sample = this.#sample;
    assert(sample !== undefined && sample.values.length > 0, 'a scale is cut from a sample');
    const scale = cutScale(sample.values, this.#sha256);
    const counters = newCounters(scale);
    countAll(counters, scale, sample.values, sample.weights);
    if (sample.missing > 0) countMissing(counters, sample.missing);
    this.#learning = { scale, counters, fromMs: sample.fromMs };
    this.#sample = undefined;
  }
}

/** Edges from numbers, or named levels from texts; all values have the type of the first. */
export function cutScale(values: readonly (number | string)[], sha256: (text: string) => string): Scale {
  if (typeof values[0] === 'number')
    return freezeNumeric(Float64Array.from(values as readonly number[]), sha256);
  const counts = new Map<string, number>();
  for (const value of values) counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
  return freezeLevels(counts, sha256);
}

function countAll(
  counters: Counters,
  scale: Scale,
  values: readonly (number | string)[],
  weights: readonly number[],
): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number | string;
    if (typeof value === 'number') countNumber(counters, scale, value, weights[i] as number);
    else countLevel(counters, scale, value, weights[i] as number);
  }
}

/** A reference from what was counted; its id is a digest of scale, counts and times. */
export function makeReference(
  kind: Reference['kind'],
  series: Reference['series'],
  learned: LearnerSnapshot,
  toMs: number,
  nowMs: number,
  sha256: (text: string) => string,
): Reference {
  const { scale, counters, fromMs } = learned;
  const id = referenceId({ scale, counters, series, fromMs, toMs }, sha256);
  const name = kind === 'learned' ? learnedName : undefined;
  return { id, kind, ...(name && { name }), series, scale, counters, fromMs, toMs, frozenAtMs: nowMs };
}

export function referenceId(
  content: Pick<Reference, 'scale' | 'counters' | 'series' | 'fromMs' | 'toMs'>,
  sha256: (text: string) => string,
): string {
  const { scale, counters, series, fromMs, toMs } = content;
  const text = canonicalJson({ scale: scale.id, counts: [...counters.counts], series, fromMs, toMs });
  return `ref_${sha256(text).slice(0, 12)}`;
}
