import type { z } from 'zod';
import type { Counters } from '../core/pane.ts';
import type { RuleClass } from '../core/rule.ts';
import type { Scale } from '../core/scale.ts';
import type { Finding } from '../core/verdict.ts';
import type { KeptInverses } from './math/kept-inverses.ts';

/** Rows that are counted as such and belong to no bin, or are the failed ones. */
export type RateKind = 'missing' | 'malformed' | 'unseen' | 'error';

/** What a detector sees of one window. Frozen in spirit: it changes nothing of it. */
export interface DetectorInput<Options> {
  readonly scale: Scale;
  /** The window. Its `scaleId` equals `scale.id`, as does the reference's: the judge has checked. */
  readonly current: Counters;
  /** Absent for detectors that need none. */
  readonly reference: Counters | undefined;
  readonly options: Options;
  /**
   * The chance of a false alarm this one look may take, from the false-alarm budget (calibrate.ts); used where the
   * user gave no raw threshold.
   */
  readonly alpha: number;
  /** For the sentence only. */
  readonly signal: string;
  /** Kept from one look to the next to save time; what a detector finds does not depend on it. */
  readonly inverses?: KeptInverses | undefined;
  /**
   * Sequential detectors only: the `state` of the last finding on this series that had one, as JSON gives it back. Absent
   * at the first look, and after anything that makes the past another's: so it may be of any shape, and is checked.
   */
  readonly state?: unknown;
}

/** A window without any change, of a usual signal. */
export interface NullCase {
  /** Effective rows of window and reference. */
  readonly n: number;
  readonly m: number;
  /** Deciles or levels that are compared. */
  readonly groups: number;
  /** By how much windows vary more than independent rows would; 1: they do not. */
  readonly inflation: number;
  /** The share of what is counted, for detectors of one share. */
  readonly share: number;
  readonly scale: Scale;
  readonly reference: Counters;
}

export interface RawThreshold<Options> {
  /** As a person reads it, such as `PSI > 0.2`; undefined: these options leave the test calibrated. */
  textOf(options: Options): string | undefined;
  /** P(a look is over the threshold) by a formula; undefined, or left out: only by simulation. */
  tailOf?(options: Options, look: NullCase): number | undefined;
  /** One look takes milliseconds: fewer draws must do. */
  readonly isSlow?: true;
}

/**
 * A statistical test or limit: one file in this folder, one line in registry.ts.
 * `judge` is pure: no state but the one handed in and out, no clock, no chance, and never NaN in its answer. It says
 * `inconclusive` when it cannot know, and `breach` in calibrated form only if p ≤ alpha and the effect reaches its floor.
 */
export interface Detector<Options = unknown> {
  /** lower_snake_case: the key in kedge.yaml and a metric label. */
  readonly type: string;
  readonly title: string;
  readonly stability: 'alpha' | 'beta' | 'stable';
  /** One or two sentences for the docs, with when not to use it. */
  readonly description: string;
  readonly class: RuleClass;
  readonly scales: readonly Scale['kind'][];
  readonly needsReference: boolean;
  /** Judges all versions of a model together (a total is the model's, not a version's). Default: each version apart. */
  readonly versionsTogether?: true;
  /**
   * Hands a `state` from one look to the next, and reads each row once: the judge gives it the rows since the last look,
   * not those of a whole window that overlaps with the one before. As its alarms last for some looks by themselves, alpha
   * is that of a single look, whatever confirmation the rule asks for.
   */
  readonly sequential?: true;
  /** In a rule it is judged on the ladder of windows (pipeline/ladder-judge.ts): the rule's own window does not matter. */
  readonly ladder?: true;
  /** On the ladder too, but what is judged there is the share of such rows (pipeline/rate-judge.ts). */
  readonly rate?: RateKind;
  /** Watches the calls of a model, not a signal: in a rule it is for the signal `calls` (pipeline/judge-traffic.ts). */
  readonly traffic?: 'volume' | 'silence';
  /** In a rule it stands for a search over slices of the traffic (pipeline/segment-search.ts): it judges no window. */
  readonly search?: true;
  /** A strict object; every field described, with a default or a reason for none. Input may be `{}` or the shorthand. */
  readonly options: z.ZodType<Options>;
  /** For a detector whose options may hold a raw threshold: what that means where nothing changes (implied/implied.ts). */
  readonly raw?: RawThreshold<Options>;
  /** The option a bare value means: `psi: 0.2` is `psi: {threshold: 0.2}`. */
  readonly shorthand?: string;
  readonly examples: readonly unknown[];
  judge(input: DetectorInput<Options>): Finding;
}

/** Keeps the option type inside the definition, and gives it up outside, where detectors are one list. */
export function defineDetector<Options>(detector: Detector<Options>): Detector {
  return detector as unknown as Detector;
}
