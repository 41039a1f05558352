import { Fields } from '../core/fields.ts';
import type { Call, Cost } from '../core/observation.ts';
import type { Convention, Item, Key, KeyRegistry, Normalise, Sink } from './convention.ts';
import { type Batch, type OutputName, outputNames, readBatch } from './shared/columns.ts';
import { type ContextReader, createContextReader } from './shared/context.ts';
import { createFeatureReader, type ReadFeatures } from './shared/features.ts';
import { Hash64 } from './shared/hash.ts';
import { RowContents } from './shared/row-contents.ts';
import { createWeightReader, type ReadWeight } from './shared/sampling-weight.ts';
import { addLevelValue, addNumberValue, addValue, amountOf, plainValue } from './shared/values.ts';

/**
 * Predictions of tabular models, in Kedge's own vocabulary `ml.*`: no public convention names features. Three
 * forms: the log event `ml.prediction`, a span with `ml.operation.name` and `ml.model.name`, and the columnar
 * log event `ml.prediction.batch`. A failed row gives its inputs, never its outputs, even if some were sent.
 */
export const tabular: Convention = {
  name: 'ml',
  title: 'Tabular models (ml.*)',
  stability: 'beta',
  rank: 10,
  create: (keys) => new TabularReader(keys).normalise,
};

/** Outcomes of predictions: ours, but not counted yet. */
const outcomeEvents: ReadonlySet<string> = new Set([
  'ml.prediction.label',
  'ml.prediction.labels',
  'ml.prediction.override',
  'ml.prediction.feedback',
]);

/** A prediction may be a class or a number, its score is a number, and a decision is a word. */
const outputAdders: Readonly<Record<OutputName, typeof addValue>> = {
  value: addValue,
  score: addNumberValue,
  decision: addLevelValue,
};

interface TabularKeys {
  readonly operation: Key;
  readonly model: Key;
  readonly version: Key;
  readonly predictionId: Key;
  readonly value: Key;
  readonly score: Key;
  readonly decision: Key;
  readonly duration: Key;
  readonly costAmount: Key;
  readonly costCurrency: Key;
  readonly errorType: Key;
  readonly batchSize: Key;
  readonly batchId: Key;
}

function registerKeys(keys: KeyRegistry): TabularKeys {
  return {
    operation: keys.key('ml.operation.name'),
    model: keys.key('ml.model.name'),
    version: keys.key('ml.model.version'),
    predictionId: keys.key('ml.prediction.id'),
    value: keys.key('ml.prediction.value'),
    score: keys.key('ml.prediction.score'),
    decision: keys.key('ml.prediction.decision'),
    duration: keys.key('ml.inference.duration'),
    costAmount: keys.key('ml.cost.amount'),
    costCurrency: keys.key('ml.cost.currency'),
    errorType: keys.key('error.type'),
    batchSize: keys.key('ml.batch.size'),
    batchId: keys.key('ml.batch.id'),
  };
}

/** Holds the buffers that every row uses again: a row makes one object, its Call. */
class TabularReader {
  readonly #keys: TabularKeys;
  readonly #context: ContextReader;
  readonly #readWeight: ReadWeight;
  readonly #readFeatures: ReadFeatures;
  readonly #contents: RowContents;
  readonly #inputs = new Fields();
  readonly #outputs = new Fields();
  /** Holds the id of the row under work in `high` and `low`. */
  readonly #id = new Hash64();

  constructor(keys: KeyRegistry) {
    this.#keys = registerKeys(keys);
    this.#context = createContextReader(keys);
    this.#readWeight = createWeightReader(keys);
    this.#contents = new RowContents(keys);
    this.#readFeatures = createFeatureReader(keys, this.#contents);
  }

  readonly normalise: Normalise = (item, sink) => {
    if (item.kind === 'span') return this.#span(item, sink);
    switch (item.name) {
      case 'ml.prediction':
        this.#row(item, this.#statedLatencyMs(item, sink), sink);
        return true;
      case 'ml.prediction.batch':
        this.#batch(item, sink);
        return true;
      default:
        return outcomeEvents.has(item.name);
    }
  };

  #span(item: Item, sink: Sink): boolean {
    const { attributes } = item;
    if (attributes.kind(this.#keys.operation) !== 'text' || attributes.kind(this.#keys.model) !== 'text') {
      return false;
    }
    this.#row(item, item.durationMs, sink);
    return true;
  }

