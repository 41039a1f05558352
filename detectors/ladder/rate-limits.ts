/**
 * What a rate's test can see: from which share on it breaches, and which share it would find with 90 % probability.
 *
 * Exact, as the test is: the least number of events that breaches is searched for, and the share whose binomial reaches that
 * number in 9 of 10 windows.
 */

import { binomialUpper } from '../math/binomial.ts';
import { bisectFalling, lastWhere } from '../math/bisect.ts';
import { judgeRate, type RateInput } from './rate.ts';

const power = 0.9;

/** The share nearest to the reference's, on one side of it, that breaches; 1 (or 0, below) where none does. */
export function leastBreach(input: RateInput, direction: 'high' | 'low'): number {
  const events = leastEvents(input, direction);
  if (events === undefined) return direction === 'high' ? 1 : 0;
  return Math.min(1, events / input.n);
}

function leastEvents(input: RateInput, direction: 'high' | 'low'): number | undefined {
  const rows = Math.floor(input.n);
  const usual = (input.referenceEvents / input.m) * input.n;
  // From the far end inwards: there it breaches, and toward the usual number it ceases to.
  const eventsAt = (step: number) => (direction === 'high' ? rows - step : step);
  const steps = Math.max(0, Math.floor(direction === 'high' ? rows - usual : usual));
  const breaches = (step: number) => judgeRate({ ...input, events: eventsAt(step) }).status === 'breach';
  const last = lastWhere(breaches, 0, steps);
  return last === undefined ? undefined : eventsAt(last);
}

/** The smallest higher share that a window of n rows finds with 90 %; undefined where not even 100 % would be found. */
export function minDetectableRate(input: Omit<RateInput, 'events'>): number | undefined {
  const needed = leastEvents({ ...input, events: 0 }, 'high');
  if (needed === undefined) return undefined;
  const inflation = input.inflation ?? 1;
  // Clustered rows are worth fewer: the window's count varies as that of so many fewer rows does.
  const missed = (share: number) =>
    1 - binomialUpper(needed / inflation, Math.max(needed, input.n) / inflation, share);
  return bisectFalling(missed, 1 - power, { low: input.referenceEvents / input.m, high: 1 });
}
