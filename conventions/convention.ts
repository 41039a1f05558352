import type { Fields } from '../core/fields.ts';
import type { Call } from '../core/observation.ts';

/** A decoded attribute value. Maps, not objects, so that a key such as `__proto__` is only a key. */
export type AnyValue = null | boolean | number | string | readonly AnyValue[] | ReadonlyMap<string, AnyValue>;

/** What an attribute holds; `null` is an empty AnyValue: declared, without a value. */
export type AttributeKind = 'absent' | 'null' | 'boolean' | 'number' | 'text' | 'list' | 'map' | 'bytes';

/** A slot number that stands for an attribute's name. Valid in the reader the registry belongs to. */
export type Key = number & { readonly __key: true };
/** The same for all names that begin with a prefix. */
export type Prefix = number & { readonly __prefix: true };

/** Where a convention says, once, which attributes it wants: the reader skips all others without looking at them. */
export interface KeyRegistry {
  key(name: string): Key;
  prefix(prefix: string): Prefix;
}

/** Something that takes in texts, such as a hash: both ways give the same result for the same ASCII text. */
export interface TextHash {
  add(text: string): void;
  addAscii(bytes: Uint8Array, from: number, to: number): void;
}

/**
 * The wanted attributes of one record. Valid only while the item is read: nothing here may be kept, except the
 * primitive values it returns. A key that comes twice has its last value.
 */
export interface AttributeView {
  kind(key: Key): AttributeKind;
  /** NaN where absent or no number (also where the number itself is NaN or infinite). */
  number(key: Key): number;
  /** '' where absent or no text. */
  text(key: Key): string;
  /** Adds a text to a hash without making a string of it; `false` where it is absent, empty or no text. */
  hashText(key: Key, hash: TextHash): boolean;
  boolean(key: Key): boolean | undefined;
  /** The whole value, decoded; for lists and maps. `undefined` where absent, or where it was deeper than allowed. */
  value(key: Key): AnyValue | undefined;
  /** Has the record any attribute under the prefix? Costs nothing. */
  anyUnder(prefix: Prefix): boolean;
  /**
   * Hands on each list under the prefix: its name behind the prefix, and a key for `value`, valid for this record.
   */
  listsUnder(prefix: Prefix, take: (name: string, key: Key) => void): void;
  /**
   * Adds every attribute under the prefix to `into`, named by what follows the prefix: numbers as numbers, text and
   * booleans as levels ('true', 'false'), null and NaN as missing, lists, maps and bytes as malformed.
   */
  fieldsUnder(prefix: Prefix, into: Fields): void;
}

/** A span or a log record, as the wire reader shows it. Valid only during the call it is handed to. */
export interface Item {
  readonly kind: 'span' | 'log';
  /** Span: its name. Log: `eventName`, else the attribute `event.name`. */
  readonly name: string;
  /** Name of the instrumentation scope. */
  readonly scope: string;
  /** Unix ms. Span: its start. Log: its time, else the observed time. The receive time where the sender gives none. */
  readonly timeMs: number;
  /** Span: end − start, never negative. NaN for logs. */
  readonly durationMs: number;
  /** Status ERROR. Always false for logs. */
  readonly failed: boolean;
  /** A span without a parent. */
  readonly root: boolean;
  /** 64 bits of trace id and span id, mixed, in two halves; both 0 where the record has no ids. */
  readonly idHigh: number;
  readonly idLow: number;
  /** Lower-case hex, '' where there is none. Made when asked for. */
  traceId(): string;
  /** W3C tracestate, '' where there is none. Made when asked for. */
  traceState(): string;
  readonly attributes: AttributeView;
  readonly resource: AttributeView;
  /** The decoded body of a log record. Made when asked for. */
  body(): AnyValue | undefined;
}

/** Values an item held that could not be used, by reason: each costs only itself, and is counted. */
export type MalformedReason =
  | 'type'
  | 'not_finite'
  | 'depth'
  | 'too_long'
  | 'too_many'
  | 'column_length'
  | 'json';

export interface Sink {
  call(call: Call): void;
  /**
   * May the texts and vectors of this row be read? 0: no; else how many rows it stands for. Asked once for a row that has
   * any, and before they are decoded.
   */
  contentWeight(item: Item): number;
  malformed(reason: MalformedReason, count: number): void;
}

/** Reads one item; `true`: it was ours (even if nothing in it could be used). Never throws, keeps no text. */
export type Normalise = (item: Item, sink: Sink) => boolean;

/** A vocabulary of telemetry: one file in this folder, one line in registry.ts. */
export interface Convention {
  /** lower_snake_case; a metric label. */
  readonly name: string;
  readonly title: string;
  readonly stability: 'alpha' | 'beta' | 'stable';
  /** Asked in rising order; the first that answers `true` has the item. Distinct. */
  readonly rank: number;
  /** Called once, at composition. What it returns may keep reused buffers, but nothing of an item. */
  create(keys: KeyRegistry): Normalise;
}
