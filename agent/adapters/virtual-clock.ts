import { assert } from '../../core/assert.ts';
import type { Clock } from '../../core/ports.ts';

export interface VirtualClock extends Clock {
  /**
   * Runs what falls due up to and including `ms`, in order of time, ties in order of scheduling, and leaves
   * the clock at `ms`. After each task promises get to settle before the next one runs. Rejects with what a
   * task threw.
   */
  advanceTo(ms: number): Promise<void>;
}

interface Task {
  readonly atMs: number;
  readonly run: () => void | Promise<void>;
}

/** Waiting tasks, at most: more means that something schedules without end. */
const tasksMax = 100_000;
/** Tasks run without the time moving on, at most: more means that a task schedules itself for now. */
const tasksPerInstantMax = 100_000;
/**
 * Macrotask turns granted to a task whose promise has not settled. Fakes resolve within one; a task that
 * waits for a later time on this very clock never settles now, so it is left to go on when that time comes.
 */
const settleTurnsMax = 16;

/** Time that stands still until told. `monotonicMs` starts at 0 and moves with it. */
export function createVirtualClock(startMs: number): VirtualClock {
  assert(Number.isFinite(startMs), 'a virtual clock starts at a finite time');
  return new QueueClock(startMs);
}

class QueueClock implements VirtualClock {
  readonly #startMs: number;
  /** The next task last, so that taking it is a pop. */
  readonly #queue: Task[] = [];
  #nowMs: number;
  #advancing = false;

  constructor(startMs: number) {
    this.#startMs = startMs;
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs;
  }

  runAt(atMs: number, run: () => void | Promise<void>): { cancel(): void } {
    assert(!Number.isNaN(atMs), 'a task is scheduled at a time, not at NaN');
    assert(this.#queue.length < tasksMax, 'tasks wait on the virtual clock without end');
    const task: Task = { atMs: Math.max(atMs, this.#nowMs), run };
    this.#queue.splice(this.#placeOf(task.atMs), 0, task);
    return { cancel: () => this.#remove(task) };
  }

  async advanceTo(ms: number): Promise<void> {
    assert(ms >= this.#nowMs, 'a virtual clock does not go back');
    assert(!this.#advancing, 'a virtual clock is advanced from one place at a time');
    this.#advancing = true;
    try {
      await this.#runDue(ms);
      this.#nowMs = ms;
    } finally {
      this.#advancing = false;
    }
  }

  async #runDue(ms: number): Promise<void> {
    // What was started outside of a task may still want to schedule something.
    await turn();
    let atThisInstant = 0;
    for (let task = this.#takeDue(ms); task !== undefined; task = this.#takeDue(ms)) {
      atThisInstant = task.atMs > this.#nowMs ? 0 : atThisInstant + 1;
      assert(atThisInstant < tasksPerInstantMax, 'a task schedules itself for now without end');
      this.#nowMs = task.atMs;
      await settle(task.run());
    }
  }

  #takeDue(ms: number): Task | undefined {
    const next = this.#queue.at(-1);
    return next !== undefined && next.atMs <= ms ? this.#queue.pop() : undefined;
  }

  /** The first place whose task is due no later: a tie goes in front of it, that is behind it in time. */
  #placeOf(atMs: number): number {
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#queue[middle] as Task).atMs > atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #remove(task: Task): void {
    const index = this.#queue.indexOf(task);
    if (index >= 0) this.#queue.splice(index, 1);
  }
}

/**
 * Waits for the outcome of a task, but no longer than its turns; a later rejection is nobody's, hence
 * unhandled.
 */
async function settle(outcome: void | Promise<void>): Promise<void> {
  let state: 'running' | 'settled' | 'left' = outcome === undefined ? 'settled' : 'running';
  let failure: { readonly error: unknown } | undefined;
  void outcome?.then(
    () => {
      state = 'settled';
    },
    (error: unknown) => {
      if (state === 'left') throw error;
      state = 'settled';
      failure = { error };
    },
  );
  // A task that returned nothing gets its turn as well: it may have started something.
  await turn();
  for (let turns = 1; turns < settleTurnsMax && state === 'running'; turns++) await turn();
  state = 'left';
  if (failure !== undefined) throw failure.error;
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
