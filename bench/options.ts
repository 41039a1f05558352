import { parseArgs } from 'node:util';
import { type SetName, setNames } from './payloads.ts';

/** Groups of figures: the first part of a key. */
export const groups = [
  'decode',
  'pipeline',
  'count',
  'accuracy',
  'eval',
  'exact',
  'memory',
  'start',
] as const;
export type Group = (typeof groups)[number];

export interface BenchOptions {
  /** One JSON object on standard output and nothing else; progress goes to standard error. */
  readonly json: boolean;
  readonly only: ReadonlySet<Group>;
  /** Payloads that `decode` and `pipeline` measure. */
  readonly sets: readonly SetName[];
  readonly rounds: number;
  readonly seed: number;
  /** Fail where an enforced bar is missed. */
  readonly bars: boolean;
  /** A launcher that is built already, to compare two builds; undefined: this tree is built and measured. */
  readonly agent: string | undefined;
}

const roundsMax = 100;

/** The options, or what is wrong with the command line. */
export function readOptions(args: readonly string[]): BenchOptions | string {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    return (error as Error).message;
  }
  const only = values.only === undefined ? groups : values.only.split(',');
  const unknown = only.find((name) => !groups.includes(name as Group));
  if (unknown !== undefined) return `--only knows ${groups.join(', ')}; not "${unknown}"`;
  const sets = values.sets === undefined ? setNames : values.sets.split(',');
  const foreign = sets.find((name) => !setNames.includes(name as SetName));
  if (foreign !== undefined) return `--sets knows ${setNames.join(', ')}; not "${foreign}"`;
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > roundsMax) {
    return `--rounds is a whole number from 1 to ${roundsMax}`;
  }
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed) || seed < 0) return '--seed is a whole number, 0 or more';
  const { json, bars, agent } = values;
  return { json, bars, agent, rounds, seed, sets: sets as SetName[], only: new Set(only as Group[]) };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      bars: { type: 'boolean', default: false },
      only: { type: 'string' },
      sets: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      seed: { type: 'string', default: '12345' },
      agent: { type: 'string' },
    },
  }).values;
}
