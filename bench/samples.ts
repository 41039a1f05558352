/** Median, least and largest of some rounds. */
export interface Summary {
  readonly value: number;
  readonly min: number;
  readonly max: number;
}

/** The mean of the two middle values where their number is even. There is at least one value. */
export function summarise(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  const lower = sorted[middle - 1] ?? upper;
  return {
    value: sorted.length % 2 === 1 ? upper : (lower + upper) / 2,
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
  };
}

/**
 * One sample of each candidate per round, in an order that rotates: what slows the machine down for a while then hits
 * all of them, and never only the one that came last.
 */
export async function interleave<Name extends string>(
  rounds: number,
  candidates: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Record<Name, number>[]> {
  const names = Object.keys(candidates) as Name[];
  const samples: Record<Name, number>[] = [];
  for (let round = 0; round < rounds; round++) {
    const sample = {} as Record<Name, number>;
    for (let i = 0; i < names.length; i++) {
      const name = names[(round + i) % names.length] as Name;
      sample[name] = await candidates[name]();
    }
    samples.push(sample);
  }
  return samples;
}

/** Four digits are more than a shared machine can tell apart. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
