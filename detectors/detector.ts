import type { z } from 'zod';
import type { Counters } from '../core/pane.ts';
import type { RuleClass } from '../core/rule.ts';
import type { Scale } from '../core/scale.ts';
import type { Finding } from '../core/verdict.ts';

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
  /**
   * Sequential detectors only: the `state` of the last finding on this series that had one, as JSON gives it back. Absent
   * at the first look, and after anything that makes the past another's: so it may be of any shape, and is checked.
   */
  readonly state?: unknown;
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
  /** In a rule it stands for a search over slices of the traffic (pipeline/segment-search.ts): it judges no window. */
  readonly search?: true;
  /** A strict object; every field described, with a default or a reason for none. Input may be `{}` or the shorthand. */
  readonly options: z.ZodType<Options>;
  /** The option a bare value means: `psi: 0.2` is `psi: {threshold: 0.2}`. */
  readonly shorthand?: string;
  readonly examples: readonly unknown[];
  judge(input: DetectorInput<Options>): Finding;
}

/** Keeps the option type inside the definition, and gives it up outside, where detectors are one list. */
export function defineDetector<Options>(detector: Detector<Options>): Detector {
  return detector as unknown as Detector;
}
