import { type LadderTicks, ladderTicks } from '../../detectors/ladder/alpha-ladder.ts';

/** A p above this, in a window that began after the drift was found and is as long, says that it is over. */
const clearP = 0.05;

/** What a look at one window found; `endTick` is the first tick after the window. */
export interface WindowLook {
  readonly ticks: LadderTicks;
  readonly endTick: number;
  readonly status: 'ok' | 'breach' | 'inconclusive';
  /** Absent: surely ordinary. */
  readonly p: number | undefined;
}

/**
 * What is remembered between the looks at one series under one rule. It opens at the first breach and names its window
 * length; it is over when a fresh window at least as long is ordinary, and windows that began before that one are no longer
 * asked, as they hold a drift that is over.
 */
export class DriftMemory<Look extends WindowLook> {
  /** The last look at each window length: windows of several days are looked at each few hours only. */
  readonly #looks = new Map<LadderTicks, Look>();
  #open: { readonly atTick: number; readonly ticks: LadderTicks } | undefined;
  #clearedTick = Number.NEGATIVE_INFINITY;

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Windows that begin before are not to be looked at. */
  get fromTick(): number {
    return this.#clearedTick;
  }

  /** Undefined: there is nothing to look at in that window. */
  note(ticks: LadderTicks, look: Look | undefined): void {
    if (look === undefined) this.#looks.delete(ticks);
    else this.#looks.set(ticks, look);
  }

  /** After all looks of a tick were noted. */
  follow(endTick: number): void {
    const open = this.#open;
    if (open === undefined) {
      const breach = this.shortest((look) => look.status === 'breach');
      if (breach !== undefined) this.#open = { atTick: endTick, ticks: breach.ticks };
      return;
    }
    const fresh = [...this.#looks.values()].find(
      (look) =>
        look.ticks >= open.ticks &&
        look.endTick - look.ticks >= open.atTick &&
        look.status === 'ok' &&
        (look.p ?? 1) > clearP,
    );
    if (fresh === undefined) return;
    this.#open = undefined;
    this.#clearedTick = fresh.endTick - fresh.ticks;
    for (const [length, look] of this.#looks)
      if (look.endTick - length < this.#clearedTick) this.#looks.delete(length);
  }

  shortest(isMeant: (look: Look) => boolean): Look | undefined {
    return this.#inOrder().find(isMeant);
  }

  longest(isMeant: (look: Look) => boolean): Look | undefined {
    return this.#inOrder().findLast(isMeant);
  }

  #inOrder(): Look[] {
    return ladderTicks.flatMap((ticks) => this.#looks.get(ticks) ?? []);
  }
}
