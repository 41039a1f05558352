import { decodeJson, encodeJson } from '../../core/json.ts';
import type { Counters } from '../../core/pane.ts';
import type { Log, Meter, StoreWrite } from '../../core/ports.ts';
import { nameOf, type Reference, type ReferenceRecord } from '../../core/reference.ts';
import { seriesKey, signalOf } from '../../core/series.ts';
import { cellCount, effectiveSize } from '../../detectors/counters/counters.ts';
import { type ScaleJson, scaleFromJson, scaleToJson } from '../../detectors/counters/freeze.ts';

const prefix = 'reference/';
/** The default rule's model of a reference, by its id: so that one of before can be put in force again. */
export const modelPrefix = 'ladder_model/';

/** A reference as plain JSON; in records of before, without what was decided about it. */
export interface ReferenceJson extends Omit<Reference, 'scale' | 'counters'> {
  readonly scale: ScaleJson;
  readonly counters: Omit<Counters, 'counts' | 'min' | 'max'> & {
    readonly counts: readonly number[];
    readonly min: number | null;
    readonly max: number | null;
  };
}

interface Stored extends ReferenceJson {
  readonly decided?: Omit<ReferenceRecord, 'reference'>;
}

export function referenceToJson(reference: Reference): ReferenceJson {
  const { scale, counters, ...rest } = reference;
  const { counts, min, max, ...moments } = counters;
  // JSON has no Infinity: of a reference without numbers, min and max are stored as null.
  const plain = { ...moments, counts: [...counts], min: finiteOrNull(min), max: finiteOrNull(max) };
  return { ...rest, scale: scaleToJson(scale), counters: plain };
}

/** The reverse. Throws an Error for what it did not write. */
export function referenceFromJson(json: ReferenceJson): Reference {
  const { scale: scaleJson, counters, ...rest } = json;
  const { counts, min, max, ...moments } = counters;
  const scale = scaleFromJson(scaleJson);
  if (moments.scaleId !== scale.id || counts.length !== cellCount(scale))
    throw new Error('The counters of the reference are not of its scale.');
  return {
    ...rest,
    scale,
    counters: {
      ...moments,
      counts: Float64Array.from(counts),
      min: min ?? Number.POSITIVE_INFINITY,
      max: max ?? Number.NEGATIVE_INFINITY,
    },
  };
}

/** Its record, under its id. Records of before stood under their series: that one goes. */
export function recordWrite(record: ReferenceRecord): readonly StoreWrite[] {
  const { reference, ...decided } = record;
  const stored: Stored = { ...referenceToJson(reference), decided };
  return [
    { key: prefix + reference.id, value: encodeJson(stored) },
    { key: prefix + seriesKey(reference.series), value: undefined },
  ];
}

/** Takes away what is stored of a reference. */
export function recordRemoval({ reference }: ReferenceRecord): readonly StoreWrite[] {
  return [
    { key: prefix + reference.id, value: undefined },
    { key: modelPrefix + reference.id, value: undefined },
  ];
}

/** Reads one record back; throws on damaged bytes. One without a decision is of before, and in force. */
export function decodeRecord(bytes: Uint8Array): ReferenceRecord {
  const { decided = { standing: 'in_force' as const }, ...json } = decodeJson<Stored>(bytes);
  return { ...decided, reference: referenceFromJson(json) };
}

/** Says that a reference was made, in the log and on /metrics. */
export function announceReference(reference: Reference, log: Log, meter: Meter): void {
  const { model, signal, environment, segment } = reference.series;
  const rows = effectiveSize(reference.counters);
  meter.set('reference_rows', rows, { model, signal: signalOf(reference.series) });
  log.info('reference frozen', {
    id: reference.id,
    name: nameOf(reference),
    kind: reference.kind,
    ...(reference.series.version === '' ? {} : { version: reference.series.version }),
    model,
    environment,
    signal,
    ...(segment === undefined ? {} : { segment }),
    rows: Math.round(rows),
  });
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
