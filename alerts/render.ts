import type { Alert } from '../core/alert.ts';
import { formatDuration } from '../core/duration.ts';
import type { Notice, NotificationKind } from '../core/notification.ts';
import type { RuleClass } from '../core/rule.ts';
import { signalOf } from '../core/series.ts';
import { isoTime } from '../core/time.ts';
import { evidenceMax, type Verdict } from '../core/verdict.ts';
import type { MessageView } from './channel.ts';
import { boundedExplanation, explanationViewOf } from './explanation-view.ts';
import type { AlertView } from './view.ts';

/*
 * From alerts to what a message may show. Names and levels in it come from telemetry, so every text is cleaned and cut
 * here, before any channel escapes it: a cut can then never fall inside an escape.
 */

/** Code points. */
const nameMax = 200;
const sentenceMax = 600;
const titleMax = 150;
const urlMax = 2_048;
const groupLabelsMax = 20;
const actionsMax = 20;
/** Alerts a view carries, per list: as many as an incident remembers. Channels show fewer and say how many they left out. */
const viewAlertsMax = 1_000;

export interface ViewContext {
  readonly id: string;
  readonly seq: number;
  readonly agent: string;
  readonly externalUrl: string;
  /** What Kedge did or would do: sentences. */
  readonly actions: readonly string[];
  readonly runbookOf?: (rule: string) => string;
  /** The title the incident got with its first message; absent: this is the first. */
  readonly title?: string;
}

export function viewOf(notice: Notice, context: ViewContext): MessageView {
  const { incident } = notice;
  const views = (alerts: readonly Alert[], status: AlertView['status']) =>
    alerts
      .slice(0, viewAlertsMax)
      .map((alert) => alertViewOf(alert, status, context.runbookOf?.(alert.rule)));
  const firing = views(notice.firing, 'firing');
  const resolved = views(notice.resolved, 'resolved');
  const { actions } = context;
  return boundedView({
    id: context.id,
    incident: incident.id,
    seq: context.seq,
    kind: notice.kind,
    reason: notice.reason,
    severity: firing[0]?.severity ?? incident.severity,
    group: incident.labels,
    title: context.title ?? titleOf(notice),
    headline: headlineOf(notice.kind, { firing, resolved, actions, lasted: lastedText(notice.resolved[0]) }),
    firing,
    resolved,
    openedAt: isoTime(incident.openedAtMs),
    at: isoTime(notice.atMs),
    url: incidentUrl(context.externalUrl, incident.id),
    actions,
    agent: context.agent,
  });
}

export function alertViewOf(alert: Alert, status: AlertView['status'], runbookUrl = ''): AlertView {
  const verdict = alert.lastBreach ?? alert.lastVerdict;
  const { referenceId: id, evidence } = verdict;
  return boundedAlert({
    fingerprint: alert.fingerprint,
    status,
    rule: alert.rule,
    class: alert.class,
    detector: verdict.detector,
    signal: alert.signal,
    ...(alert.segment === undefined ? {} : { segment: alert.segment }),
    model: alert.model,
    environment: alert.environment,
    version: alert.version,
    severity: alert.severity,
    reason: verdict.reason,
    ...numbersOf(verdict),
    reference: id === undefined ? null : { id, n: finite(verdict.size.reference) ?? 0 },
    window: { start: isoTime(verdict.startMs), end: isoTime(verdict.endMs) },
    since: isoTime(verdict.explanation?.onset?.atMs ?? alert.sinceMs),
    startsAt: isoTime(alert.firedAtMs ?? alert.activeAtMs),
    endsAt: status === 'resolved' ? isoTime(alert.lastVerdict.endMs) : null,
    stale: alert.stale,
    evidence: evidence.map(({ label, reference, current }) => ({
      label,
      reference: finite(reference) ?? 0,
      current: finite(current) ?? 0,
    })),
    explanation: explanationViewOf(verdict.explanation),
    verdictId: verdict.id ?? '',
    runbookUrl,
  });
}

function numbersOf(verdict: Verdict): Pick<AlertView, 'value' | 'threshold' | 'effect' | 'p' | 'n'> {
  return {
    value: finite(verdict.statistic),
    threshold: finite(verdict.threshold),
    effect: finite(verdict.effect),
    p: finite(verdict.pValue),
    n: finite(verdict.size.current) ?? 0,
  };
}

/** NaN and infinity have no JSON: they are `null`, and the alert's reason says why. */
function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

