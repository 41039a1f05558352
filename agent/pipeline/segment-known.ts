import type { Reference } from '../../core/reference.ts';
import type { ModelState } from './model-state.ts';

/** Values kept of a signal of a segment until its scale is cut: there are many of them. */
export const segmentSampleMax = 500;

/** Texts of the segments of a model that have a reference. */
export function segmentsWith(references: Iterable<Reference>, state: ModelState): readonly string[] {
  const texts = new Set<string>();
  for (const { series } of references) {
    if (series.segment === undefined) continue;
    if (series.model === state.model && series.environment === state.environment) texts.add(series.segment);
  }
  return [...texts];
}
