import { formatDuration } from '../../core/duration.ts';
import { isoTime } from '../../core/time.ts';
import { numberText } from '../../detectors/counters/finding.ts';
import type { AlphaOrigin } from '../pipeline/replay.ts';
import type { KeptVerdict } from '../pipeline/verdict-book.ts';
import type { Repeated, VerdictRecord } from '../pipeline/verdict-record.ts';

/** One line of `kedge verdict list`. */
export function listLine(kept: KeptVerdict): string {
  const place = `${kept.model}${kept.version === '' ? '' : ` ${kept.version}`} (${kept.environment})`;
  const effect = kept.effect === null ? '' : `  effect ${numberText(kept.effect)}`;
  return `${kept.id}  ${minuteText(Date.parse(kept.end))}  ${kept.status.padEnd(12)}  ${kept.rule}  ${kept.signal} of ${place}${effect}`;
}

/** What `kedge verdict show` prints. */
export function showText(record: VerdictRecord, repeated: Repeated): string {
  const { verdict } = record;
  const { series, size } = verdict;
  const rows: (readonly [string, string])[] = [
    ['verdict', `${record.id}: ${verdict.status}${verdict.cause === undefined ? '' : ` (${verdict.cause})`}`],
    ['says', verdict.reason],
    ['rule', `${verdict.rule}, detector ${verdict.detector}`],
    ['of', `${series.signal} of ${series.model} ${series.version} (${series.environment})`],
    ['window', `${minuteText(verdict.startMs)} to ${minuteText(verdict.endMs)} UTC, ${rowsOf(size.current)}`],
    [
      'reference',
      verdict.referenceId === undefined ? 'none' : `${verdict.referenceId}, ${rowsOf(size.reference)}`,
    ],
    ['statistic', figure(verdict.statistic)],
    ['threshold', figure(verdict.threshold)],
    ['effect', figure(verdict.effect)],
    ['p', figure(verdict.pValue)],
    ...alphaRows(record),
    ...verdict.evidence.map(
      (cell) =>
        ['moved', `${cell.label}: ${share(cell.reference)} before, ${share(cell.current)} now`] as const,
    ),
    ...explanationRows(record),
    ...counterRows(record),
    ['repeated', repeatedText(repeated)],
  ];
  return rows.map(([label, value]) => `${label.padEnd(10)} ${value}`).join('\n');
}

function explanationRows({ verdict }: VerdictRecord): (readonly [string, string])[] {
  const { explanation } = verdict;
  if (explanation === undefined) return [];
  return [
    ['why', explanation.sentence],
    ['matters', `${explanation.matters}: ${explanation.mattersReason}`],
  ];
}

function alphaRows({ alphaOrigin, replay }: VerdictRecord): (readonly [string, string])[] {
  if (alphaOrigin === null || replay === null) return [];
  return [
    ['alpha', String(replay.alpha)],
    ['', alphaText(alphaOrigin)],
  ];
}

/** How the alpha of one look follows from what was asked for. */
export function alphaText(origin: AlphaOrigin): string {
  const asked = `${origin.falseAlarms} false alarms per ${formatDuration(origin.perMs)}`;
  if (origin.kind === 'window') {
    const inARow =
      origin.confirmations > 1 ? `, ${origin.confirmations} breaches in a row make an alarm` : '';
    return `from ${asked}: ${origin.signals} signals and rules, a look each ${formatDuration(origin.hopMs)} at ${formatDuration(origin.windowMs)}${inARow}; a rule with a limit of its own does not use it`;
  }
  const { share, family, signals, windowLengths, looks, windowMs, caution, monthMs } = origin;
  const budget = numberText((origin.falseAlarms * monthMs) / origin.perMs);
  const careful = caution === 1 ? '' : ` × ${caution} (the reference does not say how windows vary)`;
  return `= ${budget} in ${formatDuration(monthMs)} (${asked}) × ${share} for ${family} / (${signals} signals × ${windowLengths} window lengths × ${numberText(looks)} looks at ${formatDuration(windowMs)})${careful}`;
}

function counterRows({ replay }: VerdictRecord): (readonly [string, string])[] {
  if (replay === null) return [];
  if (replay.kind === 'detector') {
    const counts = replay.current.counts.map(([cell, count]) => `${cell}:${numberText(count)}`);
    return [['counters', `${replay.current.cells} cells, ${counts.length} with rows: ${counts.join(' ')}`]];
  }
  const expected = replay.expected.map((one) => numberText(one * replay.n));
  return [
    ['counters', replay.bins.map((count) => numberText(count)).join(' ')],
    ['expected', expected.join(' ')],
  ];
}

function repeatedText(repeated: Repeated): string {
  switch (repeated.outcome) {
    case 'equal':
      return 'from the stored counters, with the same numbers to the last bit';
    case 'different':
      return `DIFFERENT in ${repeated.fields.join(', ')}: now statistic ${figure(repeated.numbers.statistic)}, threshold ${figure(repeated.numbers.threshold)}, effect ${figure(repeated.numbers.effect)}, p ${figure(repeated.numbers.pValue)}; was it judged by another version of Kedge?`;
    case 'refused':
      return `REFUSED: ${repeated.reason}`;
  }
}

function figure(value: number | undefined): string {
  return value === undefined ? 'none' : String(value);
}

function share(value: number): string {
  return `${(value * 100).toFixed(1)} %`;
}

function rowsOf(n: number): string {
  return `${Math.round(n)} rows`;
}

function minuteText(ms: number): string {
  return isoTime(ms).slice(0, 16).replace('T', ' ');
}