  #row(item: Item, latencyMs: number, sink: Sink): void {
    const { attributes } = item;
    this.#inputs.clear();
    this.#outputs.clear();
    this.#contents.begin(item, sink);
    this.#readFeatures(attributes, this.#inputs, sink);
    if (!this.#isFailed(item)) this.#readOutputs(item, sink);
    const model = attributes.text(this.#keys.model);
    this.#takeId(item, model);
    sink.call(this.#call(item, model, latencyMs, sink));
  }

  #readOutputs({ attributes }: Item, sink: Sink): void {
    for (const name of outputNames) {
      const key = this.#keys[name];
      if (attributes.kind(key) === 'absent') continue;
      outputAdders[name](this.#outputs, name, plainValue(attributes, key), sink);
    }
  }

  /** All attributes of the record hold for every row; the rows differ by their columns and ids only. */
  #batch(item: Item, sink: Sink): void {
    const model = item.attributes.text(this.#keys.model);
    const batch = readBatch(item.body(), this.#declaredRows(item, sink), sink);
    if (batch === undefined || batch.rows === 0) return;
    const batchId = item.attributes.text(this.#keys.batchId);
    const failed = this.#isFailed(item);
    this.#takeItemId(item);
    this.#inputs.clear();
    this.#outputs.clear();
    this.#contents.begin(item, sink);
    const first = this.#call(item, model, this.#statedLatencyMs(item, sink), sink);
    for (let row = 0; row < batch.rows; row++) {
      this.#contents.begin(item, sink);
      this.#readBatchRow(batch, row, failed, sink);
      const predictionId = batch.ids?.[row];
      if (typeof predictionId === 'string' && predictionId !== '') this.#hashId(model, predictionId);
      else this.#hashRowNumber(item, { model, batchId, row });
      const contents = this.#contents.finish(this.#inputs, this.#outputs);
      sink.call({ ...first, contents, idHigh: this.#id.high, idLow: this.#id.low });
    }
  }

  #readBatchRow(batch: Batch, row: number, failed: boolean, sink: Sink): void {
    const inputs = this.#inputs;
    const outputs = this.#outputs;
    inputs.clear();
    outputs.clear();
    for (const { name, values } of batch.features) {
      const value = values?.[row];
      if (values === undefined) inputs.addMalformed(name);
      else if (!Array.isArray(value) || !this.#contents.take(name, value)) {
        addValue(inputs, name, value, sink);
      }
    }
    if (failed) return;
    for (const { name, values } of batch.outputs) {
      if (values === undefined) outputs.addMalformed(name);
      else outputAdders[name](outputs, name, values[row], sink);
    }
  }

  #call(item: Item, model: string, latencyMs: number, sink: Sink): Call {
    const { weight, known } = this.#readWeight(item, sink);
    return {
      kind: 'prediction',
      idHigh: this.#id.high,
      idLow: this.#id.low,
      timeMs: item.timeMs,
      model,
      version: item.attributes.text(this.#keys.version),
      environment: this.#context.environment(item),
      provider: '',
      role: this.#context.role(item, sink),
      inputs: this.#inputs,
      outputs: this.#outputs,
      contents: this.#contents.finish(this.#inputs, this.#outputs),
      latencyMs,
      firstTokenMs: Number.NaN,
      cost: this.#cost(item, sink),
      tokens: undefined,
      result: this.#isFailed(item) ? 'error' : 'ok',
      traceId: () => item.traceId(),
      transactionId: this.#context.transaction(item),
      root: item.root,
      weight,
      weightKnown: known,
      convention: tabular.name,
    };
  }

  #isFailed(item: Item): boolean {
    return item.failed || item.attributes.text(this.#keys.errorType) !== '';
  }

  #statedLatencyMs({ attributes }: Item, sink: Sink): number {
    return amountOf(attributes, this.#keys.duration, sink) * 1000;
  }

  /** Money other than USD is not guessed at: it counts as malformed (type). */
  #cost({ attributes }: Item, sink: Sink): Cost | undefined {
    if (attributes.kind(this.#keys.costAmount) === 'absent') return undefined;
    const amountUsd = amountOf(attributes, this.#keys.costAmount, sink);
    const currency = attributes.text(this.#keys.costCurrency);
    if (Number.isNaN(amountUsd)) return undefined;
    if (currency === '' || currency === 'USD') return { amountUsd, source: 'reported' };
    sink.malformed('type', 1);
    return undefined;
  }

  /** NaN where the record declares no usable size. */
  #declaredRows({ attributes }: Item, sink: Sink): number {
    const size = amountOf(attributes, this.#keys.batchSize, sink);
    if (Number.isNaN(size) || Number.isInteger(size)) return size;
    sink.malformed('type', 1);
    return Number.NaN;
  }

  #takeItemId(item: Item): void {
    this.#id.high = item.idHigh;
    this.#id.low = item.idLow;
  }

  /** Of the prediction id where there is one: it is seldom the same twice, so no string is made of it. */
  #takeId(item: Item, model: string): void {
    this.#id.reset();
    this.#id.add(model);
    if (item.attributes.hashText(this.#keys.predictionId, this.#id)) this.#id.finish();
    else this.#takeItemId(item);
  }

  /** Prediction ids are unique per model only: a shadow may answer under the id of the model it shadows. */
  #hashId(model: string, predictionId: string): void {
    this.#id.reset();
    this.#id.add(model);
    this.#id.add(predictionId);
    this.#id.finish();
  }

  /** A row without an id is the n-th of its batch, so that a batch sent twice counts once. */
  #hashRowNumber(
    item: Item,
    at: { readonly model: string; readonly batchId: string; readonly row: number },
  ): void {
    this.#takeItemId(item);
    if (at.batchId === '' && item.idHigh === 0 && item.idLow === 0) return;
    this.#id.reset();
    this.#id.add(at.model);
    this.#id.add(at.batchId);
    if (at.batchId === '') {
      this.#id.addInteger(item.idHigh);
      this.#id.addInteger(item.idLow);
    }
    this.#id.addInteger(at.row);
    this.#id.finish();
  }
}
