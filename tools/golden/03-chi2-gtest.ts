import {
  cramersV,
  expectedCounts,
  oneSampleChiSquare,
  type Table,
  type TableOptions,
  type TableTest,
  testTable,
} from '../../detectors/exact/chi-square-table.ts';
import type { GoldenCase } from './runner.ts';

const tests: Readonly<Record<string, TableOptions>> = {
  pearson_no_correction: { statistic: 'pearson', correction: 'none' },
  pearson_yates: { statistic: 'pearson', correction: 'yates' },
  g_no_correction: { statistic: 'g', correction: 'none' },
  g_yates: { statistic: 'g', correction: 'yates' },
};

function shown(test: TableTest | undefined): unknown {
  if (test === undefined) return undefined;
  return { statistic: test.statistic, dof: test.degreesOfFreedom, p: test.pValue };
}

export function run({ input }: GoldenCase): unknown {
  const { table } = input as { readonly table: Table };
  const expected = expectedCounts(table);
  return {
    ...Object.fromEntries(
      Object.entries(tests).map(([key, options]) => [key, shown(testTable(table, options))]),
    ),
    expected_min: Math.min(...expected.flat()),
    expected_first_row: expected[0],
    cramers_v: cramersV(table),
    one_sample_evidently: shown(oneSampleChiSquare(table[0] ?? [], table[1] ?? [])),
  };
}
