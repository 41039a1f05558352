import type { LearnConfig } from '../../config/config.ts';
import { assert } from '../../core/assert.ts';
import { decodeJson, encodeJson } from '../../core/json.ts';
import type { DropReason } from '../../core/metrics.ts';
import type { Contents, NamedVector, NamedWords } from '../../core/observation.ts';
import type { Log, Meter, StoreWrite } from '../../core/ports.ts';
import { type Series, seriesKey } from '../../core/series.ts';
import { Centroids, type CentroidsJson, isUsableVector } from '../../detectors/embedding/centroids.ts';
import { createProjector, type Projector } from '../../detectors/embedding/projections.ts';
import { Vocabulary, type VocabularyJson } from '../../detectors/text/vocabulary.ts';
import { isUsableName } from './names.ts';

/** Longer vectors are malformed. */
export const dimensionMax = 4_096;
/** Vectors and texts learned from, of all models; more are counted, and not compared with what was learned. */
export const embeddingsMax = 32;
export const textsMax = 16;
/** Signals per vector beside its distances: more find hardly more, and each shares the false-alarm budget. */
const projectionsCount = 8;
/** Rows from which centroids and words are learned, at least. */
const learnRows = 1_000;
/** And the part of the time a reference takes: the rest is left to learn what is usual against them. */
const learnPart = 7;
/** What is being learned is stored so often. */
const saveEveryMs = 600_000;
const prefix = 'content/';

interface Learned<Model> {
  readonly key: string;
  readonly model: Model;
  rows: number;
  fromMs: number;
  isFrozen: boolean;
  savedMs: number;
  isChanged: boolean;
}

interface Embedding extends Learned<Centroids> {
  /** Vectors of another dimension, while learning. */
  misfits: number;
  readonly projector: Projector;
  readonly names: EmbeddingNames;
}

interface Text extends Learned<Vocabulary> {
  readonly novelty: string;
}

interface EmbeddingNames {
  readonly projections: readonly string[];
  readonly cosine: string;
  readonly distance: string;
  readonly nearest: string;
}

interface StoredContent {
  readonly rows: number;
  readonly fromMs: number;
  readonly isFrozen: boolean;
  readonly centroids?: CentroidsJson;
  readonly vocabulary?: VocabularyJson;
}

type Place = Pick<Series, 'model' | 'environment'>;

/**
 * What is learned of the vectors and texts of each model: where its vectors lie, and which words its texts are made of.
 * From then on each row is compared with that, and the comparison is an ordinary number with a reference of its own, made
 * of the rows that follow. It is kept with the references in the store, so that these numbers mean the same after a restart.
 *
 * Per vector `x`: `x.projection.00` to `.07` (from the first row), `x.cosine` and `x.distance` to the mean, and
 * `x.nearest_distance`. Per text `t`: `t.unknown_words`, the share of words that are not among its commonest.
 */
export class ContentBook {
  readonly #embeddings = new Map<string, Embedding>();
  readonly #texts = new Map<string, Text>();
  readonly #stored: Map<string, StoredContent>;
  readonly #learn: LearnConfig;
  readonly #meter: Meter;
  readonly #log: Log;

  constructor(options: {
    readonly learn: LearnConfig;
    readonly meter: Meter;
    readonly log: Log;
    /** Every `content/` record of the store, by what follows the prefix. */
    readonly stored: ReadonlyMap<string, Uint8Array>;
  }) {
    this.#learn = options.learn;
    this.#meter = options.meter;
    this.#log = options.log;
    this.#stored = new Map([...options.stored].flatMap(([key, bytes]) => this.#read(key, bytes)));
    options.meter.set('limit', embeddingsMax, { what: 'embeddings' });
    options.meter.set('limit', textsMax, { what: 'texts' });
  }

  /** Adds to the contents' own fields what their vectors and words say. */
  describe(place: Place, contents: Contents, at: { readonly timeMs: number; readonly weight: number }): void {
    for (const vector of contents.vectors) this.#describeVector(place, contents, vector, at);
    for (const words of contents.words) this.#describeWords(place, contents, words, at.timeMs);
  }

