/** The share of rows whose level has no cell, and what the reference lets expect of it (Good and Turing; unseen-share.ts). */
import type { Counters } from '../../core/pane.ts';
import type { LevelsScale } from '../../core/scale.ts';
import type { Finding } from '../../core/verdict.ts';
import type { DetectorInput } from '../detector.ts';
import type { Proportion } from '../exact/proportions.ts';
import { binomialUpper } from '../math/binomial.ts';
import { noReference, notApplicable } from './finding.ts';
import { levelsMax } from './freeze.ts';
import { cellRate } from './level-rate.ts';
import { type RateOptions, rateFinding } from './rate-test.ts';

/** Levels with fewer reference rows have no cell; where all cells are taken the rarest one tells the bound instead. */
const rareRows = 20;

/** The reference's rows in the rest, and those of levels at the bound to it. */
function expectedRest(reference: Counters, scale: LevelsScale): Proportion {
  const { k, n } = cellRate(reference, scale.cells.size);
  const total = reference.counts.reduce((sum, count) => sum + count, 0);
  const named = Array.from(reference.counts.subarray(0, scale.cells.size)).filter((count) => count > 0);
  const rarest = named.reduce((least, count) => Math.min(least, count), Number.POSITIVE_INFINITY);
  const bound = scale.cells.size >= levelsMax ? Math.max(rareRows, rarest) : rareRows;
  const atBound = named.filter((count) => count <= bound).reduce((sum, count) => sum + count, 0);
  return { k: Math.min(n, k + (total > 0 ? (atBound / total) * n : 0)), n };
}

/** One-sided. */
export function unseenFinding(input: DetectorInput<RateOptions>): Finding {
  const { scale, current, reference } = input;
  if (scale.kind !== 'levels') return notApplicable(input, 'The share of unseen levels');
  if (reference === undefined) return noReference(input);
  return rateFinding(input, {
    name: `Share of new or rare levels in ${input.signal}`,
    current: cellRate(current, scale.cells.size),
    reference: expectedRest(reference, scale),
    side: 'higher',
    pValue: (now, before) => binomialUpper(now.k, now.k + before.k, now.n / (now.n + before.n)),
  });
}
