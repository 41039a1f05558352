import type { Alert } from '../../core/alert.ts';
import type { Incident } from '../../core/incident.ts';
import { encodeJson } from '../../core/json.ts';
import type { StoreWrite } from '../../core/ports.ts';

/** Alerts followed at once, at most; more are counted and not followed. */
export const alertsMax = 10_000;

/** Incidents open at once, at most; what fires beyond shares one more. */
export const incidentsMax = 1_000;

/** Closed incidents at hand, at most. */
export const closedMax = 1_000;

/** Closed incidents kept in the store for history, at most; the oldest go first. */
export const historyMax = 1_000;

export interface AlertRecords {
  readonly alerts: readonly Alert[];
  readonly incidents: readonly Incident[];
}

/**
 * The alerts and incidents at hand, and which of them the store does not have yet. Only records that are in here can
 * change; history is in the store alone.
 */
export class AlertBook {
  readonly #alerts = new Map<string, Alert>();
  readonly #incidents = new Map<string, Incident>();
  /** Group → its newest incident. */
  readonly #newest = new Map<string, string>();
  /** Ids of incidents that only the store has; ULIDs, so in order of opening. */
  #history: string[] = [];
  readonly #changed = new Map<string, Alert | Incident | undefined>();

  constructor(restored: AlertRecords) {
    for (const alert of restored.alerts) this.#alerts.set(alert.fingerprint, alert);
    const byId = [...restored.incidents].sort((a, b) => (a.id < b.id ? -1 : 1));
    for (const incident of byId) this.#index(incident);
  }

  get alerts(): ReadonlyMap<string, Alert> {
    return this.#alerts;
  }

  get incidents(): ReadonlyMap<string, Incident> {
    return this.#incidents;
  }

  newestOf(groupKey: string): Incident | undefined {
    const id = this.#newest.get(groupKey);
    return id === undefined ? undefined : this.#incidents.get(id);
  }

  openCount(): number {
    let open = 0;
    for (const incident of this.#incidents.values()) if (incident.closedAtMs === undefined) open++;
    return open;
  }

  /** The firing alerts of an incident, in order of firing. */
  firingOf(incident: Incident): readonly Alert[] {
    return incident.firing.flatMap((fingerprint) => this.#alerts.get(fingerprint) ?? []);
  }

  putAlert(alert: Alert): void {
    this.#alerts.set(alert.fingerprint, alert);
    this.#changed.set(`alert/${alert.fingerprint}`, alert);
  }

  removeAlert(fingerprint: string): void {
    this.#alerts.delete(fingerprint);
    this.#changed.set(`alert/${fingerprint}`, undefined);
  }

  putIncident(incident: Incident): void {
    this.#index(incident);
    this.#changed.set(`incident/${incident.id}`, incident);
  }

  /** Leaves closed incidents to history: those closed up to `untilMs` of which `isSettled`, and what is over the limit. */
  archive(untilMs: number, isSettled: (incident: Incident) => boolean): readonly string[] {
    const settled = [...this.#incidents.values()]
      .flatMap((incident) =>
        incident.closedAtMs === undefined ? [] : { incident, closedAtMs: incident.closedAtMs },
      )
      .filter(({ incident }) => isSettled(incident))
      .sort((a, b) => a.closedAtMs - b.closedAtMs);
    const surplus = settled.length - closedMax;
    const archived = settled.filter(({ closedAtMs }, i) => closedAtMs <= untilMs || i < surplus);
    for (const { incident } of archived) this.#leaveToHistory(incident);
    return archived.map(({ incident }) => incident.id);
  }

  /** What changed since the last call. */
  takeWrites(): readonly StoreWrite[] {
    const writes = [...this.#changed].map(([key, record]) => ({
      key,
      value: record === undefined ? undefined : encodeJson(record),
    }));
    this.#changed.clear();
    return writes;
  }

  #index(incident: Incident): void {
    this.#incidents.set(incident.id, incident);
    const newest = this.newestOf(incident.groupKey);
    if (newest === undefined || isNewer(incident, newest)) this.#newest.set(incident.groupKey, incident.id);
  }

  #leaveToHistory(incident: Incident): void {
    this.#incidents.delete(incident.id);
    if (this.#newest.get(incident.groupKey) === incident.id) this.#newest.delete(incident.groupKey);
    this.#history.push(incident.id);
    if (this.#history.length <= historyMax) return;
    this.#history.sort();
    for (const id of this.#history.splice(0, this.#history.length - historyMax)) {
      this.#changed.set(`incident/${id}`, undefined);
    }
  }
}

/** An open one is newer than any closed one; else the id tells the time of opening. */
function isNewer(a: Incident, b: Incident): boolean {
  const isOpen = a.closedAtMs === undefined;
  return isOpen === (b.closedAtMs === undefined) ? a.id >= b.id : isOpen;
}
