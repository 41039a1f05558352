import { canonicalJson } from '../../core/json.ts';
import { learnedName, type Reference } from '../../core/reference.ts';
import { isoTime } from '../../core/time.ts';
import { isGenuineScale } from '../../detectors/counters/freeze.ts';
import { referenceModelFromJson } from '../../detectors/ladder/reference-model.ts';
import type { StoredLadder } from './ladder-state.ts';
import { referenceId } from './learner.ts';
import { type ReferenceJson, referenceFromJson, referenceToJson } from './references.ts';

/** References of one file, at most. */
export const portableReferencesMax = 20_000;
const schema = 'kedge-references/1';

/** A reference that travels: its counts on frozen edges, and what is known of how it varies. No row, no time of one. */
export interface Portable {
  readonly reference: Reference;
  readonly model?: StoredLadder | undefined;
  /** The checks as they were when it was written: for the reader. */
  readonly health?: readonly unknown[];
}

interface PortableFile {
  readonly schema: typeof schema;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly references: readonly (ReferenceJson & {
    readonly model?: StoredLadder;
    readonly health?: readonly unknown[];
  })[];
  /** SHA-256 of the canonical JSON of all the rest. */
  readonly digest: string;
}

type Sha256 = (text: string) => string;

export function toPortable(
  references: readonly Portable[],
  made: { readonly atMs: number; readonly by: string },
  sha256: Sha256,
): string {
  const body = {
    schema,
    createdAt: isoTime(made.atMs),
    createdBy: made.by,
    references: references.map(({ reference, model, health }) => ({
      ...referenceToJson(reference),
      ...(model === undefined ? {} : { model }),
      ...(health === undefined ? {} : { health }),
    })),
  } as const;
  const file: PortableFile = { ...body, digest: sha256(canonicalJson(JSON.parse(JSON.stringify(body)))) };
  return `${JSON.stringify(file)}\n`;
}

/** Where they are to be used: another agent may call the model otherwise. */
export interface PortablePlace {
  readonly model?: string | undefined;
  readonly environment?: string | undefined;
  readonly name?: string | undefined;
}

export type PortableRead =
  | { readonly ok: true; readonly references: readonly Portable[] }
  | { readonly ok: false; readonly fault: string };

const remedy = 'export or build it again; a reference file is never edited by hand';

/** Reads what `toPortable` wrote. A file that was damaged or edited is refused as a whole: never half of it is used. */
export function fromPortable(text: string, place: PortablePlace, sha256: Sha256): PortableRead {
  const file = parse(text);
  if (file === undefined) return { ok: false, fault: `it is no whole JSON of references: ${remedy}` };
  if (file.schema !== schema) {
    const said = JSON.stringify(String((file as { readonly schema?: unknown }).schema).slice(0, 40));
    return { ok: false, fault: `its schema is ${said}, this version of Kedge reads "${schema}"` };
  }
  const { digest, ...body } = file;
  if (digest !== sha256(canonicalJson(body)))
    return { ok: false, fault: `its digest does not match its content: ${remedy}` };
  const { references } = body;
  if (!Array.isArray(references) || references.length > portableReferencesMax)
    return { ok: false, fault: `it holds no list of at most ${portableReferencesMax} references` };
  try {
    return { ok: true, references: references.map((json) => readOne(json, place, sha256)) };
  } catch (fault) {
    return {
      ok: false,
      fault: `${fault instanceof Error ? fault.message : 'a reference is damaged'} ${remedy}`,
    };
  }
}

function parse(text: string): PortableFile | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as PortableFile)
      : undefined;
  } catch {
    return undefined;
  }
}

function readOne(json: PortableFile['references'][number], place: PortablePlace, sha256: Sha256): Portable {
  const { model, health, ...rest } = json;
  const read = referenceFromJson(rest);
  const { series, scale, counters, fromMs, toMs } = read;
  if (!isOfSeries(read) || !isGenuineScale(scale, sha256) || !areCounts(read))
    throw new Error('A reference is damaged.');
  if (read.id !== referenceId(read, sha256)) throw new Error('A reference has not the id of its content.');
  const placed = {
    model: place.model ?? series.model,
    environment: place.environment ?? series.environment,
    version: series.version,
    signal: series.signal,
    ...(series.segment === undefined ? {} : { segment: series.segment }),
  };
  const id = referenceId({ scale, counters, series: placed, fromMs, toMs }, sha256);
  const name = place.name ?? read.name ?? learnedName;
  const reference: Reference = { ...read, id, kind: 'imported', name, series: placed };
  if (model === undefined) return { reference, ...(health && { health }) };
  referenceModelFromJson(model.model);
  if (model.scaleId !== scale.id || model.binOf.length !== counters.counts.length)
    throw new Error('The model of a reference is not of its scale.');
  return { reference, model: { ...model, referenceId: id }, ...(health && { health }) };
}

/** A segment is a name, `=` and a value. */
function isOfSeries({ series: { signal, segment } }: Reference): boolean {
  const isSegment = segment === undefined || (typeof segment === 'string' && segment.indexOf('=') > 0);
  return typeof signal === 'string' && isSegment;
}

/** Finite and not negative, and as many as the weight says. */
function areCounts({ counters }: Reference): boolean {
  const { counts, weight, weightSquared } = counters;
  const sum = counts.reduce((total, count) => total + count, 0);
  const isPlain = counts.every((count) => Number.isFinite(count) && count >= 0);
  return isPlain && weight > 0 && weightSquared > 0 && Math.abs(sum - weight) <= 1e-6 * weight;
}
