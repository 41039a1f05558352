import { decodeJson, encodeJson } from '../../core/json.ts';
import type { Meter, StoreWrite } from '../../core/ports.ts';
import type { Reference } from '../../core/reference.ts';
import { addBins, type Binning } from '../../detectors/ladder/binning.ts';
import { ModelReader } from '../../detectors/ladder/judge-series.ts';
import {
  buildReferenceModel,
  modelOfCounts,
  type ReferenceModel,
  referenceModelFromJson,
  referenceModelToJson,
} from '../../detectors/ladder/reference-model.ts';
import type { PaneHistory } from '../../detectors/ladder/reference-panes.ts';
import type { StoredLadder } from './ladder-state.ts';
import { modelPrefix } from './references.ts';

/** Readers held, at most; about 60 KB each. The one made longest ago is made anew when it is asked for. */
export const readersMax = 2_000;

/**
 * What the default rule knows of references other than the one in force of a model: those of versions, and those that
 * rules name. Where nothing is known of a reference but its counts, its model is that of counts without times.
 */
export class ReferenceModels {
  readonly #readers = new Map<string, ModelReader>();
  readonly #stored = new Map<string, StoredLadder>();
  readonly #meter: Meter;

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  /** What is stored or was imported of a reference's model. */
  keep(id: string, stored: StoredLadder): void {
    this.#stored.set(id, stored);
    this.#readers.delete(id);
  }

  /** The same from a record of the store; one that cannot be read is counted, and left out. */
  keepRecord(id: string, bytes: Uint8Array): void {
    try {
      const stored = decodeJson<StoredLadder>(bytes);
      referenceModelFromJson(stored.model);
      this.keep(id, stored);
    } catch {
      this.#meter.add('corrupt_records', 1, { kind: 'record' });
    }
  }

  storedOf(id: string): StoredLadder | undefined {
    return this.#stored.get(id);
  }

  /** From the panes it was learned from; returns the record to store. */
  make(reference: Reference, binning: Binning, history: PaneHistory | undefined): readonly StoreWrite[] {
    const panes = history?.panes();
    const model =
      panes !== undefined && panes.ticks.length > 1
        ? buildReferenceModel(panes)
        : countedModel(reference, binning);
    const stored: StoredLadder = {
      referenceId: reference.id,
      scaleId: reference.scale.id,
      startedTick: 0,
      builtTick: 0,
      binOf: [...binning.binOf],
      model: referenceModelToJson(model),
    };
    this.keep(reference.id, stored);
    return [{ key: modelPrefix + reference.id, value: encodeJson(stored) }];
  }

  /** Of a reference as these bins see it. */
  readerOf(reference: Reference, binning: Binning): ModelReader {
    const key = reference.id;
    const known = this.#readers.get(key);
    if (known !== undefined && known.model.bins === binning.size) return known;
    const stored = this.#stored.get(key);
    const isSame = stored?.binOf.every((bin, cell) => bin === binning.binOf[cell]) ?? false;
    const model =
      stored !== undefined && isSame
        ? referenceModelFromJson(stored.model)
        : countedModel(reference, binning);
    const reader = new ModelReader(model);
    const [oldest] = this.#readers.keys();
    if (this.#readers.size >= readersMax && oldest !== undefined) this.#readers.delete(oldest);
    this.#readers.set(key, reader);
    return reader;
  }
}

function countedModel(reference: Reference, binning: Binning): ReferenceModel {
  const bins = new Float64Array(binning.size);
  addBins(binning, reference.counters, bins);
  const { weight, weightSquared } = reference.counters;
  return modelOfCounts(bins, weight, weightSquared);
}
