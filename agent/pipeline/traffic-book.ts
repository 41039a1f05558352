import type { Config } from '../../config/config.ts';
import { decodeJson, encodeJson } from '../../core/json.ts';
import type { Log } from '../../core/ports.ts';
import { buildTrafficModel, type TrafficModel } from '../../detectors/ladder/traffic.ts';
import { boundaryKey } from './boundary-key.ts';
import { type ModelState, placeOf } from './model-state.ts';
import type { ClosedPane } from './window.ts';

const ticksPerHour = 12;
/** Eight weeks of hours: what a model is made from at most. */
export const trafficHoursMax = 1_344;
/** Ticks kept of each model, for windows of up to a week. */
const ticksMax = 2_016;
const refineTicks = 28 * 288;
const refineEveryTicks = 288;
/** Before that an hour of the day was seen once, and nothing is known of how it varies. */
const learnTicksMin = 2 * 288;
/** Panes with calls without which there is no saying what a usual gap is. */
const filledMin = 5;
/** The agent was not there: what it did not count is no silence. */
const breakTicks = 2;

/** Of one model in one environment. Plain JSON but for the arrays. */
export interface ModelTraffic {
  firstTick: number;
  /** First tick not fed yet. */
  nextTick: number;
  lastCallTick: number;
  /** Longest stretch without a call between two calls, in ticks. */
  longestGap: number;
  filled: number;
  /** Windows and silences are counted from here: before it the agent was not there. */
  fromTick: number;
  learnedTick: number;
  builtTick: number;
  model: TrafficModel | undefined;
  /** Calls by hour since `firstTick`. */
  hours: number[];
  /** Calls of the last ticks, oldest first, up to `nextTick`. */
  recent: number[];
  /** Rules under which it is unusual now: it is not refined meanwhile. */
  readonly drifting: Set<string>;
}

/** The calls of every model: what is usual, and what came lately. */
export class TrafficBook {
  readonly #config: Config;
  readonly #log: Log;
  readonly #known = new Map<string, ModelTraffic>();

  constructor(options: { readonly config: Config; readonly log: Log }) {
    this.#config = options.config;
    this.#log = options.log;
  }

  /** Adds a closed pane of a model, also an empty one. */
  feed(closed: ClosedPane): void {
    // Calls of a segment are calls of its model, and counted there.
    if (closed.state.whole !== undefined) return;
    const tick = this.tickOf(closed.startMs);
    const calls = callsIn(closed.state, closed.startMs);
    const traffic = this.#of(closed.state, tick);
    if (tick < traffic.nextTick) return;
    if (tick - traffic.nextTick >= breakTicks) skipTo(traffic, tick);
    for (let missed = traffic.nextTick; missed < tick; missed++) addTick(traffic, missed, 0);
    addTick(traffic, tick, calls);
    this.#refine(traffic, tick, closed.state);
  }

  of(state: ModelState): ModelTraffic | undefined {
    return this.#known.get(boundaryKey(state.environment, state.model));
  }

  tickOf(timeMs: number): number {
    return Math.floor(timeMs / this.#config.windows.paneMs);
  }

  /** Calls in [fromTick, toTick); undefined where that is no longer known, or the agent was not there. */
  callsBetween(traffic: ModelTraffic, fromTick: number, toTick: number): number | undefined {
    const oldest = traffic.nextTick - traffic.recent.length;
    if (fromTick < Math.max(oldest, traffic.fromTick) || toTick > traffic.nextTick) return undefined;
    let sum = 0;
    for (let tick = fromTick; tick < toTick; tick++) sum += traffic.recent[tick - oldest] ?? 0;
    return sum;
  }

  encode(): Uint8Array {
    const plain = [...this.#known].map(([key, traffic]) => [key, { ...traffic, drifting: undefined }]);
    return encodeJson(plain);
  }

  /** Takes what a checkpoint holds. Throws on damaged bytes. */
  restore(bytes: Uint8Array): void {
    for (const [key, traffic] of decodeJson<readonly (readonly [string, ModelTraffic])[]>(bytes))
      this.#known.set(key, { ...traffic, model: traffic.model ?? undefined, drifting: new Set() });
  }

  #of(state: ModelState, tick: number): ModelTraffic {
    const key = boundaryKey(state.environment, state.model);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made: ModelTraffic = {
      firstTick: tick - (tick % ticksPerHour),
      nextTick: tick,
      lastCallTick: tick,
      longestGap: 0,
      filled: 0,
      fromTick: tick,
      learnedTick: Number.MAX_SAFE_INTEGER,
      builtTick: 0,
      model: undefined,
      hours: [],
      recent: [],
      drifting: new Set(),
    };
    this.#known.set(key, made);
    return made;
  }

  #refine(traffic: ModelTraffic, tick: number, state: ModelState): void {
    const { atLeastMs } = this.#config.references.learn;
    const needed = Math.max(learnTicksMin, Math.ceil(atLeastMs / this.#config.windows.paneMs));
    const age = tick + 1 - traffic.firstTick;
    const isNew = traffic.model === undefined;
    const isOld = age > refineTicks + refineEveryTicks;
    if (age < needed || traffic.filled < filledMin || (!isNew && isOld) || traffic.drifting.size > 0) return;
    if (!isNew && tick - traffic.builtTick < refineEveryTicks) return;
    // Learned up to the last call: a model that was tried once and left is not silent, it is gone.
    if (isNew && traffic.lastCallTick - traffic.firstTick < needed / 2) return;
    const whole = Math.floor(age / ticksPerHour);
    traffic.model = buildTrafficModel(traffic.hours.slice(0, whole), traffic.firstTick / ticksPerHour);
    traffic.builtTick = tick;
    if (!isNew) return;
    traffic.learnedTick = tick + 1;
    const { model, environment } = state;
    const perDay = Math.round((24 * traffic.model.expected.reduce((sum, one) => sum + one, 0)) / 168);
    this.#log.info('traffic learned', { model, environment, perDay, longestGapPanes: traffic.longestGap });
  }
}

function callsIn(state: ModelState, startMs: number): number {
  let calls = 0;
  for (const version of state.versions.values())
    calls += placeOf(version, 'error_share')?.track?.pane(startMs)?.weight ?? 0;
  return calls;
}

/** After a time in which the agent counted nothing: what came in it is not known. */
function skipTo(traffic: ModelTraffic, tick: number): void {
  traffic.recent = [];
  traffic.fromTick = tick;
  traffic.lastCallTick = tick;
  // The hours in between are filled with what is usual, so that they change nothing.
  const last = Math.floor((tick - traffic.firstTick) / ticksPerHour);
  for (let hour = traffic.hours.length; hour < Math.min(last, trafficHoursMax); hour++)
    traffic.hours.push(traffic.hours[hour - 168] ?? traffic.hours[hour - 24] ?? 0);
  traffic.nextTick = tick;
}

function addTick(traffic: ModelTraffic, tick: number, calls: number): void {
  const hour = Math.floor((tick - traffic.firstTick) / ticksPerHour);
  if (hour < trafficHoursMax) {
    while (traffic.hours.length <= hour) traffic.hours.push(0);
    traffic.hours[hour] = (traffic.hours[hour] as number) + calls;
  }
  traffic.recent.push(calls);
  if (traffic.recent.length > ticksMax) traffic.recent.shift();
  traffic.nextTick = tick + 1;
  if (!(calls > 0)) return;
  // A silence that was told of is no usual gap.
  if (traffic.drifting.size === 0)
    traffic.longestGap = Math.max(traffic.longestGap, tick - traffic.lastCallTick - 1);
  traffic.lastCallTick = tick;
  traffic.filled++;
}
