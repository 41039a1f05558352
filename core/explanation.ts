/** How the change came. */
export type ChangeForm = 'abrupt' | 'gradual' | 'recurring';

/** Wake somebody, or tell of it in the next digest. */
export type Matters = 'page' | 'digest';

/** Since when: event times, Unix ms. */
export interface Onset {
  readonly atMs: number;
  /** 95 % interval. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly form: ChangeForm;
  /** Of a recurring one. */
  readonly period?: 'daily' | 'weekly';
  /** Of a gradual one: when it had arrived, or the end of what was seen. */
  readonly arrivedMs?: number;
}

/** Another signal of the model that moved as well. */
export interface Companion {
  readonly signal: string;
  /** Its verdict's effect, in its detector's own unit. */
  readonly effect: number | null;
  /** Its own beginning; absent where it is not known. */
  readonly sinceMs?: number;
  /** Their beginnings may be one: the intervals overlap. */
  readonly isTogether: boolean;
}

/** What the change of one input brings to the mean output, by itself. */
export interface Contribution {
  readonly signal: string;
  /** In units of the output. */
  readonly shift: number;
  /** In standard deviations of the output. */
  readonly deviations: number;
}

/** Why the output moved, as far as inputs tell. */
export interface OutputShift {
  readonly output: string;
  /** Shift of the mean output in this window, in units of the output. */
  readonly observed: number;
  readonly deviations: number;
  /** The inputs that moved, those that matter most and moved most first. */
  readonly contributions: readonly Contribution[];
  /** Σ contributions / observed; null where the output did not move enough to say. */
  readonly explained: number | null;
  /** Contributions add up to more than 120 %: the inputs go together and share what they explain. */
  readonly overlapping: boolean;
}

/** Something that was changed about then: a new version, a deploy, a change of configuration. */
export interface NearbyChange {
  readonly kind: 'version' | 'change';
  readonly what: string;
  readonly atMs: number;
}

export const companionsMax = 10;
export const contributionsMax = 10;
export const nearbyChangesMax = 5;

/** What is known of a breach besides that it is one. Numbers are finite; lists are bounded. */
export interface Explanation {
  /** Absent where the windows that are held do not show it. */
  readonly onset?: Onset;
  readonly movedTogether: readonly Companion[];
  /** Absent where the model has no numeric output, or too little was seen of it yet. */
  readonly outputShift?: OutputShift;
  readonly changesNearby: readonly NearbyChange[];
  readonly matters: Matters;
  readonly mattersReason: string;
  /** One sentence: since when and how, what moved with it, what was changed about then. */
  readonly sentence: string;
}
