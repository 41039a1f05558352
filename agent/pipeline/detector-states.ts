import type { Meter } from '../../core/ports.ts';
import { type Series, seriesKey } from '../../core/series.ts';

/** States kept, at most: beyond it the one used longest ago begins anew. */
export const statesMax = 20_000;

/** A state of a detector as JSON text, at most; a larger one is not kept. The largest of ours is about 9,000. */
export const stateCharactersMax = 16_384;

/** A key and the JSON text of its state, as a checkpoint holds them. */
export type SavedState = readonly [key: string, json: string];

/** Of a rule on a series, against one reference: with another one the numbers mean something else. */
export function stateKey(rule: string, series: Series, referenceId: string): string {
  return JSON.stringify([rule, referenceId, seriesKey(series)]);
}

/**
 * What detectors want to remember from one look to the next, for each rule and series. States are kept as JSON text: what
 * a detector is handed back is never what it, or anybody else, can still change, and a restart changes nothing.
 */
export class DetectorStates {
  readonly #states = new Map<string, string>();
  readonly #meter: Meter;

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  /** Undefined at the first look. */
  get(key: string): unknown {
    const json = this.#states.get(key);
    return json === undefined ? undefined : JSON.parse(json);
  }

  keep(key: string, state: unknown): void {
    const json = JSON.stringify(state);
    if (json === undefined || json.length > stateCharactersMax) {
      this.#states.delete(key);
      this.#meter.add('detector_states_dropped', 1, { reason: 'too_large' });
      return;
    }
    this.#put(key, json);
  }

  /** The one used longest ago first. */
  all(): readonly SavedState[] {
    return [...this.#states];
  }

  /** Takes states of a checkpoint; what is no saved state is left out. */
  restore(saved: unknown): void {
    if (!Array.isArray(saved)) return;
    for (const one of saved as readonly unknown[]) {
      if (Array.isArray(one) && typeof one[0] === 'string' && isJson(one[1])) this.#put(one[0], one[1]);
    }
  }

  #put(key: string, json: string): void {
    this.#states.delete(key);
    if (this.#states.size >= statesMax) {
      const oldest = this.#states.keys().next();
      if (oldest.done !== true) this.#states.delete(oldest.value);
      this.#meter.add('detector_states_dropped', 1, { reason: 'states_max' });
    }
    this.#states.set(key, json);
  }
}

function isJson(text: unknown): text is string {
  if (typeof text !== 'string' || text.length > stateCharactersMax) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
