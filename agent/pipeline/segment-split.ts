import type { SegmentConfig } from '../../config/config.ts';
import type { Fields } from '../../core/fields.ts';
import { globMatches } from '../../core/glob.ts';
import type { SegmentDrop } from '../../core/metrics.ts';
import type { Call } from '../../core/observation.ts';
import type { Log, Meter } from '../../core/ports.ts';
import { SpaceSaving, seenOf } from '../../detectors/segments/space-saving.ts';
import { type ModelState, segmentOf } from './model-state.ts';
import { isUsableName } from './names.ts';

/** Rows of a value before it gets a segment of its own: until then it is counted in `other`. */
export const segmentRowsMin = 50;
/** Values that wait for that, per declaration. */
const waitingMax = 64;
/** Segments of all models together. */
export const segmentsMax = 1_000;
export const otherValue = 'other';

/** Where the value of a segment is read. */
type Source =
  | { readonly of: 'inputs' | 'outputs'; readonly name: string }
  | { readonly of: 'version' | 'provider' | 'role' };

/** One declaration for one model. */
interface Split {
  readonly config: SegmentConfig;
  readonly sources: readonly Source[];
  /** By value as it came; of several fields their text. */
  readonly segments: Map<string, ModelState>;
  readonly waiting: SpaceSaving<string, undefined>;
  taken: number;
  other: ModelState | undefined;
}

export interface SegmentSplitOptions {
  readonly segments: readonly SegmentConfig[];
  /** Texts of segments that have a reference: they get their place at once. */
  readonly known: (state: ModelState) => readonly string[];
  readonly meter: Meter;
  readonly log: Log;
}

/** `city=Seattle`; of two fields `city_plan=Seattle|pro`, with `\` before a `|` or `\` inside a value. */
export function segmentText(name: string, values: readonly string[]): string {
  return `${name}=${valuesText(values)}`;
}

function valuesText(values: readonly string[]): string {
  return values.length === 1
    ? (values[0] as string)
    : values.map((value) => value.replace(/[\\|]/g, '\\$&')).join('|');
}

/** `input.city`, `output.label`, `version`, `provider`, `role`. */
export function sourceOf(from: string): Source {
  if (from.startsWith('input.')) return { of: 'inputs', name: from.slice('input.'.length) };
  if (from.startsWith('output.')) return { of: 'outputs', name: from.slice('output.'.length) };
  return { of: from as 'version' | 'provider' | 'role' };
}

/** Which declared segments a row belongs to: at most one per declaration. */
export class SegmentSplit {
  readonly #options: SegmentSplitOptions;
  readonly #splits = new Map<ModelState, readonly Split[]>();
  /** Used again for each row. */
  readonly #found: ModelState[] = [];
  #made = 0;

  constructor(options: SegmentSplitOptions) {
    this.#options = options;
  }

  /** The answer is valid until the next call. */
  of(state: ModelState, call: Call): readonly ModelState[] {
    this.#found.length = 0;
    for (const split of this.#splits.get(state) ?? this.#begin(state)) {
      const value = valueIn(split.sources, call);
      if (value === undefined) continue;
      const segment = split.segments.get(value) ?? this.#newcomer(state, split, value);
      if (segment !== undefined) this.#found.push(segment);
    }
    return this.#found;
  }

  #begin(state: ModelState): readonly Split[] {
    const splits = this.#options.segments
      .filter(
        ({ model, environment }) =>
          globMatches(model, state.model) && globMatches(environment, state.environment),
      )
      .map(
        (config): Split => ({
          config,
          sources: config.from.map(sourceOf),
          segments: new Map(),
          waiting: new SpaceSaving(waitingMax),
          taken: 0,
          other: undefined,
        }),
      );
    this.#splits.set(state, splits);
    for (const split of splits) this.#reserve(state, split);
    return splits;
  }

  /** Values of the file, and those that were followed before or have a reference. */
  #reserve(state: ModelState, split: Split): void {
    const { name, values = [] } = split.config;
    const prefix = `${name}=`;
    const texts = [...values.map((value) => prefix + value), ...(state.segments?.keys() ?? [])];
    for (const text of [...texts, ...this.#options.known(state)]) {
      const value = text.slice(prefix.length);
      if (!text.startsWith(prefix) || value === otherValue || split.segments.has(value)) continue;
      this.#give(state, split, value);
    }
  }

  #newcomer(state: ModelState, split: Split, value: string): ModelState | undefined {
    const { config, waiting } = split;
    if (config.values === undefined && value !== otherValue && isUsableName(value)) {
      const place = waiting.hit(value) ?? waiting.admit(value, () => undefined);
      if (seenOf(place) >= segmentRowsMin) {
        waiting.delete(value);
        const given = this.#give(state, split, value);
        if (given !== undefined) return given;
      }
    }
    if (split.other === undefined && this.#mayMake()) {
      split.other = this.#make(state, segmentText(config.name, [otherValue]));
    }
    this.#count('segment_other');
    return split.other;
  }

  #give(state: ModelState, split: Split, value: string): ModelState | undefined {
    if (split.taken >= split.config.max || !this.#mayMake()) {
      this.#count('segments_max');
      return undefined;
    }
    split.taken++;
    const made = this.#make(state, `${split.config.name}=${value}`);
    split.segments.set(value, made);
    return made;
  }

  #make(whole: ModelState, segment: string): ModelState {
    const { model, environment } = whole;
    if (!whole.segments?.has(segment))
      this.#options.log.info('segment discovered', { model, environment, segment });
    return segmentOf(whole, segment);
  }

  #count(reason: SegmentDrop): void {
    this.#options.meter.add('segments_dropped', 1, { reason });
  }

  #mayMake(): boolean {
    if (this.#made >= segmentsMax) return false;
    this.#made++;
    return true;
  }
}

/** Undefined where the row lacks a field: it is in no segment of this declaration. */
function valueIn(sources: readonly Source[], call: Call): string | undefined {
  const [only] = sources;
  if (only === undefined) return undefined;
  if (sources.length === 1) return textAt(only, call);
  const values: string[] = [];
  for (const source of sources) {
    const value = textAt(source, call);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return valuesText(values);
}

function textAt(source: Source, call: Call): string | undefined {
  switch (source.of) {
    case 'inputs':
      return fieldText(call.inputs, source.name);
    case 'outputs':
      return fieldText(call.outputs, source.name);
    case 'version':
    case 'provider':
    case 'role':
      return call[source.of] === '' ? undefined : call[source.of];
  }
}

function fieldText(fields: Fields, name: string): string | undefined {
  for (let i = 0; i < fields.size; i++) {
    if (fields.names[i] !== name) continue;
    const kind = fields.kind(i);
    if (kind === 'level') return fields.levels[i];
    return kind === 'number' ? String(fields.number(i)) : undefined;
  }
  return undefined;
}
