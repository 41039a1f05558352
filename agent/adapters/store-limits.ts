import { assert } from '../../core/assert.ts';
import type { StoreWrite } from '../../core/ports.ts';

/** Longest key, in UTF-16 units. */
export const keyLengthMax = 1_024;
/** Largest value. Counters do not belong here but into the blob store. */
export const valueBytesMax = 16 * 1024 * 1024;
/** Writes of one commit. */
export const writesMax = 100_000;

/** What every store asserts of a commit, so that the twin in memory is as strict as the file. */
export function checkWrites(writes: readonly StoreWrite[]): void {
  assert(writes.length <= writesMax, `a commit has at most ${writesMax} writes`);
  for (const { key, value } of writes) {
    assert(key !== '' && key.length <= keyLengthMax, `a key has 1 to ${keyLengthMax} characters`);
    // Half a surrogate pair has no UTF-8: two such keys would become one.
    assert(key.isWellFormed(), 'a key is well-formed Unicode');
    assert(
      value === undefined || value.length <= valueBytesMax,
      `a value has at most ${valueBytesMax} bytes`,
    );
  }
}
