import type { Config } from '../../config/config.ts';
import { needsHours } from '../../core/comparison.ts';
import { globMatches } from '../../core/glob.ts';
import type { Ports } from '../../core/ports.ts';
import type { ReferenceRecord } from '../../core/reference.ts';
import { Comparisons } from './comparisons.ts';
import { HourBook } from './hour-book.ts';
import type { LadderBook, StoredLadder } from './ladder-book.ts';
import { LearningCheckpoint } from './learning-checkpoint.ts';
import type { ModelState } from './model-state.ts';
import { type FileReference, ReferenceBook } from './reference-book.ts';
import { ReferenceModels } from './reference-models.ts';
import { modelPrefix } from './references.ts';
import { VersionReferences } from './version-references.ts';

/** A reference of the configuration's files, as it was read. */
export interface GivenReference extends FileReference {
  /** What an imported one brings along. */
  readonly model?: StoredLadder | undefined;
}

export interface ReferencePartsOptions {
  readonly config: Config;
  readonly ports: Ports;
  readonly stored: readonly ReferenceRecord[];
  readonly given: readonly GivenReference[];
}

/** The references as they stood, before anything is wired to them. */
export async function openReferences({ config, ports, stored, given }: ReferencePartsOptions) {
  const { meter, store } = ports;
  const book = new ReferenceBook({
    stored,
    files: given,
    expiresAfterMs: config.references.expiresAfterMs,
    meter,
  });
  const models = new ReferenceModels(meter);
  for (const { reference, model } of given) if (model !== undefined) models.keep(reference.id, model);
  for (const { reference, standing } of book.all()) {
    // Of the model's reference the ladder has its own record; models of those only kept are read when they are pinned.
    const isAsked = reference.series.version !== '' && standing === 'in_force';
    if (!isAsked && reference.kind !== 'imported') continue;
    const bytes = models.storedOf(reference.id) === undefined ? await store.read(modelPrefix + reference.id) : undefined;
    if (bytes !== undefined) models.keepRecord(reference.id, bytes);
  }
  return { book, models };
}

/** What follows the references once the windows of the default rule are there. */
export function createReferenceParts(
  config: Config,
  ports: Ports,
  { book, models, ladders }: { book: ReferenceBook; models: ReferenceModels; ladders: LadderBook },
) {
  const { meter, log, digest, blobs } = ports;
  const { paneMs } = config.windows;
  const { lengthMs, gapMs } = config.references.rolling;
  const hours = new HourBook({ isKept: keeper(config), paneMs, keepMs: lengthMs + gapMs + gapMs, meter });
  const sha256 = (text: string) => digest.sha256(text);
  const versions = new VersionReferences({ config, book, ladders, sha256, meter });
  const learning = new LearningCheckpoint({ ladders, versions, hours, blobs, paneMs, meter, log });
  const comparisons = new Comparisons({ config, book, hours, models });
  return { hours, versions, learning, comparisons };
}

/** Signals that some rule compares with their past; undefined where no rule does. */
function keeper({ rules }: Config): ((state: ModelState, signal: string) => boolean) | undefined {
  const asking = rules.filter((rule) => needsHours(rule.against));
  if (asking.length === 0) return undefined;
  return ({ model, environment }, signal) =>
    asking.some(
      ({ match }) =>
        globMatches(match.model, model) &&
        globMatches(match.environment, environment) &&
        globMatches(match.signal, signal),
    );
}
