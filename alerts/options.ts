import { z } from 'zod';
import { parseDuration } from '../core/duration.ts';
import { Secret } from '../core/secret.ts';

/* Options that several channels and actions share. Each message says what would be right. */

const urlCharactersMax = 2_048;
const secretCharactersMax = 4_096;
const whsecBytesMin = 24;
const whsecBytesMax = 64;

/** Does the text hold a control character? In an address or header it could start a line of its own. */
export function hasControl(text: string): boolean {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}

/** A value that is never shown. In kedge.yaml as `name_file: /path` or `name: ${ENV}`. */
export function secretOption(description: string) {
  return z
    .string()
    .min(1, 'expected a secret, got an empty text')
    .max(secretCharactersMax)
    .refine((text) => !hasControl(text), 'expected a secret on one line, without control characters')
    .transform((text) => new Secret(text))
    .describe(description);
}

/** A secret of Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes. */
export function signingSecretOption(description: string) {
  return z
    .string()
    .refine(
      (text) => signingKey(text) !== undefined,
      `expected whsec_ and base64 of ${whsecBytesMin} to ${whsecBytesMax} bytes, such as whsec_$(openssl rand -base64 32)`,
    )
    .transform((text) => new Secret(text))
    .describe(description);
}

/** The key bytes of a `whsec_` secret; `undefined` where it is none. */
export function signingKey(text: string): Uint8Array | undefined {
  const match = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text);
  const base64 = match?.[1];
  if (base64 === undefined || base64.length % 4 !== 0) return undefined;
  const key = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return key.length >= whsecBytesMin && key.length <= whsecBytesMax ? key : undefined;
}

export function urlOption(description: string) {
  return z
    .string()
    .max(urlCharactersMax)
    .refine(isHttpUrl, 'expected a URL such as https://ops.example.com/kedge, without user or password in it')
    .describe(description);
}

function isHttpUrl(text: string): boolean {
  if (!/^https?:\/\//i.test(text) || hasControl(text) || !URL.canParse(text)) return false;
  const url = new URL(text);
  return url.hostname !== '' && url.username === '' && url.password === '';
}

export function addressOption(description: string) {
  return z
    .email('expected an e-mail address such as ml-team@example.com')
    .max(254)
    .refine((text) => !hasControl(text), 'expected an address without control characters')
    .describe(description);
}

/** A duration such as `10s`, or a number of ms; becomes ms. */
export function durationOption(
  description: string,
  range: { readonly minMs: number; readonly maxMs: number },
) {
  const asMs = (value: string | number) => (typeof value === 'number' ? value : parseDuration(value));
  const isInRange = (value: string | number) => {
    const ms = asMs(value);
    return ms !== undefined && ms >= range.minMs && ms <= range.maxMs;
  };
  return z
    .union([z.string(), z.number()])
    .refine(isInRange, `expected a duration such as 10s, from ${range.minMs} ms to ${range.maxMs} ms`)
    .transform((value) => asMs(value) ?? range.minMs)
    .describe(description);
}

const secretsMax = 2;
const headersMax = 20;
/** Headers that are ours, or that say how the body is framed. */
const reservedHeader =
  /^(webhook-.*|x-kedge-.*|content-.*|idempotency-key|user-agent|host|connection|transfer-encoding)$/i;

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, 'expected the name of an HTTP header, such as authorization')
  .refine((name) => !reservedHeader.test(name), 'expected a header that Kedge does not set itself');

/** What a signed POST needs to know: for the channel and the action of that type alike. */
export const webhookOptions = {
  url: urlOption('Where to post to. Redirects are not followed.'),
  secret: signingSecretOption(
    'Secret of Standard Webhooks (whsec_…) that signs each message. Without one they are not signed.',
  ).optional(),
  secrets: z
    .array(signingSecretOption('A secret.'))
    .max(secretsMax)
    .default([])
    .describe('Further secrets, each of which signs too: so that one can replace another without a gap.'),
  timeout: durationOption('For the whole exchange.', { minMs: 100, maxMs: 30_000 }).prefault('10s'),
  headers: z
    .record(headerName, secretOption('A value, never shown.'))
    .refine((headers) => Object.keys(headers).length <= headersMax, `expected at most ${headersMax} headers`)
    .default({})
    .describe('Further headers, such as authorization.'),
} as const;

export interface WebhookOptions {
  readonly url: string;
  readonly secret?: Secret | undefined;
  readonly secrets: readonly Secret[];
  readonly timeout: number;
  readonly headers: Readonly<Record<string, Secret>>;
}
