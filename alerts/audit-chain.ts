import type { AuditEntry } from '../core/audit.ts';
import { canonicalJson, encodeJson } from '../core/json.ts';
import type { StoreWrite } from '../core/ports.ts';
import { isoTime } from '../core/time.ts';

/*
 * A record that shows whether it was changed: every entry holds the hash of the one before it. A changed, missing or
 * moved entry breaks the chain there; a tail that was cut off shows only against a head noted elsewhere (messages
 * carry it).
 */

export const auditPrefix = 'audit/';
const seqDigits = 12;

export interface AuditHead {
  /** 0: no entry yet. */
  readonly seq: number;
  readonly hash: string;
}

export const emptyHead: AuditHead = { seq: 0, hash: '' };

/** What is to be written down; `data` as plain JSON, with secrets already out. */
export interface AuditEvent {
  readonly at: string;
  readonly type: string;
  readonly actor: string;
  readonly data: unknown;
}

type Sha256 = (text: string) => string;

export function appendEntry(head: AuditHead, event: AuditEvent, sha256: Sha256): AuditEntry {
  // Through JSON once, so that the hash is over what a reader of the record will see.
  const data: unknown = JSON.parse(JSON.stringify(event.data ?? null));
  const body = {
    seq: head.seq + 1,
    at: event.at,
    type: event.type,
    actor: event.actor,
    data,
    prev: head.hash,
  };
  return { ...body, hash: sha256(canonicalJson(body)) };
}

export type ChainCheck =
  | { readonly whole: true; readonly head: AuditHead }
  | { readonly whole: false; readonly badSeq: number; readonly reason: string };

/** Entries in order of `seq`, from the first one kept. `anchor`: a head noted elsewhere that must be among them. */
export function verifyChain(entries: readonly AuditEntry[], sha256: Sha256, anchor?: string): ChainCheck {
  let head: AuditHead | undefined;
  let isAnchored = anchor === undefined;
  for (const entry of entries) {
    const fault = faultOf(entry, head, sha256);
    if (fault !== undefined) return { whole: false, badSeq: (head?.seq ?? entry.seq - 1) + 1, reason: fault };
    head = { seq: entry.seq, hash: entry.hash };
    if (entry.hash === anchor) isAnchored = true;
  }
  const end = head ?? emptyHead;
  if (!isAnchored) return { whole: false, badSeq: end.seq + 1, reason: 'entries are missing at the end' };
  return { whole: true, head: end };
}

function faultOf(entry: AuditEntry, head: AuditHead | undefined, sha256: Sha256): string | undefined {
  const { hash, ...body } = entry;
  if (head === undefined && entry.seq === 1 && entry.prev !== '')
    return 'the first entry names one before it';
  if (head !== undefined && entry.seq !== head.seq + 1) return `followed by entry ${entry.seq}`;
  if (head !== undefined && entry.prev !== head.hash) return 'does not name the entry before it';
  return sha256(canonicalJson(body)) === hash ? undefined : 'was changed';
}

/** The key orders as `seq` does. */
export function auditKey(seq: number): string {
  return auditPrefix + String(seq).padStart(seqDigits, '0');
}

/** Entries not stored yet, at most. Over it nothing more is taken down, and so nothing more is done. */
const unstoredMax = 10_000;

/**
 * The one writer of the chain. Entries that no transaction has confirmed yet come with every next one, so that the
 * store never holds an entry without those before it, whoever commits first.
 */
export interface AuditLog {
  /** Undefined where too many entries wait for the store: what was to be noted must then not be done. */
  append(atMs: number, event: Omit<AuditEvent, 'at'>): AuditEntry | undefined;
  /** All entries not confirmed yet. */
  writes(): readonly StoreWrite[];
  /** These are durable now. */
  confirm(writes: readonly StoreWrite[]): void;
  head(): AuditHead;
}

export function createAuditLog(options: { readonly head: AuditHead; readonly sha256: Sha256 }): AuditLog {
  let head = options.head;
  const unstored = new Map<string, Uint8Array>();
  return {
    append(atMs, event) {
      if (unstored.size >= unstoredMax) return undefined;
      const entry = appendEntry(head, { at: isoTime(atMs), ...event }, options.sha256);
      head = { seq: entry.seq, hash: entry.hash };
      unstored.set(auditKey(entry.seq), encodeJson(entry));
      return entry;
    },
    writes: () => [...unstored].map(([key, value]) => ({ key, value })),
    confirm(writes) {
      for (const { key } of writes) unstored.delete(key);
    },
    head: () => head,
  };
}
