/** A broken invariant of our own code. Stage boundaries count it and drop the item; it never stops the process. */
export class AssertionFault extends Error {}

/** Throws `AssertionFault` with the sentence. For programmer errors only: bad input has a result type instead. */
export function assert(condition: unknown, sentence: string): asserts condition {
  if (!condition) throw new AssertionFault(sentence);
}
