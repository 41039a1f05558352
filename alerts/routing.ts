import type { RouteConfig, Timing } from '../config/config.ts';
import type { Alert } from '../core/alert.ts';
import { globMatches } from '../core/glob.ts';
import type { Labels } from '../core/labels.ts';

/** A channel that is to hear of an alert, and when. */
export interface RoutedChannel {
  readonly channel: string;
  readonly timing: Timing;
}

/** What routes match and groups are made of. */
export function labelsOf(alert: Alert): Labels {
  return {
    environment: alert.environment,
    model: alert.model,
    version: alert.version,
    rule: alert.rule,
    class: alert.class,
    signal: alert.signal,
    segment: alert.segment ?? '',
    severity: alert.severity,
  };
}

/**
 * Walks the tree as Prometheus's Alertmanager does: the first child that matches takes the alert, with `continue` the
 * next ones are asked too, and a route keeps what none of its children took. A route without channels uses those of
 * its parent. A channel reached twice is named once, with the shortest of its times.
 */
export function channelsFor(labels: Labels, route: RouteConfig): readonly RoutedChannel[] {
  const found = new Map<string, Timing>();
  collect(labels, route, [], found);
  return [...found].map(([channel, timing]) => ({ channel, timing }));
}

function collect(
  labels: Labels,
  route: RouteConfig,
  inherited: readonly string[],
  found: Map<string, Timing>,
): void {
  const channels = route.channels.length > 0 ? route.channels : inherited;
  let taken = false;
  for (const child of route.routes) {
    if (!matches(labels, child.match)) continue;
    taken = true;
    collect(labels, child, channels, found);
    if (!child.continue) break;
  }
  if (taken) return;
  for (const channel of channels) {
    const other = found.get(channel);
    found.set(channel, other === undefined ? route.timing : shortest(other, route.timing));
  }
}

function matches(labels: Labels, match: Labels): boolean {
  return Object.entries(match).every(([name, pattern]) => globMatches(pattern, labels[name] ?? ''));
}

/** The shorter of each time; resolves are sent if either wants them. */
export function shortest(a: Timing, b: Timing): Timing {
  return {
    groupWaitMs: Math.min(a.groupWaitMs, b.groupWaitMs),
    groupIntervalMs: Math.min(a.groupIntervalMs, b.groupIntervalMs),
    repeatIntervalMs: Math.min(a.repeatIntervalMs, b.repeatIntervalMs),
    sendResolved: a.sendResolved || b.sendResolved,
  };
}
