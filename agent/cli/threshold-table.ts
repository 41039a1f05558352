import type { Config } from '../../config/config.ts';
import { formatDuration } from '../../core/duration.ts';
import type { Detector } from '../../detectors/detector.ts';
import { type Subject, usualSubject } from '../../detectors/implied/implied.ts';
import {
  askedOf,
  countText,
  type Implied,
  impliedOf,
  type RawRule,
  rawRulesOf,
} from '../pipeline/raw-thresholds.ts';

/** Rows of a window that are shown where nobody says how many there are. */
const usualRows = [200, 1_000, 10_000, 100_000] as const;
/** Rules told of, at most: each costs half a second. */
const rulesShownMax = 30;

/**
 * What the raw thresholds of a configuration mean: lines for `kedge check`, none where there are no such rules. `rows`:
 * rows of a window; absent: a table over usual numbers.
 */
export function thresholdTable(
  config: Config,
  detectors: readonly Detector[],
  rows: number | undefined,
): readonly string[] {
  const raw = rawRulesOf(config.rules, new Map(detectors.map((one) => [one.type, one])));
  if (raw.length === 0) return [];
  const sizes = rows === undefined ? usualRows : [rows];
  const m = config.references.learn.rows;
  const subject = usualSubject();
  const shown = raw
    .slice(0, rulesShownMax)
    .map((rule) => ({ rule, cells: cellsOf(rule, sizes, m, subject) }));
  const head = ['rule', 'threshold', 'window', ...sizes.map((size) => `${size} rows`)];
  const lines = shown.map(({ rule, cells }) => [
    rule.rule.name,
    rule.text,
    windowText(rule),
    ...cells.map(cellText),
  ]);
  const left = raw.length - shown.length;
  return [
    'raw thresholds: evaluations over the limit by chance alone, a month and signal, and the shift that 9 of 10 windows show',
    `(against a reference of ${m} rows of a normal signal, independent rows; windows that overlap count each)`,
    ...alignColumns([head, ...lines]).map((line) => `  ${line}`),
    ...(left > 0 ? [`  and ${left} more rules`] : []),
    ...shown.flatMap(({ rule, cells }) => warningOf(config, rule, cells, sizes)),
  ];
}

function cellsOf(rule: RawRule, sizes: readonly number[], m: number, subject: Subject): readonly Implied[] {
  return sizes.map((n) => impliedOf(rule, { n, m }, subject));
}

function windowText({ rule }: RawRule): string {
  const length = formatDuration(rule.lengthMs);
  return rule.hopMs === rule.lengthMs ? length : `${length} each ${formatDuration(rule.hopMs)}`;
}

function cellText({ isJudged, overPerMonth, shift }: Implied): string {
  if (!isJudged) return 'too few';
  const found = shift === undefined ? '' : `, ${Number(shift.toPrecision(2))} sd`;
  return `${countText(overPerMonth)}${found}`;
}

/** The first number of rows that judges tells: with more of them there are fewer over the limit. */
function warningOf(
  config: Config,
  rule: RawRule,
  cells: readonly Implied[],
  sizes: readonly number[],
): readonly string[] {
  const place = cells.findIndex(({ isJudged }) => isJudged);
  const worst = cells[place];
  const asked = askedOf(config, rule.rule);
  if (worst === undefined || worst.overPerMonth <= asked) return [];
  const passing = cells.findIndex(({ overPerMonth, isJudged }) => isJudged && overPerMonth <= asked);
  const from = passing < 0 ? '' : `; from ${sizes[passing]} rows on it keeps to that`;
  return [
    `  warning: ${rule.rule.name}: ${rule.text} is passed about ${countText(worst.overPerMonth)} times a month by chance for ` +
      `each signal with ${sizes[place]} rows in a window, where ${countText(asked)} false alarms a month are asked for the whole ` +
      `model${from}. Leave the threshold out to have it calibrated`,
  ];
}

function alignColumns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
