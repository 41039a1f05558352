import type { Fields } from '../../core/fields.ts';
import { decodeJson, encodeJson } from '../../core/json.ts';
import type { Call } from '../../core/observation.ts';
import type { Meter } from '../../core/ports.ts';
import type { Scale } from '../../core/scale.ts';
import { cellCount, cellOfLevel, cellOfNumber } from '../../detectors/counters/counters.ts';
import type { ScoreBins } from '../../detectors/explain/contributions.ts';
import type { Binning } from '../../detectors/ladder/binning.ts';
import type { ModelState, SignalState } from './model-state.ts';

/** Cells of all signals together, at most: 16 bytes each. Signals beyond it have no contribution. */
export const scoreCellsMax = 500_000;
/** Sampled rows of a signal after which its means are known well enough: 300 in each of 62 cells. */
const rowsEnough = 20_000;
/** Inputs of a row looked at, at most. */
const placesMax = 4_096;
/** Once all is known well enough one sampled row in so many is looked at. */
const idleRows = 63;
/** One row in eight is looked at, chosen by its id. */
const sampleBits = 3;
/** A checkpoint holds means again once so many times the rows were seen. */
const savedAgainAt = 1.1;
/** Outputs by these names come first, as they are the model's answer. */
const answers = ['score', 'probability', 'value', 'prediction'];

/** The output by the cells of one signal. */
interface ScoreTable {
  /** As its learner has it now: another object of the same content after a reference was taken over. */
  scale: Scale;
  readonly weight: Float64Array;
  readonly sum: Float64Array;
  squares: number;
  rows: number;
}

/** A signal at a place of the row; undefined where a limit forbade it. */
interface Place {
  readonly name: string;
  readonly signal: SignalState | undefined;
  readonly table: ScoreTable | undefined;
}

interface ModelScores {
  /** Name of the field the means are of, as in the outputs of a call. */
  readonly output: string;
  /** Its full name. */
  readonly signal: string;
  /** By the full name of the signal. */
  readonly tables: Map<string, ScoreTable>;
  /** By place in the row, without holes. */
  readonly places: Place[];
  /** Sampled rows to let pass. */
  idle: number;
}

/**
 * The mean output of each model by the bins of its inputs, from a sample of its first rows: what contributions are made of
 * (detectors/explain/contributions.ts). Only sums are kept, no value of a row.
 */
export class ScoreBook {
  readonly #models = new Map<ModelState, ModelScores>();
  readonly #meter: Meter;
  #cells = 0;
  /** Sampled rows counted since the start, and of those at the last checkpoint. */
  #rows = 0;
  #savedRows = 0;
  #turn = 0;

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  /** Called for every row that was counted; seven in eight return at once. */
  add(state: ModelState, call: Call): void {
    if (!this.#isSampled(call) || call.result !== 'ok') return;
    const model = this.#modelOf(state, call);
    if (model === undefined || model.idle-- > 0) return;
    model.idle = 0;
    const score = numberOf(call, model.output);
    if (!Number.isFinite(score)) return;
    this.#rows++;
    const { inputs, weight } = call;
    let isScarce = false;
    for (let i = 0; i < inputs.size; i++) {
      const place = this.#placeOf(state, model, inputs.names[i] as string, i);
      const cell = place?.table === undefined ? -1 : cellOf(place.table.scale, inputs, i);
      if (place?.table === undefined || cell < 0) continue;
      addScore(place.table, cell, score, weight);
      if (place.table.rows < rowsEnough) isScarce = true;
    }
    this.#addOwn(state, model, score, weight);
    // All that is here is known well enough: from now on few rows are looked at, so that this costs next to nothing.
    if (!isScarce) model.idle = idleRows;
  }

  #addOwn(state: ModelState, model: ModelScores, score: number, weight: number): void {
    const table = this.#tableOf(model, model.signal, state.signals.get(model.signal)?.learner?.scale);
    if (table?.scale.kind === 'numeric') addScore(table, cellOfNumber(table.scale, score), score, weight);
  }

  /** What is at a place of the row: rows of one sender repeat it. */
  #placeOf(state: ModelState, model: ModelScores, name: string, at: number): Place | undefined {
    if (at > model.places.length || at >= placesMax) return undefined;
    const known = model.places[at];
    const scale = known?.signal?.learner?.scale;
    if (known?.name === name && known.signal !== undefined && known.table?.scale === scale) return known;
    const full = `input.${name}`;
    const signal = state.signals.get(full);
    const made: Place = { name, signal, table: this.#tableOf(model, full, signal?.learner?.scale) };
    model.places[at] = made;
    return made;
  }

  /** Full name of the output the means are of; undefined where the model has no numeric one. */
  outputOf(state: ModelState): string | undefined {
    return this.#models.get(state)?.signal;
  }

  /** What was seen by the bins of a signal; undefined where nothing was, or its scale is another by now. */
  binsOf(state: ModelState, signal: string, scaleId: string, binning: Binning): ScoreBins | undefined {
    const table = this.#models.get(state)?.tables.get(signal);
    if (table === undefined || table.scale.id !== scaleId || !(table.rows > 0)) return undefined;
    const weight = new Float64Array(binning.size);
    const sum = new Float64Array(binning.size);
    for (let cell = 0; cell < table.weight.length; cell++) {
      const bin = binning.binOf[cell] as number;
      weight[bin] = (weight[bin] as number) + (table.weight[cell] as number);
      sum[bin] = (sum[bin] as number) + (table.sum[cell] as number);
    }
    return Number.isFinite(table.squares) ? { weight, sum, squares: table.squares } : undefined;
  }

