import type { Config } from '../../config/config.ts';
import type { Call } from '../../core/observation.ts';

/**
 * Gives a call its weight where its sender stated none: the configured ratio, else it stays unknown with weight 1
 * (shares and shapes are then right only if the sampling did not look at the values; totals are "of received").
 */
export function createSampler(sampling: Config['sampling']): (call: Call) => Call {
  const ratio = sampling.assumeRatio;
  if (ratio === undefined) return (call) => call;
  return (call) =>
    call.weightKnown === 'unknown' ? { ...call, weight: 1 / ratio, weightKnown: 'assumed' } : call;
}
