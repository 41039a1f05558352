import { decodeJson, encodeJson } from '../../core/json.ts';
import { type Series, seriesKey } from '../../core/series.ts';
import type { LadderTicks } from '../../detectors/ladder/alpha-ladder.ts';
import type { WindowFinding } from '../../detectors/ladder/judge-window.ts';
import { hoursPerWeek, type RingWindow } from '../../detectors/ladder/window-ring.ts';
import type { AskedWindow } from './ladder-replay.ts';

/** One window's finding, and which window it was. */
export interface LadderLookBack {
  readonly ticks: LadderTicks;
  readonly window: RingWindow;
  readonly finding: WindowFinding;
  /** Absent where a restart came since. */
  readonly asked?: AskedWindow;
}

/** A drift that has been found and is not over yet. */
export interface OpenDrift {
  /** The shortest window that has found it so far: fresh ones as long show whether it is over. */
  ticks: LadderTicks;
  /** When that one found it first: what begins later is fresh. */
  atTick: number;
  /** Strides in a row at which the window that found it, or a longer one, was without effect; and the end of the last. */
  calm: number;
  calmTick: number;
}

/** What is remembered between the looks at one series under one rule. */
export interface LadderMemory {
  /** The last finding of each window length: windows of several days are looked at each few hours only. */
  readonly looks: Map<LadderTicks, LadderLookBack>;
  open: OpenDrift | undefined;
  /** Windows that began before are no longer asked: they hold a drift that is over. */
  clearedTick: number;
}

/** JSON has no Infinity, and typed arrays are no JSON. */
interface SavedMemory {
  readonly key: string;
  readonly open: LadderMemory['open'] | null;
  readonly clearedTick: number | null;
  readonly looks: readonly SavedLook[];
}

interface SavedLook {
  readonly ticks: LadderTicks;
  readonly finding: WindowFinding;
  readonly window: Omit<RingWindow, 'bins' | 'hours'> & { readonly bins: readonly number[] };
  /** Hour and rows. */
  readonly hours: readonly (readonly [number, number])[];
}

/**
 * Only what cannot be had again is written down: since when a series drifts, what is over, and of series that drift the
 * last look at each length, as a window of seven days is looked at each 14 hours only.
 */
export function encodeMemories(memories: ReadonlyMap<string, LadderMemory>): Uint8Array {
  const saved: SavedMemory[] = [];
  for (const [key, { open, clearedTick, looks }] of memories) {
    if (open === undefined && !Number.isFinite(clearedTick)) continue;
    saved.push({
      key,
      open: open ?? null,
      clearedTick: Number.isFinite(clearedTick) ? clearedTick : null,
      looks: open === undefined ? [] : [...looks.values()].map(saveLook),
    });
  }
  return encodeJson(saved);
}

/** Throws on bytes that `encodeMemories` did not write. */
export function decodeMemories(bytes: Uint8Array): Map<string, LadderMemory> {
  const memories = new Map<string, LadderMemory>();
  for (const { key, open, clearedTick, looks } of decodeJson<readonly SavedMemory[]>(bytes)) {
    memories.set(key, {
      looks: new Map(looks.map((look) => [look.ticks, loadLook(look)])),
      open: open ?? undefined,
      clearedTick: clearedTick ?? Number.NEGATIVE_INFINITY,
    });
  }
  return memories;
}

function saveLook({ ticks, window, finding }: LadderLookBack): SavedLook {
  const { hours, bins, ...rest } = window;
  const used = [...hours.keys()].filter((hour) => (hours[hour] as number) > 0);
  return {
    ticks,
    finding,
    window: { ...rest, bins: [...bins] },
    hours: used.map((hour) => [hour, hours[hour] as number] as const),
  };
}

function loadLook({ ticks, finding, window, hours }: SavedLook): LadderLookBack {
  const all = new Float64Array(hoursPerWeek);
  for (const [hour, rows] of hours) all[hour] = rows;
  return { ticks, finding, window: { ...window, bins: Float64Array.from(window.bins), hours: all } };
}

/** Of a version of a series under a rule. */
export function memoryKey(rule: string, series: Series, version: string): string {
  return JSON.stringify([rule, seriesKey({ ...series, version })]);
}
