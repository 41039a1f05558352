import type { Fields } from '../../core/fields.ts';
import type { AnyValue, AttributeView, Key, KeyRegistry, Sink } from '../convention.ts';
import type { VectorTaker } from './row-contents.ts';
import { addValue } from './values.ts';

/** Reads the features of one row into `into`, which is empty. */
export type ReadFeatures = (attributes: AttributeView, into: Fields, sink: Sink) => void;

/**
 * The forms features come in, first that is there: the map `ml.input.features` (on spans often as JSON in a
 * string, as JavaScript's SDK drops maps there), or flat `ml.feature.<name>`, where `ml.input.missing` lists
 * the names that were null. A map that cannot be read costs only itself: then the flat form is looked for.
 */
export function createFeatureReader(keys: KeyRegistry, vectors: VectorTaker): ReadFeatures {
  const map = keys.key('ml.input.features');
  const flat = keys.prefix('ml.feature.');
  const missing = keys.key('ml.input.missing');
  const present = new Set<string>();
  const addLeaf: AddLeaf = (into, name, value, sink) => {
    if (!Array.isArray(value) || !vectors.take(name, value)) addValue(into, name, value, sink);
  };
  return (attributes, into, sink) => {
    if (attributes.kind(map) === 'absent' || !addMap(attributes, map, into, sink, addLeaf)) {
      attributes.fieldsUnder(flat, into);
      if (into.malformed > 0) {
        vectors.takeUnder(attributes, flat, into);
        // The reader marks what it could not use under the prefix, but tells nobody.
        if (into.malformed > 0) sink.malformed('type', into.malformed);
      }
    }
    if (attributes.kind(missing) !== 'absent') addMissing(attributes.value(missing), into, present, sink);
  };
}

type AddLeaf = (into: Fields, name: string, value: AnyValue, sink: Sink) => void;

/** False where the attribute holds no map. */
function addMap(attributes: AttributeView, key: Key, into: Fields, sink: Sink, addLeaf: AddLeaf): boolean {
  const kind = attributes.kind(key);
  if (kind === 'null') return false;
  if (kind === 'text') return addJson(attributes.text(key), into, sink, addLeaf);
  const value = kind === 'map' ? attributes.value(key) : undefined;
  if (!(value instanceof Map)) {
    // A map that is nested too deep was counted where it was read.
    if (kind !== 'map') sink.malformed('type', 1);
    return false;
  }
  for (const [name, entry] of value as ReadonlyMap<string, AnyValue>) addLeaf(into, name, entry, sink);
  return true;
}

function addJson(text: string, into: Fields, sink: Sink, addLeaf: AddLeaf): boolean {
  const parsed = parseObject(text);
  if (parsed === undefined) {
    sink.malformed('json', 1);
    return false;
  }
  for (const name of Object.keys(parsed)) addLeaf(into, name, leafOf(parsed[name]), sink);
  return true;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
      return parsed as Readonly<Record<string, unknown>>;
    }
  } catch {
    // The error quotes the text, which must not leave here; the caller counts it.
  }
  return undefined;
}

const nested: readonly AnyValue[] = [];

/** A feature is a single value or a vector: whatever is nested stands as an empty list, which is malformed. */
function leafOf(value: unknown): AnyValue {
  if (Array.isArray(value)) return value as readonly AnyValue[];
  if (
    value === null ||
    typeof value === 'number' ||
    typeof value === 'string' ||
    typeof value === 'boolean'
  ) {
    return value;
  }
  return nested;
}

/** A name that has a value, or comes twice, is not missing a second time: one row counts once per feature. */
function addMissing(names: AnyValue | undefined, into: Fields, present: Set<string>, sink: Sink): void {
  if (!Array.isArray(names)) {
    sink.malformed('type', 1);
    return;
  }
  for (let i = 0; i < into.size; i++) present.add(into.names[i] as string);
  for (const name of names as readonly AnyValue[]) {
    if (typeof name !== 'string') sink.malformed('type', 1);
    else if (!present.has(name)) {
      present.add(name);
      into.addMissing(name);
    }
  }
  present.clear();
}
