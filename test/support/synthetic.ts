import { Fields } from '../../core/fields.ts';
import type { Call } from '../../core/observation.ts';
import type { Random } from '../../core/ports.ts';
import { callOf } from './calls.ts';

/** A standard normal number (Box and Muller). */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

/** Makes calls of one model in bulk: the fields are reused, as receivers do. */
export function callMaker(model: string, random: Random): (row: SyntheticRow) => Call {
  const inputs = new Fields();
  const outputs = new Fields();
  const idHigh = [...model].reduce((hash, letter) => Math.imul(hash, 31) + letter.charCodeAt(0), 7);
  const base = { ...callOf({ model, environment: 'prod' }), idHigh, inputs, outputs };
  let id = 0;
  return ({ timeMs, version, numbers, levels, score }) => {
    inputs.clear();
    outputs.clear();
    for (const [name, value] of Object.entries(numbers)) inputs.addNumber(name, value);
    for (const [name, value] of Object.entries(levels)) inputs.addLevel(name, value);
    outputs.addNumber('score', score);
    id++;
    return { ...base, timeMs, version, latencyMs: 20 + 10 * random.next(), idLow: id };
  };
}

export interface SyntheticRow {
  readonly timeMs: number;
  readonly version: string;
  readonly numbers: Readonly<Record<string, number>>;
  readonly levels: Readonly<Record<string, string>>;
  readonly score: number;
}
