/** Months without any change: how often does each rule alarm? */
import type { CriticalValues } from '../../detectors/ladder/critical-values.ts';
import { buildReferenceModel } from '../../detectors/ladder/reference-model.ts';
import { DefaultRule, drawReference, warmTicks } from './default-rule.ts';
import { PeerReference, type PeerRule, Peers, peerRules } from './peers.ts';
import { startTick } from './start.ts';
import { type Process, processes, Stream, type Tables } from './stream.ts';

export const monthTicks = 8640;
/** A reference serves so many months of test, then another one is drawn. */
const monthsPerReference = 2;
/** Looks less than an hour apart are one episode. */
const episodeTicks = 12;
/** Signals on which the rules of others are run as well; their counts are scaled up. */
export const peerSignalsMax = 2;

export interface AlarmCount {
  raw: number;
  episodes: number;
  lastTick: number;
}

export interface FalseAlarms {
  readonly process: Process;
  readonly months: number;
  readonly signals: number;
  readonly default: AlarmCount;
  /** Of `peerSignals` signals. */
  readonly peers: Readonly<Record<PeerRule, AlarmCount>>;
  readonly peerSignals: number;
  readonly stages: Map<string, number>;
  /** Which windows the episodes of the default rule began in. */
  readonly windows: Map<number, number>;
}

export interface FalseAlarmOptions {
  readonly seed: number;
  readonly months: number;
  readonly signals: number;
  readonly rowsPerTick: number;
  readonly referenceTicks: number;
}

export function runFalseAlarms(
  process: Process,
  options: FalseAlarmOptions,
  tables: Tables,
  criticals: CriticalValues,
): FalseAlarms {
  const peerSignals = Math.min(peerSignalsMax, options.signals);
  const found: FalseAlarms = {
    process,
    months: options.months,
    signals: options.signals,
    default: noAlarms(),
    peers: Object.fromEntries(peerRules.map((rule) => [rule, noAlarms()])) as Record<PeerRule, AlarmCount>,
    peerSignals,
    stages: new Map(),
    windows: new Map(),
  };
  for (let month = 0; month < options.months; month += monthsPerReference) {
    const months = Math.min(monthsPerReference, options.months - month);
    for (let signal = 0; signal < options.signals; signal++) {
      const seed = [options.seed, processes.indexOf(process), month, signal];
      const stream = new Stream(
        { process, seed, rowsPerTick: options.rowsPerTick, startTick, lattice: signal < peerSignals },
        tables,
      );
      runSignal(found, stream, { ...options, months }, signal < peerSignals, criticals);
    }
  }
  return found;
}

function runSignal(
  found: FalseAlarms,
  stream: Stream,
  { months, referenceTicks }: FalseAlarmOptions,
  hasPeers: boolean,
  criticals: CriticalValues,
): void {
  const reference = hasPeers ? new PeerReference() : undefined;
  const model = buildReferenceModel(drawReference(stream, referenceTicks, () => reference?.add(stream)));
  countOne(found.stages, model.profile.stage);
  const rule = new DefaultRule(model, found.signals, criticals, stream.tick + 1);
  const peers = reference && new Peers(reference);
  for (let tick = 0; tick < warmTicks; tick++) {
    stream.next();
    rule.feed(stream);
  }
  const fired = new Set<PeerRule>();
  startSignal(found);
  for (let tick = 0; tick < months * monthTicks; tick++) {
    stream.next();
    rule.feed(stream);
    const look = rule.look(stream.tick);
    if (look !== undefined && countAlarm(found.default, stream.tick))
      countOne(found.windows, look.windowTicks);
    if (peers === undefined) continue;
    peers.step(stream, fired);
    for (const one of fired) countAlarm(found.peers[one], stream.tick);
  }
}

function noAlarms(): AlarmCount {
  return { raw: 0, episodes: 0, lastTick: Number.NEGATIVE_INFINITY };
}

/** Episodes are of one signal: the next one starts its own. */
function startSignal(found: FalseAlarms): void {
  for (const count of [found.default, ...Object.values(found.peers)])
    count.lastTick = Number.NEGATIVE_INFINITY;
}

/** True where it begins an episode. */
function countAlarm(count: AlarmCount, tick: number): boolean {
  const isNew = tick - count.lastTick > episodeTicks;
  count.raw++;
  count.lastTick = tick;
  if (isNew) count.episodes++;
  return isNew;
}

function countOne<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