  /** What was learned since the last call and is to be stored: at once when it is frozen, else now and then. */
  takeWrites(nowMs: number): readonly StoreWrite[] {
    const writes: StoreWrite[] = [];
    for (const one of [...this.#embeddings.values(), ...this.#texts.values()]) {
      if (!one.isChanged || (!one.isFrozen && nowMs - one.savedMs < saveEveryMs)) continue;
      one.isChanged = false;
      one.savedMs = nowMs;
      writes.push({ key: prefix + one.key, value: encodeJson(toStored(one)) });
    }
    this.#meter.set('in_use', this.#embeddings.size, { what: 'embeddings' });
    this.#meter.set('in_use', this.#texts.size, { what: 'texts' });
    return writes;
  }

  #describeVector(
    place: Place,
    contents: Contents,
    { group, name, values }: NamedVector,
    at: { readonly timeMs: number; readonly weight: number },
  ): void {
    const fields = contents[group];
    if (values.length > dimensionMax || !isUsableVector(values)) {
      fields.addMalformed(`${name}.cosine`);
      this.#meter.add('malformed_values', 1, { reason: 'type' });
      return;
    }
    const key = keyOf(place, group, name);
    const embedding = this.#embeddings.get(key) ?? this.#newEmbedding(key, name, values.length, at.timeMs);
    if (embedding === undefined) return;
    const { projector, names, model } = embedding;
    if (model.dimension !== values.length) {
      fields.addMalformed(names.cosine);
      this.#misfit(embedding, values.length);
      return;
    }
    projector.project(values)?.forEach((value, i) => {
      fields.addNumber(names.projections[i] as string, value);
    });
    if (!embedding.isFrozen) {
      model.learn(values, at.weight);
      this.#grow(embedding, at.timeMs);
      return;
    }
    const distances = model.measure(values);
    if (distances === undefined) return;
    fields.addNumber(names.cosine, distances.cosine);
    fields.addNumber(names.distance, distances.distance);
    fields.addNumber(names.nearest, distances.nearestDistance);
  }