  /** For the checkpoint, each time a tenth more was seen: undefined until then, as means hardly move by less. */
  encode(): Uint8Array | undefined {
    if (this.#rows < this.#savedRows * savedAgainAt + 1) return undefined;
    this.#savedRows = this.#rows;
    const models = [...this.#models].map(([state, { output, tables }]) => ({
      key: modelKey(state),
      output,
      tables: [...tables].map(([signal, { scale, weight, sum, squares, rows }]) => ({
        signal,
        scaleId: scale.id,
        weight: [...weight],
        sum: [...sum],
        squares,
        rows,
      })),
    }));
    return encodeJson(models satisfies readonly SavedScores[]);
  }

  /** Takes means of a checkpoint for scales that are still in use; others begin anew. */
  restore(bytes: Uint8Array, states: Iterable<ModelState>): void {
    const saved = new Map(decodeJson<readonly SavedScores[]>(bytes).map((one) => [one.key, one]));
    for (const state of states) {
      const one = saved.get(modelKey(state));
      if (one === undefined) continue;
      const model = newModelScores(one.output);
      this.#models.set(state, model);
      for (const { signal, scaleId, weight, sum, squares, rows } of one.tables) {
        const table = this.#tableOf(model, signal, state.signals.get(signal)?.learner?.scale);
        if (table === undefined || table.scale.id !== scaleId || table.weight.length !== weight.length)
          continue;
        table.weight.set(weight);
        table.sum.set(sum);
        table.squares = squares ?? Number.NaN;
        table.rows = rows;
      }
    }
  }

  /** By its id, so that repeats of a row are alike; rows without one take turns. */
  #isSampled({ idLow, idHigh }: Call): boolean {
    const hasId = (idLow | idHigh) !== 0;
    const hash = hasId ? Math.imul(idLow ^ idHigh, 0x9e3779b1) : this.#turn++ << (32 - sampleBits);
    return hash >>> (32 - sampleBits) === 0;
  }

  #modelOf(state: ModelState, call: Call): ModelScores | undefined {
    const known = this.#models.get(state);
    if (known !== undefined) return known;
    const output = answerOf(call);
    if (output === undefined) return undefined;
    const made = newModelScores(output);
    this.#models.set(state, made);
    return made;
  }

  /** Undefined while the signal has no scale, and beyond the limit. */
  #tableOf(model: ModelScores, signal: string, scale: Scale | undefined): ScoreTable | undefined {
    const known = model.tables.get(signal);
    if (scale === undefined || scale.kind === 'log') return undefined;
    if (known !== undefined && known.scale.id === scale.id) {
      known.scale = scale;
      return known;
    }
    const cells = cellCount(scale);
    const before = known?.weight.length ?? 0;
    if (this.#cells + cells - before > scoreCellsMax) {
      if (known !== undefined) model.tables.delete(signal);
      this.#cells -= before;
      this.#meter.add('explain_limited', 1, { reason: 'score_cells_max' });
      return undefined;
    }
    this.#cells += cells - before;
    const made = {
      scale,
      weight: new Float64Array(cells),
      sum: new Float64Array(cells),
      squares: 0,
      rows: 0,
    };
    model.tables.set(signal, made);
    return made;
  }
}

interface SavedScores {
  readonly key: string;
  readonly output: string;
  readonly tables: readonly {
    readonly signal: string;
    readonly scaleId: string;
    readonly weight: readonly number[];
    readonly sum: readonly number[];
    /** Null where it was past the largest double. */
    readonly squares: number | null;
    readonly rows: number;
  }[];
}

function newModelScores(output: string): ModelScores {
  return { output, signal: `output.${output}`, tables: new Map(), places: [], idle: 0 };
}

/** -1 where the field has no value of the kind that the scale counts. */
function cellOf(scale: Scale, fields: Fields, i: number): number {
  const kind = fields.kind(i);
  if (kind === 'number' && scale.kind === 'numeric') return cellOfNumber(scale, fields.number(i));
  if (kind === 'level' && scale.kind === 'levels') return cellOfLevel(scale, fields.levels[i] as string);
  return -1;
}

function modelKey({ environment, model }: ModelState): string {
  return JSON.stringify([environment, model]);
}

function addScore(table: ScoreTable, cell: number, score: number, weight: number): void {
  table.weight[cell] = (table.weight[cell] as number) + weight;
  table.sum[cell] = (table.sum[cell] as number) + weight * score;
  table.squares += weight * score * score;
  table.rows++;
}

/** The numeric output that is the model's answer: by its name, else the first. */
function answerOf({ outputs }: Call): string | undefined {
  let first: string | undefined;
  for (let i = 0; i < outputs.size; i++) {
    if (outputs.kind(i) !== 'number') continue;
    const name = outputs.names[i] as string;
    if (answers.includes(name)) return name;
    first ??= name;
  }
  return first;
}

function numberOf({ outputs }: Call, name: string): number {
  for (let i = 0; i < outputs.size; i++) {
    if (outputs.names[i] === name && outputs.kind(i) === 'number') return outputs.number(i);
  }
  return Number.NaN;
}
