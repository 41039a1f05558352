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

/** Adds what is missing to a finding and to its sentence, where both were not said yet. */
export function withMissing(finding: Finding, signal: string, missing: Missing, otherwise: string): Finding {
  if (finding.status !== 'inconclusive' || finding.missing !== undefined) return finding;
  const rows = missing.rows === undefined ? '' : `${signal} needs ${missing.rows} more rows`;
  const when = missing.enoughAtMs === undefined ? otherwise : aboutText(missing.enoughAtMs);
  const said = [rows, when].filter((part) => part !== '').join(', ');
  const reason = said === '' ? finding.reason : `${finding.reason} ${capital(said)}.`;
  return { ...finding, reason, missing };
}

export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
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
