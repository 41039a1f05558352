import { formatDuration } from '../../core/duration.ts';
import { isoTime } from '../../core/time.ts';
import type { Finding, Missing } from '../../core/verdict.ts';
import { ladderTicks, strideOf } from '../../detectors/ladder/alpha-ladder.ts';

/*
 * What an inconclusive verdict lacks, and when it will be there if traffic goes on as it is. "Never" is an answer too: a
 * window of an hour that holds 20 rows an hour will not hold 200 tomorrow.
 */

/** How much of what is needed a window of a rule holds. */
export interface WindowFill {
  /** Effective rows. */
  readonly rows: number;
  readonly needed: number;
  readonly startMs: number;
  readonly endMs: number;
  /** When rows first came; after `startMs` while the window is not full yet. */
  readonly firstMs: number;
}

/** For a window that moves on: it fills up once, and then holds as many rows as traffic brings in its length. */
export function missingInWindow({ rows, needed, startMs, endMs, firstMs }: WindowFill): Missing {
  const missing = Math.max(1, Math.ceil(needed - rows));
  const seenMs = endMs - Math.max(startMs, Math.min(firstMs, endMs));
  const neededMs = rows > 0 && seenMs > 0 ? (needed / rows) * seenMs : Number.POSITIVE_INFINITY;
  return neededMs <= endMs - startMs
    ? { rows: missing, enoughAtMs: Math.ceil(endMs - seenMs + neededMs) }
    : { rows: missing };
}

/** `about 2026-11-21 14:00 UTC`; '' for a time that no calendar has. */
export function aboutText(atMs: number): string {
  const when = isoTime(atMs);
  return when === '' ? '' : `about ${when.slice(0, 16).replace('T', ' ')} UTC`;
}

/** A finding of too few rows in a window, with when there will be enough, or that there never will be. */
export function withEnough(
  finding: Finding,
  window: { readonly startMs: number; readonly endMs: number; readonly firstMs: number },
): Finding {
  const rows = finding.missing?.rows;
  if (finding.cause !== 'too_few' || rows === undefined) return finding;
  const needed = finding.size.current + rows;
  const missing = missingInWindow({ ...window, rows: finding.size.current, needed });
  const span = formatDuration(window.endMs - window.startMs);
  const when =
    missing.enoughAtMs === undefined
      ? `At this rate ${span} never hold so many: take a longer window.`
      : `They will be there ${aboutText(missing.enoughAtMs)}.`;
  return { ...finding, missing, reason: `${finding.reason} ${when}` };
}

/** How much of what is needed the default rule's windows hold. */
export interface LadderFill {
  /** Effective rows of the longest window asked, and of it the ticks since rows first came. */
  readonly rows: number;
  readonly seenTicks: number;
  readonly needed: number;
  /** Windows that begin before it are not asked; -Infinity: there is none. */
  readonly fromTick: number;
  readonly endTick: number;
}

/**
 * The tick at which some window will hold enough rows; undefined: none of them ever will. Where windows may not begin
 * before some tick, the one that is long enough has to fill from there.
 */
export function enoughAtTick({ rows, seenTicks, needed, fromTick, endTick }: LadderFill): number | undefined {
  if (!(rows > 0) || !(seenTicks > 0)) return undefined;
  const neededTicks = (needed / rows) * seenTicks;
  const window = ladderTicks.find((ticks) => ticks >= neededTicks);
  if (window === undefined) return undefined;
  const grownAt = endTick - seenTicks + Math.ceil(neededTicks);
  const atTick = Number.isFinite(fromTick)
    ? Math.max(fromTick + window, endTick + 1)
    : Math.max(grownAt, endTick + 1);
  const stride = strideOf(window);
  return Math.ceil(atTick / stride) * stride;
}
