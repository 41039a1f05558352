import type { Config } from '../../config/config.ts';
import { isoTime } from '../../core/time.ts';
import type { Verdict } from '../../core/verdict.ts';
import type { Aggregator } from './aggregate.ts';
import type { ModelState } from './model-state.ts';

/** Verdicts remembered for the API, at most: the last one of each rule, model and signal. */
export const verdictsShownMax = 10_000;

/** The last verdict of each rule on each signal. */
export class LastVerdicts {
  readonly #verdicts = new Map<string, Verdict>();

  keep(verdict: Verdict): void {
    const { model, environment, signal } = verdict.series;
    const key = JSON.stringify([verdict.rule, environment, model, signal]);
    if (this.#verdicts.size >= verdictsShownMax && !this.#verdicts.has(key)) return;
    this.#verdicts.set(key, verdict);
  }

  all(): readonly Verdict[] {
    return [...this.#verdicts.values()];
  }
}

/** What is known of every model, for `/api/v1/status`. Plain JSON, ISO times. */
export function describeModels(aggregator: Aggregator) {
  return [...aggregator.states()].map(describeModel);
}

export type ModelStatus = ReturnType<typeof describeModel>;

function describeModel(state: ModelState) {
  return {
    model: state.model,
    environment: state.environment,
    closedUntil: isoTime(state.closedMs),
    versions: [...state.versions.values()].map((version) => ({
      version: version.version,
      firstSeen: isoTime(version.firstSeenMs),
      lastSeen: isoTime(version.lastSeenMs),
      rows: version.rows,
    })),
    signals: [...state.signals.values()].map((signal) => ({
      signal: signal.name,
      reference: signal.learner?.state ?? 'none',
      referenceId: signal.learner?.reference?.id ?? null,
      referenceRows: signal.learner?.rows ?? 0,
    })),
  };
}

/** How much of each limit is used: the same numbers go to /metrics. */
export function describeLimits(aggregator: Aggregator, openTransactions: number, config: Config) {
  const signals = [...aggregator.states()].reduce((most, state) => Math.max(most, state.signals.size), 0);
  return {
    models: { used: aggregator.modelCount, max: config.limits.modelsMax },
    signals_of_largest_model: { used: signals, max: config.limits.signalsMax },
    panes: { used: Math.ceil(aggregator.budget.used), max: aggregator.budget.max },
    open_transactions: { used: openTransactions, max: config.transactions.openMax },
  };
}
