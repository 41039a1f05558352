import type { Clock } from '../../core/ports.ts';
import type { Steps } from '../../detectors/ladder/cross-fit.ts';

/** How long the queue works before all else gets a turn, and how long it waits then. */
const sliceMs = 4;
const pauseMs = 4;

/**
 * Long work of the default rule, done a little at a time: a thousand references may freeze with one pane, and each wants
 * a model that takes some 10 ms. What is first in line is begun at once; it goes on between everything else the agent does.
 * On a virtual clock no time passes while it works, so there all of it is done at once.
 */
export class ModelQueue {
  readonly #clock: Clock;
  readonly #waiting: Steps<void>[] = [];
  #timer: { cancel(): void } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Jobs that wait or are under way. */
  get size(): number {
    return this.#waiting.length;
  }

  add(job: Steps<void>): void {
    this.#waiting.push(job);
  }

  /** Works for a slice, and sees to the rest by itself. */
  work(): void {
    if (this.#timer === undefined) this.#slice();
  }

  /** What is still waiting is left undone. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#waiting.length = 0;
  }

  #slice(): void {
    this.#timer = undefined;
    const endMs = this.#clock.monotonicMs() + sliceMs;
    for (let job = this.#waiting[0]; job !== undefined; job = this.#waiting[0]) {
      if (job.next().done === true) this.#waiting.shift();
      if (this.#clock.monotonicMs() < endMs) continue;
      if (this.#waiting.length === 0) return;
      this.#timer = this.#clock.runAt(this.#clock.nowMs() + pauseMs, () => this.#slice());
      return;
    }
  }
}
