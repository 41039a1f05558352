/** The share of rows that have no value, or one that could not be read, among all rows. */
import type { Counters } from '../../core/pane.ts';
import type { Finding } from '../../core/verdict.ts';
import type { DetectorInput } from '../detector.ts';
import type { Proportion } from '../exact/proportions.ts';
import { ratePValue } from '../ladder/rate.ts';
import { effectiveSize } from './counters.ts';
import { noReference } from './finding.ts';
import { type RateOptions, rateFinding } from './rate-test.ts';

/** Effective rows per unit of weight; of the other side where there are no rows to tell. */
function worthOf(counters: Counters, other: Counters): number {
  const worth = (one: Counters) => (one.weight > 0 ? effectiveSize(one) / one.weight : 0);
  return worth(counters) || worth(other) || 1;
}

function absentOf(counters: Counters, other: Counters, kind: 'missing' | 'malformed'): Proportion {
  const worth = worthOf(counters, other);
  const all = counters.weight + counters.missing + (kind === 'malformed' ? counters.malformed : 0);
  return { k: counters[kind] * worth, n: all * worth };
}

/** By the exact conditional binomial, both sides. */
export function absentFinding(input: DetectorInput<RateOptions>, kind: 'missing' | 'malformed'): Finding {
  const { current, reference, alpha } = input;
  if (reference === undefined) return noReference(input);
  return rateFinding(input, {
    name: `Share of ${kind} ${input.signal}`,
    current: absentOf(current, reference, kind),
    reference: absentOf(reference, current, kind),
    side: 'both',
    pValue: (now, before) =>
      ratePValue({ events: now.k, n: now.n, referenceEvents: before.k, m: before.n, alpha }),
  });
}
