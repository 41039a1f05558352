import type { Fields } from '../../core/fields.ts';
import type { AnyValue, AttributeView, Key, MalformedReason, Sink } from '../convention.ts';

/**
 * Adds a decoded value as a field: numbers as numbers, text and booleans as levels, null and NaN as missing;
 * what is nested or infinite is malformed, and counted.
 */
export function addValue(fields: Fields, name: string, value: AnyValue | undefined, sink: Sink): void {
  switch (typeof value) {
    case 'number':
      if (Number.isNaN(value)) fields.addMissing(name);
      else if (Number.isFinite(value)) fields.addNumber(name, value);
      else addMalformed(fields, name, 'not_finite', sink);
      return;
    case 'string':
      fields.addLevel(name, value);
      return;
    case 'boolean':
      fields.addLevel(name, value ? 'true' : 'false');
      return;
    default:
      if (value === null || value === undefined) fields.addMissing(name);
      else addMalformed(fields, name, 'type', sink);
  }
}

/** The same for a field that can only be a number. */
export function addNumberValue(fields: Fields, name: string, value: AnyValue | undefined, sink: Sink): void {
  if (typeof value === 'string' || typeof value === 'boolean') addMalformed(fields, name, 'type', sink);
  else addValue(fields, name, value, sink);
}

/** The same for a field that can only be a level. */
export function addLevelValue(fields: Fields, name: string, value: AnyValue | undefined, sink: Sink): void {
  if (typeof value === 'number') addMalformed(fields, name, 'type', sink);
  else addValue(fields, name, value, sink);
}

export function addMalformed(fields: Fields, name: string, reason: MalformedReason, sink: Sink): void {
  fields.addMalformed(name);
  sink.malformed(reason, 1);
}

/**
 * An attribute as a plain value: `undefined` where absent; lists, maps and bytes as an empty list, which fits
 * nothing.
 */
export function plainValue(view: AttributeView, key: Key): AnyValue | undefined {
  const kind = view.kind(key);
  switch (kind) {
    case 'absent':
      return undefined;
    case 'null':
      return null;
    case 'boolean':
      return view.boolean(key) ?? null;
    case 'number':
      return view.number(key);
    case 'text':
      return view.text(key);
    case 'list':
    case 'map':
    case 'bytes':
      return unusable;
  }
}

const unusable: readonly AnyValue[] = [];

/** No duration, cost or count of tokens is as large; sums of such numbers stay finite. */
const amountMax = 1e15;

/** A quantity: 0 or more. NaN where absent, and where it is no such number (then it is counted). */
export function amountOf(view: AttributeView, key: Key, sink: Sink): number {
  const value = view.number(key);
  if (value >= 0 && value <= amountMax) return value;
  const kind = view.kind(key);
  if (kind === 'number' && Number.isNaN(value)) sink.malformed('not_finite', 1);
  else if (kind !== 'absent' && kind !== 'null') sink.malformed('type', 1);
  return Number.NaN;
}
