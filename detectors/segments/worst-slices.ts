/**
 * Which slices of the population moved? One outcome, one window against the reference.
 *
 * 1. Global test: has the population moved? Then slices are compared with their peers, the rest of it, from here on: else a
 *    global move of 3 points would light 24 segments of 50 (simulated).
 * 2. Singles: every value of every field with 30 rows on either side.
 * 3. Greedy residual: the slice with the least p is named and its share taken out of all others: its rows where the pair of
 *    the two is kept, else its effect times its share of the population. Then all are tested again, until no p adjusted by
 *    Benjamini and Yekutieli (they overlap, so any dependence) is at most `level`, or `max` are named.
 * 4. A named single gives way to a pair under it where that pair alone has moved. Other pairs are asked only if the singles
 *    left vary more than by chance.
 * 5. Effects are shrunk toward the population by n / (n + n₀), n₀ = within over between variance of the slices.
 *
 * The alarm is not step 3's: `familyP` is the Bonferroni p of the worst of all slices asked, to be held against a budget.
 */
import { benjaminiYekutieli } from '../exact/multiplicity.ts';
import type { VarianceFit } from '../ladder/variance.ts';
import { chiSquareUpper } from '../math/chi-square.ts';
import { type Compared, type Contrast, contrastOf, hasRows, type OutcomeKind } from './contrast.ts';
import { meanOf, minus } from './sums.ts';

export interface Term {
  readonly field: string;
  readonly value: string;
}

export interface SingleSlice extends Compared {
  readonly term: Term;
}

/** Rows in two slices at once; by their places among the singles, of two different fields. */
export interface PairSlice extends Compared {
  readonly first: number;
  readonly second: number;
}

export interface SliceSearch {
  readonly kind: OutcomeKind;
  readonly fit: VarianceFit;
  readonly total: Compared;
  readonly singles: readonly SingleSlice[];
  readonly pairs: readonly PairSlice[];
}

export interface WorstSlice {
  /** One, or two that hold at once. */
  readonly terms: readonly Term[];
  /** Means of the outcome, less its centre. */
  readonly before: number;
  readonly now: number;
  /** Shift beyond the expected one, and the same shrunk toward the population. */
  readonly effect: number;
  readonly shrunk: number;
  /** 95 % interval of the effect. */
  readonly low: number;
  readonly high: number;
  readonly pValue: number;
  /** By Benjamini and Yekutieli, among what was asked when it was found. */
  readonly adjusted: number;
  readonly rows: number;
  /** Of the population's rows now. */
  readonly share: number;
}

export interface SlicesFound {
  /** Slices asked. */
  readonly tested: number;
  /** Slices were compared with their peers. */
  readonly moved: boolean;
  /** 1 where none could be asked. */
  readonly familyP: number;
  readonly worst: readonly WorstSlice[];
}

export interface SliceLimits {
  readonly level: number;
  readonly max: number;
  /** The least effect that is named; of a share also one that is half of what it was. */
  readonly floor: number;
}

export const usualLimits: SliceLimits = { level: 0.05, max: 5, floor: 0 };
const movedLevel = 0.01;
const residualLevel = 0.01;
const intervalZ = 1.959963984540054;

/** A slice already named, with what it brings into others. */
interface Picked {
  /** Places among the singles. */
  readonly members: readonly number[];
  readonly compared: Compared;
  readonly effect: number;
  readonly share: number;
}

interface Candidate {
  readonly members: readonly number[];
  readonly compared: Compared;
  readonly contrast: Contrast;
  readonly ownZ: number;
}

export function findWorstSlices(search: SliceSearch, limits: SliceLimits = usualLimits): SlicesFound {
  return new Hunt(search, limits).run();
}

class Hunt {
  readonly #search: SliceSearch;
  readonly #limits: SliceLimits;
  readonly #pairAt = new Map<string, PairSlice>();
  readonly #picked: Picked[] = [];
  readonly #worst: WorstSlice[] = [];

  constructor(search: SliceSearch, limits: SliceLimits) {
    this.#search = search;
    this.#limits = limits;
    for (const pair of search.pairs) this.#pairAt.set(pairKey(pair.first, pair.second), pair);
  }

