import type { Config } from '../../config/config.ts';
import { needsHours } from '../../core/comparison.ts';
import type { Ports, Store } from '../../core/ports.ts';
import type { Series } from '../../core/series.ts';
import { Comparisons } from './comparisons.ts';
import { HourBook } from './hour-book.ts';
import { isForSegment, isWatching } from './judge.ts';
import { LadderBook } from './ladder-book.ts';
import type { StoredLadder } from './ladder-state.ts';
import { LearningCheckpoint } from './learning-checkpoint.ts';
import type { ModelState } from './model-state.ts';
import { type FileReference, ReferenceBook } from './reference-book.ts';
import { ReferenceModels } from './reference-models.ts';
import { modelPrefix } from './references.ts';
import type { RestoredState } from './restore.ts';
import { VersionReferences } from './version-references.ts';

/** A reference of the configuration's files, as it was read. */
export interface GivenReference extends FileReference {
  /** What an imported one brings along. */
  readonly model?: StoredLadder | undefined;
}

export interface ReferencePartsOptions {
  readonly config: Config;
  readonly ports: Ports;
  readonly restored: RestoredState;
  readonly given: readonly GivenReference[];
  /** Whether any rule is judged, or explained, on the windows of the default rule. */
  readonly isWatched: (series: Series) => boolean;
}

/** The references as they stood, and all that learns them or is compared with them. */
export async function openReferences({ config, ports, restored, given, isWatched }: ReferencePartsOptions) {
  const { clock, meter, log, digest, blobs, store } = ports;
  const { expiresAfterMs, rolling } = config.references;
  const { paneMs } = config.windows;
  const book = new ReferenceBook({ stored: restored.references, files: given, expiresAfterMs, meter });
  const models = new ReferenceModels(meter);
  for (const { reference, model } of given) if (model !== undefined) models.keep(reference.id, model);
  await readModels(book, models, store);
  const modelOf = (id: string) => models.storedOf(id);
  const ladders = new LadderBook({ paneMs, clock, meter, log, isWatched, stored: restored.ladders, modelOf });
  const keepMs = rolling.lengthMs + 2 * rolling.gapMs;
  const hours = new HourBook({ isKept: keeper(config), paneMs, keepMs, meter });
  const sha256 = (text: string) => digest.sha256(text);
  const versions = new VersionReferences({ config, book, ladders, sha256, meter });
  const learning = new LearningCheckpoint({ ladders, versions, hours, blobs, paneMs, meter, log });
  const comparisons = new Comparisons({ config, book, hours, models });
  return { book, models, ladders, hours, versions, learning, comparisons };
}

/** Of a model's reference the ladder has its own record; models of those only kept are read when they are pinned. */
async function readModels(book: ReferenceBook, models: ReferenceModels, store: Store): Promise<void> {
  for (const { reference, standing } of book.all()) {
    const isAsked = reference.series.version !== '' && standing === 'in_force';
    if (!isAsked && reference.kind !== 'imported') continue;
    if (models.storedOf(reference.id) !== undefined) continue;
    const bytes = await store.read(modelPrefix + reference.id);
    if (bytes !== undefined) models.keepRecord(reference.id, bytes);
  }
}

/** Signals that some rule compares with their past; undefined where no rule does. */
function keeper({ rules }: Config): ((state: ModelState, signal: string) => boolean) | undefined {
  const asking = rules.filter((rule) => needsHours(rule.against));
  if (asking.length === 0) return undefined;
  return ({ model, environment, segment }, signal) =>
    asking.some((rule) => isForSegment(rule, segment) && isWatching(rule, model, environment, signal));
}
