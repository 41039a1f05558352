import type { Meter, StoreWrite } from '../../core/ports.ts';
import { nameOf, type Reference, type ReferenceRecord, type Standing } from '../../core/reference.ts';
import type { Scale } from '../../core/scale.ts';
import { type Series, seriesKey } from '../../core/series.ts';
import { recordRemoval, recordWrite } from './references.ts';

/** References of one signal that are listed, those in force and waiting among them; the oldest of the others leaves. */
export const recordsOfSignalMax = 16;
/** References in all. */
export const recordsMax = 50_000;

export interface BookOptions {
  /** Of the store. */
  readonly stored: readonly ReferenceRecord[];
  /** Of the configuration's files, in their order. */
  readonly files: readonly FileReference[];
  readonly expiresAfterMs?: number | undefined;
  readonly meter: Meter;
}

export interface FileReference {
  readonly reference: Reference;
  /** Windows are compared with it unless a rule says otherwise. */
  readonly isDefault: boolean;
}

export interface Change {
  readonly records: readonly ReferenceRecord[];
  readonly writes: readonly StoreWrite[];
}

/**
 * Every frozen reference: which is in force for which series, which wait, and those of before. Of one series (a signal,
 * or a version of it) at most one is in force. What a person pinned comes before the files of the configuration, and those
 * before what was learned.
 */
export class ReferenceBook {
  readonly #options: BookOptions;
  readonly #byId = new Map<string, ReferenceRecord>();
  /** By signal: its references over all versions. */
  readonly #bySignal = new Map<string, string[]>();
  /** By series: the id of the one in force. */
  readonly #inForce = new Map<string, string>();

  constructor(options: BookOptions) {
    this.#options = options;
    const stored = [...options.stored].sort((a, b) => a.reference.frozenAtMs - b.reference.frozenAtMs);
    for (const record of stored) if (record.standing !== 'in_force') this.#take(record);
    for (const record of stored) if (record.standing === 'in_force') this.#take(record);
    for (const file of options.files) this.#takeFile(file);
  }

  get size(): number {
    return this.#byId.size;
  }

