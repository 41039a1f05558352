import { expect, test } from 'vitest';
import { nodeDigest } from '../../../agent/adapters/node-digest.ts';
import { buildReferences, createCollector } from '../../../agent/pipeline/reference-file.ts';

const file = { name: 'f', model: 'm', environment: 'prod', path: 'f.csv', rowsMax: 1_000 };

test('a column of long texts is read as rows are: no text becomes a level, and its description is a reference', () => {
  const collector = createCollector(file);
  for (let i = 0; i < 100; i++) {
    const comment =
      i % 4 === 0 ? 'fine' : `The parcel came late and the box was open. ${'Again. '.repeat(15 + i)}`;
    collector.add(
      new Map<string, string | number>([
        ['comment', comment],
        ['age', i],
      ]),
    );
  }
  const built = buildReferences(file, collector, 0, (text) => nodeDigest().sha256(text));
  const references = built.map(({ reference }) => reference);
  const scaleOf = (signal: string) => references.find(({ series }) => series.signal === signal)?.scale;
  const levels = scaleOf('input.comment');
  expect(levels?.kind === 'levels' && [...levels.cells.keys()]).toEqual(['(long text)', 'fine']);
  expect(scaleOf('input.comment.characters')?.kind).toBe('numeric');
  expect(scaleOf('input.comment.language')?.kind).toBe('levels');
  const words = references.find(({ series }) => series.signal === 'input.comment.words');
  expect(words?.counters).toMatchObject({ rows: 75, min: 9 + 16, max: 9 + 114 });
  expect(scaleOf('input.age')?.kind).toBe('numeric');
});
