/** How many rows after a change does each rule say so? */
import type { CriticalValues } from '../../detectors/ladder/critical-values.ts';
import { buildReferenceModel, type ReferenceModel } from '../../detectors/ladder/reference-model.ts';
import { DefaultRule, drawReference, warmTicks } from './default-rule.ts';
import { PeerReference, type PeerRule, Peers, peerRules } from './peers.ts';
import { SeededRandom } from './random.ts';
import { startTick } from './start.ts';
import { type Drift, type Process, processes, Stream, type Tables } from './stream.ts';

const dayTicks = 288;
/** A reference serves so many runs. */
const runsPerReference = 15;
/** The budget is that of 200 signals, as for the false alarms of the full form. */
const signals = 200;

export interface DriftCase {
  readonly name: string;
  readonly process: Process;
  readonly drift: Drift;
  /** Given up after so many days. */
  readonly days: number;
}

const spikeAt = 0.7;

export const driftCases: readonly DriftCase[] = [
  { name: 'iid.shift01', process: 'iid', drift: { shift: 0.1 }, days: 7 },
  { name: 'iid.shift025', process: 'iid', drift: { shift: 0.25 }, days: 7 },
  { name: 'daily.shift025', process: 'daily', drift: { shift: 0.25 }, days: 7 },
  { name: 'shift05', process: 'iid', drift: { shift: 0.5 }, days: 7 },
  { name: 'sd125', process: 'iid', drift: { scale: 1.25 }, days: 7 },
  { name: 'sd15', process: 'iid', drift: { scale: 1.5 }, days: 7 },
  { name: 'outliers5', process: 'iid', drift: { part: 0.05, partScale: 4 }, days: 14 },
  { name: 'spike5', process: 'iid', drift: { part: 0.05, partAt: spikeAt }, days: 7 },
  { name: 'mix10', process: 'iid', drift: { part: 0.1, partShift: 1 }, days: 7 },
  { name: 'ramp', process: 'iid', drift: { shift: 0.5, rampTicks: 7 * dayTicks }, days: 7 },
  { name: 'wander05.shift05', process: 'wander05', drift: { shift: 0.5 }, days: 7 },
  { name: 'users.shift025', process: 'users', drift: { shift: 0.25 }, days: 7 },
  { name: 'users.shift05', process: 'users', drift: { shift: 0.5 }, days: 7 },
  { name: 'all.shift05', process: 'all', drift: { shift: 0.5 }, days: 7 },
];

export type RuleName = 'default' | PeerRule;
export const ruleNames: readonly RuleName[] = ['default', ...peerRules];

export interface Delays {
  readonly of: DriftCase;
  readonly runs: number;
  /** Rows after the change, rising; Infinity where it was not found. */
  readonly rows: Readonly<Record<RuleName, readonly number[]>>;
  /** Ticks after the change of the default rule. */
  readonly ticks: readonly number[];
}

export interface DelayOptions {
  readonly seed: number;
  readonly runs: number;
  readonly rowsPerTick: number;
  readonly referenceTicks: number;
}

interface Prepared {
  readonly model: ReferenceModel;
  readonly peers: PeerReference;
}

export function runDelays(
  of: DriftCase,
  options: DelayOptions,
  tables: Tables,
  criticals: CriticalValues,
): Delays {
  const rows = Object.fromEntries(ruleNames.map((rule) => [rule, [] as number[]])) as Record<
    RuleName,
    number[]
  >;
  const ticks: number[] = [];
  const place = [processes.indexOf(of.process), driftCases.indexOf(of)];
  let prepared: Prepared | undefined;
  for (let run = 0; run < options.runs; run++) {
    const seed = [options.seed, 77, ...place, run];
    const streamOf = (part: number) =>
      new Stream(
        {
          process: of.process,
          seed: [...seed, part],
          rowsPerTick: options.rowsPerTick,
          startTick,
          lattice: true,
        },
        tables,
      );
    if (run % runsPerReference === 0 || prepared === undefined)
      prepared = prepare(streamOf(1), options.referenceTicks);
    const found = runOnce(of, prepared, streamOf(2), new SeededRandom(...seed, 3), criticals);
    for (const rule of ruleNames) rows[rule].push(found.rows.get(rule) ?? Number.POSITIVE_INFINITY);
    ticks.push(found.ticks);
  }
  for (const rule of ruleNames) rows[rule].sort((a, b) => a - b);
  return { of, runs: options.runs, rows, ticks: ticks.sort((a, b) => a - b) };
}

function prepare(stream: Stream, referenceTicks: number): Prepared {
  const peers = new PeerReference();
  const panes = drawReference(stream, referenceTicks, () => peers.add(stream));
  return { model: buildReferenceModel(panes), peers };
}

/** A week of quiet, then up to a day of it more, then the change. */
function runOnce(
  of: DriftCase,
  prepared: Prepared,
  stream: Stream,
  random: SeededRandom,
  criticals: CriticalValues,
): { rows: Map<RuleName, number>; ticks: number } {
  const rule = new DefaultRule(prepared.model, signals, criticals, stream.tick + 1);
  const peers = new Peers(prepared.peers);
  const fired = new Set<PeerRule>();
  const quiet = warmTicks + Math.floor(random.uniform() * dayTicks);
  for (let tick = 0; tick < quiet; tick++) {
    stream.next();
    rule.feed(stream);
    peers.step(stream, fired);
  }
  stream.startDrift(of.drift);
  const found = new Map<RuleName, number>();
  let rows = 0;
  let ticks = Number.POSITIVE_INFINITY;
  for (let tick = 1; tick <= of.days * dayTicks; tick++) {
    stream.next();
    rows += stream.rows;
    rule.feed(stream);
    if (!found.has('default') && rule.look(stream.tick) !== undefined) {
      found.set('default', rows);
      ticks = tick;
    }
    peers.step(stream, fired);
    for (const one of fired) if (!found.has(one)) found.set(one, rows);
    if (found.size === ruleNames.length) break;
  }
  return { rows: found, ticks };
}

/** Of rising values. */
export function quantileOf(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}
