import type { Counters } from '../../core/pane.ts';
import type { Scale } from '../../core/scale.ts';
import {
  cellCount,
  countMalformed,
  countNumbers,
  mergeCounters,
  newCounters,
} from '../../detectors/counters/counters.ts';

/** How much all panes of the agent may take, in panes of a numeric signal; one on the log scale counts as many. */
export interface PaneBudget {
  used: number;
  readonly max: number;
}

/** Cells of a numeric pane: the unit of the budget. */
const unitCells = 62;
/** Numbers that wait to be counted together, at most. */
const waitingMax = 64;
const noNumbers = new Float64Array(0);

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
 * Numbers of the hot pane, the one last written to, wait until enough are there to be counted together, which costs a
 * third. They are counted before anything here is read.
 */
export class Track {
  readonly scale: Scale;
  readonly #budget: PaneBudget;
  readonly #cost: number;
  #panes: HeldPane[] = [];
  #hot: HeldPane | undefined;
  /** Of the hot pane, and all of one weight. */
  #waiting = noNumbers;
  #waitingSize = 0;
  #waitingWeight = 1;

  constructor(scale: Scale, budget: PaneBudget) {
    this.scale = scale;
    this.#budget = budget;
    this.#cost = Math.max(1, cellCount(scale) / unitCells);
  }

  /** The counters of the pane that starts at `startMs`, made on its first row; undefined when the budget is spent. */
  at(startMs: number): Counters | undefined {
    if (this.#hot !== undefined && this.#hot.startMs === startMs) return this.#hot.counters;
    this.#countWaiting();
    const pane = this.#find(startMs) ?? this.#make(startMs);
    this.#hot = pane;
    return pane?.counters;
  }

  /** Counts a finite number into the pane that starts at `startMs`; `false` when the budget is spent. */
  addNumber(startMs: number, value: number, weight: number): boolean {
    const isNext = this.#hot?.startMs === startMs && weight === this.#waitingWeight;
    if (!isNext || this.#waitingSize === this.#waiting.length) {
      const counters = this.at(startMs);
      if (counters === undefined) return false;
      if (this.scale.kind === 'levels') {
        countMalformed(counters, weight);
        return true;
      }
      this.#countWaiting();
      this.#waitingWeight = weight;
      if (this.#waiting.length === 0) this.#waiting = new Float64Array(waitingMax);
    }
    this.#waiting[this.#waitingSize++] = value;
    return true;
  }

  /** The pane that starts at `startMs`, if a row fell into it. */
  pane(startMs: number): Counters | undefined {
    this.#countWaiting();
    return this.#find(startMs)?.counters;
  }

  /** All that fell into [startMs, endMs); undefined where nothing did. A single pane is handed out as it is. */
  window(startMs: number, endMs: number): Counters | undefined {
    this.#countWaiting();
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
    this.#countWaiting();
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
    this.#countWaiting();
    return this.#panes;
  }

  /** From the checkpoint, oldest first; `false` when the budget is spent. */
  restore(startMs: number, counters: Counters): boolean {
    if (this.#budget.used + this.#cost > this.#budget.max) return false;
    this.#panes.push({ startMs, counters });
    this.#budget.used += this.#cost;
    return true;
  }

  #countWaiting(): void {
    const size = this.#waitingSize;
    if (size === 0 || this.#hot === undefined || this.scale.kind === 'levels') return;
    this.#waitingSize = 0;
    const batch = { values: this.#waiting, size, weight: this.#waitingWeight };
    countNumbers(this.#hot.counters, this.scale, batch);
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
