import { expect, test } from 'vitest';
import { goldenFiles, runGoldenFile } from '../../tools/golden/runner.ts';

const paths = goldenFiles(import.meta.dirname);

test('every golden file is here', () => {
  const numbers = paths.map((path) => path.slice(path.lastIndexOf('/') + 1).slice(0, 2));
  expect(numbers).toEqual(Array.from({ length: 20 }, (_, i) => String(i + 1).padStart(2, '0')));
});

test.each(paths.map((path) => [path.slice(path.lastIndexOf('/') + 1), path]))('%s', async (_, path) => {
  const { passed, differences } = await runGoldenFile(path);
  expect(differences).toEqual([]);
  expect(passed).toBeGreaterThan(10);
});
