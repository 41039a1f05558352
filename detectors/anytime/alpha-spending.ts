/**
 * How much of alpha may have been spent by a given part of the information, for a test with a planned end (Lan and DeMets
 * 1983): the test stays at alpha in all however the looks are spaced.
 *
 * O'Brien–Fleming spends next to nothing early; Pocock nearly evenly; the power family alpha·t^power in between.
 * `fraction` is the information had over that planned, 0..1; above 1 all is spent.
 */
import { normalQuantile, normalUpper } from '../math/normal.ts';

export type SpendingRule = 'obrien_fleming' | 'pocock' | { readonly power: number };

export function alphaSpent(rule: SpendingRule, alpha: number, fraction: number): number {
  const t = Math.min(1, fraction);
  if (!(t > 0)) return 0;
  if (rule === 'obrien_fleming') return 2 * normalUpper(-normalQuantile(alpha / 2) / Math.sqrt(t));
  if (rule === 'pocock') return alpha * Math.log1p((Math.E - 1) * t);
  return alpha * t ** rule.power;
}
