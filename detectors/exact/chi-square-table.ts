/**
 * Tests on tables of counts: rows are samples, columns are categories. No change means that all rows have the same shares,
 * so that a cell's expected count is its row's total times its column's, over all.
 *
 * - Pearson: Σ (O − E)² / E.  G: 2 Σ O ln(O / E), a zero cell adding nothing. Both about chi-square with (r − 1)(c − 1)
 *   degrees of freedom. Columns and rows that are all zero are left out before.
 * - Yates, for one degree of freedom only: each observed count is moved by ½ toward its expected one, never beyond.
 * - Cramér's V = √(χ² / (N·(min(r, c) − 1))), of Pearson without correction: an effect, 0..1, that does not grow with N.
 * - One sample: the reference's shares taken as known. It understates the variance by 1 + n/m; kept to compare with tools
 *   that do so.
 *
 * Sources: Pearson (1900); Sokal and Rohlf, Biometry, §17; Yates, JRSS suppl. 1 (1934) 217; Cramér (1946) §21.9.
 */
import { chiSquareUpper } from '../math/chi-square.ts';
import { deviance } from '../math/log-gamma.ts';

export type Table = readonly (readonly number[])[];

export interface TableTest {
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  readonly pValue: number;
}

export interface TableOptions {
  readonly statistic: 'pearson' | 'g';
  /** `yates` changes tables of one degree of freedom only. */
  readonly correction: 'none' | 'yates';
}

/** The table without columns and rows that are zero throughout. */
export function withoutEmpty(table: Table): number[][] {
  const rows = table.filter((row) => row.some((count) => count > 0));
  const width = Math.max(0, ...rows.map((row) => row.length));
  const used = Array.from({ length: width }, (_, column) => column).filter((column) =>
    rows.some((row) => (row[column] ?? 0) > 0),
  );
  return rows.map((row) => used.map((column) => row[column] ?? 0));
}

/** What each cell would hold if all rows had the same shares; of the table without what is empty. */
export function expectedCounts(table: Table): number[][] {
  const counts = withoutEmpty(table);
  const rowTotals = counts.map(sum);
  const columnTotals = (counts[0] ?? []).map((_, column) => sum(counts.map((row) => row[column] as number)));
  const total = sum(rowTotals);
  return rowTotals.map((row) => columnTotals.map((column) => (row / total) * column));
}

/** With one row or one column left there is nothing to compare: statistic 0 and p 1. */
export function testTable(table: Table, options: TableOptions): TableTest {
  const observed = withoutEmpty(table);
  const expected = expectedCounts(table);
  const degreesOfFreedom = Math.max(0, (observed.length - 1) * ((observed[0]?.length ?? 0) - 1));
  if (degreesOfFreedom === 0) return { statistic: 0, degreesOfFreedom, pValue: 1 };
  const isCorrected = options.correction === 'yates' && degreesOfFreedom === 1;
  const termOf = options.statistic === 'g' ? likelihoodTerm : pearsonTerm;
  let statistic = 0;
  observed.forEach((row, i) => {
    row.forEach((count, j) => {
      const want = expected[i]?.[j] as number;
      statistic += termOf(isCorrected ? towardExpected(count, want) : count, want);
    });
  });
  return { statistic, degreesOfFreedom, pValue: chiSquareUpper(statistic, degreesOfFreedom) };
}

function pearsonTerm(count: number, expected: number): number {
  return ((count - expected) / expected) * (count - expected);
}

/**
 * Twice O ln(O/E) + E − O. The additions cancel over the table, as rows and columns of E add up to those of O; with them
 * every term is positive and exact next to O = E.
 */
function likelihoodTerm(count: number, expected: number): number {
  return 2 * (count > 0 ? deviance(count, expected) : expected);
}

function towardExpected(count: number, expected: number): number {
  const difference = expected - count;
  return count + Math.sign(difference) * Math.min(0.5, Math.abs(difference));
}

export function cramersV(table: Table): number {
  const counts = withoutEmpty(table);
  const smaller = Math.min(counts.length, counts[0]?.length ?? 0) - 1;
  if (smaller < 1) return 0;
  const { statistic } = testTable(table, { statistic: 'pearson', correction: 'none' });
  return Math.min(1, Math.sqrt(statistic / (sum(counts.map(sum)) * smaller)));
}

/** Pearson of the current counts against the reference's shares as if known; undefined where one of those is 0. */
export function oneSampleChiSquare(
  reference: readonly number[],
  current: readonly number[],
): TableTest | undefined {
  const [before = [], now = []] = withoutEmpty([reference, current]);
  if (now.length === 0 || before.some((count) => count === 0)) return undefined;
  const factor = sum(now) / sum(before);
  const statistic = sum(now.map((count, i) => pearsonTerm(count, (before[i] as number) * factor)));
  const degreesOfFreedom = now.length - 1;
  const pValue = degreesOfFreedom === 0 ? 1 : chiSquareUpper(statistic, degreesOfFreedom);
  return { statistic, degreesOfFreedom, pValue };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
