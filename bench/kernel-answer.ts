export interface KernelAnswer {
  readonly unequal: string;
  readonly values: readonly number[];
}
