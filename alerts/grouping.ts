import type { AlertingConfig } from '../config/config.ts';
import type { Alert } from '../core/alert.ts';
import { type Ended, endedMax, type Heard, type Incident, timelineMax } from '../core/incident.ts';
import { canonicalLabels, type Labels } from '../core/labels.ts';
import { worstSeverity } from './gist.ts';
import { labelsOf } from './routing.ts';

/**
 * An incident is one episode of a group of alerts: it opens when the first of them fires and closes when all have
 * resolved. What fires again soon after belongs to the same episode. These functions make the next incident from the
 * last one; who calls them keeps the records. Times are clock times.
 */

/** Fingerprints remembered by one incident, at most: the oldest that no longer fire are left out. */
export const incidentAlertsMax = 1_000;

export interface Group {
  readonly key: string;
  readonly labels: Labels;
}

/** What fires while too many incidents are open shares this group, so that nobody misses it. */
export const overflowGroup: Group = { key: 'overflow', labels: {} };

/**
 * The group of an alert at the moment it fires. Ask once and keep to the answer: the version of an alert may change
 * while it fires, its incident does not.
 */
export function groupOf(alert: Alert, groupBy: AlertingConfig['groupBy']): Group {
  const all = labelsOf(alert);
  const labels: Record<string, string> = {};
  for (const name of groupBy) labels[name] = all[name] ?? '';
  return { key: canonicalLabels(labels), labels };
}

export function openIncident(id: string, group: Group, alert: Alert, nowMs: number): Incident {
  return {
    id,
    groupKey: group.key,
    labels: group.labels,
    severity: alert.severity,
    alerts: [],
    firing: [],
    openedAtMs: nowMs,
    changedAtMs: nowMs,
    messages: 0,
    heard: {},
    timeline: [],
  };
}

/** Open, or closed so recently that what fires now is the same episode. */
export function canJoin(incident: Incident, reopenWindowMs: number, nowMs: number): boolean {
  return incident.closedAtMs === undefined || nowMs - incident.closedAtMs < reopenWindowMs;
}

/** The alert fires in this incident from now on; a closed incident opens again. */
export function joinIncident(incident: Incident, alert: Alert, nowMs: number): Incident {
  const { closedAtMs: _, ended: __, ...rest } = incident;
  const ended = (incident.ended ?? []).filter((one) => one.alert.fingerprint !== alert.fingerprint);
  const alerts = withoutText(incident.alerts, alert.fingerprint);
  return {
    ...rest,
    ...(ended.length > 0 ? { ended } : {}),
    alerts: withinMax([...alerts, alert.fingerprint], incident.firing),
    firing: [...withoutText(incident.firing, alert.fingerprint), alert.fingerprint],
    changedAtMs: nowMs,
  };
}

/** The alert resolved; with the last one the incident closes. `alert` is its last state. */
export function leaveIncident(incident: Incident, alert: Alert, why: Ended['why'], nowMs: number): Incident {
  const others = (incident.ended ?? []).filter((one) => one.alert.fingerprint !== alert.fingerprint);
  const firing = withoutText(incident.firing, alert.fingerprint);
  return {
    ...incident,
    firing,
    ended: [...others, { alert, why, told: [] }].slice(-endedMax),
    changedAtMs: nowMs,
    ...(firing.length === 0 ? { closedAtMs: nowMs } : {}),
  };
}

/** The severity is that of the worst firing alert; it stays where none fires any more. */
export function regradeIncident(incident: Incident, firing: readonly Alert[], nowMs: number): Incident {
  const severity = worstSeverity(firing) ?? incident.severity;
  return severity === incident.severity ? incident : { ...incident, severity, changedAtMs: nowMs };
}

/** The first entry says how it began and is never dropped. */
export function addToTimeline(incident: Incident, what: string, by: string, atMs: number): Incident {
  const all = [...incident.timeline, { atMs, what, by }];
  const [first, ...rest] = all;
  const timeline =
    all.length <= timelineMax || first === undefined ? all : [first, ...rest.slice(1 - timelineMax)];
  return { ...incident, timeline };
}

/** What the channel knows of the incident; undefined: nothing yet. */
export function heardBy(incident: Incident, channel: string): Heard | undefined {
  return Object.hasOwn(incident.heard, channel) ? incident.heard[channel] : undefined;
}

/** One message more was queued. */
export function countMessage(incident: Incident): Incident {
  return { ...incident, messages: incident.messages + 1 };
}

/** What the channel knows from now on. */
export function withHeard(incident: Incident, channel: string, heard: Heard): Incident {
  return { ...incident, heard: { ...incident.heard, [channel]: heard } };
}

/** The channel was told of these resolved alerts. */
export function withTold(incident: Incident, channel: string, told: readonly Ended[]): Incident {
  if (incident.ended === undefined || told.length === 0) return incident;
  const fingerprints = new Set(told.map((one) => one.alert.fingerprint));
  const ended = incident.ended.map((one) =>
    fingerprints.has(one.alert.fingerprint) ? { ...one, told: [...one.told, channel] } : one,
  );
  return { ...incident, ended };
}

/** Lets go of resolved alerts that every channel they concern was told of. */
export function withoutTold(incident: Incident, concerns: (alert: Alert) => readonly string[]): Incident {
  if (incident.ended === undefined) return incident;
  const left = incident.ended.filter((one) =>
    concerns(one.alert).some((channel) => !one.told.includes(channel)),
  );
  if (left.length === incident.ended.length) return incident;
  const { ended: _, ...rest } = incident;
  return left.length > 0 ? { ...rest, ended: left } : rest;
}

function withoutText(texts: readonly string[], text: string): readonly string[] {
  return texts.filter((one) => one !== text);
}

function withinMax(alerts: readonly string[], firing: readonly string[]): readonly string[] {
  if (alerts.length <= incidentAlertsMax) return alerts;
  const fires = new Set(firing);
  const spare = alerts.find((one) => !fires.has(one));
  return spare === undefined ? alerts : withoutText(alerts, spare);
}
