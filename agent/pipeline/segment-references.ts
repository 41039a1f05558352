import type { ReferenceFile, SegmentConfig } from '../../config/config.ts';
import { globMatches } from '../../core/glob.ts';
import { otherValue, segmentText } from './segment-split.ts';

type Cell = string | number | boolean | null;
type Row = ReadonlyMap<string, Cell>;

/** Values of a declaration whose rows are gathered apart, at most: the rest goes to `other` at once. */
const valuesMax = 1_000;

/** Gathers rows; two of them can become one. */
interface Gatherer<Self> {
  add(row: Row, timeMs?: number): void;
  absorb(other: Self): void;
}

interface Gathered<Collector> {
  readonly collector: Collector;
  rows: number;
}

/** The rows of a reference file by declared segment: as in traffic, but the values with most rows get the places. */
export class FileSegments<Collector extends Gatherer<Collector>> {
  readonly #make: () => Collector;
  readonly #splits: readonly {
    readonly config: SegmentConfig;
    readonly columns: readonly string[];
    /** By text of the segment. */
    readonly found: Map<string, Gathered<Collector>>;
  }[];

  /** A declaration on what a file cannot tell, such as the role, has no rows in it. */
  constructor(file: ReferenceFile, segments: readonly SegmentConfig[], make: () => Collector) {
    this.#make = make;
    this.#splits = segments.flatMap((config) => {
      if (!globMatches(config.model, file.model) || !globMatches(config.environment, file.environment))
        return [];
      const columns = config.from.flatMap((signal) => columnOf(file, signal) ?? []);
      return columns.length === config.from.length ? [{ config, columns, found: new Map() }] : [];
    });
  }

  add(row: Row, timeMs?: number): void {
    for (const { config, columns, found } of this.#splits) {
      const cells = columns.flatMap((column) => row.get(column) ?? []);
      if (cells.length < columns.length) continue;
      const text = segmentText(config.name, cells.map(String));
      const place = found.get(text) ?? this.#newPlace(found, config, text);
      place.rows++;
      place.collector.add(row, timeMs);
    }
  }

  /** Every segment with its rows; what is over the cap is in `other`. */
  all(): readonly (readonly [segment: string, collector: Collector])[] {
    return this.#splits.flatMap(({ config, found }) => {
      const other = segmentText(config.name, [otherValue]);
      const wanted = config.values?.map((value) => `${config.name}=${value}`);
      const kept = [...found]
        .filter(([text]) => text !== other && (wanted?.includes(text) ?? true))
        .sort(([a, one], [b, two]) => two.rows - one.rows || (a < b ? -1 : 1))
        .slice(0, config.max);
      const names = new Set(kept.map(([text]) => text));
      const rest = [...found].filter(([text]) => !names.has(text));
      const result = kept.map(([text, { collector }]) => [text, collector] as const);
      if (rest.length === 0) return result;
      const all = this.#make();
      for (const [, { collector }] of rest) all.absorb(collector);
      return [...result, [other, all] as const];
    });
  }

  #newPlace(found: Map<string, Gathered<Collector>>, config: SegmentConfig, text: string) {
    const key = found.size < valuesMax ? text : segmentText(config.name, [otherValue]);
    const place = found.get(key) ?? { collector: this.#make(), rows: 0 };
    found.set(key, place);
    return place;
  }
}

function columnOf(file: ReferenceFile, signal: string): string | undefined {
  if (file.columns === undefined) {
    return signal.startsWith('input.') ? signal.slice('input.'.length) : undefined;
  }
  return Object.keys(file.columns).find((column) => file.columns?.[column] === signal);
}
