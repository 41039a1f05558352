/**
 * McNemar's test of two models on the same rows: b rows that only the first has right, c that only the second has. Rows on which
 * they agree say nothing. Without a difference b is binomial with b + c rows and probability ½.
 *
 * - Exact: twice the smaller tail. Mid-p: the chance of what was seen counts half; less conservative, and about right.
 * - Chi-square (b − c)² / (b + c), with Edwards' correction (|b − c| − 1)² if asked for, on one degree of freedom.
 *
 * Sources: McNemar (1947); Edwards (1948); Fagerland, Lydersen and Laake, BMC Medical Research Methodology 13 (2013) 91.
 */
import { binomialLower, binomialTerm } from '../math/binomial.ts';
import { chiSquareUpper } from '../math/chi-square.ts';

export interface McNemar {
  readonly exactP: number;
  readonly midP: number;
  readonly chiSquare: number;
  readonly chiSquareP: number;
  readonly corrected: number;
  readonly correctedP: number;
}

export function mcNemar(b: number, c: number): McNemar {
  const rows = b + c;
  const least = Math.min(b, c);
  const difference = Math.abs(b - c);
  const lower = binomialLower(least, rows, 0.5);
  const term = binomialTerm(least, rows, 0.5);
  const chiSquare = rows > 0 ? difference ** 2 / rows : 0;
  const corrected = rows > 0 ? Math.max(0, difference - 1) ** 2 / rows : 0;
  return {
    exactP: Math.min(1, 2 * lower),
    midP: Math.min(1, 2 * lower - term),
    chiSquare,
    chiSquareP: chiSquareUpper(chiSquare, 1),
    corrected,
    correctedP: chiSquareUpper(corrected, 1),
  };
}
