import type { RouteConfig, Timing } from '../config/config.ts';
import type { Alert } from '../core/alert.ts';
import type { Ended, Heard, Incident } from '../core/incident.ts';
import type { Notice, NotificationKind, NotificationReason } from '../core/notification.ts';
import { rankAlerts, severityRank, worstSeverity } from './gist.ts';
import { countMessage, heardBy, withHeard, withTold } from './grouping.ts';
import { channelsFor, labelsOf, shortest } from './routing.ts';

/**
 * What to tell a channel of an incident, and when: one table, the first row that matches. Everything follows from
 * stored records and the time, so a restart forgets no message and repeats none.
 */

/** A critical incident waits no longer than this for others to join before its first message. */
export const criticalWaitMaxMs = 5_000;

/** An incident as it concerns one channel. */
export interface ChannelView {
  readonly channel: string;
  readonly timing: Timing;
  readonly heard: Heard | undefined;
  /** Alerts that fire and are routed here, or that the channel heard of. */
  readonly firing: readonly Alert[];
  /** Resolved ones that concern this channel and that it was not told of. */
  readonly untold: readonly Ended[];
}

/** `unsaid`: the channel wants no word of it, but what it knows moves on. */
export interface Due {
  readonly reason: NotificationReason | 'unsaid';
  /** 0: at once. */
  readonly dueMs: number;
}

/** The next thing to say, with the time for it; undefined where there is nothing, whatever the time. */
export function nextMessage(incident: Incident, view: ChannelView, nowMs: number): Due | undefined {
  return view.heard === undefined
    ? firstMessage(incident, view, nowMs)
    : laterMessage(view, view.heard, nowMs);
}

function firstMessage(incident: Incident, view: ChannelView, nowMs: number): Due | undefined {
  const alerts = view.firing.length > 0 ? view.firing : view.untold.map((one) => one.alert);
  if (alerts.length === 0) return undefined;
  const { groupWaitMs } = view.timing;
  const isCritical = worstSeverity(alerts) === 'critical';
  const waitMs = isCritical ? Math.min(groupWaitMs, criticalWaitMaxMs) : groupWaitMs;
  const dueMs = after(incident.openedAtMs, waitMs, nowMs);
  return { reason: view.firing.length > 0 ? 'first' : 'fired_and_resolved', dueMs };
}

function laterMessage(view: ChannelView, heard: Heard, nowMs: number): Due | undefined {
  const severity = worstSeverity(view.firing);
  if (severity !== undefined && severityRank(severity) > severityRank(heard.severity)) {
    return { reason: 'escalation', dueMs: 0 };
  }
  const updateMs = after(heard.atMs, view.timing.groupIntervalMs, nowMs);
  const known = new Set(heard.firing);
  if (view.firing.some((alert) => !known.has(alert.fingerprint))) {
    return { reason: 'new_alerts', dueMs: updateMs };
  }
  if (view.firing.length < known.size) return resolvedMessage(view, known, updateMs);
  if (view.untold.length > 0) return { reason: 'fired_and_resolved', dueMs: updateMs };
  if (view.firing.length === 0) return undefined;
  return { reason: 'repeat', dueMs: heard.atMs + view.timing.repeatIntervalMs };
}

/** All that fires is known, and some that was known fires no more. */
function resolvedMessage(view: ChannelView, known: ReadonlySet<string>, updateMs: number): Due {
  if (!view.timing.sendResolved) return { reason: 'unsaid', dueMs: 0 };
  const told = view.untold.filter((one) => known.has(one.alert.fingerprint));
  const isRemoved = told.length > 0 && told.every((one) => one.why === 'rule_removed');
  if (isRemoved) return { reason: 'rule_removed', dueMs: updateMs };
  return { reason: view.firing.length === 0 ? 'all_resolved' : 'some_resolved', dueMs: updateMs };
}

/** A time ahead of the clock means that the clock was set back: better now than after that long. */
function after(fromMs: number, waitMs: number, nowMs: number): number {
  return fromMs > nowMs ? nowMs : fromMs + waitMs;
}

