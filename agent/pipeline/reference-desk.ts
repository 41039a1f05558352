import type { AuditLog } from '../../alerts/audit-chain.ts';
import { decodeJson, encodeJson } from '../../core/json.ts';
import type { Clock, Digest, Log, Meter, Store, StoreWrite } from '../../core/ports.ts';
import { nameOf, type Reference, type ReferenceRecord } from '../../core/reference.ts';
import { type Series, seriesKey } from '../../core/series.ts';
import type { ReferenceHealth } from '../../detectors/ladder/reference-health.ts';
import type { Aggregator } from './aggregate.ts';
import type { LadderBook } from './ladder-book.ts';
import type { StoredLadder } from './ladder-state.ts';
import type { Ledger } from './ledger.ts';
import { isSeriesOf, type ModelState, placeOf, type SignalState } from './model-state.ts';
import type { ReferenceBook } from './reference-book.ts';
import { checksOf, movesFromMs, outlineOf, scaleText } from './reference-checks.ts';
import type { ReferenceModels } from './reference-models.ts';
import { fromPortable, type Portable, type PortablePlace, toPortable } from './reference-portable.ts';
import { announceReference, modelPrefix } from './references.ts';
import type { VersionReferences } from './version-references.ts';

/** References put in force by one request, at most: those of one name. */
export const pinnedMax = 20_000;
const byCharactersMax = 200;
/** Shown in the status, at most; `list` has all. */
const shownMax = 200;

export interface DeskOptions {
  readonly book: ReferenceBook;
  readonly models: ReferenceModels;
  readonly ladders: LadderBook;
  readonly versions: VersionReferences;
  readonly aggregator: Aggregator;
  readonly audit: AuditLog;
  readonly ledger: Ledger;
  readonly store: Store;
  readonly digest: Digest;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  readonly tickMs: number;
  /** Name and version, for exports. */
  readonly agent: string;
}

export type DeskAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: 'unknown' | 'refused'; readonly message: string };

/** Which references a person means: an id, or a name, of all models or of one. */
export interface Choice {
  readonly reference: string;
  readonly model?: string | undefined;
  readonly environment?: string | undefined;
}

