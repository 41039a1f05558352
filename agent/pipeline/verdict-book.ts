import { decodeJson, encodeJson } from '../../core/json.ts';
import type { Meter, Store, StoreWrite } from '../../core/ports.ts';
import { isoTime } from '../../core/time.ts';
import type { Verdict, VerdictStatus } from '../../core/verdict.ts';
import type { Repeatable } from './replay.ts';
import { type KeptAs, recordOf, type VerdictRecord, withoutReplay } from './verdict-record.ts';

/** Kept verdicts of all rules and signals, at most: about 4 KB each on disk, 400 bytes in memory. */
export const verdictsMax = 5_000;
/** One record, in characters of JSON; of a larger one only the verdict itself is kept. */
export const recordCharactersMax = 65_536;
/** An answer that only repeats the one before is written down once in so many panes, each signal at one of its own. */
const lastEveryPanes = 12;
/** What the API lists at once, at most. */
const listedMax = 1_000;
export const verdictPrefix = 'verdict/';

/** A kept verdict, in the list of them. */
export interface KeptVerdict {
  readonly id: string;
  readonly keptAs: KeptAs;
  readonly rule: string;
  readonly detector: string;
  readonly environment: string;
  readonly model: string;
  /** Absent: the whole model. */
  readonly segment?: string;
  readonly version: string;
  readonly signal: string;
  readonly status: VerdictStatus;
  readonly start: string;
  readonly end: string;
  readonly statistic: number | null;
  readonly threshold: number | null;
  readonly effect: number | null;
  readonly p: number | null;
  readonly n: number;
  readonly referenceId: string | null;
  readonly matters: string | null;
  readonly isRepeatable: boolean;
  readonly reason: string;
}

interface SeriesOfVerdicts {
  status: VerdictStatus | undefined;
  /** Breaches and changes, oldest first. */
  readonly kept: string[];
  last: string | undefined;
}

export interface VerdictBookOptions {
  readonly keptPerSeries: number;
  readonly paneMs: number;
  readonly sha256: (text: string) => string;
  readonly meter: Meter;
  /** Every `verdict/` record of the store, by id. */
  readonly stored: ReadonlyMap<string, Uint8Array>;
}

/**
 * The last verdicts of each rule on each signal, with what they were made from: breaches and changes of the answer, and
 * the last of the others about once an hour. Records go to the store with the tick that judged; here is only their list.
 */
export class VerdictBook {
  readonly #options: VerdictBookOptions;
  readonly #series = new Map<string, SeriesOfVerdicts>();
  /** Oldest first. */
  readonly #entries = new Map<string, KeptVerdict>();
  #writes: StoreWrite[] = [];

