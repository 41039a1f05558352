import type { Counters } from './pane.ts';
import type { Scale } from './scale.ts';
import type { Series } from './series.ts';

/** What the current windows are compared with. Immutable once frozen. */
export interface Reference {
  /** `ref_` and 12 hex digits of its content's digest. */
  readonly id: string;
  /** Where it came from; `imported`: frozen by another agent, or by `kedge reference build`. */
  readonly kind: 'file' | 'learned' | 'imported';
  /** What rules and people call it: the name of its file, else `production`. Absent in records of before. */
  readonly name?: string;
  /** Without a version it is the model's: every version is compared with it that has none of its own. */
  readonly series: Series;
  readonly scale: Scale;
  readonly counters: Counters;
  readonly fromMs: number;
  readonly toMs: number;
  readonly frozenAtMs: number;
}

/** The name of what is learned from traffic. */
export const learnedName = 'production';

export function nameOf(reference: Reference): string {
  return reference.name ?? learnedName;
}

/**
 * `in_force`: windows are compared with it. `waiting`: learned while its version drifted, so a person has to say whether
 * it is to hold. `kept`: of before, imported, or for rules that name it.
 */
export type Standing = 'in_force' | 'waiting' | 'kept';

/** A reference and what was decided about it. */
export interface ReferenceRecord {
  readonly reference: Reference;
  readonly standing: Standing;
  /** Who put it in force, and when; absent: nobody, it came so. What was pinned stays until another one is. */
  readonly pinned?: { readonly by: string; readonly atMs: number };
  /** From then on it is said to be old; it stays in force. */
  readonly expiresAtMs?: number;
}
