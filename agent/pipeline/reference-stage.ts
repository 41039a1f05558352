import { needsHours } from '../../core/comparison.ts';
import type { Log, Meter, StoreWrite } from '../../core/ports.ts';
import type { Reference, Standing } from '../../core/reference.ts';
import type { Rule } from '../../core/rule.ts';
import { signalOf } from '../../core/series.ts';
import type { AlertStage } from './alert.ts';
import type { HourBook } from './hour-book.ts';
import type { LadderBook } from './ladder-book.ts';
import { isSeriesOf } from './model-state.ts';
import type { ReferenceBook } from './reference-book.ts';
import type { ReferenceModels } from './reference-models.ts';
import { announceReference } from './references.ts';
import type { VersionReferences } from './version-references.ts';
import type { ClosedPane } from './window.ts';

export interface ReferenceStageOptions {
  readonly book: ReferenceBook;
  readonly ladders: LadderBook;
  readonly hours: HourBook;
  readonly versions: VersionReferences;
  readonly models: ReferenceModels;
  readonly alerts: AlertStage;
  readonly rules: readonly Rule[];
  readonly log: Log;
  readonly meter: Meter;
}

/** Everything that learns from a pane that closed, before windows are judged. Returns what is to be stored. */
export function createReferenceStage(options: ReferenceStageOptions) {
  const { book, ladders, hours, versions, models, log, meter } = options;
  // An alert against a fixed reference may stay for months; the past would have no hour left to compare with.
  const pastRules = new Set(options.rules.filter((rule) => needsHours(rule.against)).map(({ name }) => name));
  const freeze = (reference: Reference, standing: Standing): readonly StoreWrite[] => {
    announceReference(reference, log, meter);
    if (standing === 'waiting') {
      log.warn(
        'a reference waits for approval: its version drifted while it was learned, or the policy says so',
        {
          id: reference.id,
          model: reference.series.model,
          signal: signalOf(reference.series),
          version: reference.series.version,
          todo: `kedge reference show ${reference.id}, then kedge reference pin ${reference.id} --by NAME`,
        },
      );
    }
    return book.add(reference, standing).writes;
  };
  return (closed: ClosedPane, nowMs: number): readonly StoreWrite[] => {
    const writes = closed.frozen.flatMap((reference) => [...freeze(reference, 'in_force')]);
    const open = openAlerts(options.alerts, closed);
    hours.feed(closed, (signal) =>
      open.some((alert) => alert.signal === signal && pastRules.has(alert.rule)),
    );
    const isDrifting = (signal: string, version: string) =>
      open.some((alert) => alert.signal === signal && alert.version === version);
    for (const { reference, standing, history } of versions.feed(closed, nowMs, isDrifting)) {
      writes.push(...freeze(reference, standing));
      const signal = closed.state.signals.get(reference.series.signal);
      const binning = signal && ladders.of(closed.state, signal)?.binning;
      if (binning !== undefined) writes.push(...models.make(reference, binning, history));
    }
    return writes;
  };
}

function openAlerts(alerts: AlertStage, { state }: ClosedPane) {
  return alerts.inspect().alerts.filter((alert) => isSeriesOf(state, alert));
}