/** Where the page of an incident is; '' where the agent has no address of its own. */
function incidentUrl(externalUrl: string, incident: string): string {
  const base = cleanText(externalUrl, urlMax).replace(/\/+$/, '');
  return base === '' ? '' : `${base}/incidents/${encodeURIComponent(incident)}`;
}

/** What is known when the incident opens, without numbers: `credit-risk 2.0.0 (prod): input.income drifted`. */
export function titleOf(notice: Notice): string {
  const alert = notice.firing[0] ?? notice.resolved[0];
  if (alert === undefined)
    return Object.values(notice.incident.labels)
      .map((value) => cleanText(value))
      .join(' ');
  const view = alertViewOf(alert, 'firing');
  return `${placeOf(view)}: ${signalOf(view)} ${happened(view)}`;
}

interface HeadlineParts {
  readonly firing: readonly AlertView[];
  readonly resolved: readonly AlertView[];
  readonly actions: readonly string[];
  /** How long the first of the resolved ones lasted. */
  readonly lasted: string;
}

/** One sentence: what, by how much, since when, and how much more there is. */
function headlineOf(kind: NotificationKind, parts: HeadlineParts): string {
  switch (kind) {
    case 'test':
      return 'This is a test: the channel works.';
    case 'rollback':
      return parts.actions.at(-1) ?? firingSentence(parts);
    case 'firing':
      return firingSentence(parts);
    case 'resolved':
      return resolvedSentence(parts, 'resolved after');
    case 'fired_and_resolved':
      return resolvedSentence(parts, 'fired while this channel could not be told, and resolved after');
  }
}

function firingSentence(parts: HeadlineParts): string {
  const { firing, resolved } = parts;
  const [worst, ...others] = firing;
  if (worst === undefined) return resolvedSentence(parts, 'resolved after');
  const more = others.length === 0 ? '' : `; ${countOf(others.length, 'more signal')} moved`;
  const fewer = resolved.length === 0 ? '' : `; ${resolved.length} resolved`;
  const stale = worst.stale ? '; no data since' : '';
  const what = `${signalOf(worst)} ${happened(worst)}: ${numbersText(worst)}`;
  return `${placeOf(worst)}: ${what}, since ${clockText(worst.since)}${stale}${more}${fewer}.`;
}

function resolvedSentence({ resolved, lasted }: HeadlineParts, how: string): string {
  const [first, ...others] = resolved;
  if (first === undefined) return 'All alerts of this incident have resolved.';
  const more = others.length === 0 ? '' : `; ${countOf(others.length, 'more alert')} resolved`;
  const reach = `it had ${happened(first)} (${numbersText(first)})`;
  return `${placeOf(first)}: ${signalOf(first)} ${how} ${lasted}; ${reach}, since ${clockText(first.since)}${more}.`;
}

/** From the start of the first window that breached to the window that closed the episode: `35m`, to the minute. */
function lastedText(alert: Alert | undefined): string {
  const ms = alert === undefined ? Number.NaN : alert.lastVerdict.endMs - alert.sinceMs;
  if (!(ms >= 0 && ms < Number.MAX_SAFE_INTEGER)) return 'an unknown time';
  const grainMs = ms < 120_000 ? 1_000 : 60_000;
  return formatDuration(Math.round(ms / grainMs) * grainMs);
}

/** `credit-risk 2.0.0 (prod)`. */
export function placeOf(alert: Pick<AlertView, 'model' | 'version' | 'environment'>): string {
  const version = alert.version === '' ? '' : ` ${alert.version}`;
  return `${alert.model}${version}${alert.environment === '' ? '' : ` (${alert.environment})`}`;
}

const verbs: Readonly<Record<RuleClass, string>> = {
  drift: 'drifted',
  latency: 'went over its latency limit',
  cost: 'went over its budget',
  error: 'went over its error limit',
};

function happened(alert: AlertView): string {
  return verbs[alert.class];
}

/** `PSI 0.41 over 0.02 (n 5000)`; the detector's own sentence where it has no such numbers. */
function numbersText(alert: AlertView): string {
  if (alert.value === null || alert.threshold === null) return alert.reason;
  const unit = units[alert.class];
  const [value, limit] = [numberText(alert.value), numberText(alert.threshold)];
  const name = alert.class === 'drift' ? `${statisticName(alert.detector)} ` : '';
  return `${name}${value}${unit} over ${limit}${unit} (n ${Math.round(alert.n)})`;
}

const units: Readonly<Record<RuleClass, string>> = { drift: '', latency: ' ms', cost: ' USD', error: '' };

