import type { RollbackRequest } from '../../alerts/action.ts';
import type { AuditLog } from '../../alerts/audit-chain.ts';
import { severityRank } from '../../alerts/gist.ts';
import {
  firstFailed,
  type GuardInput,
  judgeGuards,
  safeTarget,
  type VersionSeen,
} from '../../alerts/guards.ts';
import { isFiring } from '../../alerts/lifecycle.ts';
import { cleanText } from '../../alerts/render.ts';
import type { RollbackPolicy, RollbackTarget } from '../../config/config.ts';
import type { Action, ActionState } from '../../core/action.ts';
import type { Alert, AlertEvent } from '../../core/alert.ts';
import { globMatches } from '../../core/glob.ts';
import { canonicalJson, encodeJson } from '../../core/json.ts';
import type { Notification } from '../../core/notification.ts';
import type { Digest, Log, Meter, StoreWrite } from '../../core/ports.ts';
import type { Severity } from '../../core/rule.ts';

export const actionPrefix = 'action/';
/** Decisions kept, at most; the oldest leave first, those against which nothing was done before all others. */
const actionsMax = 1_000;
/** Incidents whose suppressed decisions can be told, at most. */
const suppressedMax = 1_000;
const idDigits = 32;

export interface ActOptions {
  readonly policies: readonly RollbackPolicy[];
  readonly targets: readonly RollbackTarget[];
  /** What was seen of the versions of a model; event times. */
  readonly versionsOf: (model: string, environment: string) => readonly VersionSeen[];
  readonly killSwitch: () => boolean;
  readonly audit: AuditLog;
  /** Every `action/` record of the store. */
  readonly restored: readonly Action[];
  /** Name of this agent. */
  readonly agent: string;
  readonly ports: { readonly digest: Digest; readonly meter: Meter; readonly log: Log };
}

/** What the stage needs of a transition of the alert stage. */
export interface Cause {
  readonly alert: Alert;
  readonly event: AlertEvent;
}

export interface ActDecision {
  /**
   * Decisions and audit lines. They belong into one transaction with the rows made from `requests`: nothing is called
   * that is not on record. Where it fails, hand `commitUnsaved` of those rows the failure, and write these again.
   */
  readonly writes: readonly StoreWrite[];
  /** For `enqueueRollback`. Empty in a dry run. */
  readonly requests: readonly RollbackRequest[];
  /** By incident: what was decided just now, in sentences. */
  readonly notes: ReadonlyMap<string, readonly string[]>;
  /** The writes are durable. */
  commit(): void;
}

export interface ActStage {
  consider(causes: readonly Cause[], nowMs: number): ActDecision;
  /** A row of the outbox has ended; for `onSettled` of the deliver stage. Rows of other kinds are let pass. */
  settled(row: Notification): readonly StoreWrite[];
  /** What was decided about an incident and what became of it, in sentences: for every message about it. */
  sentencesOf(incident: string): readonly string[];
  inspect(): readonly Action[];
}

export function createActStage(options: ActOptions): ActStage {
  return new Deciding(options);
}

/** Alerts of one version that ask one policy for one rollback. */
interface Candidate {
  readonly policy: RollbackPolicy;
  readonly alerts: readonly Alert[];
}

class Deciding implements ActStage {
  readonly #options: ActOptions;
  readonly #actions: Map<string, Action>;
  readonly #severities = new Map<string, Severity>();
  readonly #suppressed = new Map<string, readonly string[]>();
  /** Ends of calls since the last decision: a decision whose transaction failed may be written late, over its end. */
  #ends: readonly StoreWrite[] = [];

  constructor(options: ActOptions) {
    this.#options = options;
    const inOrder = [...options.restored].sort((a, b) => a.decidedAtMs - b.decidedAtMs);
    this.#actions = new Map(inOrder.map((action) => [action.id, action]));
    options.ports.meter.set('audit_seq', options.audit.head().seq);
  }

