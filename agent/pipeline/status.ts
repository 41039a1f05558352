import type { Config } from '../../config/config.ts';
import type { Clock, Meter } from '../../core/ports.ts';
import { nameOf } from '../../core/reference.ts';
import { seriesKey } from '../../core/series.ts';
import { isoTime } from '../../core/time.ts';
import type { Verdict } from '../../core/verdict.ts';
import type { ActStage } from './act.ts';
import type { Aggregator } from './aggregate.ts';
import type { AlertStage } from './alert.ts';
import type { DeliverStage } from './deliver.ts';
import type { LearnerState } from './learner.ts';
import type { Ledger } from './ledger.ts';
import type { ModelState } from './model-state.ts';
import type { Promises } from './promises.ts';
import type { ReferenceDesk } from './reference-desk.ts';
import type { Transactions } from './transactions.ts';

/** Verdicts remembered for the API, at most: the last one of each rule, model and signal. */
const verdictsShownMax = 10_000;

/** The last verdict of each rule on each signal. */
export class LastVerdicts {
  readonly #verdicts = new Map<string, Verdict>();

  keep(verdict: Verdict): void {
    const key = JSON.stringify([verdict.rule, seriesKey({ ...verdict.series, version: '' })]);
    if (this.#verdicts.size >= verdictsShownMax && !this.#verdicts.has(key)) return;
    this.#verdicts.set(key, verdict);
  }

  all(): readonly Verdict[] {
    return [...this.#verdicts.values()];
  }
}

export interface InspectorOptions {
  readonly config: Config;
  readonly aggregator: Aggregator;
  readonly transactions: Transactions;
  readonly verdicts: LastVerdicts;
  readonly alerts: AlertStage;
  readonly act: ActStage;
  readonly deliver: DeliverStage;
  readonly ledger: Ledger;
  readonly promises: Promises;
  readonly desk: ReferenceDesk;
  readonly clock: Clock;
  readonly meter: Meter;
  readonly isOpen: () => boolean;
}

/** What the agent says of itself. Reads only. */
export interface Inspector {
  isReady(): { readonly ready: boolean; readonly reasons: readonly string[] };
  /** For `/api/v1/status`: plain JSON, ISO times, no secrets and no values of rows. */
  status(): Status;
  /** Sets the gauges that say how much of each limit is used; asked for before a scrape. */
  measure(): void;
}

export type Status = ReturnType<typeof describe>;

export function createInspector(options: InspectorOptions): Inspector {
  const { meter } = options;
  const isReady = () => readiness(options);
  return {
    isReady,
    status: () => describe(options),
    measure: () => {
      meter.set('ready', isReady().ready ? 1 : 0);
      for (const state of options.aggregator.states()) options.promises.measure(state, options.clock.nowMs());
      for (const [what, { used, max }] of Object.entries(describeLimits(options))) {
        meter.set('limit', max, { what });
        meter.set('in_use', used, { what });
      }
      const states = countLearners(options.aggregator);
      for (const [state, count] of Object.entries(states)) meter.set('references', count, { state });
      measureReferences(options);
    },
  };
}

/** Checks that failed, of references in force: one series for each model and check. */
function measureReferences({ desk, meter }: InspectorOptions): void {
  const standings = { in_force: 0, waiting: 0, kept: 0 };
  const failed = new Map<string, { model: string; check: string; count: number }>();
  for (const { model, standing, warnings } of desk.list().references) {
    standings[standing]++;
    for (const check of standing === 'in_force' ? warnings : []) {
      const key = JSON.stringify([model, check]);
      const known = failed.get(key) ?? { model, check, count: 0 };
      known.count++;
      failed.set(key, known);
    }
  }
  for (const [standing, count] of Object.entries(standings))
    meter.set('references_listed', count, { standing });
  meter.clear('reference_warnings');
  for (const { model, check, count } of failed.values())
    meter.set('reference_warnings', count, { model, check });
}

function readiness({ isOpen, ledger, deliver }: InspectorOptions) {
  const reasons: string[] = [];
  if (!isOpen()) reasons.push('stopping');
  if (ledger.degraded) reasons.push('the store does not take decisions');
  const { channels } = deliver.inspect();
  if (channels.length > 0 && channels.every((channel) => !channel.up)) reasons.push('every channel is down');
  return { ready: reasons.length === 0, reasons };
}

function describe(options: InspectorOptions) {
  const { aggregator, alerts, act, deliver, verdicts, clock } = options;
  const { alerts: followed, incidents } = alerts.inspect();
  return {
    now: isoTime(clock.nowMs()),
    ...readiness(options),
    models: [...aggregator.states()].map((state) => describeModel(state, options)),
    doubtfulReferences: options.desk.doubtful(),
    verdicts: verdicts.all().map((verdict) => ({
      ...verdict,
      start: isoTime(verdict.startMs),
      end: isoTime(verdict.endMs),
    })),
    alerts: followed,
    incidents,
    actions: act.inspect(),
    channels: deliver.inspect().channels,
    limits: describeLimits(options),
  };
}

function describeModel(state: ModelState, { promises, clock }: InspectorOptions) {
  return {
    model: state.model,
    environment: state.environment,
    ...(state.segment === undefined ? {} : { segment: state.segment }),
    closedUntil: isoTime(state.closedMs),
    versions: [...state.versions.values()].map((version) => ({
      version: version.version,
      firstSeen: isoTime(version.firstSeenMs),
      lastSeen: isoTime(version.lastSeenMs),
      rows: version.rows,
    })),
    ...promises.describe(state, clock.nowMs()),
    signals: [...state.signals.values()].map(({ name, learner }) => ({
      signal: name,
      reference: learner?.state ?? 'none',
      referenceId: learner?.reference?.id ?? null,
      referenceName: learner?.reference === undefined ? null : nameOf(learner.reference),
      referenceRows: learner?.rows ?? 0,
      ...describeDetectable(promises.factsOf(state, name)),
    })),
  };
}

/** What the signal's windows would find with 90 %; nothing where it was not worked out yet. */
function describeDetectable(facts: ReturnType<Promises['factsOf']>) {
  if (facts === undefined) return {};
  return {
    detectable: facts.detectable.map(({ window, rows, change }) => ({
      window,
      rows: Math.round(rows),
      change: change ?? null,
      unit: facts.unit,
    })),
    rates: facts.rates.map(({ share, ...rate }) => ({ ...rate, detectable: share ?? null })),
  };
}

function describeLimits({ aggregator, transactions, config }: InspectorOptions) {
  let signals = 0;
  for (const state of aggregator.states()) signals = Math.max(signals, state.signals.size);
  return {
    models: { used: aggregator.modelCount, max: config.limits.modelsMax },
    signals_of_largest_model: { used: signals, max: config.limits.signalsMax },
    panes: { used: Math.ceil(aggregator.budget.used), max: aggregator.budget.max },
    open_transactions: { used: transactions.size, max: config.transactions.openMax },
  };
}

function countLearners(aggregator: Aggregator): Record<LearnerState, number> {
  const count = { sampling: 0, learning: 0, frozen: 0 };
  for (const state of aggregator.states()) {
    for (const { learner } of state.signals.values()) if (learner !== undefined) count[learner.state]++;
  }
  return count;
}
