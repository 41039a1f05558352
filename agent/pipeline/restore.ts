import type { Action } from '../../core/action.ts';
import type { Alert } from '../../core/alert.ts';
import type { AuditEntry } from '../../core/audit.ts';
import type { Incident } from '../../core/incident.ts';
import { decodeJson } from '../../core/json.ts';
import type { Notification } from '../../core/notification.ts';
import type { Log, Meter, Store } from '../../core/ports.ts';
import type { Reference } from '../../core/reference.ts';
import { decodeReference } from './references.ts';

/** Every decision that was stored, as the stages left it. */
export interface RestoredState {
  readonly alerts: readonly Alert[];
  readonly incidents: readonly Incident[];
  readonly rows: readonly Notification[];
  readonly actions: readonly Action[];
  /** The last line of the audit chain. */
  readonly auditHead: AuditEntry | undefined;
  readonly references: readonly Reference[];
  /** Event time up to which windows were judged, by `boundaryKey`. */
  readonly closedMs: ReadonlyMap<string, number>;
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

  const audit = await values<AuditEntry>('audit/');
  return {
    alerts: await values<Alert>('alert/'),
    incidents: await values<Incident>('incident/'),
    rows: await values<Notification>('outbox/'),
    actions: await values<Action>('action/'),
    auditHead: audit.at(-1),
    references: await values('reference/', decodeReference),
    closedMs: new Map(await all<number>('boundary/')),
  };
}