/** The message itself: the incident as it stands, whose count of messages is the number of this one. */
export function noticeOf(
  incident: Incident,
  view: ChannelView,
  reason: NotificationReason,
  atMs: number,
): Notice {
  return {
    incident,
    channel: view.channel,
    kind: kindOf(reason, view.firing),
    reason,
    firing: rankAlerts(view.firing),
    resolved: rankAlerts(view.untold.map((one) => one.alert)),
    atMs,
  };
}

/** The incident once the channel was told, or once what it did not want to hear has passed. */
export function afterMessage(
  incident: Incident,
  view: ChannelView,
  reason: Due['reason'],
  nowMs: number,
): Incident {
  const isSaid = reason !== 'unsaid';
  const known = new Set(view.heard?.firing);
  const told = isSaid ? view.untold : view.untold.filter((one) => known.has(one.alert.fingerprint));
  const heard: Heard = {
    firing: view.firing.map((alert) => alert.fingerprint),
    severity: worstSeverity(view.firing) ?? view.heard?.severity ?? incident.severity,
    atMs: isSaid ? nowMs : (view.heard?.atMs ?? nowMs),
  };
  const counted = isSaid ? countMessage(incident) : incident;
  return withHeard(withTold(counted, view.channel, told), view.channel, heard);
}

/** A channel is told `resolved` only when nothing of the incident fires there any more. */
export function kindOf(reason: NotificationReason, firing: readonly Alert[]): NotificationKind {
  switch (reason) {
    case 'rollback_requested':
      return 'rollback';
    case 'test':
      return 'test';
    case 'first':
    case 'escalation':
    case 'new_alerts':
    case 'repeat':
      return 'firing';
    case 'all_resolved':
    case 'some_resolved':
    case 'rule_removed':
      return firing.length > 0 ? 'firing' : 'resolved';
    case 'fired_and_resolved':
      return firing.length > 0 ? 'firing' : 'fired_and_resolved';
  }
}

/**
 * The channels an alert concerns: those it is routed to, and those that heard of it (routes match labels that may
 * change while it fires; who heard of it is also told that it is over). `names`: channels that exist.
 */
export function channelsConcerned(
  incident: Incident,
  alert: Alert,
  route: RouteConfig,
  names: ReadonlySet<string>,
): readonly string[] {
  const routed = channelsFor(labelsOf(alert), route).map(({ channel }) => channel);
  const heard = Object.entries(incident.heard)
    .filter(([, { firing }]) => firing.includes(alert.fingerprint))
    .map(([channel]) => channel);
  return [...new Set([...routed, ...heard])].filter((channel) => names.has(channel));
}

/** The incident as each channel sees it, by name of the channel. */
export function viewsOf(
  incident: Incident,
  firing: readonly Alert[],
  route: RouteConfig,
  names: ReadonlySet<string>,
): readonly ChannelView[] {
  const ended = incident.ended ?? [];
  const routed = routeAll([...firing, ...ended.map((one) => one.alert)], route);
  const channels = new Set([...routed.keys(), ...Object.keys(incident.heard)]);
  const known = [...channels].filter((channel) => names.has(channel)).sort();
  return known.map((channel) => {
    const heard = heardBy(incident, channel);
    const here = routed.get(channel);
    const concerned = new Set([...(here?.fingerprints ?? []), ...(heard?.firing ?? [])]);
    return {
      channel,
      timing: here?.timing ?? route.timing,
      heard,
      firing: firing.filter((alert) => concerned.has(alert.fingerprint)),
      untold: ended.filter((one) => concerned.has(one.alert.fingerprint) && !one.told.includes(channel)),
    };
  });
}

interface Routed {
  readonly timing: Timing;
  readonly fingerprints: readonly string[];
}

/** By channel: the alerts routed there and the shortest times among them. */
function routeAll(alerts: readonly Alert[], route: RouteConfig): ReadonlyMap<string, Routed> {
  const routed = new Map<string, { timing: Timing; fingerprints: string[] }>();
  for (const alert of alerts) {
    for (const { channel, timing } of channelsFor(labelsOf(alert), route)) {
      const other = routed.get(channel);
      if (other === undefined) {
        routed.set(channel, { timing, fingerprints: [alert.fingerprint] });
      } else {
        other.timing = shortest(other.timing, timing);
        other.fingerprints.push(alert.fingerprint);
      }
    }
  }
  return routed;
}
