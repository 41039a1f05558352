import type { Counters } from '../../core/pane.ts';
import { effectiveSize } from '../../detectors/counters/counters.ts';
import { blocksMax, type TimeBlock } from '../../detectors/explain/change-point.ts';
import { psiExcess, psiOfPairs } from '../../detectors/ladder/effect.ts';
import type { RingBlock, WindowRing } from '../../detectors/ladder/window-ring.ts';
import type { SignalLadder } from './ladder-state.ts';
import { placeOf, type VersionState } from './model-state.ts';

/*
 * What a series looked like over time, for the change point: the windows that the default rule keeps reach back seven days,
 * finely for the last hour and coarser before; a signal without them has the panes its rules still need.
 */

/** Groups of cells that panes on a scale of many cells are read in. */
const groupsMax = 20;

/**
 * Of a version's signal that the default rule follows; times in ms. What lies before its first row is that of the version
 * with most rows there: a new version that is different from the start changed when it took over.
 */
export function ladderBlocks(
  ladder: SignalLadder,
  version: string,
  endTick: number,
  paneMs: number,
): TimeBlock[] {
  const own = ladder.rings.get(version)?.blocksBefore(endTick) ?? [];
  const firstTick = own[0]?.startTick ?? endTick;
  return [...eldersOf(ladder, version, firstTick, endTick), ...own].map((block) => {
    const expected = ladder.reader?.expectationOf(block.hours)?.expected;
    return {
      start: block.startTick * paneMs,
      end: block.endTick * paneMs,
      bins: block.bins,
      expected: expected && Float64Array.from(expected),
    };
  });
}

function eldersOf(
  ladder: SignalLadder,
  version: string,
  beforeTick: number,
  endTick: number,
): readonly RingBlock[] {
  let most: readonly RingBlock[] = [];
  let rows = 0;
  for (const [other, ring] of ladder.rings) {
    if (other === version) continue;
    const blocks = ring.blocksBefore(endTick).filter((block) => block.endTick <= beforeTick);
    const held = blocks.reduce((sum, block) => sum + block.n, 0);
    if (held <= rows) continue;
    most = blocks;
    rows = held;
  }
  return most;
}

/** Of any other signal: its panes before `endMs`, on groups of cells that carry about as much each. */
export function paneBlocks(version: VersionState | undefined, signal: string, endMs: number, paneMs: number) {
  const held = placeOf(version, signal)?.track?.held() ?? [];
  const panes = held.filter((pane) => pane.startMs < endMs).slice(-blocksMax);
  if (panes.length === 0) return [];
  const groupOf = groupCells(panes.map((pane) => pane.counters));
  return panes.map(({ startMs, counters }): TimeBlock => {
    const bins = new Float64Array(groupsMax);
    const worth = counters.weight > 0 ? effectiveSize(counters) / counters.weight : 0;
    for (let cell = 0; cell < counters.counts.length; cell++) {
      const group = groupOf[cell] as number;
      bins[group] = (bins[group] as number) + (counters.counts[cell] as number) * worth;
    }
    return { start: startMs, end: startMs + paneMs, bins };
  });
}

function groupCells(all: readonly Counters[]): Uint8Array {
  const cells = all[0]?.counts.length ?? 0;
  const sums = new Float64Array(cells);
  let total = 0;
  for (const { counts } of all) {
    for (let cell = 0; cell < cells; cell++) {
      sums[cell] = (sums[cell] as number) + (counts[cell] as number);
      total += counts[cell] as number;
    }
  }
  let below = 0;
  return Uint8Array.from(sums, (sum) => {
    const middle = below + sum / 2;
    below += sum;
    return total > 0 ? Math.min(groupsMax - 1, Math.floor((middle / total) * groupsMax)) : 0;
  });
}

/** The shares of a stretch of time beside those expected of it. */
export interface Shares {
  readonly current: Float64Array;
  readonly expected: Float64Array;
  readonly n: number;
  readonly inverseM: number;
  /** PSI beyond chance. */
  readonly excess: number;
}

/** Of the blocks that lie mostly in [startTick, endTick); undefined where there is no row or no reference. */
export function sharesSince(
  ladder: SignalLadder,
  ring: WindowRing,
  startTick: number,
  endTick: number,
): Shares | undefined {
  const blocks = ring.blocksBefore(endTick).filter((one) => one.startTick + one.endTick >= 2 * startTick);
  const n = blocks.reduce((sum, block) => sum + block.n, 0);
  const expectation = ladder.reader?.expectationOf(addUp(blocks, 'hours'));
  if (expectation === undefined || !(n > 0)) return undefined;
  const bins = addUp(blocks, 'bins');
  const expected = Float64Array.from(expectation.expected);
  const { inverseM } = expectation;
  const psi = psiOfPairs({ bins, n, expected, m: 1 / inverseM });
  const excess = psiExcess(psi, bins.length, 1 / n + inverseM);
  return { current: bins.map((count) => count / n), expected, n, inverseM, excess };
}

function addUp(blocks: readonly RingBlock[], what: 'bins' | 'hours'): Float64Array {
  const sums = new Float64Array(blocks[0]?.[what].length ?? 0);
  for (const block of blocks) {
    for (let j = 0; j < sums.length; j++) sums[j] = (sums[j] as number) + (block[what][j] as number);
  }
  return sums;
}
