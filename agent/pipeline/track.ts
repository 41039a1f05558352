import type { Counters } from '../../core/pane.ts';
import type { Scale } from '../../core/scale.ts';
import { cellCount, countNumber, mergeCounters, newCounters } from '../../detectors/counters/counters.ts';
import type { RowBlock } from './row-block.ts';

/** How much all panes of the agent may take, in panes of a numeric signal; one on the log scale counts as many. */
export interface PaneBudget {
  used: number;
  readonly max: number;
}

/** Cells of a numeric pane: the unit of the budget. */
const unitCells = 62;

interface HeldPane {
  readonly startMs: number;
  readonly counters: Counters;
}

/**
 * The panes of one series (model, version, signal), open and closed, oldest first.
 *
 * Invariants: `startMs` rises strictly; panes that start before the model's closed boundary never change again; all
 * counters have one scale. There are few open panes (lateness over pane length, plus one), so the newest is found at once.
 *
 * Where rows come through a block, their values wait there; they are counted before anything here is read.
 */
export class Track {
  readonly scale: Scale;
  readonly isLevels: boolean;
  /** Its column in the block; -1 without one. */
  readonly column: number;
  readonly #budget: PaneBudget;
  readonly #block: RowBlock | undefined;
  readonly #cost: number;
  #panes: HeldPane[] = [];
  /** The one last written to. */
  #hot: HeldPane | undefined;

  constructor(scale: Scale, budget: PaneBudget, block?: RowBlock) {
    this.scale = scale;
    this.isLevels = scale.kind === 'levels';
    this.#budget = budget;
    this.#block = block;
    this.#cost = Math.max(1, cellCount(scale) / unitCells);
    this.column = block?.join(this) ?? -1;
  }

  /** The counters of the pane that starts at `startMs`, made on its first row; undefined when the budget is spent. */
  at(startMs: number): Counters | undefined {
    if (this.#hot !== undefined && this.#hot.startMs === startMs) return this.#hot.counters;
    const pane = this.#find(startMs) ?? this.#make(startMs);
    this.#hot = pane;
    return pane?.counters;
  }

  /** Counts a finite number into the pane that starts at `startMs`; `false` when the budget is spent. */
  addNumber(startMs: number, value: number, weight: number): boolean {
    const counters = this.at(startMs);
    if (counters === undefined) return false;
    countNumber(counters, this.scale, value, weight);
    return true;
  }

  /** The pane that starts at `startMs`, if a row fell into it. */
  pane(startMs: number): Counters | undefined {
    this.#block?.flush();
    return this.#find(startMs)?.counters;
  }

  /** All that fell into [startMs, endMs); undefined where nothing did. A single pane is handed out as it is. */
  window(startMs: number, endMs: number): Counters | undefined {
    this.#block?.flush();
    const inside = this.#panes.filter((pane) => pane.startMs >= startMs && pane.startMs < endMs);
    if (inside.length === 0) return undefined;
    if (inside.length === 1) return inside[0]?.counters;
    return mergeCounters(
      this.scale,
      inside.map((pane) => pane.counters),
    );
  }

  /** Forgets panes that no window to come can hold. */
  forgetBefore(startMs: number): void {
    this.#block?.flush();
    const keep = this.#panes.findIndex((pane) => pane.startMs >= startMs);
    const gone = keep < 0 ? this.#panes.length : keep;
    if (gone === 0) return;
    this.#panes.splice(0, gone);
    this.#budget.used -= gone * this.#cost;
    this.#hot = undefined;
  }

  /** Start of the newest pane with data; -Infinity where there is none. */
  get newestMs(): number {
    return this.#panes.at(-1)?.startMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Start of the oldest pane at or after a time; Infinity where there is none. */
  firstFrom(startMs: number): number {
    return this.#panes.find((pane) => pane.startMs >= startMs)?.startMs ?? Number.POSITIVE_INFINITY;
  }

  /** For the checkpoint. */
  held(): readonly HeldPane[] {
    this.#block?.flush();
    return this.#panes;
  }

  /** From the checkpoint, oldest first; `false` when the budget is spent. */
  restore(startMs: number, counters: Counters): boolean {
    if (this.#budget.used + this.#cost > this.#budget.max) return false;
    this.#panes.push({ startMs, counters });
    this.#budget.used += this.#cost;
    return true;
  }

  #find(startMs: number): HeldPane | undefined {
    return this.#panes.findLast((pane) => pane.startMs === startMs);
  }

  #make(startMs: number): HeldPane | undefined {
    if (this.#budget.used + this.#cost > this.#budget.max) return undefined;
    const pane = { startMs, counters: newCounters(this.scale) };
    const after = this.#panes.findLastIndex((other) => other.startMs < startMs);
    this.#panes.splice(after + 1, 0, pane);
    this.#budget.used += this.#cost;
    return pane;
  }
}
