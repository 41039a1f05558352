/** One fault of a configuration: where it is, and what would be right. */
export interface Fault {
  readonly file: string;
  /** 1-based; 0 when the fault has no place in the file. */
  readonly line: number;
  readonly column: number;
  /** `rules[1].window`; empty for the whole file. */
  readonly path: string;
  /** A sentence that says what to do: `expected a duration such as 5m, got "5 min"`. */
  readonly message: string;
  /** The line of the file, with everything secret in it masked; absent where there is none to show. */
  readonly excerpt?: string;
}
