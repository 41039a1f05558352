import { decodeJson, encodeJson } from '../../core/json.ts';
import type { Counters } from '../../core/pane.ts';
import type { Log, Meter, StoreWrite } from '../../core/ports.ts';
import type { Reference } from '../../core/reference.ts';
import { seriesKey, signalOf } from '../../core/series.ts';
import { effectiveSize } from '../../detectors/counters/counters.ts';
import { type ScaleJson, scaleFromJson, scaleToJson } from '../../detectors/counters/freeze.ts';

const prefix = 'reference/';

interface Stored extends Omit<Reference, 'scale' | 'counters'> {
  readonly scale: ScaleJson;
  readonly counters: Omit<Counters, 'counts' | 'min' | 'max'> & {
    readonly counts: readonly number[];
    readonly min: number | null;
    readonly max: number | null;
  };
}

/** The record of a frozen reference. Its key is its series: a model has one learned reference per signal. */
export function referenceWrite(reference: Reference): StoreWrite {
  const { scale, counters, ...rest } = reference;
  const { counts, min, max, ...moments } = counters;
  // JSON has no Infinity: of a reference without numbers, min and max are stored as null.
  const plain = { ...moments, counts: [...counts], min: finiteOrNull(min), max: finiteOrNull(max) };
  const stored: Stored = { ...rest, scale: scaleToJson(scale), counters: plain };
  return { key: prefix + seriesKey(reference.series), value: encodeJson(stored) };
}

/** Reads one record back; throws on damaged bytes. */
export function decodeReference(bytes: Uint8Array): Reference {
  const { scale, counters, ...rest } = decodeJson<Stored>(bytes);
  const { counts, min, max, ...moments } = counters;
  return {
    ...rest,
    scale: scaleFromJson(scale),
    counters: {
      ...moments,
      counts: Float64Array.from(counts),
      min: min ?? Number.POSITIVE_INFINITY,
      max: max ?? Number.NEGATIVE_INFINITY,
    },
  };
}

/** Says that a reference was made, in the log and on /metrics. */
export function announceReference(reference: Reference, log: Log, meter: Meter): void {
  const { model, signal, environment, segment } = reference.series;
  const rows = effectiveSize(reference.counters);
  meter.set('reference_rows', rows, { model, signal: signalOf(reference.series) });
  log.info('reference frozen', {
    id: reference.id,
    kind: reference.kind,
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
