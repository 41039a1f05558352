export interface KernelAnswer {
  /** What is wrong with a result, which makes all values worthless; '' where nothing is. */
  readonly unequal: string;
  /** One value for each round, by key of its figure. */
  readonly figures: Readonly<Record<string, readonly number[]>>;
  /** Why a figure has no value. */
  readonly absent?: Readonly<Record<string, string>>;
}
