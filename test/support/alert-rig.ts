import { type AlertDecision, type AlertStage, createAlertStage } from '../../agent/pipeline/alert.ts';
import type { AlertingConfig } from '../../config/config.ts';
import type { Alert } from '../../core/alert.ts';
import type { Incident } from '../../core/incident.ts';
import { decodeJson } from '../../core/json.ts';
import type { Labels } from '../../core/labels.ts';
import { type MetricKey, type MetricSpec, metrics } from '../../core/metrics.ts';
import type { Notice } from '../../core/notification.ts';
import type { Digest, Log, Meter, Random, StoreWrite } from '../../core/ports.ts';
import type { Rule } from '../../core/rule.ts';
import type { Verdict } from '../../core/verdict.ts';
import { alertingOf, ruleOf, sha256 } from './alert-samples.ts';

/** Different bytes at each call, the same in each run. */
function countingRandom(): Random {
  let calls = 0;
  return {
    next: () => 0.5,
    bytes: (length) => {
      calls++;
      return Uint8Array.from({ length }, (_, i) => (i < 4 ? calls >> (5 * (3 - i)) : 0) & 31);
    },
  };
}

/** Keeps what it was told, and refuses a label value the catalogue does not know. */
export class RecordedMeter implements Meter {
  readonly #values = new Map<string, number>();

  add(key: MetricKey, amount: number, labels: Labels = {}): void {
    this.#values.set(place(key, labels), this.read(key, labels) + amount);
  }

  set(key: MetricKey, value: number, labels: Labels = {}): void {
    this.#values.set(place(key, labels), value);
  }

  observe(): void {
    throw new Error('this stage observes nothing');
  }

  clear(): void {
    throw new Error('this stage clears nothing');
  }

  read(key: MetricKey, labels: Labels = {}): number {
    return this.#values.get(place(key, labels)) ?? 0;
  }
}

function place(key: MetricKey, labels: Labels): string {
  const known: NonNullable<MetricSpec['labels']> = (metrics[key] as MetricSpec).labels ?? {};
  if (Object.keys(known).sort().join() !== Object.keys(labels).sort().join()) {
    throw new Error(`${key}: other labels than in the catalogue`);
  }
  for (const [name, value] of Object.entries(labels)) {
    const values = known[name];
    if (Array.isArray(values) && !values.includes(value)) throw new Error(`${key}: unknown ${name} ${value}`);
  }
  return JSON.stringify([key, labels]);
}

export interface RigOptions {
  readonly config?: Partial<AlertingConfig>;
  readonly rules?: readonly Rule[];
}

/** The alert stage with a store beside it, which can be ended and started again from that store at any time. */
export class AlertRig {
  readonly store = new Map<string, Uint8Array>();
  readonly notices: Notice[] = [];
  readonly meter = new RecordedMeter();
  readonly lines: { readonly event: string; readonly fields: Readonly<Record<string, unknown>> }[] = [];
  rules: readonly Rule[];
  stage: AlertStage;
  readonly #config: AlertingConfig;
  readonly #random = countingRandom();
  #lastMs = 0;

  constructor(options: RigOptions = {}) {
    this.#config = alertingOf(options.config);
    this.rules = options.rules ?? [ruleOf()];
    this.stage = this.#start();
  }

  /** As after kill -9: nothing is left but the store. */
  restart(): void {
    this.stage = this.#start();
  }

  decide(verdicts: readonly Verdict[], nowMs: number): AlertDecision {
    this.#lastMs = nowMs;
    return this.#keep(this.stage.decide(verdicts, nowMs));
  }

  due(nowMs: number): AlertDecision {
    this.#lastMs = nowMs;
    return this.#keep(this.stage.due(nowMs));
  }

  dropOrphans(nowMs: number): AlertDecision {
    return this.#keep(this.stage.dropOrphans(nowMs));
  }

  /** Does what falls due up to `nowMs`, each at its time, as a scheduler would. */
  runUntil(nowMs: number): void {
    for (let i = 0; i < 10_000; i++) {
      const dueMs = this.stage.nextDueMs();
      if (dueMs === undefined || dueMs > nowMs) return;
      this.due(Math.max(dueMs, this.#lastMs));
    }
    throw new Error('something stays due for ever');
  }

  commit(writes: readonly StoreWrite[]): void {
    for (const { key, value } of writes) {
      if (value === undefined) this.store.delete(key);
      else this.store.set(key, value);
    }
  }

  records<T>(prefix: string): T[] {
    return [...this.store]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, bytes]) => decodeJson<T>(bytes));
  }

  /** What was said so far, `channel reason` each, with the number of firing and of resolved alerts. */
  said(): string[] {
    return this.notices.map(
      (one) => `${one.channel} ${one.reason} ${one.firing.length}/${one.resolved.length}`,
    );
  }

  #keep(decision: AlertDecision): AlertDecision {
    this.commit(decision.writes);
    this.notices.push(...decision.notices);
    return decision;
  }

  #start(): AlertStage {
    const digest: Digest = {
      sha256: (data) => sha256(data as string),
      hmacSha256: () => {
        throw new Error('alerts sign nothing');
      },
    };
    const say: Log['info'] = (event, fields = {}) => void this.lines.push({ event, fields });
    return createAlertStage({
      config: this.#config,
      rules: () => this.rules,
      random: this.#random,
      digest,
      meter: this.meter,
      log: { info: say, warn: say, error: say },
      restored: { alerts: this.records<Alert>('alert/'), incidents: this.records<Incident>('incident/') },
    });
  }
}
