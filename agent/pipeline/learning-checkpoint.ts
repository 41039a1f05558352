import type { BlobStore, Log, Meter } from '../../core/ports.ts';
import type { HourBook } from './hour-book.ts';
import type { LadderBook } from './ladder-book.ts';
import { packSections, unpackSections } from './sections.ts';
import type { VersionReferences } from './version-references.ts';

const blobName = 'learning';
const format = 1;
/** A checkpoint of so many bytes is written every quarter of an hour; a larger one as much more rarely. */
const bytesPerTurn = 8 * 1_048_576;
const turnMs = 900_000;
/** More is not written: what was learned is then lost with the process, which is counted. */
export const learningBytesMax = 512 * 1_048_576;

interface Head {
  readonly format: number;
  readonly paneMs: number;
  /** Lengths of the three parts. */
  readonly parts: readonly number[];
}

export interface LearningCheckpointOptions {
  readonly ladders: LadderBook;
  readonly versions: VersionReferences;
  readonly hours: HourBook;
  readonly blobs: BlobStore;
  readonly paneMs: number;
  readonly meter: Meter;
  readonly log: Log;
}

/**
 * What is learned over days and weeks: the panes of references, the references of new versions, the hours of the past. It
 * is large and grows slowly, so it is saved more rarely than open counters. A crash loses its newest minutes: the models
 * made from it then lack some panes.
 */
export class LearningCheckpoint {
  readonly #options: LearningCheckpointOptions;
  #nextMs = Number.NEGATIVE_INFINITY;

  constructor(options: LearningCheckpointOptions) {
    this.#options = options;
  }

  /** Rejects where the disk does. `final`: the process ends, so it is written whenever it was last. */
  async write(nowMs: number, when: 'due' | 'final'): Promise<void> {
    if (when === 'due' && nowMs < this.#nextMs) return;
    const { ladders, versions, hours, paneMs, blobs, meter, log } = this.#options;
    const parts = [ladders.encodeHistories(), versions.encode(), hours.encode()];
    const head: Head = { format, paneMs, parts: parts.map((part) => part.length) };
    const bytes = packSections(head, parts);
    this.#nextMs = nowMs + turnMs * Math.max(1, Math.ceil(bytes.length / bytesPerTurn));
    if (bytes.length > learningBytesMax) {
      meter.add('checkpoints', 1, { result: 'failed' });
      log.error(
        'what is being learned is too large to be saved: limit the signals, or the rules that compare with the past',
        {
          bytes: bytes.length,
        },
      );
      return;
    }
    await blobs.write(blobName, bytes);
    meter.set('learning_bytes', bytes.length);
  }

  /** Never rejects for what the blob holds: a part that cannot be read begins anew. */
  async restore(): Promise<void> {
    const { ladders, versions, hours, paneMs, blobs, meter, log } = this.#options;
    const bytes = await blobs.read(blobName);
    if (bytes === undefined) return;
    try {
      const { head, take } = unpackSections<Head>(bytes);
      if (head.format !== format) throw new Error(`its format is ${head.format}, not ${format}`);
      // A pane is the tick of the default rule: of another length, its panes mean other times.
      if (head.paneMs !== paneMs) {
        log.warn('windows.pane was changed: what was being learned begins anew');
        return;
      }
      const [panes = 0, ofVersions = 0, past = 0] = head.parts;
      ladders.restoreHistories(take(panes));
      versions.restore(take(ofVersions));
      hours.restore(take(past));
    } catch (fault) {
      meter.add('corrupt_records', 1, { kind: 'checkpoint' });
      const said = fault instanceof Error ? fault.message : 'unknown';
      log.error('what was being learned cannot be read: it begins anew', { fault: said });
    }
  }
}
