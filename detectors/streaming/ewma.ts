/**
 * EWMA chart: is a moving mean, which forgets by lambda, off a known mean?
 *
 * zᵢ = lambda·xᵢ + (1 − lambda)·zᵢ₋₁ from z₀ = mu0; its limits are mu0 ± L·sigma0·√(lambda/(2 − lambda)·(1 − (1 −
 * lambda)^(2i))), exact from the first value. Nothing begins anew after an alarm: z comes back by itself.
 *
 * Invariants: pure; the limits grow to their final width and stay; a value that is no number changes nothing.
 *
 * Source: S. W. Roberts, Technometrics 1 (1959) 239; Lucas and Saccucci, Technometrics 32 (1990) 1.
 */
import { withinReach } from './reach.ts';

export interface EwmaState {
  readonly z: number;
  /** (1 − lambda)^(2i), which falls to 0: no count is kept that could grow for ever. */
  readonly decay: number;
}

export interface EwmaOptions {
  readonly mu0: number;
  readonly sigma0: number;
  readonly lambda: number;
  /** L, in standard deviations of z. */
  readonly width: number;
}

export interface EwmaStep {
  readonly state: EwmaState;
  readonly z: number;
  readonly halfWidth: number;
  /** |z − mu0| in standard deviations of z: alarm when it passes L. */
  readonly statistic: number;
  readonly alarm: boolean;
}

export function ewmaStep(state: EwmaState | undefined, value: number, options: EwmaOptions): EwmaStep {
  const { mu0, sigma0, lambda, width } = options;
  const before = state ?? { z: mu0, decay: 1 };
  const x = withinReach(value);
  const z = x === undefined ? before.z : lambda * x + (1 - lambda) * before.z;
  const decay = x === undefined ? before.decay : before.decay * (1 - lambda) ** 2;
  const sd = sigma0 * Math.sqrt((lambda / (2 - lambda)) * (1 - decay));
  const statistic = sd > 0 ? Math.abs(z - mu0) / sd : 0;
  const halfWidth = width * sd;
  const alarm = x !== undefined && Math.abs(z - mu0) > halfWidth;
  return { state: { z, decay }, z, halfWidth, statistic, alarm };
}