/** What people ask about references, and what they decide of them. */
export class ReferenceDesk {
  readonly #options: DeskOptions;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  list() {
    const { book, versions, clock } = this.#options;
    const nowMs = clock.nowMs();
    return {
      references: book.all().map((record) => ({
        ...outlineOf(record),
        warnings: this.#checks(record, nowMs).flatMap(({ check, ok }) => (ok === false ? [check] : [])),
      })),
      learning: versions.learning(),
    };
  }

  /** Those in force or waiting that a person should look at: with a check that failed, or to be approved. */
  doubtful() {
    const { references, learning } = this.list();
    const found = references.filter(
      ({ standing, warnings }) => standing === 'waiting' || (standing === 'in_force' && warnings.length > 0),
    );
    return { references: found.slice(0, shownMax), learning: learning.slice(0, shownMax) };
  }

  show(choice: Choice): DeskAnswer<unknown> {
    const found = this.#find(choice);
    if (!found.ok) return found;
    const nowMs = this.#options.clock.nowMs();
    const shown = found.value.map((record) => {
      const health = this.#healthOf(record);
      const moves = health === undefined ? undefined : movesFromMs(health, this.#options.tickMs);
      return {
        ...outlineOf(record),
        cells: scaleText(record.reference),
        checks: this.#checks(record, nowMs),
        movesFromMs: moves ?? null,
        variance:
          health === undefined
            ? null
            : { phi: health.phi, tau: health.tau, nu: health.nu, stage: health.stage },
      };
    });
    return { ok: true, value: { references: shown } };
  }

  async export(choice: Choice): Promise<DeskAnswer<string>> {
    const found = this.#find(choice);
    if (!found.ok) return found;
    const { clock, digest, agent } = this.#options;
    const nowMs = clock.nowMs();
    const portables: Portable[] = [];
    for (const record of found.value) {
      const { reference } = record;
      portables.push({ reference, model: await this.#modelOf(record), health: this.#checks(record, nowMs) });
    }
    const made = { atMs: nowMs, by: agent };
    return { ok: true, value: toPortable(portables, made, (text) => digest.sha256(text)) };
  }

  /** Takes references of another agent or of a build. They are kept under their name until they are pinned. */
  async importFile(text: string, place: PortablePlace, by: string): Promise<DeskAnswer<unknown>> {
    const { book, models, digest, log, meter } = this.#options;
    const read = fromPortable(text, place, (one) => digest.sha256(one));
    if (!read.ok) return { ok: false, problem: 'refused', message: `The file is refused: ${read.fault}.` };
    const writes: StoreWrite[] = [];
    const fresh = read.references.filter(({ reference }) => book.get(reference.id) === undefined);
    for (const { reference, model } of fresh) {
      writes.push(...book.add(reference, 'kept').writes);
      announceReference(reference, log, meter);
      if (model === undefined) continue;
      models.keep(reference.id, model);
      writes.push({ key: modelPrefix + reference.id, value: encodeJson(model) });
    }
    const ids = read.references.map(({ reference }) => reference.id);
    return this.#record('reference_imported', by, { references: ids }, writes, { imported: ids });
  }

  /**
   * Puts references in force at once, one for each series they are of. Windows go on where the edges stay; on other edges
   * they begin anew, as two scales are never compared.
   */
  async pin(choice: Choice, by: string): Promise<DeskAnswer<unknown>> {
    const { book, clock } = this.#options;
    const found = this.#find(choice);
    if (!found.ok) return found;
    const chosen = newestOfEach(found.value).slice(0, pinnedMax);
    const before = chosen.map(({ reference }) => book.inForce(reference.series)?.reference.id ?? null);
    const nowMs = clock.nowMs();
    const ids = chosen.map(({ reference }) => reference.id);
    const { writes } = book.pin(ids, by, nowMs);
    for (const { reference } of chosen) await this.#putInForce(reference);
    const data = { asked: choice.reference, references: ids, before };
    return this.#record('reference_pinned', by, data, writes, { pinned: ids, before });
  }

  #find({ reference: asked, model, environment }: Choice): DeskAnswer<readonly ReferenceRecord[]> {
    const { book } = this.#options;
    const isMeant = ({ reference }: ReferenceRecord) =>
      (model === undefined || reference.series.model === model) &&
      (environment === undefined || reference.series.environment === environment);
    const one = book.get(asked);
    const found =
      one === undefined ? book.all().filter((record) => nameOf(record.reference) === asked) : [one];
    const meant = found.filter(isMeant);
    if (meant.length > 0) return { ok: true, value: meant };
    const names = [...new Set(book.all().map(({ reference }) => nameOf(reference)))].slice(0, 20).join(', ');
    const message = `No reference has the id or name "${asked.slice(0, 100)}"; names are: ${names || 'none yet'}.`;
    return { ok: false, problem: 'unknown', message };
  }

  /** The newest one is in the store: in memory are only those that came with an import. */
  async #modelOf({ reference }: ReferenceRecord): Promise<StoredLadder | undefined> {
    const { models, store } = this.#options;
    const bytes = await store.read(modelPrefix + reference.id);
    return bytes === undefined ? models.storedOf(reference.id) : decodeJson<StoredLadder>(bytes);
  }

  #healthOf(record: ReferenceRecord): ReferenceHealth | undefined {
    const { ladders, models } = this.#options;
    const { id, series } = record.reference;
    const inForce = ladders.healthOf({ ...series, version: '' });
    return inForce.referenceId === id ? inForce.health : (models.storedOf(id)?.model.health ?? undefined);
  }

  #checks(record: ReferenceRecord, nowMs: number) {
    const health = this.#healthOf(record);
    return checksOf({ record, health, tickMs: this.#options.tickMs, nowMs });
  }

  async #putInForce(reference: Reference): Promise<void> {
    const { aggregator, ladders, models, store } = this.#options;
    const stored = models.storedOf(reference.id);
    const bytes = stored === undefined ? await store.read(modelPrefix + reference.id) : encodeJson(stored);
    if (bytes !== undefined && stored === undefined) models.keepRecord(reference.id, bytes);
    if (reference.series.version !== '') return;
    for (const state of aggregator.states()) {
      if (!isSeriesOf(state, reference.series)) continue;
      const signal = state.signals.get(reference.series.signal);
      if (signal?.learner === undefined) continue;
      adopt(state, signal, reference);
    }
    ladders.replace(modelSeries(reference), bytes);
  }

  async #record(
    type: string,
    by: string,
    data: unknown,
    writes: readonly StoreWrite[],
    value: object,
  ): Promise<DeskAnswer<unknown>> {
    const { audit, ledger, clock, log, meter } = this.#options;
    const actor = by.trim().slice(0, byCharactersMax) || 'unknown';
    const entry = audit.append(clock.nowMs(), { type, actor, data });
    const lines = audit.writes();
    ledger.add([...writes, ...lines]);
    const isDurable = await ledger.commit();
    if (isDurable) audit.confirm(lines);
    if (entry !== undefined) meter.set('audit_seq', entry.seq);
    log.info(type === 'reference_pinned' ? 'reference pinned' : 'references imported', {
      by: actor,
      ...(data as object),
    });
    return { ok: true, value: { ...value, by: actor, durable: isDurable, audit: entry?.seq ?? null } };
  }
}

/** The signal counts on the reference's edges from now on; panes on other edges are let go. */
function adopt(state: ModelState, signal: SignalState, reference: Reference): void {
  signal.learner?.adopt(reference);
  for (const version of state.versions.values()) {
    const place = placeOf(version, signal.name);
    if (place?.track === undefined || place.track.scale.id === reference.scale.id) continue;
    place.track.forgetBefore(Number.POSITIVE_INFINITY);
    place.track = undefined;
  }
}

/** Of several of one series, the newest: the list is in the order they came. */
function newestOfEach(records: readonly ReferenceRecord[]): readonly ReferenceRecord[] {
  const newest = new Map<string, ReferenceRecord>();
  for (const record of records) newest.set(seriesKey(record.reference.series), record);
  return [...newest.values()];
}

function modelSeries({ series }: Reference): Series {
  return { ...series, version: '' };
}
