/**
 * The windows the default rule looks at, and what one look at each may cost.
 *
 * A tick is 5 minutes of event time. A window of W ticks is looked at each max(1, ⌊W/12⌋) ticks, aligned to the epoch. The
 * asked number of false alarms in 30 days is split evenly over signals and window lengths, and for each window length over
 * its looks, so that the sum of all alphas over a month is what was asked.
 *
 * A worked example: half an alarm in 30 days over 200 signals gives a window of an hour, looked at 8,640 times, an alpha
 * of 0.5 / (200 · 8 · 8640) = 3.6e-8.
 */
export const tickMs = 300_000;
export const ticksPerMonth = 8640;

/** 5 minutes, 15 minutes, 1 hour, 4 hours, 12 hours, 1, 3 and 7 days. */
export const ladderTicks = [1, 3, 12, 48, 144, 288, 864, 2016] as const;
export type LadderTicks = (typeof ladderTicks)[number];

/** Blocks a window is made of, at most; a window moves on by one of them. */
export const blocksPerWindow = 12;

export function strideOf(windowTicks: number): number {
  return Math.max(1, Math.floor(windowTicks / blocksPerWindow));
}

/** The windows whose turn it is where time has come to the end of a tick (`endTick` is the first tick not in them). */
export function dueWindows(endTick: number): LadderTicks[] {
  return ladderTicks.filter((ticks) => endTick % strideOf(ticks) === 0);
}

/** `falseAlarms` in 30 days over all `signals` of the family together. */
export function ladderAlpha(windowTicks: number, falseAlarms: number, signals: number): number {
  const looks = Math.max(1, signals) * ladderTicks.length * (ticksPerMonth / strideOf(windowTicks));
  return Math.max(0, falseAlarms) / looks;
}

/**
 * How the false alarms asked for a model are shared out: a choice of ours, the simulations had 0.5 for inputs. `rates` are
 * the shares of missing, malformed, unseen and failed rows of all signals together.
 */
export const familyShares = { inputs: 0.5, outputs: 0.1, rates: 0.1, segments: 0.25, rest: 0.05 } as const;
export type SignalFamily = keyof typeof familyShares;
