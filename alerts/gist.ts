import type { Alert } from '../core/alert.ts';
import { type Severity, severities } from '../core/rule.ts';

/** 0 for the mildest. */
export function severityRank(severity: Severity): number {
  return severities.indexOf(severity);
}

/** The worst of them; undefined where there is none. */
export function worstSeverity(alerts: readonly Alert[]): Severity | undefined {
  let worst: Severity | undefined;
  for (const { severity } of alerts) {
    if (worst === undefined || severityRank(severity) > severityRank(worst)) worst = severity;
  }
  return worst;
}

/** Worst first: by severity, then by size of the effect, then by the name of the signal. Any order in gives the same. */
export function rankAlerts(alerts: readonly Alert[]): readonly Alert[] {
  return [...alerts].sort(
    (a, b) =>
      severityRank(b.severity) - severityRank(a.severity) ||
      (b.lastBreach?.effect ?? 0) - (a.lastBreach?.effect ?? 0) ||
      compareText(a.signal, b.signal) ||
      compareText(a.fingerprint, b.fingerprint),
  );
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
