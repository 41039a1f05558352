/**
 * The population stability index Σ (p − q) ln(p / q) of two lists of counts, under the rules by which tools keep empty
 * groups from making it infinite.
 *
 * | rule | share of a group |
 * |---|---|
 * | `jeffreys` | (count + ½) / (rows + ½ B): ours |
 * | `laplace` | (count + 1) / (rows + B): AzureML's |
 * | `naive` | count / rows; Infinity where one side alone is empty, and for both |
 * | `evidently` | empty ones 1e-4, or a millionth of the smallest share where that is ≤ 1e-4 |
 * | `floor` | at least 1e-4: the usual one |
 * | `deepchecks` | at least 0.01, which hides tails |
 *
 * The last three do not make the shares add up to 1 again. Only the first has, at 200 rows, the false rate that it says
 * (1 to 2 times; the usual floor up to 10 times, at 50 rows 15,000 times).
 */
export type ZeroRule = 'jeffreys' | 'laplace' | 'naive' | 'evidently' | 'floor' | 'deepchecks';

/** PSI with `added` pseudo-counts per group on both sides; 0 where either side is empty. */
export function psiOfCounts(reference: readonly number[], current: readonly number[], added = 0.5): number {
  const before = total(reference);
  const now = total(current);
  if (before <= 0 || now <= 0) return 0;
  return reference.reduce((psi, count, i) => {
    const p = (count + added) / (before + added * reference.length);
    const q = ((current[i] ?? 0) + added) / (now + added * reference.length);
    return psi + (p - q) * Math.log(p / q);
  }, 0);
}

export function psiByRule(rule: ZeroRule, reference: readonly number[], current: readonly number[]): number {
  switch (rule) {
    case 'jeffreys':
      return psiOfCounts(reference, current, 0.5);
    case 'laplace':
      return psiOfCounts(reference, current, 1);
    case 'naive':
      return psiOfShares(reference, current, (shares) => shares);
    case 'evidently':
      return psiOfShares(reference, current, fillEmpty);
    case 'floor':
      return psiOfShares(reference, current, (shares) => atLeast(shares, 1e-4));
    case 'deepchecks':
      return psiOfShares(reference, current, (shares) => atLeast(shares, 0.01));
  }
}

type Repair = (shares: readonly number[]) => readonly number[];

function psiOfShares(reference: readonly number[], current: readonly number[], repair: Repair): number {
  const before = total(reference);
  const now = total(current);
  if (before <= 0 || now <= 0) return 0;
  const p = repair(reference.map((count) => count / before));
  const q = repair(current.map((count) => count / now));
  return p.reduce((psi, share, i) => psi + psiTerm(share, q[i] ?? 0), 0);
}

function psiTerm(p: number, q: number): number {
  return p === 0 || q === 0 ? Number.POSITIVE_INFINITY : (p - q) * Math.log(p / q);
}

function fillEmpty(shares: readonly number[]): readonly number[] {
  const smallest = Math.min(...shares.filter((share) => share > 0));
  const filler = smallest <= 1e-4 ? smallest / 1e6 : 1e-4;
  return shares.map((share) => (share === 0 ? filler : share));
}

function atLeast(shares: readonly number[], floor: number): readonly number[] {
  return shares.map((share) => Math.max(share, floor));
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