  run(): SlicesFound {
    const moved = this.#hasMoved();
    const first = this.#singles();
    const shrinkage = shrinkageOf(first.map((one) => one.contrast));
    let familyP = this.#familyOf(first, first.length);
    let tested = first.length;
    this.#pickWhile(
      () => this.#singles(),
      shrinkage,
      (best) => this.#refine(best),
    );
    if (this.#worst.length < this.#limits.max && this.#leavesResidual()) {
      const pairs = this.#pairs();
      tested += pairs.length;
      familyP = Math.min(this.#familyOf(first, tested), this.#familyOf(pairs, tested));
      this.#pickWhile(
        () => this.#pairs(),
        shrinkage,
        (best) => best,
      );
    }
    return { tested, moved, familyP, worst: this.#worst };
  }

  #pickWhile(
    ask: () => readonly Candidate[],
    shrinkage: number,
    refine: (best: Candidate) => Candidate,
  ): void {
    while (this.#worst.length < this.#limits.max) {
      const candidates = ask();
      const adjusted = benjaminiYekutieli(candidates.map((one) => one.contrast.pValue));
      const at = worstOf(candidates, (one) => this.#isLarge(one));
      const best = candidates[at];
      if (best === undefined || (adjusted[at] as number) > this.#limits.level) return;
      this.#pick(refine(best), adjusted[at] as number, shrinkage);
    }
  }

  #pick(candidate: Candidate, adjusted: number, shrinkage: number): void {
    const { members, compared, contrast } = candidate;
    const share =
      compared.current.weight / Math.max(compared.current.weight, this.#search.total.current.weight);
    this.#picked.push({ members, compared, effect: contrast.effect, share });
    const half = intervalZ * Math.sqrt(contrast.variance);
    const n = 1 / (1 / contrast.rows + 1 / contrast.referenceRows);
    this.#worst.push({
      terms: members.map((member) => (this.#search.singles[member] as SingleSlice).term),
      before: meanOf(compared.reference),
      now: meanOf(compared.current),
      effect: contrast.effect,
      shrunk: contrast.effect * (n / (n + shrinkage)),
      low: contrast.effect - half,
      high: contrast.effect + half,
      pValue: contrast.pValue,
      adjusted,
      rows: contrast.rows,
      share,
    });
  }

  /** Bonferroni's p of the worst of those whose effect counts. */
  #familyOf(candidates: readonly Candidate[], tested: number): number {
    return candidates.reduce(
      (least, one) => (this.#isLarge(one) ? Math.min(least, one.contrast.pValue * tested) : least),
      1,
    );
  }

  #isLarge({ contrast, compared }: Candidate): boolean {
    const size = Math.abs(contrast.effect);
    if (size >= this.#limits.floor) return true;
    const before = meanOf(compared.reference);
    return this.#search.kind === 'share' && size >= 0.5 * Math.min(before, 1 - before);
  }

  /** What is left of the population without the slices named. */
  #rest(): Compared {
    return this.#picked.reduce((rest, one) => without(rest, one.compared), this.#search.total);
  }

  #hasMoved(): boolean {
    const { kind, fit } = this.#search;
    const contrast = contrastOf(this.#rest(), { kind, fit });
    return contrast !== undefined && contrast.pValue <= movedLevel;
  }

  #singles(): Candidate[] {
    return this.#candidates(this.#search.singles.map((one, at) => [[at], one] as const));
  }

  /** Pairs of which neither side was named. */
  #pairs(): Candidate[] {
    const named = new Set(this.#picked.flatMap((one) => one.members));
    const free = this.#search.pairs.filter((pair) => !named.has(pair.first) && !named.has(pair.second));
    return this.#candidates(free.map((pair) => [[pair.first, pair.second], pair] as const));
  }

  #candidates(slices: readonly (readonly [members: readonly number[], slice: Compared])[]): Candidate[] {
    const { kind, fit } = this.#search;
    const rest = this.#rest();
    const moved = this.#hasMoved();
    return slices.flatMap(([members, slice]) => {
      const left = this.#withoutPicked(members, slice);
      if (left === undefined || !hasRows(left.compared)) return [];
      const { compared, explained } = left;
      const own = contrastOf(compared, { kind, fit, explained });
      const peers = moved ? without(rest, compared) : undefined;
      const contrast = peers === undefined ? own : contrastOf(compared, { kind, fit, explained, peers });
      if (own === undefined || contrast === undefined) return [];
      return [{ members, compared, contrast, ownZ: Math.abs(own.z) }];
    });
  }

  /** The slice less the rows of those named, as far as they are known; else what they explain of its shift. */
  #withoutPicked(
    members: readonly number[],
    slice: Compared,
  ): { readonly compared: Compared; readonly explained: number } | undefined {
    let compared = slice;
    let explained = 0;
    for (const picked of this.#picked) {
      if (
        members.every((member) => picked.members.includes(member)) &&
        members.length >= picked.members.length
      )
        return undefined;
      const overlap = this.#overlapOf(members, picked);
      if (overlap === 'none') continue;
      if (overlap === 'unknown') explained += picked.share * picked.effect;
      else compared = without(compared, overlap);
    }
    return { compared, explained };
  }

  #overlapOf(members: readonly number[], picked: Picked): Compared | 'none' | 'unknown' {
    const fieldOf = (member: number) => this.#search.singles[member]?.term.field;
    const clash = members.some((member) =>
      picked.members.some((other) => other !== member && fieldOf(other) === fieldOf(member)),
    );
    if (clash) return 'none';
    if (members.length === 1 && picked.members.includes(members[0] as number)) return picked.compared;
    const [single] = members;
    const [other] = picked.members;
    if (members.length > 1 || picked.members.length > 1 || single === undefined || other === undefined)
      return 'unknown';
    return this.#pairAt.get(pairKey(single, other)) ?? 'unknown';
  }

  /** The one pair under a single that explains it: it has moved beyond the rest of the single, and that rest has not moved. */
  #refine(single: Candidate): Candidate {
    const { kind, fit } = this.#search;
    const [member] = single.members;
    if (member === undefined) return single;
    const under = this.#search.pairs.flatMap((pair) => {
      if (pair.first !== member && pair.second !== member) return [];
      const other = pair.first === member ? pair.second : pair.first;
      if (this.#picked.some((one) => one.members.includes(other))) return [];
      const peers = without(single.compared, pair);
      const contrast = contrastOf(pair, { kind, fit, peers });
      return contrast === undefined ? [] : [{ pair, peers, contrast, members: [member, other] }];
    });
    const best = under.reduce<(typeof under)[number] | undefined>(
      (a, b) => (a === undefined || isWorse(b.contrast, a.contrast) ? b : a),
      undefined,
    );
    if (best === undefined || best.contrast.pValue * under.length > this.#limits.level) return single;
    const rest = without(this.#rest(), single.compared);
    const peers = this.#hasMoved() ? rest : undefined;
    const left = contrastOf(best.peers, { kind, fit, peers });
    const found = contrastOf(best.pair, { kind, fit, peers });
    if (left === undefined || found === undefined || left.pValue <= residualLevel) return single;
    if (Math.sign(found.effect) !== Math.sign(single.contrast.effect)) return single;
    return { members: best.members, compared: best.pair, contrast: found, ownZ: Math.abs(found.z) };
  }

  /** Do the singles that are left vary more than by chance? */
  #leavesResidual(): boolean {
    const left = this.#singles();
    if (left.length === 0) return false;
    const square = left.reduce((sum, one) => sum + one.contrast.z ** 2, 0);
    return chiSquareUpper(square, left.length) <= residualLevel;
  }
}

