import { Fingerprints } from '../../alerts/fingerprints.ts';
import {
  addToTimeline,
  canJoin,
  countMessage,
  groupOf,
  joinIncident,
  leaveIncident,
  openIncident,
  overflowGroup,
  regradeIncident,
  withoutTold,
} from '../../alerts/grouping.ts';
import { compareVerdicts, isFiring, stepAlert } from '../../alerts/lifecycle.ts';
import {
  afterMessage,
  type ChannelView,
  channelsConcerned,
  nextMessage,
  noticeOf,
  viewsOf,
} from '../../alerts/notices.ts';
import type { AlertingConfig } from '../../config/config.ts';
import type { Alert, AlertEvent } from '../../core/alert.ts';
import { endedMax, type Incident } from '../../core/incident.ts';
import type { Notice } from '../../core/notification.ts';
import type { Digest, Log, Meter, Random, StoreWrite } from '../../core/ports.ts';
import { type Rule, severities } from '../../core/rule.ts';
import { ulid } from '../../core/ulid.ts';
import type { Verdict } from '../../core/verdict.ts';
import { AlertBook, type AlertRecords, alertsMax, incidentsMax } from './alert-book.ts';
import { isWatching } from './judge.ts';

/** A closed incident stays at hand this long after it can no longer open again. */
export const closedForMs = 60 * 60 * 1_000;

export interface AlertTransition {
  /** The state after the step; of a resolved or cancelled one the last state it had. */
  readonly alert: Alert;
  readonly event: AlertEvent;
  readonly incident: Incident | undefined;
}

/**
 * What a call changed. The writes belong into one transaction with the outbox rows made from the notices; where that
 * fails the caller keeps both and tries again, as this stage has moved on. Of two writes of one key the later counts.
 */
export interface AlertDecision {
  readonly writes: readonly StoreWrite[];
  readonly notices: readonly Notice[];
  readonly transitions: readonly AlertTransition[];
}

export interface AlertStageOptions {
  readonly config: AlertingConfig;
  /** The rules in force now. */
  readonly rules: () => readonly Rule[];
  /** Names of the declared segments; absent: none. */
  readonly segments?: readonly string[];
  readonly random: Random;
  readonly digest: Digest;
  readonly meter: Meter;
  readonly log: Log;
  /** Every `alert/` and `incident/` record of the store. */
  readonly restored: AlertRecords;
}

/**
 * Turns verdicts into alerts, incidents and what is to be said of them. No clock and no timer inside: the caller gives
 * the time and asks again at `nextDueMs`. A stage made anew from the stored records goes on exactly where the last
 * one stood.
 */
export interface AlertStage {
  /** Steps every verdict, then says what is due. A window judged again counts once. */
  decide(verdicts: readonly Verdict[], nowMs: number): AlertDecision;
  /** What waiting, intervals and repeats say now. */
  due(nowMs: number): AlertDecision;
  /** When to call `due` next; 0 (at once) after a start. */
  nextDueMs(): number | undefined;
  /**
   * Ends the alerts whose rule is gone: call at start and after a reload. What is to be said of it is said by the next
   * `decide` or `due`, which are due at once.
   */
  dropOrphans(nowMs: number): AlertDecision;
  /** Adds to the timeline of an incident; no write where the incident is gone. */
  attach(incidentId: string, text: string, by: string, nowMs: number): readonly StoreWrite[];
  /** Tells every channel of the incident about a rollback, at once; who had not heard of the incident yet hears all. */
  announceRollback(incidentId: string, nowMs: number): AlertDecision;
  inspect(): AlertRecords;
}

export function createAlertStage(options: AlertStageOptions): AlertStage {
  return new RecordedAlertStage(options);
}

/** A step of one alert, with the words for its conditions before and after. */
interface Step {
  readonly alert: Alert;
  readonly event: AlertEvent;
  readonly from: string;
  readonly to: string;
}

