import { canonicalJson } from '../../core/json.ts';
import { seriesKey } from '../../core/series.ts';
import type { Verdict } from '../../core/verdict.ts';
import type { Detector } from '../../detectors/detector.ts';
import { type AlphaOrigin, type Repeatable, type RepeatedNumbers, type Replay, repeat } from './replay.ts';

/** Why a verdict is kept: it breached, it answers otherwise than the one before, or it is the last one. */
export type KeptAs = 'breach' | 'change' | 'last';

/** A verdict with all that it was made from. `digest` is over everything else in it. */
export interface VerdictRecord {
  readonly format: 1;
  readonly id: string;
  readonly keptAs: KeptAs;
  readonly verdict: Verdict;
  readonly alphaOrigin: AlphaOrigin | null;
  /** Null: it cannot be repeated, and `notRepeatable` says why. */
  readonly replay: Replay | null;
  readonly notRepeatable: string;
  readonly digest: string;
}

type Sha256 = (text: string) => string;

/** Of a verdict: the same whenever and wherever it is judged. */
export function verdictId(verdict: Verdict, sha256: Sha256): string {
  const { rule, series, startMs, endMs } = verdict;
  return `vrd_${sha256(canonicalJson([rule, seriesKey(series), startMs, endMs])).slice(0, 16)}`;
}

export function recordOf(
  verdict: Verdict,
  keptAs: KeptAs,
  made: Repeatable | undefined,
  sha256: Sha256,
): VerdictRecord {
  const body = {
    format: 1 as const,
    id: verdictId(verdict, sha256),
    keptAs,
    verdict,
    alphaOrigin: made?.alphaOrigin ?? null,
    replay: made?.replay ?? null,
    notRepeatable: made === undefined ? whyNot(verdict) : '',
  };
  // Through JSON once, so that the digest is over what a reader of the record will see.
  const read = JSON.parse(JSON.stringify(body)) as Omit<VerdictRecord, 'digest'>;
  return { ...read, digest: digestOf(read, sha256) };
}

/** The record without what it was made from: where it would be too large. */
export function withoutReplay(record: VerdictRecord, why: string, sha256: Sha256): VerdictRecord {
  const { digest: _, ...body } = record;
  const bare = { ...body, replay: null, notRepeatable: why };
  return { ...bare, digest: digestOf(bare, sha256) };
}

export type Repeated =
  | { readonly outcome: 'equal'; readonly numbers: RepeatedNumbers }
  | { readonly outcome: 'different'; readonly numbers: RepeatedNumbers; readonly fields: readonly string[] }
  /** It was changed after it was written, or holds nothing to repeat: the reason says so. */
  | { readonly outcome: 'refused'; readonly reason: string };

/** Checks a record against its digest and computes its numbers again. Never throws, whatever it is given. */
export function repeatRecord(
  value: unknown,
  detectors: ReadonlyMap<string, Detector>,
  sha256: Sha256,
): Repeated {
  if (!isRecord(value)) return { outcome: 'refused', reason: 'this is no record of a verdict' };
  const { digest, ...body } = value;
  if (digestOf(body, sha256) !== digest)
    return { outcome: 'refused', reason: 'the record was changed after it was written: its digest differs' };
  if (value.replay === null)
    return { outcome: 'refused', reason: value.notRepeatable || 'nothing to repeat was kept with it' };
  try {
    const numbers = repeat(value.replay, detectors);
    const fields = differing(value.verdict, numbers);
    return fields.length === 0 ? { outcome: 'equal', numbers } : { outcome: 'different', numbers, fields };
  } catch (fault) {
    const said = fault instanceof Error ? fault.message : 'unknown';
    return { outcome: 'refused', reason: `it cannot be repeated: ${said}` };
  }
}

const repeatedFields = ['statistic', 'effect', 'threshold', 'pValue'] as const;

/** A number the verdict left out was not judged by; one that the repeat leaves out is missing. */
function differing(verdict: Verdict, numbers: RepeatedNumbers): string[] {
  return repeatedFields.filter((field) => verdict[field] !== undefined && verdict[field] !== numbers[field]);
}

function isRecord(value: unknown): value is VerdictRecord {
  const record = value as Partial<VerdictRecord> | null;
  if (typeof record !== 'object' || record === null) return false;
  const isWhole = record.format === 1 && typeof record.id === 'string' && typeof record.digest === 'string';
  return (
    isWhole && typeof record.verdict === 'object' && record.verdict !== null && record.replay !== undefined
  );
}

function digestOf(body: Omit<VerdictRecord, 'digest'>, sha256: Sha256): string {
  return sha256(canonicalJson(body));
}

function whyNot(verdict: Verdict): string {
  switch (verdict.status) {
    case 'inconclusive':
      return 'it is inconclusive: nothing was computed';
    case 'error':
      return 'its detector failed: nothing was computed';
    case 'ok':
    case 'breach':
      return 'its window was judged before a restart, and what it was made from is gone';
  }
}
