/**
 * Two Poisson rates, events over exposure (hours, requests): given all events together, those of the first are binomial with
 * probability exposure₁ / (exposure₁ + exposure₂) if the rates are equal. Exact; two-sided by the rule of `binomialTwoSided`.
 *
 * Source: Przyborowski and Wilenski, Biometrika 31 (1940) 313.
 */
import { binomialLower, binomialUpper } from '../math/binomial.ts';
import { binomialTwoSided, type ExactTest } from './proportions.ts';

export interface EventRate {
  readonly events: number;
  readonly exposure: number;
}

export function poissonRates(first: EventRate, second: EventRate): ExactTest {
  const n = first.events + second.events;
  const p = first.exposure / (first.exposure + second.exposure);
  return {
    twoSided: binomialTwoSided({ k: first.events, n }, p),
    greater: binomialUpper(first.events, n, p),
    less: binomialLower(first.events, n, p),
  };
}