  all(): readonly ReferenceRecord[] {
    return [...this.#byId.values()];
  }

  get(id: string): ReferenceRecord | undefined {
    return this.#byId.get(id);
  }

  /** The one in force for exactly this series. */
  inForce(series: Series): ReferenceRecord | undefined {
    const id = this.#inForce.get(seriesKey(series));
    return id === undefined ? undefined : this.#byId.get(id);
  }

  /**
   * What a version is compared with: its own reference, else that of the newest version before it that has one, else the
   * model's.
   */
  forVersion(series: Series, firstSeenMs: number): ReferenceRecord | undefined {
    const own = this.inForce(series);
    if (own !== undefined) return own;
    let found: ReferenceRecord | undefined;
    for (const record of this.ofSignal(series)) {
      const { reference, standing } = record;
      if (standing !== 'in_force' || reference.series.version === '') continue;
      if (reference.fromMs > firstSeenMs || reference.fromMs < (found?.reference.fromMs ?? 0)) continue;
      found = record;
    }
    return found ?? this.inForce({ ...series, version: '' });
  }

  /** All references of the signal, over all versions. */
  ofSignal(series: Series): readonly ReferenceRecord[] {
    const ids = this.#bySignal.get(signalKey(series)) ?? [];
    return ids.flatMap((id) => this.#byId.get(id) ?? []);
  }

  /** The newest of that name, of the signal or of this version of it. */
  named(series: Series, name: string): Reference | undefined {
    const fitting = this.ofSignal(series).filter(
      ({ reference }) =>
        nameOf(reference) === name && ['', series.version].includes(reference.series.version),
    );
    return fitting.find(({ standing }) => standing === 'in_force')?.reference ?? fitting.at(-1)?.reference;
  }

  /** The scale to count a signal on from its first row: of its reference in force, else of one that a rule may name. */
  scaleOf(series: Series): Scale | undefined {
    return (
      this.inForce(series) ?? this.ofSignal(series).find(({ reference }) => reference.series.version === '')
    )?.reference.scale;
  }

  /** Takes a reference that was frozen or imported now. */
  add(reference: Reference, standing: Standing): Change {
    const { expiresAfterMs } = this.#options;
    const expiry = expiresAfterMs === undefined ? {} : { expiresAtMs: reference.frozenAtMs + expiresAfterMs };
    const record: ReferenceRecord = { reference, standing, ...expiry };
    const before = standing === 'in_force' ? this.#retire(reference.series, reference.id) : [];
    const gone = this.#take(record);
    return change([...before, record], gone);
  }

  /** Puts references in force, one for each series, in the name of a person. */
  pin(ids: readonly string[], by: string, atMs: number): Change {
    const changed: ReferenceRecord[] = [];
    for (const id of ids) {
      const record = this.#byId.get(id);
      if (record === undefined) continue;
      changed.push(...this.#retire(record.reference.series, id));
      const pinned: ReferenceRecord = { ...record, standing: 'in_force', pinned: { by, atMs } };
      this.#byId.set(id, pinned);
      this.#inForce.set(seriesKey(record.reference.series), id);
      changed.push(pinned);
    }
    return change(changed, []);
  }

  #takeFile({ reference, isDefault }: FileReference): void {
    const known = this.#byId.get(reference.id);
    const before = this.inForce(reference.series);
    const isRival = before !== undefined && (before.pinned !== undefined || isOfFile(before));
    const standing = isDefault && !isRival ? 'in_force' : (known?.standing ?? 'kept');
    if (standing === 'in_force' && before?.reference.id !== reference.id) this.#retire(reference.series, '');
    // A file is read at each start: what is stored of it is only that it was pinned.
    this.#take({ ...known, reference, standing });
  }

  /** What was in force for the series is kept. */
  #retire(series: Series, butId: string): ReferenceRecord[] {
    const before = this.inForce(series);
    this.#inForce.delete(seriesKey(series));
    if (before === undefined || before.reference.id === butId) return [];
    const { pinned: _, ...rest } = before;
    const kept: ReferenceRecord = { ...rest, standing: 'kept' };
    this.#byId.set(before.reference.id, kept);
    return [kept];
  }

  /** Returns those that had to leave for it. */
  #take(record: ReferenceRecord): readonly ReferenceRecord[] {
    const { reference, standing } = record;
    const key = signalKey(reference.series);
    const ids = this.#bySignal.get(key) ?? [];
    if (!ids.includes(reference.id)) ids.push(reference.id);
    this.#bySignal.set(key, ids);
    this.#byId.set(reference.id, record);
    if (standing === 'in_force') this.#putInForce(reference);
    const gone: ReferenceRecord[] = [];
    while (ids.length > recordsOfSignalMax || this.#byId.size > recordsMax) {
      const oldest = this.#oldestKept(ids, reference.id);
      if (oldest === undefined) break;
      this.#options.meter.add('dropped', 1, { reason: 'references_max' });
      ids.splice(ids.indexOf(oldest.reference.id), 1);
      this.#byId.delete(oldest.reference.id);
      gone.push(oldest);
    }
    return gone;
  }

  /** Two records in force for one series come of an older store: the later one holds. */
  #putInForce(reference: Reference): void {
    this.#retire(reference.series, reference.id);
    this.#inForce.set(seriesKey(reference.series), reference.id);
  }

  /** One that is kept, else one of a version that waits or holds; never the newest. */
  #oldestKept(ids: readonly string[], newest: string): ReferenceRecord | undefined {
    const others = ids.filter((id) => id !== newest).flatMap((id) => this.#byId.get(id) ?? []);
    const found =
      others.find(({ standing }) => standing === 'kept') ??
      others.find(({ reference, pinned }) => reference.series.version !== '' && pinned === undefined);
    if (found?.standing === 'in_force') this.#inForce.delete(seriesKey(found.reference.series));
    return found;
  }
}

function isOfFile({ reference, standing }: ReferenceRecord): boolean {
  return standing === 'in_force' && reference.kind === 'file';
}

function signalKey(series: Series): string {
  return seriesKey({ ...series, version: '' });
}

/** Files are stored only where a person pinned them: they are read anew at each start. */
function change(records: readonly ReferenceRecord[], gone: readonly ReferenceRecord[]): Change {
  const stored = records.filter(({ reference, pinned }) => reference.kind !== 'file' || pinned !== undefined);
  const unpinned = records.filter((record) => !stored.includes(record));
  return {
    records,
    writes: [...stored.flatMap(recordWrite), ...[...gone, ...unpinned].flatMap(recordRemoval)],
  };
}