  consider(causes: readonly Cause[], nowMs: number): ActDecision {
    const raised = causes.filter((cause) => this.#isRaised(cause)).map(({ alert }) => alert);
    const writes: StoreWrite[] = [];
    const requests: RollbackRequest[] = [];
    const notes = new Map<string, readonly string[]>();
    for (const candidate of candidatesOf(raised, this.#options)) {
      const decided = this.#decide(candidate, nowMs);
      writes.push(...decided.writes);
      if (decided.request !== undefined) requests.push(decided.request);
      const { incident, reason } = decided.action;
      if (reason === 'mode') continue;
      notes.set(incident, [...(notes.get(incident) ?? []), sentenceOf(decided.action)]);
    }
    const lines = this.#options.audit.writes();
    const ends = this.#ends;
    return {
      writes: [...ends, ...writes, ...lines],
      requests,
      notes,
      commit: () => {
        this.#options.audit.confirm(lines);
        this.#ends = this.#ends.filter((write) => !ends.includes(write));
      },
    };
  }

  settled(row: Notification): readonly StoreWrite[] {
    const action = this.#actions.get(row.id);
    if (action === undefined || action.state !== 'executing') return [];
    const isAccepted = row.state === 'done';
    const endedAtMs = row.endedMs ?? row.createdMs;
    const ended: Action = {
      ...action,
      state: isAccepted ? 'accepted' : 'failed',
      reason: isAccepted ? 'accepted' : (row.lastFailure ?? 'not_sent'),
      endedAtMs,
    };
    const { audit, ports } = this.#options;
    audit.append(endedAtMs, {
      type: `rollback_${ended.state}`,
      actor: 'kedge',
      data: {
        action: ended.id,
        target: ended.target,
        tries: row.attempts,
        reason: ended.reason,
        detail: row.lastError,
      },
    });
    ports.log[isAccepted ? 'info' : 'error']('rollback call ended', {
      action: ended.id,
      target: ended.target,
      outcome: ended.state,
      reason: ended.reason,
    });
    const writes = this.#record(ended);
    this.#ends = [...this.#ends, ...writes];
    return [...writes, ...audit.writes()];
  }

  sentencesOf(incident: string): readonly string[] {
    const made = [...this.#actions.values()].filter(
      (one) => one.incident === incident && one.state !== 'suppressed',
    );
    return [...(this.#suppressed.get(incident) ?? []), ...made.map(sentenceOf)];
  }

  inspect(): readonly Action[] {
    return [...this.#actions.values()];
  }

  /** It fired, or fires worse than when it was last looked at. */
  #isRaised({ alert, event }: Cause): boolean {
    const { fingerprint, severity } = alert;
    if (event === 'resolved' || event === 'cancelled') {
      this.#severities.delete(fingerprint);
      return false;
    }
    if (!isFiring(alert)) return false;
    const known = this.#severities.get(fingerprint);
    this.#severities.set(fingerprint, severity);
    return event === 'fired' || (known !== undefined && severityRank(severity) > severityRank(known));
  }

  #decide({ policy, alerts }: Candidate, nowMs: number): Decided {
    const judged = alerts.map((alert) => {
      const input = this.#inputOf(policy, alert, nowMs);
      return { alert, input, guards: judgeGuards(input) };
    });
    // One alert that may ask for it is enough, and the others of its kind are its company.
    const eligible = judged.filter(({ guards }) =>
      guards.every((one) => one.passed || one.name !== 'not_eligible'),
    );
    const lead = eligible[0] ?? judged[0];
    if (lead === undefined) throw new Error('a candidate has at least one alert');
    const action = this.#actionOf(policy, lead, nowMs);
    const line = this.#noteDown(action, policy, nowMs);
    // No record, no call.
    const final: Action =
      line === undefined ? { ...action, state: 'suppressed', reason: 'audit_failed' } : action;
    const writes = this.#record(final);
    if (final.state !== 'executing' || line === undefined) return { action: final, writes };
    const request: RollbackRequest = {
      action: final,
      alerts: eligible.map(({ alert }) => alert),
      policy: policy.name,
      requestedAtMs: nowMs,
      expiresAtMs: nowMs + policy.expiresMs,
      agent: this.#options.agent,
      auditHead: line.hash,
    };
    return { action: final, writes, request };
  }

  #inputOf(policy: RollbackPolicy, alert: Alert, nowMs: number): GuardInput {
    return {
      policy,
      alert,
      versions: this.#options.versionsOf(alert.model, alert.environment),
      past: [...this.#actions.values()],
      killSwitch: this.#options.killSwitch(),
      nowMs,
    };
  }

  #actionOf(
    policy: RollbackPolicy,
    { alert, input, guards }: { alert: Alert; input: GuardInput; guards: Action['guards'] },
    nowMs: number,
  ): Action {
    const to = safeTarget(input)?.version ?? '';
    const failed = firstFailed(guards);
    const state: ActionState =
      failed !== undefined ? 'suppressed' : policy.mode === 'auto' ? 'executing' : 'dry_run';
    const identity = canonicalJson([policy.target, alert.version, to, policy.name]);
    return {
      id: `rb_${this.#options.ports.digest.sha256(identity).slice(0, idDigits)}`,
      target: policy.target,
      model: alert.model,
      environment: alert.environment,
      incident: alert.incident ?? '',
      from: alert.version,
      to,
      mode: policy.mode,
      guards,
      state,
      reason: failed?.name ?? 'guards_passed',
      decidedAtMs: nowMs,
    };
  }

  #noteDown(action: Action, policy: RollbackPolicy, nowMs: number) {
    const { audit, ports } = this.#options;
    const line = audit.append(nowMs, {
      type: `rollback_${action.state}`,
      actor: 'kedge',
      data: { ...action, policy: policy.name },
    });
    ports.meter.set('audit_seq', audit.head().seq);
    ports.log[action.state === 'executing' ? 'warn' : 'info']('rollback decided', {
      action: action.id,
      target: action.target,
      mode: action.mode,
      outcome: action.state,
      reason: action.reason,
    });
    return line;
  }

  /** A suppressed decision never replaces the record of one that was carried out. */
  #record(action: Action): readonly StoreWrite[] {
    const { id, incident, target, mode, state: outcome, reason } = action;
    this.#options.ports.meter.add('rollbacks', 1, { target, mode, outcome, reason });
    if (outcome === 'suppressed' && reason !== 'mode') {
      const told = [...(this.#suppressed.get(incident) ?? []).slice(-9), sentenceOf(action)];
      this.#suppressed.delete(incident);
      this.#suppressed.set(incident, [...new Set(told)]);
      trimOldest(this.#suppressed, suppressedMax);
    }
    const known = this.#actions.get(id);
    if (outcome === 'suppressed' && known !== undefined && known.state !== 'suppressed') return [];
    this.#actions.delete(id);
    this.#actions.set(id, action);
    const gone = this.#overLimit();
    for (const one of gone) this.#actions.delete(one);
    return [
      { key: actionPrefix + id, value: encodeJson(action) },
      ...gone.map((one) => ({ key: actionPrefix + one, value: undefined })),
    ];
  }

  #overLimit(): readonly string[] {
    const over = this.#actions.size - actionsMax;
    if (over <= 0) return [];
    const all = [...this.#actions.values()];
    const first = [
      ...all.filter((one) => one.state === 'suppressed'),
      ...all.filter((one) => one.state !== 'suppressed'),
    ];
    return first
      .filter((one) => one.state !== 'executing')
      .slice(0, over)
      .map((one) => one.id);
  }
}

interface Decided {
  readonly action: Action;
  readonly writes: readonly StoreWrite[];
  readonly request?: RollbackRequest;
}

function candidatesOf(
  alerts: readonly Alert[],
  { policies, targets }: Pick<ActOptions, 'policies' | 'targets'>,
): readonly Candidate[] {
  const candidates = new Map<string, { policy: RollbackPolicy; alerts: Alert[] }>();
  for (const policy of policies) {
    const target = targets.find((one) => one.name === policy.target);
    for (const alert of alerts) {
      const isTarget = target?.model === alert.model && target.environment === alert.environment;
      if (!isTarget || !policy.rules.some((rule) => globMatches(rule, alert.rule))) continue;
      const key = JSON.stringify([policy.name, alert.version]);
      const candidate = candidates.get(key) ?? { policy, alerts: [] };
      candidate.alerts.push(alert);
      candidates.set(key, candidate);
    }
  }
  return [...candidates.values()];
}

function sentenceOf(action: Action): string {
  const place = `${cleanText(action.model)} (${cleanText(action.environment)})`;
  const to = action.to === '' ? 'an earlier version' : cleanText(action.to);
  const what = `${place} from ${cleanText(action.from)} to ${to}`;
  switch (action.state) {
    case 'dry_run':
      return `Would have rolled back ${what} (dry run: nothing was called).`;
    case 'executing':
      return `Calling for the rollback of ${what} (${action.id}).`;
    case 'accepted':
      return `The rollback of ${what} was accepted (${action.id}).`;
    case 'failed':
      return `The rollback of ${what} could not be called: ${action.reason} (${action.id}).`;
    case 'suppressed': {
      const guard = action.guards.find((one) => one.name === action.reason);
      const why =
        guard === undefined ? '' : ` (${cleanText(guard.observed)}; required: ${cleanText(guard.required)})`;
      return `No rollback of ${place}: ${action.reason}${why}.`;
    }
  }
}

function trimOldest(map: Map<string, unknown>, max: number): void {
  for (const key of map.keys()) {
    if (map.size <= max) return;
    map.delete(key);
  }
}
