import type { Delivery, Failure } from '../core/notification.ts';
import { type HttpAnswer, NoAnswer } from '../core/ports.ts';
import type { Secret } from '../core/secret.ts';
import type { ChannelPorts, Envelope } from './channel.ts';
import { signingKey, type WebhookOptions } from './options.ts';

/*
 * One signed POST and what its answer means, for every channel and action that speaks HTTP. The signature is that of
 * Standard Webhooks 1.0.0: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */

const answerBytesMax = 64 * 1_024;
const retryAfterMaxMs = 3_600_000;
const dayMs = 86_400_000;
/** A part of a URL from this length on may be a token; shorter ones would tear up the text. */
const tokenMin = 12;
const encoder = new TextEncoder();

export interface Post {
  readonly body: string;
  readonly contentType: string;
  /** CloudEvents type, for receivers that route without reading the body. */
  readonly event: string;
}

/** Makes exactly one request. Never throws, and says nothing of the URL or a secret. */
export async function postSigned(
  post: Post,
  envelope: Envelope,
  options: WebhookOptions,
  ports: ChannelPorts,
): Promise<Delivery> {
  const body = encoder.encode(post.body);
  const timestamp = String(Math.floor(ports.clock.nowMs() / 1_000));
  const headers = {
    ...Object.fromEntries(Object.entries(options.headers).map(([name, value]) => [name, value.reveal()])),
    'content-type': post.contentType,
    'user-agent': `kedge/${envelope.agent.version}`,
    'idempotency-key': envelope.id,
    'webhook-id': envelope.id,
    'webhook-timestamp': timestamp,
    'x-kedge-event': post.event,
    'x-kedge-incident': envelope.incident,
    'x-kedge-attempt': String(envelope.attempt),
    'x-kedge-agent': headerText(envelope.agent.name),
    ...signatureHeader(`${envelope.id}.${timestamp}.${post.body}`, secretsOf(options), ports),
  };
  try {
    const answer = await ports.http.send({
      method: 'POST',
      url: options.url,
      headers,
      body,
      deadlineMs: options.timeout,
      answerBytesMax,
    });
    return deliveryOf(answer, ports.clock.nowMs());
  } catch (error) {
    return unanswered(error, hiddenTexts(options));
  }
}

function secretsOf({ secret, secrets }: WebhookOptions): readonly Secret[] {
  return secret === undefined ? secrets : [secret, ...secrets];
}

/** `v1,<base64>` per secret, in their order, separated by a space: so secrets can be rotated without a gap. */
function signatureHeader(content: string, secrets: readonly Secret[], ports: ChannelPorts) {
  if (secrets.length === 0) return {};
  const signatures = secrets.map((secret) => {
    const key = signingKey(secret.reveal()) ?? new Uint8Array();
    return `v1,${base64(ports.digest.hmacSha256(key, content))}`;
  });
  return { 'webhook-signature': signatures.join(' ') };
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** Header values are printable ASCII. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
}

/** What an answer means. The body is not looked at: whatever it says, it must not get into our records. */
export function deliveryOf(answer: Pick<HttpAnswer, 'status' | 'headers'>, nowMs: number): Delivery {
  const { status } = answer;
  if (status >= 200 && status < 300) return { outcome: 'sent', receipt: String(status) };
  const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], nowMs);
  const failure = failureOf(status, retryAfterMs);
  const detail = status >= 300 && status < 400 ? `redirect refused (HTTP ${status})` : `HTTP ${status}`;
  const wait = failure === 'throttled' && retryAfterMs !== undefined ? { retryAfterMs } : {};
  return { outcome: 'failed', failure, detail, ...wait };
}

function failureOf(status: number, retryAfterMs: number | undefined): Failure {
  if (status === 429 || (status === 503 && retryAfterMs !== undefined)) return 'throttled';
  if (status === 408 || status === 425 || status >= 500) return 'transient';
  if (status === 410) return 'gone';
  if (status === 400 || status === 413 || status === 415 || status === 422) return 'payload';
  if (status >= 300 && status < 400) return 'redirect';
  // 401, 403, 404, and what no receiver of ours should say: a person has to look at the configuration.
  return 'config';
}

/** Seconds or an HTTP-date (RFC 9110, 10.2.3); undefined for everything else, also for a date that has passed. */
export function parseRetryAfter(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const trimmed = text.trim();
  if (/^\d{1,9}$/.test(trimmed)) return Math.min(retryAfterMaxMs, Number(trimmed) * 1_000);
  const atMs = parseHttpDate(trimmed);
  return atMs === undefined || atMs <= nowMs ? undefined : Math.min(retryAfterMaxMs, atMs - nowMs);
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Sun, 06 Nov 1994 08:49:37 GMT`: the one form that senders may still make (RFC 9110, 5.6.7). */
function parseHttpDate(text: string): number | undefined {
  const match = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/.exec(text);
  if (match === null) return undefined;
  const month = months.indexOf(match[2] ?? '') + 1;
  const [day, year, hours, minutes, seconds] = [1, 3, 4, 5, 6].map((index) => Number(match[index]));
  if (month === 0 || day === undefined || day < 1 || day > 31) return undefined;
  const seconds0 = (hours ?? 0) * 3_600 + (minutes ?? 0) * 60 + (seconds ?? 0);
  return daysFromCivil(year ?? 0, month, day) * dayMs + seconds0 * 1_000;
}

/** Days since 1970-01-01 in the Gregorian calendar, counted in years that begin in March (Howard Hinnant). */
function daysFromCivil(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return marchYear * 365 + leapDays + dayOfYear - 719_468;
}

/** No answer came. `sent` decides whether it may have arrived; what is permanent needs a person. */
function unanswered(error: unknown, hidden: readonly string[]): Delivery {
  if (!(error instanceof NoAnswer)) return { outcome: 'failed', failure: 'ambiguous', detail: 'no answer' };
  const failure: Failure = error.permanent ? 'config' : error.sent ? 'ambiguous' : 'transient';
  return { outcome: 'failed', failure, detail: scrub(error.message, hidden) };
}

/** Texts that must not get into a record: secrets, and what of the URL may hold one. */
function hiddenTexts(options: WebhookOptions): readonly string[] {
  const url = new URL(options.url);
  const secrets = [...secretsOf(options), ...Object.values(options.headers)].map((secret) => secret.reveal());
  const { pathname, search, searchParams } = url;
  const parts = [options.url, url.href, pathname + search, pathname, search, search.slice(1)];
  const tokens = [...pathname.split('/'), ...searchParams.values()].filter((part) => part.length >= tokenMin);
  return [...secrets, ...parts.filter((part) => part.length > 1), ...tokens];
}

/** The text without any of `hidden`, longest first so that no rest of one is left. */
export function scrub(text: string, hidden: readonly string[]): string {
  const longestFirst = hidden.filter((one) => one !== '').sort((a, b) => b.length - a.length);
  return longestFirst.reduce((clean, one) => clean.replaceAll(one, '<redacted>'), text);
}
