import { globMatches } from '../core/glob.ts';
import type { Config, FalseAlarms } from './config.ts';

const monthMs = 30 * 86_400_000;

/** The false alarms accepted for a model: those of the first entry of `models` that fits it, else those for all. */
export function falseAlarmsOf(
  config: Pick<Config, 'falseAlarms' | 'models'>,
  model: string,
  environment: string,
): FalseAlarms {
  const own = config.models.find(
    (one) => globMatches(one.model, model) && globMatches(one.environment, environment),
  );
  return own?.falseAlarms ?? config.falseAlarms;
}

/** As a number in 30 days. */
export function perMonth({ count, perMs }: FalseAlarms): number {
  return (count * monthMs) / perMs;
}
