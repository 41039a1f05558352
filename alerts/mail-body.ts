import type { NotificationKind } from '../core/notification.ts';
import type { Severity } from '../core/rule.ts';
import { signalOf } from '../core/series.ts';
import type { MessageView } from './channel.ts';
import { boundedView, cleanText, clockText, numberText, placeOf } from './render.ts';
import type { AlertView, ExplanationView } from './view.ts';

/*
 * A mail in two forms that say the same: text that needs nothing else, and HTML with inline styles only: no script, no
 * image, nothing that is loaded from anywhere. Every value is escaped.
 */

/** Alerts with all their numbers; those after them are named only, and those after these are counted. */
const detailedMax = 20;
const namedMax = 200;
/** UTF-16 units of both forms together; long texts in many alerts leave room for the details of fewer. */
const charactersMax = 200_000;

export interface MailBody {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

export function renderMail(unbounded: MessageView): MailBody {
  const view = boundedView(unbounded);
  const omitted =
    unbounded.firing.length + unbounded.resolved.length - view.firing.length - view.resolved.length;
  const subject = `[${markOf(view.kind, view.severity)}] ${view.title}`;
  for (let detailed = detailedMax; ; detailed = Math.floor(detailed / 4)) {
    const content = contentOf(view, omitted, detailed);
    const body = { subject, text: asText(content), html: asHtml(content) };
    if (detailed === 0 || body.text.length + body.html.length <= charactersMax) return body;
  }
}

/** The only part of a subject that changes within an incident. */
function markOf(kind: NotificationKind, severity: Severity): string {
  switch (kind) {
    case 'resolved':
    case 'fired_and_resolved':
      return 'RESOLVED';
    case 'test':
      return 'TEST';
    case 'firing':
    case 'rollback':
      return severity.toUpperCase();
  }
}

type Fact = readonly [label: string, value: string];

interface Section {
  readonly heading: string;
  readonly facts: readonly Fact[];
}

/** What a mail says, before it has a form. */
interface Content {
  readonly headline: string;
  readonly color: string;
  readonly actions: readonly string[];
  readonly sections: readonly Section[];
  readonly named: readonly string[];
  readonly omitted: number;
  readonly links: readonly Fact[];
  readonly footer: string;
}

function contentOf(view: MessageView, omitted: number, detailed: number): Content {
  const alerts = [...view.firing, ...view.resolved];
  const runbooks = new Set(alerts.map((alert) => alert.runbookUrl).filter((url) => url !== ''));
  return {
    headline: view.headline,
    color: colorOf(view),
    actions: view.actions.filter((action) => action !== view.headline),
    sections: alerts.slice(0, detailed).map(sectionOf),
    named: alerts.slice(detailed, detailed + namedMax).map(nameOf),
    omitted: omitted + Math.max(0, alerts.length - detailed - namedMax),
    links: [
      ...(view.url === '' ? [] : [['Incident', view.url] as const]),
      ...[...runbooks].slice(0, 5).map((url) => ['Runbook', url] as const),
    ],
    footer: `Incident ${view.incident}, message ${view.id}, sent by Kedge (${view.agent}) at ${clockText(view.at)}.`,
  };
}

function sectionOf(alert: AlertView): Section {
  const { reference, window } = alert;
  const number = (value: number | null) => (value === null ? 'not known' : numberText(value));
  const facts: Fact[] = [
    ['What', alert.reason],
    ...whyFacts(alert),
    ['Model', placeOf(alert)],
    ['Rule', `${alert.rule} (${alert.severity})`],
    ['Value', `${number(alert.value)}, limit ${number(alert.threshold)}, effect ${number(alert.effect)}`],
    ['Rows', `${Math.round(alert.n)}, from ${clockText(window.start)} to ${clockText(window.end)}`],
  ];
  if (alert.p !== null) facts.push(['p', alert.p === 0 ? 'below 1e-300' : numberText(alert.p)]);
  if (reference !== null) facts.push(['Reference', `${reference.id} (n ${Math.round(reference.n)})`]);
  if (alert.endsAt !== null) facts.push(['Resolved', clockText(alert.endsAt)]);
  if (alert.verdictId !== '') facts.push(['Repeat it', `kedge verdict show ${alert.verdictId}`]);
  if (alert.stale) facts.push(['Data', 'none has come since']);
  for (const cell of alert.evidence) {
    facts.push([
      'Moved',
      `${cell.label}: ${shareText(cell.reference)} before, ${shareText(cell.current)} now`,
    ]);
  }
  return { heading: `${alert.status === 'firing' ? 'Firing' : 'Resolved'}: ${signalOf(alert)}`, facts };
}

/** Since when and how, what moved with it, what it did to the output, what was changed about then, and if it matters. */
function whyFacts(alert: AlertView): Fact[] {
  const { explanation } = alert;
  if (explanation === null) return [['Since', clockText(alert.since)]];
  const { onset, movedTogether, output, changesNearby, matters, mattersReason } = explanation;
  const facts: Fact[] = [['Since', onset === null ? clockText(alert.since) : onsetText(onset)]];
  const names = (together: boolean) =>
    movedTogether.filter((one) => one.isTogether === together).map((one) => one.signal);
  if (names(true).length > 0) facts.push(['With it', names(true).join(', ')]);
  if (names(false).length > 0) facts.push(['Also moved', names(false).join(', ')]);
  if (output !== null) facts.push(['Output', outputText(output)]);
  for (const change of changesNearby) facts.push(['Changed', `${change.what}, ${clockText(change.at)}`]);
  facts.push(['Matters', `${matters === 'page' ? 'yes' : 'for the digest'}: ${mattersReason}`]);
  return facts;
}

function onsetText({ at, from, to, form }: NonNullable<ExplanationView['onset']>): string {
  const how = { abrupt: 'all at once', gradual: 'little by little', recurring: 'it comes back' }[form];
  return `${clockText(at)} (between ${clockText(from)} and ${clockText(to)}), ${how}`;
}

function outputText({
  signal,
  deviations,
  contributions,
  explained,
}: NonNullable<ExplanationView['output']>) {
  const signed = (value: number) => `${value > 0 ? '+' : ''}${numberText(value)} sd`;
  const parts = contributions.slice(0, 5).map((one) => `${one.signal} ${signed(one.deviations)}`);
  const from = parts.length === 0 ? 'no input that moved' : `by inputs that moved: ${parts.join(', ')}`;
  const overlap = explained !== null && explained > 1.2 ? '; they overlap' : '';
  const share = explained === null ? '' : ` (${shareText(explained)} explained${overlap})`;
  return `${signal} shifted by ${signed(deviations)}; ${from}${share}`;
}

function nameOf(alert: AlertView): string {
  return cleanText(`${alert.status}: ${signalOf(alert)} of ${placeOf(alert)}, rule ${alert.rule}`);
}

function shareText(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

const colors: Readonly<Record<Severity, string>> = {
  critical: '#B00020',
  major: '#E65100',
  warning: '#F9A825',
  info: '#1565C0',
};

function colorOf(view: MessageView): string {
  return view.kind === 'resolved' || view.kind === 'fired_and_resolved' ? '#2E7D32' : colors[view.severity];
}

function asText(content: Content): string {
  const blocks = [
    content.headline,
    content.actions.join('\n'),
    ...content.sections.map(({ heading, facts }) =>
      [heading, ...facts.map(([label, value]) => `  ${label}: ${value}`)].join('\n'),
    ),
    content.named.map((name) => `  ${name}`).join('\n'),
    content.omitted > 0 ? `${content.omitted} more alerts are not listed here.` : '',
    content.links.map(([label, url]) => `${label}: ${url}`).join('\n'),
    `-- \n${content.footer}`,
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

const bodyStyle = 'margin:0;padding:16px;font-family:Arial,Helvetica,sans-serif;font-size:14px;color:#212121';
const cellStyle = 'padding:2px 12px 2px 0;vertical-align:top';

function asHtml(content: Content): string {
  const paragraph = (text: string) => `<p style="margin:8px 0">${escapeHtml(text)}</p>`;
  const parts = [
    `<div style="border-left:6px solid ${content.color};padding:4px 12px;font-size:16px"><strong>${escapeHtml(content.headline)}</strong></div>`,
    ...content.actions.map(paragraph),
    ...content.sections.map(sectionHtml),
    ...content.named.map(paragraph),
    ...(content.omitted > 0 ? [paragraph(`${content.omitted} more alerts are not listed here.`)] : []),
    ...content.links.map(linkHtml),
    `<p style="margin:16px 0 0;font-size:12px;color:#616161">${escapeHtml(content.footer)}</p>`,
  ];
  return `<!DOCTYPE html><html><body style="${bodyStyle}">${parts.join('\n')}</body></html>\n`;
}

function sectionHtml({ heading, facts }: Section): string {
  const rows = facts.map(
    ([label, value]) =>
      `<tr><td style="${cellStyle};color:#616161;white-space:nowrap">${escapeHtml(label)}</td><td style="${cellStyle}">${escapeHtml(value)}</td></tr>`,
  );
  return `<h3 style="margin:16px 0 4px;font-size:14px">${escapeHtml(heading)}</h3><table style="border-collapse:collapse">${rows.join('')}</table>`;
}

/** Only a web address becomes a link: another scheme could run something. */
function linkHtml([label, url]: Fact): string {
  if (!/^https?:\/\//i.test(url)) return `<p style="margin:8px 0">${escapeHtml(`${label}: ${url}`)}</p>`;
  return `<p style="margin:8px 0"><a href="${escapeHtml(url)}">${escapeHtml(label)}</a></p>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