class RecordedAlertStage implements AlertStage {
  readonly #options: AlertStageOptions;
  readonly #book: AlertBook;
  readonly #channels: ReadonlySet<string>;
  /** When each incident next has something to say; absent, as after a start: to be worked out anew. */
  readonly #dueMs = new Map<string, number>();
  readonly #fingerprints: Fingerprints;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(options: AlertStageOptions) {
    this.#options = options;
    this.#book = new AlertBook(options.restored);
    this.#fingerprints = new Fingerprints((text) => options.digest.sha256(text));
    this.#channels = new Set(options.config.channels.map((channel) => channel.name));
    this.#measure();
  }

  decide(verdicts: readonly Verdict[], nowMs: number): AlertDecision {
    const rules = new Map(this.#options.rules().map((rule) => [rule.name, rule]));
    const steps: Step[] = [];
    for (const verdict of [...verdicts].sort(compareVerdicts)) {
      const rule = rules.get(verdict.rule);
      // A verdict of a rule that a reload has just removed; dropOrphans ends its alert.
      if (rule === undefined) continue;
      const step = this.#step(rule, verdict, nowMs);
      if (step !== undefined) steps.push(step);
    }
    return this.#conclude(steps, nowMs);
  }

  due(nowMs: number): AlertDecision {
    return this.#conclude([], nowMs);
  }

  nextDueMs(): number | undefined {
    let next = Number.POSITIVE_INFINITY;
    for (const id of this.#book.incidents.keys()) next = Math.min(next, this.#dueMs.get(id) ?? 0);
    return Number.isFinite(next) ? next : undefined;
  }

  dropOrphans(nowMs: number): AlertDecision {
    const rules = new Map(this.#options.rules().map((rule) => [rule.name, rule]));
    const steps: Step[] = [];
    for (const alert of byId(this.#book.alerts)) {
      const rule = rules.get(alert.rule);
      const isWatched = rule !== undefined && isWatching(rule, alert.model, alert.environment, alert.signal);
      if (isWatched && this.#isDeclared(alert)) continue;
      steps.push(this.#remove(alert, 'rule_removed', nowMs));
    }
    for (const incident of byId(this.#book.incidents)) this.#forgetLost(incident, nowMs);
    return { ...this.#record(steps), notices: [] };
  }

  attach(incidentId: string, text: string, by: string, nowMs: number): readonly StoreWrite[] {
    const incident = this.#book.incidents.get(incidentId);
    if (incident !== undefined) this.#book.putIncident(addToTimeline(incident, text, by, nowMs));
    return this.#book.takeWrites();
  }

  announceRollback(incidentId: string, nowMs: number): AlertDecision {
    const notices: Notice[] = [];
    let incident = this.#book.incidents.get(incidentId);
    if (incident === undefined) return { writes: [], notices, transitions: [] };
    for (const view of this.#viewsOf(incident)) {
      // Who has not heard of the incident hears of it now, with the rollback in it, and not twice.
      const isFirst = view.heard === undefined && view.firing.length > 0;
      const reason = isFirst ? 'first' : 'rollback_requested';
      notices.push(noticeOf(incident, view, reason, nowMs));
      incident = isFirst ? afterMessage(incident, view, reason, nowMs) : countMessage(incident);
    }
    this.#book.putIncident(incident);
    this.#dueMs.delete(incident.id);
    return { writes: this.#book.takeWrites(), notices, transitions: [] };
  }

  inspect(): AlertRecords {
    return { alerts: [...this.#book.alerts.values()], incidents: [...this.#book.incidents.values()] };
  }

  #isDeclared({ segment }: Alert): boolean {
    if (segment === undefined) return true;
    return (this.#options.segments ?? []).some((name) => segment.startsWith(`${name}=`));
  }

  #step(rule: Rule, verdict: Verdict, nowMs: number): Step | undefined {
    const { meter } = this.#options;
    const fingerprint = this.#fingerprints.of(rule.name, verdict.series);
    const previous = this.#book.alerts.get(fingerprint);
    const { next, event } = stepAlert(previous, rule, verdict, fingerprint);
    if (next === previous) return undefined;
    if (next === undefined) {
      const last = previous === undefined ? undefined : { ...previous, lastVerdict: verdict };
      return last === undefined ? undefined : this.#remove(last, event, nowMs);
    }
    if (previous === undefined && this.#book.alerts.size >= alertsMax) {
      meter.add('alerts_dropped', 1, { reason: 'alerts_max' });
      return undefined;
    }
    const alert = isFiring(next) ? this.#place(next, previous, event, nowMs) : next;
    this.#book.putAlert(alert);
    return { alert, event, from: previous?.condition ?? 'inactive', to: alert.condition };
  }

  /** Keeps a firing alert in its incident; one that has none (it fires just now, or the record was lost) finds one. */
  #place(alert: Alert, previous: Alert | undefined, event: AlertEvent, nowMs: number): Alert {
    const own = alert.incident === undefined ? undefined : this.#book.incidents.get(alert.incident);
    let incident = own ?? this.#incidentFor(alert, nowMs);
    if (!incident.firing.includes(alert.fingerprint)) incident = joinIncident(incident, alert, nowMs);
    const sentence = describeStep(alert, previous, event);
    if (sentence !== undefined) incident = addToTimeline(incident, sentence, 'kedge', nowMs);
    if (incident !== own) this.#book.putIncident(incident);
    this.#dueMs.delete(incident.id);
    return own === undefined ? { ...alert, incident: incident.id } : alert;
  }

  #incidentFor(alert: Alert, nowMs: number): Incident {
    const { config, random, meter } = this.#options;
    let group = groupOf(alert, config.groupBy);
    let newest = this.#book.newestOf(group.key);
    if (newest !== undefined && canJoin(newest, config.reopenWindowMs, nowMs)) return newest;
    if (this.#book.openCount() >= incidentsMax) {
      meter.add('alerts_dropped', 1, { reason: 'incidents_max' });
      group = overflowGroup;
      newest = this.#book.newestOf(group.key);
      if (newest !== undefined && canJoin(newest, config.reopenWindowMs, nowMs)) return newest;
    }
    return openIncident(`inc_${ulid(nowMs, random.bytes(16))}`, group, alert, nowMs);
  }

  #remove(last: Alert, why: AlertEvent | 'rule_removed', nowMs: number): Step {
    this.#book.removeAlert(last.fingerprint);
    const wasFiring = isFiring(last);
    const event = why !== 'rule_removed' ? why : wasFiring ? 'resolved' : 'cancelled';
    const step = { alert: last, event, from: last.condition, to: wasFiring ? 'resolved' : 'inactive' };
    const incident = last.incident === undefined ? undefined : this.#book.incidents.get(last.incident);
    if (!wasFiring || incident === undefined) return step;
    if ((incident.ended?.length ?? 0) >= endedMax) {
      this.#options.meter.add('alerts_dropped', 1, { reason: 'ended_max' });
    }
    const left = leaveIncident(incident, last, why === 'rule_removed' ? why : 'ok', nowMs);
    const cause = why === 'rule_removed' ? 'its rule was removed' : last.lastVerdict.reason;
    this.#book.putIncident(addToTimeline(left, `resolved: ${nameOf(last)}: ${cause}`, 'kedge', nowMs));
    this.#dueMs.delete(incident.id);
    return step;
  }

  /** Ends what an incident holds to be firing though no record says so: it would stay open for ever. */
  #forgetLost(incident: Incident, nowMs: number): void {
    const firing = incident.firing.filter((fingerprint) => this.#book.alerts.has(fingerprint));
    if (firing.length === incident.firing.length) return;
    const isClosed = firing.length === 0 && incident.closedAtMs === undefined;
    this.#book.putIncident({
      ...incident,
      firing,
      changedAtMs: nowMs,
      ...(isClosed ? { closedAtMs: nowMs } : {}),
    });
    this.#dueMs.delete(incident.id);
  }

  /** After all conditions of this call are known: severities, then messages, then what may be put away. */
  #conclude(steps: readonly Step[], nowMs: number): AlertDecision {
    // The clock was set back: what is due was reckoned with a time that has not come yet.
    if (nowMs < this.#lastMs) this.#dueMs.clear();
    this.#lastMs = nowMs;
    const notices: Notice[] = [];
    for (const incident of byId(this.#book.incidents)) {
      const dueMs = this.#dueMs.get(incident.id);
      if (dueMs === undefined || dueMs <= nowMs) this.#tell(incident, nowMs, notices);
    }
    const untilMs = nowMs - this.#options.config.reopenWindowMs - closedForMs;
    const archived = this.#book.archive(
      untilMs,
      (incident) => this.#dueMs.get(incident.id) === Number.POSITIVE_INFINITY,
    );
    for (const id of archived) this.#dueMs.delete(id);
    return { ...this.#record(steps), notices };
  }

  #record(steps: readonly Step[]): Pick<AlertDecision, 'writes' | 'transitions'> {
    const transitions = this.#report(steps);
    const writes = this.#book.takeWrites();
    if (writes.length > 0) this.#measure();
    return { writes, transitions };
  }

  /** Says what is due on each channel, and works out when there is more to say. */
  #tell(before: Incident, nowMs: number, notices: Notice[]): void {
    let incident = regradeIncident(before, this.#book.firingOf(before), nowMs);
    for (const view of this.#viewsOf(incident)) {
      const message = nextMessage(incident, view, nowMs);
      if (message === undefined || message.dueMs > nowMs) continue;
      if (message.reason !== 'unsaid') notices.push(noticeOf(incident, view, message.reason, nowMs));
      incident = afterMessage(incident, view, message.reason, nowMs);
    }
    const { route } = this.#options.config;
    const said = incident;
    incident = withoutTold(said, (alert) => channelsConcerned(said, alert, route, this.#channels));
    if (incident !== before) this.#book.putIncident(incident);
    this.#dueMs.set(incident.id, this.#dueOf(incident, nowMs));
  }

  /** When the incident next has something to say on any channel; infinite: nothing. */
  #dueOf(incident: Incident, nowMs: number): number {
    let dueMs = Number.POSITIVE_INFINITY;
    for (const view of this.#viewsOf(incident)) {
      dueMs = Math.min(dueMs, nextMessage(incident, view, nowMs)?.dueMs ?? dueMs);
    }
    return dueMs;
  }

  #viewsOf(incident: Incident): readonly ChannelView[] {
    return viewsOf(incident, this.#book.firingOf(incident), this.#options.config.route, this.#channels);
  }

  #report(steps: readonly Step[]): readonly AlertTransition[] {
    const transitions: AlertTransition[] = [];
    for (const { alert, event, from, to } of steps) {
      if (event === 'none') continue;
      this.#options.meter.add('transitions', 1, { event });
      const { statistic, threshold, size } = alert.lastVerdict;
      const { rule, model, environment, signal, segment, version, severity, incident } = alert;
      const of = segment === undefined ? {} : { segment };
      const place = { rule, model, environment, signal, ...of, version, severity, incident };
      this.#options.log.info(`${from.toUpperCase()} → ${to.toUpperCase()}`, {
        ...place,
        statistic,
        threshold,
        n: size.current,
      });
      transitions.push({
        alert,
        event,
        incident: incident === undefined ? undefined : this.#book.incidents.get(incident),
      });
    }
    return transitions;
  }

  #measure(): void {
    const { meter } = this.#options;
    const counts = new Map<string, number>();
    for (const { condition, severity } of this.#book.alerts.values()) {
      const key = `${condition === 'recovering' ? 'firing' : condition}/${severity}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    for (const condition of ['pending', 'firing', 'error']) {
      for (const severity of severities) {
        meter.set('alerts', counts.get(`${condition}/${severity}`) ?? 0, { condition, severity });
      }
    }
    const open = this.#book.openCount();
    meter.set('incidents', open);
    meter.set('limit', alertsMax, { what: 'alerts' });
    meter.set('in_use', this.#book.alerts.size, { what: 'alerts' });
    meter.set('limit', incidentsMax, { what: 'incidents' });
    meter.set('in_use', open, { what: 'incidents' });
  }
}

/** In an order that does not depend on what was restored and what is new. */
function byId<T>(records: ReadonlyMap<string, T>): readonly T[] {
  return [...records].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record);
}

/** What goes on the timeline of the incident; undefined: nothing worth a line. */
function describeStep(alert: Alert, previous: Alert | undefined, event: AlertEvent): string | undefined {
  const name = nameOf(alert);
  switch (event) {
    case 'fired':
      return `firing: ${name}: ${alert.lastVerdict.reason}`;
    case 'refired':
      return `firing again: ${name}: ${alert.lastVerdict.reason}`;
    case 'faulted':
      return `could not be judged: ${name}: ${alert.lastVerdict.reason}`;
    case 'recovered_from_fault':
      return `judged again: ${name}`;
    case 'none':
    case 'pending':
    case 'cancelled':
    case 'recovering':
    case 'resolved':
      return previous !== undefined && previous.version !== alert.version
        ? `another version: ${name}; it was ${previous.version || 'unknown'} before`
        : undefined;
  }
}

function nameOf(alert: Alert): string {
  const version = alert.version === '' ? '' : ` ${alert.version}`;
  const segment = alert.segment === undefined ? '' : ` of ${alert.segment}`;
  return `${alert.rule} on ${alert.signal}${segment} of ${alert.model}${version}`;
}