  /** A first vector that was an odd one out must not decide the dimension: it does not, once most are of another. */
  #misfit(embedding: Embedding, dimension: number): void {
    this.#meter.add('malformed_values', 1, { reason: 'dimension' });
    embedding.misfits++;
    if (embedding.misfits === 1) {
      this.#log.warn('a vector has another dimension than those before', {
        key: embedding.key,
        dimension,
        expected: embedding.model.dimension,
      });
    }
    if (embedding.isFrozen || embedding.misfits <= embedding.rows) return;
    this.#embeddings.delete(embedding.key);
    this.#stored.delete(embedding.key);
  }

  #describeWords(place: Place, contents: Contents, words: NamedWords, timeMs: number): void {
    const { group, name, hashes } = words;
    const key = keyOf(place, group, name);
    const text = this.#texts.get(key) ?? this.#newText(key, name, timeMs);
    if (text === undefined || hashes.length === 0) return;
    if (!text.isFrozen) {
      text.model.learn(hashes);
      if (this.#grow(text, timeMs)) text.model.freeze();
      return;
    }
    const share = text.model.unknownShare(hashes);
    if (share !== undefined) contents[group].addNumber(text.novelty, share);
  }

  /** One more row; `true`: it was the last one that was needed. */
  #grow(learned: Learned<unknown>, timeMs: number): boolean {
    learned.rows++;
    learned.isChanged = true;
    learned.fromMs = Math.min(learned.fromMs, timeMs);
    const ageMs = timeMs - learned.fromMs;
    const { rowsMin, atLeastMs, atMostMs } = this.#learn;
    const isEnough =
      (learned.rows >= learnRows && ageMs >= atLeastMs / learnPart) ||
      (learned.rows >= rowsMin && ageMs >= atMostMs / learnPart);
    if (isEnough) {
      learned.isFrozen = true;
      this.#log.info('content learned', { key: learned.key, rows: learned.rows });
    }
    return isEnough;
  }

  #newEmbedding(key: string, name: string, dimension: number, timeMs: number): Embedding | undefined {
    if (!isUsableName(`${name}.projection.00`)) return this.#refuse('invalid_name');
    if (this.#embeddings.size >= embeddingsMax) return this.#refuse('contents_max');
    const stored = this.#stored.get(key);
    const model =
      stored?.centroids === undefined ? new Centroids(dimension) : Centroids.fromJson(stored.centroids);
    const projector = createProjector(model.dimension, projectionsCount, seedOf(name, model.dimension));
    assert(projector !== undefined, 'the dimension of a vector was checked');
    const start = startOf(key, stored, timeMs);
    const embedding: Embedding = { ...start, model, misfits: 0, projector, names: embeddingNames(name) };
    this.#embeddings.set(key, embedding);
    return embedding;
  }

  #newText(key: string, name: string, timeMs: number): Text | undefined {
    const novelty = `${name}.unknown_words`;
    if (!isUsableName(novelty)) return this.#refuse('invalid_name');
    if (this.#texts.size >= textsMax) return this.#refuse('contents_max');
    const stored = this.#stored.get(key);
    const model =
      stored?.vocabulary === undefined
        ? new Vocabulary()
        : Vocabulary.fromJson(stored.vocabulary, stored.isFrozen);
    const text: Text = { ...startOf(key, stored, timeMs), model, novelty };
    this.#texts.set(key, text);
    return text;
  }

  #refuse(reason: DropReason): undefined {
    this.#meter.add('dropped', 1, { reason });
    return undefined;
  }

  /** A record that cannot be read is left out, and learned anew. */
  #read(key: string, bytes: Uint8Array): readonly (readonly [string, StoredContent])[] {
    try {
      const stored = decodeJson<StoredContent>(bytes);
      if (stored.centroids !== undefined) Centroids.fromJson(stored.centroids);
      if (stored.vocabulary !== undefined) Vocabulary.fromJson(stored.vocabulary, stored.isFrozen);
      return [[key, stored]];
    } catch {
      this.#meter.add('corrupt_records', 1, { kind: 'record' });
      return [];
    }
  }
}

function keyOf({ model, environment }: Place, group: 'inputs' | 'outputs', name: string): string {
  const signal = `${group === 'inputs' ? 'input' : 'output'}.${name}`;
  return seriesKey({ model, environment, version: '', signal });
}

function startOf(key: string, stored: StoredContent | undefined, timeMs: number) {
  return {
    key,
    rows: stored?.rows ?? 0,
    fromMs: stored?.fromMs ?? timeMs,
    isFrozen: stored?.isFrozen ?? false,
    savedMs: Number.NEGATIVE_INFINITY,
    isChanged: false,
  };
}

function toStored({ model, rows, fromMs, isFrozen }: Embedding | Text): StoredContent {
  const about = { rows, fromMs, isFrozen };
  return model instanceof Centroids
    ? { ...about, centroids: model.toJson() }
    : { ...about, vocabulary: model.toJson() };
}

function embeddingNames(name: string): EmbeddingNames {
  return {
    projections: Array.from(
      { length: projectionsCount },
      (_, i) => `${name}.projection.${String(i).padStart(2, '0')}`,
    ),
    cosine: `${name}.cosine`,
    distance: `${name}.distance`,
    nearest: `${name}.nearest_distance`,
  };
}

/** Of name and dimension, so that every agent and every run has the same directions (FNV-1a). */
function seedOf(name: string, dimension: number): number {
  let seed = 0x811c9dc5 ^ dimension;
  for (let i = 0; i < name.length; i++) seed = Math.imul(seed ^ name.charCodeAt(i), 0x01000193);
  return seed >>> 0;
}
