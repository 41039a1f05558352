import type { Config } from '../../config/config.ts';
import { falseAlarmsOf, perMonth } from '../../config/model-settings.ts';
import { decodeJson, encodeJson } from '../../core/json.ts';
import type { Meter, StoreWrite } from '../../core/ports.ts';
import type { Rule } from '../../core/rule.ts';
import type { Detector } from '../../detectors/detector.ts';
import type { AlertTransition } from './alert.ts';
import { boundaryKey } from './boundary-key.ts';

const monthMs = 30 * 86_400_000;
/** Episodes remembered for each model, at most; the oldest go first. */
export const episodesMax = 500;
/** Models remembered, at most: those that the agent discovers are bounded as well. */
const modelsMax = 1_000;

/** An alert that fired. */
export interface Episode {
  readonly atMs: number;
  readonly rule: string;
  readonly signal: string;
  readonly version: string;
  readonly severity: string;
  /** Its rule draws on the false-alarm budget; else it has a threshold of its own. */
  readonly isPromised: boolean;
  /** What a person said of it later; null: nothing yet. */
  readonly useful: boolean | null;
}

/** What was promised for a model, and what it got. */
export interface Given {
  /** False alarms asked for, in 30 days. */
  readonly promised: number;
  /** Alerts of the last 30 days whose rules draw on that; true ones are among them. */
  readonly given: number;
  /** Those of rules with thresholds of their own. */
  readonly ofThresholds: number;
  /** Of the given, those a person called useful, or not. */
  readonly useful: number;
  readonly notUseful: number;
  /** Newest first. */
  readonly episodes: readonly Episode[];
}

/**
 * Which alerts fired in the last 30 days, for each model, beside the false alarms that were promised. Durable: each episode
 * is written with the transaction that fired the alert.
 */
export class PromiseBook {
  readonly #config: Config;
  readonly #promised: ReadonlySet<string>;
  readonly #episodes = new Map<string, Episode[]>();

  constructor(options: {
    readonly config: Config;
    readonly detectors: ReadonlyMap<string, Detector>;
    readonly meter: Meter;
    /** Every `given/` record of the store, by what follows the prefix. */
    readonly stored: ReadonlyMap<string, Uint8Array>;
  }) {
    const { config, detectors } = options;
    this.#config = config;
    this.#promised = new Set(
      config.rules.filter((rule) => isPromised(rule, detectors)).map(({ name }) => name),
    );
    for (const [key, bytes] of options.stored) {
      try {
        this.#episodes.set(key, decodeJson<Episode[]>(bytes));
      } catch {
        options.meter.add('corrupt_records', 1, { kind: 'record' });
      }
    }
  }

  /** Takes note of what fired; what is to be stored of it. */
  note(transitions: readonly AlertTransition[], nowMs: number): readonly StoreWrite[] {
    const touched = new Set<string>();
    for (const { alert, event } of transitions) {
      if (event !== 'fired' || alert.class !== 'drift') continue;
      const { rule, signal, version, severity, model, environment } = alert;
      const key = boundaryKey(environment, model);
      const known = this.#episodes.get(key);
      if (known === undefined && this.#episodes.size >= modelsMax) continue;
      const made = {
        atMs: nowMs,
        rule,
        signal,
        version,
        severity,
        isPromised: this.#promised.has(rule),
        useful: null,
      };
      this.#episodes.set(key, recent([...(known ?? []), made], nowMs));
      touched.add(key);
    }
    return [...touched].map((key) => ({ key: `given/${key}`, value: encodeJson(this.#episodes.get(key)) }));
  }

  of(model: string, environment: string, nowMs: number): Given {
    const episodes = recent(this.#episodes.get(boundaryKey(environment, model)) ?? [], nowMs).toReversed();
    const ofBudget = episodes.filter((one) => one.isPromised);
    return {
      promised: perMonth(falseAlarmsOf(this.#config, model, environment)),
      given: ofBudget.length,
      ofThresholds: episodes.length - ofBudget.length,
      useful: ofBudget.filter((one) => one.useful === true).length,
      notUseful: ofBudget.filter((one) => one.useful === false).length,
      episodes,
    };
  }
}

function recent(episodes: readonly Episode[], nowMs: number): Episode[] {
  return episodes.filter(({ atMs }) => atMs > nowMs - monthMs).slice(-episodesMax);
}

/** Its threshold follows from the false-alarm budget. */
function isPromised(rule: Rule, detectors: ReadonlyMap<string, Detector>): boolean {
  const detector = detectors.get(rule.detector.type);
  if (detector === undefined || !(detector.needsReference || detector.traffic !== undefined)) return false;
  return detector.raw?.textOf(rule.detector.options) === undefined;
}
