/**
 * Wasserstein-1 (earth mover's) distance of raw values: ∫ |F − G| dt, the mean way that a unit of weight has to be carried to
 * turn one sample into the other, in the unit of the values. Divided by the reference's population standard deviation, at
 * least 0.001, it is comparable between signals.
 *
 * A worked example: 0, 1, 2, 3 against 2, 3, 4, 5 is 2.
 *
 * Sources: Vallender, Theory of Probability 18 (1974) 784; the floor of 0.001 is Evidently's.
 */
import { eachStep, populationDeviation, type Sample } from './sample.ts';

const deviationMin = 0.001;

/** At most the largest double; 0 where a sample is empty. */
export function wasserstein(x: Sample, y: Sample): number {
  let half = 0;
  let last = 0;
  let apart = 0;
  eachStep(x, y, (value, shareX, shareY) => {
    // Before the first value the shares are equal, so that it counts for nothing. Halves, as the way from -1e308 to
    // 1e308 is no double.
    half += apart * (value / 2 - last / 2);
    last = value;
    apart = Math.abs(shareX - shareY);
  });
  return Math.min(Number.MAX_VALUE, half * 2);
}

export function wassersteinNormed(reference: Sample, current: Sample): number {
  const deviation = Math.max(populationDeviation(reference), deviationMin);
  return Math.min(Number.MAX_VALUE, wasserstein(reference, current) / deviation);
}
