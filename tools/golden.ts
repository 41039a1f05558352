// Compares Kedge's numbers with those of other programs: `npm run golden -- --dir FOLDER` runs every golden file of the
// folder (test/golden if none is given), prints what differs and `N passed, N failed`, and exits with 1 on a failure.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { goldenFiles, runGoldenFile } from './golden/runner.ts';

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { dir: { type: 'string' } } });
  const paths = goldenFiles(values.dir ?? join(import.meta.dirname, '..', 'test', 'golden'));
  let passed = 0;
  let failed = 0;
  for (const path of paths) {
    const report = await runGoldenFile(path);
    for (const line of [...report.informative, ...report.differences]) console.log(line);
    console.log(`${report.file}: ${report.passed} passed, ${report.differences.length} failed`);
    passed += report.passed;
    failed += report.differences.length;
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && paths.length > 0 ? 0 : 1;
}

if (import.meta.main) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
