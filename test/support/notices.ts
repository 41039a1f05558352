import type { AgentIdentity, MessageView } from '../../alerts/channel.ts';
import { viewOf } from '../../alerts/render.ts';
import type { Explanation } from '../../core/explanation.ts';
import type { Incident } from '../../core/incident.ts';
import type { Notice } from '../../core/notification.ts';
import type { Verdict } from '../../core/verdict.ts';
import { alertOf, verdictOf } from './alert-samples.ts';

/** 2026-11-21 21:05 UTC. */
export const sinceMs = 1_795_295_100_000;
export const minuteMs = 60_000;
export const identity: AgentIdentity = { name: 'kedge-test', version: '0.1.0' };

/** The breach of the worked example in the docs: PSI 0.41 over 0.02, n 5000. */
export function breachOf(over: Partial<Verdict> = {}): Verdict {
  return verdictOf('b', 0, {
    startMs: sinceMs,
    endMs: sinceMs + 5 * minuteMs,
    statistic: 0.41,
    threshold: 0.02,
    effect: 0.39,
    pValue: 1e-30,
    size: { reference: 200_000, current: 5_000 },
    referenceId: 'ref_7',
    reason: 'PSI of input.debt_to_income is 0.41, over 0.02',
    evidence: [{ label: '(0.5, 0.9]', reference: 0.1, current: 0.42 }],
    ...over,
  });
}

export function driftOf(over: Parameters<typeof alertOf>[0] = {}) {
  const breach = over.lastBreach ?? breachOf();
  return alertOf({
    model: 'credit-risk',
    version: '2.0.0',
    signal: 'input.debt_to_income',
    severity: 'critical',
    sinceMs,
    activeAtMs: sinceMs + 5 * minuteMs,
    firedAtMs: sinceMs + 5 * minuteMs,
    incident: 'inc_01JD8Z',
    lastVerdict: breach,
    ...over,
    lastBreach: breach,
  });
}

export function incidentOf(over: Partial<Incident> = {}): Incident {
  return {
    id: 'inc_01JD8Z',
    groupKey: 'key',
    labels: { environment: 'prod', model: 'credit-risk' },
    severity: 'critical',
    alerts: ['f-input.debt_to_income'],
    firing: ['f-input.debt_to_income'],
    openedAtMs: sinceMs + 6 * minuteMs,
    changedAtMs: sinceMs + 6 * minuteMs,
    messages: 3,
    heard: {},
    timeline: [],
    ...over,
  };
}

export function noticeOf(over: Partial<Notice> = {}): Notice {
  return {
    incident: incidentOf(),
    channel: 'hook',
    kind: 'firing',
    reason: 'first',
    firing: [driftOf()],
    resolved: [],
    atMs: sinceMs + 7 * minuteMs,
    ...over,
  };
}

export function resolvedNotice(over: Partial<Notice> = {}): Notice {
  const ok = breachOf({ status: 'ok', endMs: sinceMs + 35 * minuteMs, statistic: 0.001 });
  const resolved = [driftOf({ lastVerdict: ok })];
  return noticeOf({ kind: 'resolved', reason: 'all_resolved', firing: [], resolved, ...over });
}

export function messageOf(notice: Notice = noticeOf(), actions: readonly string[] = []): MessageView {
  return viewOf(notice, {
    id: 'dlv_01JD9',
    seq: notice.incident.messages,
    agent: identity.name,
    externalUrl: 'https://kedge.example.com/',
    actions,
    runbookOf: () => 'https://wiki.example.com/drift',
  });
}

/** A breach with everything an explanation may have. */
export const explained: Explanation = {
  onset: {
    atMs: sinceMs - 5 * minuteMs,
    fromMs: sinceMs - 10 * minuteMs,
    toMs: sinceMs,
    form: 'abrupt',
  },
  movedTogether: [
    { signal: 'output.score', effect: 0.2, sinceMs: sinceMs - 5 * minuteMs, isTogether: true },
    { signal: 'input.age', effect: 0.05, isTogether: false },
  ],
  outputShift: {
    output: 'output.score',
    observed: 0.042,
    deviations: 0.3,
    contributions: [
      { signal: 'input.debt_to_income', shift: 0.04, deviations: 0.29 },
      { signal: 'input.age', shift: 0.0016, deviations: 0.011 },
    ],
    explained: 0.99,
    overlapping: false,
  },
  changesNearby: [{ kind: 'version', what: 'version 2.0.0 was first seen', atMs: sinceMs - 6 * minuteMs }],
  matters: 'page',
  mattersReason: 'output.score moved as well',
  sentence: 'input.debt_to_income changed at once about 2026-11-21 21:00 UTC.',
};