function without(whole: Compared, part: Compared): Compared {
  return {
    current: minus(whole.current, part.current),
    reference: minus(whole.reference, part.reference),
  };
}

function pairKey(a: number, b: number): string {
  return a < b ? `${a},${b}` : `${b},${a}`;
}

/** By p, and by z where p has run out of digits. */
function isWorse(a: Contrast, b: Contrast): boolean {
  return a.pValue !== b.pValue ? a.pValue < b.pValue : Math.abs(a.z) > Math.abs(b.z);
}

/**
 * Where there are two values only, each is the other's peer and both differ by the same: then the one that has moved in its
 * own right is meant. Equal but for rounding counts as equal.
 */
function worstOf(candidates: readonly Candidate[], isMeant: (one: Candidate) => boolean): number {
  let at = -1;
  candidates.forEach((one, i) => {
    if (!isMeant(one)) return;
    const best = candidates[at];
    if (best === undefined) {
      at = i;
      return;
    }
    const gap = Math.abs(one.contrast.z) - Math.abs(best.contrast.z);
    const isTwin = Math.abs(gap) <= 1e-9 * Math.abs(best.contrast.z);
    if (isTwin ? one.ownZ > best.ownZ : isWorse(one.contrast, best.contrast)) at = i;
  });
  return at;
}

/** n₀: variance of a row over variance between slices; infinite where slices differ by no more than chance. */
function shrinkageOf(contrasts: readonly Contrast[]): number {
  let between = 0;
  let within = 0;
  for (const { effect, variance, rows, referenceRows } of contrasts) {
    between += effect * effect - variance;
    within += variance / (1 / rows + 1 / referenceRows);
  }
  return between > 0 ? within / between : Number.POSITIVE_INFINITY;
}
