import { z } from 'zod';
import { formatDuration, parseDuration } from '../core/duration.ts';
import type { Span } from '../core/rule.ts';

/*
 * The small written forms of kedge.yaml: `5m`, `64MiB`, `0.02 USD`, `2%`, `1 per month`, `2 windows`. Each
 * has a reader (text in, number out, `undefined` where it is none) and a schema that says what it expected.
 */

const dayMs = 86_400_000;
/** Longer than any duration here has a use for; it keeps every sum of durations a safe integer. */
export const durationMax = 3_650 * dayMs;
const periodsMs: ReadonlyMap<string, number> = new Map([
  ['hour', 3_600_000],
  ['day', dayMs],
  ['week', 7 * dayMs],
  ['month', 30 * dayMs],
  ['quarter', 90 * dayMs],
]);
const unitBytes: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** So many false alarms in so much time. A month has 30 days. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

/** Bytes of `64MiB`, `20MB`, `1024` (text or number). */
export function parseSize(raw: unknown): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?([KMG]iB|[kMG]B|B|)$/.exec(textOf(raw));
  const unit = unitBytes[match?.[2] ?? '?'];
  if (match === null || unit === undefined) return undefined;
  const bytes = Number(match[1]) * unit;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** USD of `0.02 USD`, more than 0. A number alone is refused: an amount says its currency. */
export function parseMoney(raw: unknown): number | undefined {
  const match = typeof raw === 'string' ? /^(\d+(?:\.\d+)?) ?USD$/.exec(raw) : null;
  const amount = match === null ? 0 : Number(match[1]);
  return amount > 0 && Number.isFinite(amount) ? amount : undefined;
}

/** Between 0 and 1 of `2%` or of the number 0.02; a limit of nothing or of everything limits nothing. */
export function parseShare(raw: unknown): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?(%?)$/.exec(textOf(raw));
  if (match === null) return undefined;
  // The decimal point is moved in the text: 0.7 / 100 is not the double nearest to 0.007.
  const share = Number(match[2] === '%' ? `${match[1]}e-2` : match[1]);
  return share > 0 && share < 1 ? share : undefined;
}

/** `1 per month`, `0.5 per week`, `1 per quarter`, `2 per 10d`. */
export function parseRate(raw: unknown): Rate | undefined {
  const match = /^(\d+(?:\.\d+)?) per (\w+)$/.exec(textOf(raw));
  if (match === null) return undefined;
  const count = Number(match[1]);
  const perMs = periodsMs.get(match[2] as string) ?? parseDuration(match[2] as string);
  if (perMs === undefined || perMs <= 0 || perMs > durationMax) return undefined;
  return count > 0 && Number.isFinite(count) ? { count, perMs } : undefined;
}

/** `2 windows`, `10m`, or the mapping `{windows: 2}`. */
export function parseSpan(raw: unknown): Span | undefined {
  const match = /^(\d{1,4}) windows?$/.exec(textOf(raw));
  if (match !== null) return { windows: Number(match[1]) };
  if (typeof raw === 'string') {
    const ms = parseDuration(raw);
    return ms === undefined || ms > durationMax ? undefined : { ms: Math.round(ms) };
  }
  if (typeof raw !== 'object' || raw === null || Object.keys(raw).join() !== 'windows') return undefined;
  const windows = (raw as { readonly windows: unknown }).windows;
  const fits = typeof windows === 'number' && Number.isInteger(windows) && windows >= 0 && windows < 10_000;
  return fits ? { windows } : undefined;
}

/**
 * A schema around a reader. `json` is how editors see it: what a regular expression can say of the written
 * form.
 */
export function scalar<T>(
  expected: string,
  read: (raw: unknown) => T | undefined,
  json: Readonly<Record<string, unknown>>,
) {
  return z
    .unknown()
    .transform((raw, context): T => {
      const value = read(raw);
      if (value !== undefined) return value;
      context.issues.push({ code: 'custom', message: `expected ${expected}`, input: raw });
      return z.NEVER;
    })
    .meta(json);
}

/** Editors must let `${NAME}` pass wherever a text has a form. */
const formed = (title: string, form: string) => ({
  title,
  type: 'string',
  pattern: `^(?:${form}|.*\\$\\{.*\\}.*)$`,
});

/** A duration in ms, within bounds (inclusive). */
export function duration(minMs = 0, maxMs = durationMax) {
  const read = (raw: unknown): number | undefined => {
    const ms = typeof raw === 'string' ? parseDuration(raw) : undefined;
    return ms === undefined || ms < minMs || ms > maxMs ? undefined : Math.round(ms);
  };
  return scalar(
    `a duration such as 90s, 5m or 1h30m${rangeText(minMs, maxMs)}`,
    read,
    formed('duration', '(\\d+(\\.\\d+)?(ms|s|m|h|d|w))+'),
  );
}

function rangeText(minMs: number, maxMs: number): string {
  const parts = [
    ...(minMs > 1 ? [`at least ${formatDuration(minMs)}`] : minMs === 1 ? ['more than 0'] : []),
    ...(maxMs < durationMax ? [`at most ${formatDuration(maxMs)}`] : []),
  ];
  return parts.length === 0 ? '' : `, ${parts.join(' and ')}`;
}

export const size = (minBytes = 1) =>
  scalar(
    `a size such as 64MiB, 20MB or 4096${minBytes > 1 ? ` of at least ${minBytes} bytes` : ''}`,
    (raw) => {
      const bytes = parseSize(raw);
      return bytes === undefined || bytes < minBytes ? undefined : bytes;
    },
    { ...formed('size', '\\d+(\\.\\d+)? ?([KMG]iB|[kMG]B|B)?'), type: ['string', 'integer'] },
  );

export const money = () =>
  scalar('an amount in USD such as 0.02 USD', parseMoney, formed('amount', '\\d+(\\.\\d+)? ?USD'));

export const share = () =>
  scalar('a share such as 2% or 0.02, more than 0 and less than 100%', parseShare, {
    ...formed('share', '\\d+(\\.\\d+)? ?%?'),
    type: ['string', 'number'],
  });

export const rate = () =>
  scalar(
    'a rate such as 1 per month or 2 per 10d',
    parseRate,
    formed('rate', '\\d+(\\.\\d+)? per (hour|day|week|month|quarter|(\\d+(\\.\\d+)?(ms|s|m|h|d|w))+)'),
  );

export const span = () =>
  scalar('a wait such as 2 windows or 10m', parseSpan, {
    title: 'wait',
    anyOf: [
      formed('wait', '\\d{1,4} windows?|(\\d+(\\.\\d+)?(ms|s|m|h|d|w))+'),
      { type: 'object', properties: { windows: { type: 'integer', minimum: 0 } }, required: ['windows'] },
    ],
  });

function textOf(raw: unknown): string {
  if (typeof raw === 'string') return raw.length <= 64 ? raw : '';
  return typeof raw === 'number' ? String(raw) : '';
}
