import type {
  AnyValue,
  AttributeKind,
  AttributeView,
  Item,
  Key,
  KeyRegistry,
  MalformedReason,
  Normalise,
  Prefix,
  Sink,
} from '../../conventions/convention.ts';
import type { Fields } from '../../core/fields.ts';
import type { Call } from '../../core/observation.ts';

export type FakeValue = AnyValue | Uint8Array;
export type FakeAttributes = Readonly<Record<string, FakeValue>> | ReadonlyMap<string, FakeValue>;

/** An item as a test writes it; what is left out is empty. */
export interface FakeItem {
  readonly kind?: 'span' | 'log';
  readonly name?: string;
  readonly scope?: string;
  readonly timeMs?: number;
  readonly durationMs?: number;
  readonly failed?: boolean;
  readonly root?: boolean;
  readonly idHigh?: number;
  readonly idLow?: number;
  readonly traceId?: string;
  readonly traceState?: string;
  readonly attributes?: FakeAttributes;
  readonly resource?: FakeAttributes;
  readonly body?: AnyValue;
}

/** Stands in for the wire reader where a test says what was read: same contract, plain maps underneath. */
export class FakeReader implements KeyRegistry {
  readonly #names: string[] = [];

  /** All keys and prefixes that were asked for. */
  get names(): readonly string[] {
    return this.#names;
  }

  key(name: string): Key {
    this.#names.push(name);
    return (this.#names.length - 1) as Key;
  }

  prefix(prefix: string): Prefix {
    this.#names.push(prefix);
    return (this.#names.length - 1) as Prefix;
  }

  item(fake: FakeItem): Item {
    const kind = fake.kind ?? 'log';
    return {
      kind,
      name: fake.name ?? '',
      scope: fake.scope ?? 'acme',
      timeMs: fake.timeMs ?? 1_795_300_000_000,
      durationMs: fake.durationMs ?? (kind === 'span' ? 0 : Number.NaN),
      failed: fake.failed ?? false,
      root: fake.root ?? false,
      idHigh: fake.idHigh ?? 0,
      idLow: fake.idLow ?? 0,
      traceId: () => fake.traceId ?? '',
      traceState: () => fake.traceState ?? '',
      attributes: this.#view(fake.attributes),
      resource: this.#view(fake.resource),
      body: () => fake.body,
    };
  }

  #view(attributes: FakeAttributes = {}): AttributeView {
    const values = attributes instanceof Map ? attributes : new Map(Object.entries(attributes));
    const at = (key: number): FakeValue | undefined => values.get(this.#names[key] as string);
    return {
      kind: (key) => kindOf(at(key)),
      number: (key) => {
        const value = at(key);
        return typeof value === 'number' && Number.isFinite(value) ? value : Number.NaN;
      },
      text: (key) => {
        const value = at(key);
        return typeof value === 'string' ? value : '';
      },
      hashText: (key, hash) => {
        const value = at(key);
        if (typeof value !== 'string' || value === '') return false;
        hash.add(value);
        return true;
      },
      boolean: (key) => {
        const value = at(key);
        return typeof value === 'boolean' ? value : undefined;
      },
      value: (key) => {
        const value = at(key);
        return value instanceof Uint8Array ? undefined : value;
      },
      anyUnder: (prefix) => {
        const start = this.#names[prefix] as string;
        return [...values.keys()].some((name) => name.startsWith(start));
      },
      listsUnder: (prefix, take) => {
        const start = this.#names[prefix] as string;
        for (const [name, value] of values) {
          if (name.startsWith(start) && Array.isArray(value)) take(name.slice(start.length), this.key(name));
        }
      },
      fieldsUnder: (prefix, into) => {
        const start = this.#names[prefix] as string;
        for (const [name, value] of values) {
          if (name.startsWith(start)) addField(into, name.slice(start.length), value);
        }
      },
    };
  }
}

function kindOf(value: FakeValue | undefined): AttributeKind {
  if (value === undefined) return 'absent';
  if (value === null) return 'null';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Map) return 'map';
  if (Array.isArray(value)) return 'list';
  return typeof value === 'string' ? 'text' : (typeof value as 'boolean' | 'number');
}

function addField(into: Fields, name: string, value: FakeValue): void {
  if (typeof value === 'number' && !Number.isNaN(value)) into.addNumber(name, value);
  else if (typeof value === 'string' || typeof value === 'boolean') into.addLevel(name, String(value));
  else if (value === null || typeof value === 'number') into.addMissing(name);
  else into.addMalformed(name);
}

/** Keeps what a convention emits; fields are copied, as they are valid only during the call. */
export class CollectingSink implements Sink {
  readonly calls: Call[] = [];
  readonly defects: Record<string, number> = {};
  /** What a row with texts or vectors stands for; 0: it is not read. */
  weightOfContents = 1;

  call(call: Call): void {
    const traceId = call.traceId();
    const { contents } = call;
    this.calls.push({
      ...call,
      traceId: () => traceId,
      inputs: call.inputs.copy(),
      outputs: call.outputs.copy(),
      ...(contents && {
        contents: { ...contents, inputs: contents.inputs.copy(), outputs: contents.outputs.copy() },
      }),
    });
  }

  contentWeight(): number {
    return this.weightOfContents;
  }

  malformed(reason: MalformedReason, count: number): void {
    this.defects[reason] = (this.defects[reason] ?? 0) + count;
  }
}

/** Fields as a test compares them: missing is null, malformed is the word in brackets. */
export function fieldsToObject(fields: Fields): Record<string, number | string | null> {
  const result: Record<string, number | string | null> = {};
  for (let i = 0; i < fields.size; i++) {
    const kind = fields.kind(i);
    const value = kind === 'number' ? fields.number(i) : fields.levels[i];
    result[fields.names[i] as string] =
      kind === 'missing' ? null : kind === 'malformed' ? '<malformed>' : (value ?? null);
  }
  return result;
}

/** One item through one convention. */
export function normaliseOne(
  reader: FakeReader,
  normalise: Normalise,
  fake: FakeItem,
): { readonly ours: boolean; readonly calls: readonly Call[]; readonly defects: Record<string, number> } {
  const sink = new CollectingSink();
  const ours = normalise(reader.item(fake), sink);
  return { ours, calls: sink.calls, defects: sink.defects };
}
