import type { Place } from '../../detectors/segments/space-saving.ts';
import { SpaceSaving } from '../../detectors/segments/space-saving.ts';
import type { ModelState } from './model-state.ts';
import type { SearchMemory } from './segment-search.ts';
import { type DayVariance, type FieldTally, SegmentTally, sliceValuesMax } from './segment-tally.ts';
import { type Block, SliceCounts, type SliceRecord } from './slice-counts.ts';
import type { Outcome } from './slice-outcomes.ts';
import type { PaneBudget } from './track.ts';

/*
 * What the search knows, as one blob: length of the JSON part, JSON part, then all blocks of sums, one after the other; the
 * JSON part names a block by its place. Values of fields are in it as names of slices, as levels are in counters.
 */

type Placed = SliceRecord<number>;

interface TallyHead {
  readonly environment: string;
  readonly model: string;
  readonly foldedDay: number;
  readonly learnedDay: number | null;
  readonly fromMs: number | null;
  readonly rowsSeen: number;
  readonly outcomes: readonly Outcome[];
  readonly variances: readonly DayVariance[];
  readonly memories: readonly (readonly [string, SearchMemory])[];
  readonly total: Placed;
  readonly fields: readonly FieldHead[];
  readonly pairs: readonly (readonly [key: number, count: number, error: number, slice: Placed])[];
}

interface FieldHead {
  readonly key: string;
  readonly name: string;
  /** Absent: given up. */
  readonly distinct?: readonly number[];
  readonly values: readonly ValueHead[];
}

type ValueHead = readonly [value: string, count: number, error: number, index: number, slice: Placed];

interface Head {
  readonly blockSize: number;
  readonly tallies: readonly TallyHead[];
}

export interface NamedTally {
  readonly state: ModelState;
  readonly tally: SegmentTally;
  readonly memories: ReadonlyMap<string, SearchMemory>;
}

export interface StoredTally {
  revive(budget: PaneBudget): { readonly tally: SegmentTally; readonly memories: Map<string, SearchMemory> };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeTallies(named: readonly NamedTally[]): Uint8Array {
  const blocks: Block[] = [];
  const place = (block: Block) => blocks.push(block) - 1;
  const tallies = named.map((one) => tallyHead(one, place));
  const blockSize = blocks[0]?.length ?? 0;
  const head = encoder.encode(JSON.stringify({ blockSize, tallies } satisfies Head));
  const bytes = new Uint8Array(4 + head.length + blocks.length * blockSize * 8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, head.length);
  bytes.set(head, 4);
  let at = 4 + head.length;
  for (const block of blocks) {
    for (const value of block) {
      view.setFloat64(at, value);
      at += 8;
    }
  }
  return bytes;
}

/** By environment and model. Throws on bytes that are none of ours. */
export function decodeTallies(bytes: Uint8Array): ReadonlyMap<string, StoredTally> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headEnd = 4 + view.getUint32(0);
  const { blockSize, tallies } = JSON.parse(decoder.decode(bytes.subarray(4, headEnd))) as Head;
  const blockAt = (place: number): Block =>
    Float64Array.from({ length: blockSize }, (_, i) =>
      view.getFloat64(headEnd + (place * blockSize + i) * 8),
    );
  return new Map(
    tallies.map((head) => [
      JSON.stringify([head.environment, head.model]),
      { revive: (budget) => revive(head, blockAt, budget) },
    ]),
  );
}

function tallyHead({ state, tally, memories }: NamedTally, place: (block: Block) => number): TallyHead {
  const { foldedDay, learnedDay, fromMs, rowsSeen, outcomes, variances } = tally;
  const slice = (counts: SliceCounts): Placed => counts.record(place);
  return {
    environment: state.environment,
    model: state.model,
    foldedDay,
    learnedDay: learnedDay ?? null,
    fromMs: Number.isNaN(fromMs) ? null : fromMs,
    rowsSeen,
    outcomes,
    variances,
    memories: [...memories],
    total: slice(tally.total),
    fields: [...tally.fields].map(([key, { name, distinct, places }]) => ({
      key,
      name,
      ...(distinct === undefined ? {} : { distinct: [...distinct] }),
      values: [...places.places()].map(
        ({ key: value, count, error, value: { index, counts } }): ValueHead => [
          ...([value, count, error, index] as const),
          slice(counts),
        ],
      ),
    })),
    pairs: [...tally.pairs.places()].map(({ key, count, error, value }) => [key, count, error, slice(value)]),
  };
}

function revive(head: TallyHead, blockAt: (place: number) => Block, budget: PaneBudget) {
  const tally = new SegmentTally(head.foldedDay, budget);
  tally.learnedDay = head.learnedDay ?? undefined;
  tally.fromMs = head.fromMs ?? Number.NaN;
  tally.restoreRows(head.rowsSeen);
  tally.outcomes.push(...head.outcomes);
  tally.variances = [...head.variances];
  const sliceOf = (placed: Placed) => SliceCounts.restore(withBlocks(placed, blockAt));
  tally.total = sliceOf(head.total);
  for (const { key, name, distinct, values } of head.fields) {
    const field: FieldTally = {
      name,
      places: new SpaceSaving(sliceValuesMax),
      distinct: distinct === undefined ? undefined : new Set(distinct),
    };
    tally.fields.set(key, field);
    for (const [value, count, error, index, placed] of values) {
      tally.restoreValue(field, { key: value, count, error }, { index, field, counts: sliceOf(placed) });
    }
  }
  for (const [key, count, error, placed] of head.pairs) {
    const place: Place<number, SliceCounts> = { key, count, error, value: sliceOf(placed) };
    tally.restorePair(place);
  }
  return { tally, memories: new Map(head.memories) };
}

function withBlocks(placed: Placed, blockAt: (place: number) => Block): SliceRecord<Block> {
  const all = (blocks: Placed['days']) => blocks.map(([at, place]) => [at, blockAt(place)] as const);
  return {
    days: all(placed.days),
    weeks: all(placed.weeks),
    reference: placed.reference === undefined ? undefined : blockAt(placed.reference),
  };
}