/** The tests' own names are abbreviations, written in capitals: PSI, KS. The default rule shows its effect as PSI. */
function statisticName(detector: string): string {
  if (detector === 'drift') return 'PSI';
  return detector.length <= 3 ? detector.toUpperCase() : detector.replaceAll('_', ' ');
}

/** Four significant digits, without an exponent where a person would not write one. */
export function numberText(value: number): string {
  const rounded = Number(value.toPrecision(4));
  return rounded !== 0 && Math.abs(rounded) < 1e-4 ? rounded.toExponential() : String(rounded);
}

/** `2026-11-21 21:05 UTC`. */
export function clockText(iso: string): string {
  return iso === '' ? 'an unknown time' : `${iso.slice(0, 16).replace('T', ' ')} UTC`;
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/**
 * Text that comes from outside, fit for a message: well-formed, without control characters and without those that
 * turn the direction of text, at most `max` code points. The end that is cut off is shown as an ellipsis.
 */
export function cleanText(text: string, max = nameMax): string {
  const characters: string[] = [];
  for (const character of text.slice(0, 2 * max + 2).toWellFormed()) {
    if (characters.length === max) return `${characters.slice(0, -1).join('')}…`;
    characters.push(isUnfit(character) ? ' ' : character);
  }
  return characters.join('');
}

function isUnfit(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  const isControl = code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0x2028 || code === 0x2029;
  const isDirection =
    (code >= 0x202a && code <= 0x202e) ||
    (code >= 0x2066 && code <= 0x2069) ||
    code === 0x200e ||
    code === 0x200f;
  return isControl || isDirection;
}

/**
 * The view with every text and list within its limit, whoever made it: what `viewOf` makes is within them already.
 */
export function boundedView(view: MessageView): MessageView {
  const bound = (alerts: readonly AlertView[]) => alerts.slice(0, viewAlertsMax).map(boundedAlert);
  return {
    ...view,
    id: cleanText(view.id),
    incident: cleanText(view.incident),
    group: boundedGroup(view.group),
    title: cleanText(view.title, titleMax),
    headline: cleanText(view.headline, sentenceMax),
    firing: bound(view.firing),
    resolved: bound(view.resolved),
    url: cleanText(view.url, urlMax),
    actions: view.actions.slice(-actionsMax).map((sentence) => cleanText(sentence, sentenceMax)),
    agent: cleanText(view.agent),
  };
}

function boundedGroup(group: MessageView['group']): MessageView['group'] {
  const labels = Object.entries(group).slice(0, groupLabelsMax);
  return Object.fromEntries(labels.map(([name, value]) => [cleanText(name), cleanText(value)]));
}

function boundedAlert(alert: AlertView): AlertView {
  const { reference } = alert;
  return {
    ...alert,
    fingerprint: cleanText(alert.fingerprint),
    rule: cleanText(alert.rule),
    detector: cleanText(alert.detector),
    signal: cleanText(alert.signal),
    ...(alert.segment === undefined ? {} : { segment: cleanText(alert.segment) }),
    model: cleanText(alert.model),
    environment: cleanText(alert.environment),
    version: cleanText(alert.version),
    reason: cleanText(alert.reason, sentenceMax),
    reference: reference === null ? null : { ...reference, id: cleanText(reference.id) },
    evidence: alert.evidence.slice(0, evidenceMax).map((cell) => ({ ...cell, label: cleanText(cell.label) })),
    explanation: boundedExplanation(alert.explanation, cleanText),
    verdictId: cleanText(alert.verdictId),
    runbookUrl: cleanText(alert.runbookUrl, urlMax),
  };
}

/**
 * The smallest view that still says everything that matters: for a receiver that refused the full message. One alert
 * at most, no evidence.
 */
export function minimalViewOf(view: MessageView): MessageView {
  const bare = (alerts: readonly AlertView[]) =>
    alerts.slice(0, 1).map((alert) => ({ ...alert, evidence: [], explanation: null }));
  const [firing, resolved] = [bare(view.firing), view.firing.length > 0 ? [] : bare(view.resolved)];
  return { ...view, firing, resolved, actions: [] };
}

/**
 * The body of last resort, used where a channel cannot render: every channel's `send` takes it. A message in plain
 * words beats a lost alert.
 */
export function plainBody(
  view: Pick<MessageView, 'id' | 'incident' | 'kind' | 'severity' | 'title' | 'headline'>,
): string {
  const { id, incident, kind, severity } = view;
  const subject = `[${severity.toUpperCase()}] ${cleanText(view.title, titleMax)}`;
  return JSON.stringify({
    id,
    incident,
    kind,
    severity,
    subject,
    text: cleanText(view.headline, sentenceMax),
  });
}
