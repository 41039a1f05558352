import type { Counters } from './pane.ts';
import type { Scale } from './scale.ts';
import type { Series } from './series.ts';

/** What the current windows are compared with. Immutable once frozen. */
export interface Reference {
  /** `ref_` and 12 hex digits of its content's digest. */
  readonly id: string;
  readonly kind: 'file' | 'learned';
  /** Its series has no version: a new version is compared with the reference of the model. */
  readonly series: Series;
  readonly scale: Scale;
  readonly counters: Counters;
  readonly fromMs: number;
  readonly toMs: number;
  readonly frozenAtMs: number;
}
