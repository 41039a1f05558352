import { type AuditHead, auditPrefix, emptyHead } from '../../alerts/audit-chain.ts';
import type { Action } from '../../core/action.ts';
import type { Alert } from '../../core/alert.ts';
import type { AuditEntry } from '../../core/audit.ts';
import type { Incident } from '../../core/incident.ts';
import { decodeJson } from '../../core/json.ts';
import type { Log, Meter, Store } from '../../core/ports.ts';
import type { ReferenceRecord } from '../../core/reference.ts';
import { decodeRecord } from './references.ts';

/** Every decision that was stored, as the stages left it. */
export interface RestoredState {
  readonly alerts: readonly Alert[];
  readonly incidents: readonly Incident[];
  readonly actions: readonly Action[];
  /** Where the audit chain goes on. */
  readonly auditHead: AuditHead;
  readonly references: readonly ReferenceRecord[];
  /** Models of the default rule, undecoded. */
  readonly ladders: ReadonlyMap<string, Uint8Array>;
  /** What was learned of texts and vectors, undecoded. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
  /** Models of the rates, undecoded. */
  readonly rates: ReadonlyMap<string, Uint8Array>;
  /** Alerts given by model, undecoded. */
  readonly given: ReadonlyMap<string, Uint8Array>;
  /** Event time up to which windows of a model were judged, by `boundaryKey`. */
  readonly closedMs: ReadonlyMap<string, number>;
  /** Kept verdicts by id, undecoded. */
  readonly verdicts: ReadonlyMap<string, Uint8Array>;
  /** Since when series drift, undecoded. */
  readonly episodes: ReadonlyMap<string, Uint8Array>;
}

/** Reads the whole store. A record that cannot be read is left out, counted and logged: it never stops the start. */
export async function restore(store: Store, log: Log, meter: Meter): Promise<RestoredState> {
  const all = async <T>(
    prefix: string,
    decode: (bytes: Uint8Array) => T = decodeJson,
  ): Promise<(readonly [string, T])[]> => {
    const records: (readonly [string, T])[] = [];
    for (const [key, bytes] of await store.scan(prefix)) {
      try {
        records.push([key.slice(prefix.length), decode(bytes)]);
      } catch {
        meter.add('corrupt_records', 1, { kind: 'record' });
        log.error('stored record unreadable: left out', { prefix });
      }
    }
    return records;
  };
  const values = async <T>(prefix: string, decode?: (bytes: Uint8Array) => T): Promise<T[]> =>
    (await all(prefix, decode)).map(([, value]) => value);

  const lastLine = await lastAuditLine(store, log, meter);
  return {
    alerts: await values<Alert>('alert/'),
    incidents: await values<Incident>('incident/'),
    actions: await values<Action>('action/'),
    auditHead: lastLine === undefined ? emptyHead : { seq: lastLine.seq, hash: lastLine.hash },
    references: await values('reference/', decodeRecord),
    ladders: new Map(await all('ladder/', (bytes) => bytes)),
    contents: new Map(await all('content/', (bytes) => bytes)),
    rates: new Map(await all('rate/', (bytes) => bytes)),
    given: new Map(await all('given/', (bytes) => bytes)),
    closedMs: new Map(await all<number>('boundary/')),
    verdicts: new Map(await all('verdict/', (bytes) => bytes)),
    episodes: new Map(await all('episode/', (bytes) => bytes)),
  };
}

/** The chain is long and only its end is needed. A last line that cannot be read leaves the search to all of them. */
async function lastAuditLine(store: Store, log: Log, meter: Meter): Promise<AuditEntry | undefined> {
  const last = await store.last(auditPrefix);
  if (last === undefined) return undefined;
  try {
    return decodeJson<AuditEntry>(last[1]);
  } catch {
    meter.add('corrupt_records', 1, { kind: 'record' });
    log.error('stored record unreadable: left out', { prefix: auditPrefix });
    const lines = (await store.scan(auditPrefix)).flatMap(([, bytes]) => readLine(bytes));
    return lines.at(-1);
  }
}

function readLine(bytes: Uint8Array): AuditEntry[] {
  try {
    return [decodeJson<AuditEntry>(bytes)];
  } catch {
    return [];
  }
}
