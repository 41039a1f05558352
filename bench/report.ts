import type { Figure } from './figures.ts';

/** What `--json` prints. */
export interface BenchReport {
  readonly schema: 'kedge-bench/1';
  readonly commit: string | null;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  /** Load average of the last minute when it began. */
  readonly load1: number;
  readonly seed: number;
  readonly rounds: number;
  readonly atMs: number;
  readonly figures: Readonly<Record<string, Figure>>;
}

/** A table of what was measured; what was not is only counted, by reason. */
export function formatReport(report: BenchReport): string {
  const { node, cpu, cores, load1, seed, rounds, commit } = report;
  const rows: string[][] = [['figure', 'median', 'min', 'max', 'unit', 'bar', '']];
  const absent = new Map<string, number>();
  for (const [key, figure] of Object.entries(report.figures)) {
    if (figure.value === null) absent.set(figure.why ?? '', (absent.get(figure.why ?? '') ?? 0) + 1);
    else rows.push(rowOf(key, figure));
  }
  const lines = [
    `commit ${commit ?? 'unknown'}, Node ${node}, ${cores} × ${cpu}, load ${load1.toFixed(1)}, seed ${seed}, ${rounds} rounds`,
    'CPU time of all threads; x: how many times the CPU of protobufjs decoding the same bytes',
    '',
    ...aligned(rows),
    '',
    ...[...absent].map(([why, count]) => `${count} figures: ${why}`),
  ];
  return lines.join('\n');
}

function rowOf(key: string, { value, min, max, unit, better, bar, ok }: Figure): string[] {
  const barText = bar === null ? '' : `${better === 'higher' ? '≥' : '≤'} ${numberText(bar)}`;
  const okText = ok === null ? '' : ok ? 'ok' : 'missed';
  return [key, ...[value, min, max].map(numberText), unit, barText, okText];
}

function numberText(value: number | null): string {
  return value === null ? '' : value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 3 : 0 });
}

const firstNumber = 1;
const lastNumber = 3;

function aligned(rows: readonly string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const isNumber = column >= firstNumber && column <= lastNumber;
        return isNumber ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
      })
      .join('  ')
      .trimEnd(),
  );
}