  constructor(options: VerdictBookOptions) {
    this.#options = options;
    const records = [...options.stored].flatMap(([, bytes]) => this.#read(bytes));
    records.sort((a, b) => a.verdict.endMs - b.verdict.endMs);
    for (const record of records) this.#enter(record);
  }

  /** The verdict, with its id where it is kept. `make` is asked only then. */
  keep(verdict: Verdict, make: () => Repeatable | undefined): Verdict {
    const series = this.#seriesOf(verdict);
    const keptAs = this.#keptAs(series, verdict);
    series.status = verdict.status;
    if (keptAs === undefined) return verdict;
    const record = this.#bounded(recordOf(verdict, keptAs, make(), this.#options.sha256));
    this.#writes.push({ key: verdictPrefix + record.id, value: encodeJson(record) });
    this.#enter(record);
    return { ...verdict, id: record.id };
  }

  takeWrites(): readonly StoreWrite[] {
    const writes = this.#writes;
    this.#writes = [];
    return writes;
  }

  /** Newest first. */
  list(): readonly KeptVerdict[] {
    return [...this.#entries.values()].reverse().slice(0, listedMax);
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  #keptAs(series: SeriesOfVerdicts, verdict: Verdict): KeptAs | undefined {
    if (verdict.status === 'breach') return 'breach';
    if (series.status !== verdict.status) return 'change';
    return (verdict.endMs / this.#options.paneMs) % lastEveryPanes === offsetOf(verdict) ? 'last' : undefined;
  }

  #bounded(record: VerdictRecord): VerdictRecord {
    if (record.replay === null || JSON.stringify(record.replay).length <= recordCharactersMax) return record;
    this.#options.meter.add('verdicts_let_go', 1, { reason: 'too_large' });
    return withoutReplay(record, 'what it was made from was too large to keep', this.#options.sha256);
  }

  #enter(record: VerdictRecord): void {
    const { id, keptAs } = record;
    const series = this.#seriesOf(record.verdict);
    series.status = record.verdict.status;
    this.#entries.delete(id);
    this.#entries.set(id, summaryOf(record));
    if (keptAs === 'last') {
      if (series.last !== undefined && series.last !== id) this.#remove(series.last);
      series.last = id;
    } else {
      if (!series.kept.includes(id)) series.kept.push(id);
      if (series.kept.length > this.#options.keptPerSeries) this.#letGo(series.kept.shift(), 'kept_max');
    }
    if (this.#entries.size > verdictsMax) this.#letGo(this.#leastMissed(), 'verdicts_max');
  }

  /** The oldest of those that only repeat an answer, else the oldest. */
  #leastMissed(): string | undefined {
    let oldest: string | undefined;
    for (const [id, entry] of this.#entries) {
      if (entry.keptAs === 'last') return id;
      oldest ??= id;
    }
    return oldest;
  }

  #letGo(id: string | undefined, reason: 'kept_max' | 'verdicts_max'): void {
    if (id === undefined) return;
    this.#options.meter.add('verdicts_let_go', 1, { reason });
    this.#remove(id);
  }

  #remove(id: string): void {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    this.#writes.push({ key: verdictPrefix + id, value: undefined });
    const series = entry && this.#series.get(keyOf(entry));
    if (series === undefined) return;
    if (series.last === id) series.last = undefined;
    const at = series.kept.indexOf(id);
    if (at >= 0) series.kept.splice(at, 1);
  }

  #seriesOf(verdict: Verdict): SeriesOfVerdicts {
    const key = keyOf({ rule: verdict.rule, ...verdict.series });
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const made: SeriesOfVerdicts = { status: undefined, kept: [], last: undefined };
    // Where it is full the list begins anew: then the next verdict of each series counts as a change.
    if (this.#series.size >= seriesMax) this.#series.clear();
    this.#series.set(key, made);
    return made;
  }

  #read(bytes: Uint8Array): VerdictRecord[] {
    try {
      const record = decodeJson<VerdictRecord>(bytes);
      summaryOf(record);
      return [record];
    } catch {
      this.#options.meter.add('corrupt_records', 1, { kind: 'record' });
      return [];
    }
  }
}

/** What is shown of kept verdicts. */
export interface VerdictReader {
  /** Verdicts kept to be repeated, newest first. */
  verdicts(): readonly KeptVerdict[];
  /** One of them with what it was made from; undefined where it is not kept (any more). */
  verdict(id: string): Promise<unknown>;
}

export function createVerdictReader(book: VerdictBook, store: Store): VerdictReader {
  return {
    verdicts: () => book.list(),
    verdict: async (id) => {
      const bytes = book.has(id) ? await store.read(verdictPrefix + id) : undefined;
      return bytes && decodeJson<unknown>(bytes);
    },
  };
}

/** Rules times signals remembered, at most. */
const seriesMax = 50_000;

function keyOf(of: Pick<KeptVerdict, 'rule' | 'environment' | 'model' | 'segment' | 'signal'>): string {
  return JSON.stringify([of.rule, of.environment, of.model, of.signal, of.segment ?? '']);
}

/** Spreads the signals over the panes of an hour. */
function offsetOf({ series, rule }: Verdict): number {
  const text = series.signal + rule;
  let offset = 0;
  for (let i = 0; i < text.length; i++) offset = (offset * 31 + text.charCodeAt(i)) % lastEveryPanes;
  return offset;
}

/** A record as a line of the list. */
export function summaryOf({ id, keptAs, verdict, replay }: VerdictRecord): KeptVerdict {
  const { environment, model, version, signal, segment } = verdict.series;
  return {
    id,
    keptAs,
    rule: verdict.rule,
    detector: verdict.detector,
    environment,
    model,
    ...(segment === undefined ? {} : { segment }),
    version,
    signal,
    status: verdict.status,
    start: isoTime(verdict.startMs),
    end: isoTime(verdict.endMs),
    statistic: verdict.statistic ?? null,
    threshold: verdict.threshold ?? null,
    effect: verdict.effect ?? null,
    p: verdict.pValue ?? null,
    n: verdict.size.current,
    referenceId: verdict.referenceId ?? null,
    matters: verdict.explanation?.matters ?? null,
    isRepeatable: replay !== null,
    reason: verdict.reason,
  };
}
