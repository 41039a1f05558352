import { formatDuration } from '../../core/duration.ts';
import { isoTime } from '../../core/time.ts';
import type { Finding } from '../../core/verdict.ts';
import { numberText } from '../../detectors/counters/finding.ts';
import { type LadderTicks, ladderTicks } from '../../detectors/ladder/alpha-ladder.ts';
import type { WindowFinding } from '../../detectors/ladder/judge-window.ts';
import type { RingWindow } from '../../detectors/ladder/window-ring.ts';

/** One window's finding, and which window it was. */
export interface Look {
  readonly ticks: LadderTicks;
  readonly window: RingWindow;
  readonly finding: WindowFinding;
}

export interface LadderFinding {
  readonly finding: Finding;
  readonly startTick: number;
  readonly endTick: number;
}

const dayMs = 86_400_000;

/** What to say where no window has rows enough: how many are missing, and when they will be there at the present rate. */
export function tooFewRows(
  looks: readonly Look[],
  signal: string,
  endTick: number,
  paneMs: number,
): LadderFinding | undefined {
  const best = looks.at(-1);
  if (best === undefined) return undefined;
  const { window, finding, ticks } = best;
  // A window that is longer than the traffic is old has no more rows than a shorter one: that one tells the rate.
  const full = looks.find((look) => look.window.n >= window.n) ?? best;
  const perTick = window.n / full.ticks;
  const waitTicks = Math.ceil(finding.rowsMissing / perTick);
  const atMs = (endTick + waitTicks) * paneMs;
  const when = isoTime(atMs) === '' ? '' : `, about ${isoTime(atMs).slice(0, 16).replace('T', ' ')} UTC`;
  const longest = ladderTicks.at(-1) ?? 1;
  // Windows grow to the longest and no further.
  const isNever = window.n + finding.rowsMissing > perTick * longest;
  const span = formatDuration(longest * paneMs);
  const advice = paneMs < dayMs ? ': set windows.pane to 1d, and windows reach back for years' : '';
  const never = `, and its longest window, ${span}, will hold about ${numberText(perTick * longest)}${advice}`;
  return {
    startTick: window.endTick - ticks,
    endTick: window.endTick,
    finding: {
      status: 'inconclusive',
      cause: 'too_few',
      size: { reference: finding.m, current: window.n },
      reason: `${signal} needs ${finding.rowsMissing} more rows${isNever ? never : when}.`,
      evidence: [],
    },
  };
}
