/**
 * Energy distance of raw values: √(2 ∫ (F − G)² dt), equal to √(2E|X − Y| − E|X − X'| − E|Y − Y'|). It is 0 only for equal
 * distributions; its unit is the root of the values' unit.
 *
 * Source: Székely and Rizzo, J. Statistical Planning and Inference 143 (2013) 1249.
 */
import { type Sample, stepsOf } from './sample.ts';

/** 0 where a sample is empty. */
export function energyDistance(x: Sample, y: Sample): number {
  const steps = stepsOf(x, y);
  let half = 0;
  for (let i = 0; i + 1 < steps.length; i++) {
    const { value, shareX, shareY } = steps[i] as (typeof steps)[number];
    const next = (steps[i + 1] as (typeof steps)[number]).value;
    half += (shareX - shareY) ** 2 * (next / 2 - value / 2);
  }
  return 2 * Math.sqrt(half);
}
