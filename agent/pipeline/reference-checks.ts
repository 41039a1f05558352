import { formatDuration } from '../../core/duration.ts';
import type { Reference, ReferenceRecord } from '../../core/reference.ts';
import { isoTime } from '../../core/time.ts';
import { effectiveSize } from '../../detectors/counters/counters.ts';
import type { ReferenceHealth } from '../../detectors/ladder/reference-health.ts';

/** Facts about a reference that a person wants to know before trusting it. */
export interface ReferenceCheck {
  readonly check: 'rows' | 'long_enough' | 'windows' | 'stable' | 'halves' | 'unseen' | 'age';
  /** Null: it cannot be told, as a reference of counts alone has no times. */
  readonly ok: boolean | null;
  /** One sentence with the numbers. */
  readonly text: string;
}

/** What a file's two halves show, as they have no times. */
export interface HalfFacts {
  readonly differ: boolean;
  readonly psi: number;
  readonly unseen: number;
}

export interface CheckInput {
  readonly record: ReferenceRecord;
  /** From the default rule's model; absent for counts without times. */
  readonly health: ReferenceHealth | undefined;
  readonly halves?: HalfFacts | undefined;
  readonly tickMs: number;
  readonly nowMs: number;
}

const rowsMin = 10_000;
const sizeRatio = 20;
const windowsMin = 28;
const unseenMax = 0.01;

/** Every check, those that passed as well. */
export function checksOf({ record, health, halves, tickMs, nowMs }: CheckInput): readonly ReferenceCheck[] {
  const { reference } = record;
  // A learned one goes on growing while its model is refined; of a file's model only the newest days are.
  const rows = Math.round(Math.max(health?.rows ?? 0, effectiveSize(reference.counters)));
  const checks: ReferenceCheck[] = [
    { check: 'rows', ok: rows >= rowsMin, text: `${rows} effective rows; ${rowsMin} or more are wanted` },
  ];
  if (health !== undefined) checks.push(...checksOfHealth(health, tickMs));
  else checks.push(...checksOfHalves(halves));
  if (record.expiresAtMs !== undefined) {
    const isOld = nowMs >= record.expiresAtMs;
    const text = `${isOld ? 'expired' : 'expires'} on ${isoTime(record.expiresAtMs).slice(0, 10)}`;
    checks.push({ check: 'age', ok: !isOld, text });
  }
  return checks;
}

/** Since when the reference itself moves, by its own parts; undefined where it is stable within itself. */
export function movesFromMs(health: ReferenceHealth, tickMs: number): number | undefined {
  return health.movesFromTick === undefined ? undefined : health.movesFromTick * tickMs;
}

function checksOfHealth(health: ReferenceHealth, tickMs: number): readonly ReferenceCheck[] {
  const { rows, rowsPerHour, windows, parts, secondHalf, unseen = 0 } = health;
  // Hours of fewer than 200 rows are no windows of the check: then the mean hour stands for them.
  const perHour = rowsPerHour > 0 ? rowsPerHour : rows / Math.max(1, health.days * 24);
  const ratio = perHour > 0 ? rows / perHour : 0;
  const moved = parts.filter((part) => part.differs);
  const time = (tick: number) =>
    isoTime(tick * tickMs)
      .slice(0, 16)
      .replace('T', ' ');
  const since = health.movesFromTick === undefined ? '' : `, from ${time(health.movesFromTick)} UTC on`;
  const span = formatDuration(Math.round(health.days * 288) * tickMs);
  const windowText = formatDuration(12 * tickMs);
  return [
    {
      check: 'long_enough',
      ok: ratio >= sizeRatio,
      text: `${span} long, ${ratio.toFixed(0)} times the rows of ${windowText}; ${sizeRatio} or more are wanted`,
    },
    {
      check: 'windows',
      ok: windows >= windowsMin,
      text: `its variance rests on ${windows} windows of ${windowText}; ${windowsMin} or more are wanted`,
    },
    {
      check: 'stable',
      ok: moved.length === 0,
      text:
        moved.length === 0
          ? `none of its ${parts.length} parts differs from the others`
          : `the reference itself moves${since}: ${moved.length} of ${parts.length} parts differ from the others`,
    },
    {
      check: 'halves',
      ok: !secondHalf.differs,
      text: secondHalf.differs
        ? `its second half, from ${time(secondHalf.fromTick)} UTC, differs from the first`
        : 'its second half is as its first',
    },
    unseenCheck(unseen),
  ];
}

function checksOfHalves(halves: HalfFacts | undefined): readonly ReferenceCheck[] {
  const noTimes: ReferenceCheck = {
    check: 'long_enough',
    ok: null,
    text: 'it has no times: seasons and how much windows vary are not known, so alpha is a tenth',
  };
  if (halves === undefined) return [noTimes];
  const text = halves.differ
    ? `the second half of its rows differs from the first (PSI ${halves.psi.toFixed(3)}): it moves, or is sorted`
    : 'the second half of its rows is as the first';
  return [noTimes, { check: 'halves', ok: !halves.differ, text }, unseenCheck(halves.unseen)];
}

function unseenCheck(unseen: number): ReferenceCheck {
  const share = `${(100 * unseen).toFixed(1)} %`;
  const text = `${share} of its second half lie where its first half has no row; at most 1 % is wanted`;
  return { check: 'unseen', ok: unseen <= unseenMax, text };
}

/** What a list shows of a reference: no values of rows. */
export function outlineOf(record: ReferenceRecord) {
  const { reference, standing, pinned, expiresAtMs } = record;
  return {
    id: reference.id,
    name: reference.name ?? '',
    kind: reference.kind,
    standing,
    ...reference.series,
    rows: Math.round(effectiveSize(reference.counters)),
    scale: reference.scale.id,
    from: timeOrNull(reference.fromMs),
    to: timeOrNull(reference.toMs),
    frozenAt: isoTime(reference.frozenAtMs),
    pinnedBy: pinned?.by ?? null,
    pinnedAt: pinned === undefined ? null : isoTime(pinned.atMs),
    expiresAt: expiresAtMs === undefined ? null : isoTime(expiresAtMs),
  };
}

export type ReferenceOutline = ReturnType<typeof outlineOf>;

/** The cells, in words: how many, of what kind, between which edges. */
export function scaleText({ scale }: Reference): string {
  switch (scale.kind) {
    case 'numeric': {
      const { edges } = scale;
      return `${edges.length + 1} cells from ${edges[0] ?? '-'} to ${edges.at(-1) ?? '-'}`;
    }
    case 'levels':
      return `${scale.cells.size} levels and the rest`;
    case 'log':
      return 'log-linear cells';
  }
}

/** A file says nothing of when its rows were. */
function timeOrNull(ms: number): string | null {
  return ms > 0 ? isoTime(ms) : null;
}
