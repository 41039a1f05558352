import { cpuMsPerCall } from './worker.ts';

const warmUpMs = 300;
const sampleMs = 150;

/** CPU milliseconds of a call in each round, after a warm-up. */
export function sampleRounds(rounds: number, work: () => void): number[] {
  cpuMsPerCall(warmUpMs, work);
  return Array.from({ length: rounds }, () => cpuMsPerCall(sampleMs, work));
}

/**
 * Two candidates side by side, in an order that turns: CPU milliseconds of a call of the first, and how many times the
 * second takes, per round.
 */
export function comparedRounds(
  rounds: number,
  ours: () => void,
  theirs: () => void,
): { readonly ms: readonly number[]; readonly ratios: readonly number[] } {
  cpuMsPerCall(warmUpMs, ours);
  cpuMsPerCall(warmUpMs, theirs);
  const ms: number[] = [];
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const first = cpuMsPerCall(sampleMs, round % 2 === 0 ? ours : theirs);
    const second = cpuMsPerCall(sampleMs, round % 2 === 0 ? theirs : ours);
    const [own, other] = round % 2 === 0 ? [first, second] : [second, first];
    ms.push(own);
    ratios.push(other / own);
  }
  return { ms, ratios };
}
