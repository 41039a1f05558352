import type { Labels } from '../../core/labels.ts';
import type { MetricSpec } from '../../core/metrics.ts';

/** Series of one metric, at most, whatever its labels allow. */
export const seriesMax = 1_000;
const other = 'other';

export interface LabelFolder {
  /** The labels under which an update is kept; `folded` when a value had to become `other`. */
  fold(labels: Labels): { readonly labels: Labels; readonly folded: boolean };
  /** The series that exist from the start: none where a label is capped and not closed. */
  closedCombinations(): readonly Labels[];
  /** Forgets the values seen, after the series have been taken away. */
  forget(): void;
}

/** Keeps one metric within its caps: which values a label may have, how many, and how many series in all. */
export function createLabelFolder(spec: NonNullable<MetricSpec['labels']>): LabelFolder {
  return new CappedLabels(spec);
}

/** By the value of one label: the next one, or the labels themselves. */
interface Branch extends Map<string, Branch | Labels> {}

class CappedLabels implements LabelFolder {
  readonly #labels: readonly (readonly [name: string, allowed: readonly string[] | number])[];
  readonly #seen = new Map<string, Set<string>>();
  /** Labels as they are kept, by one value after the other: the usual update costs a look-up each and makes no text. */
  #series: Branch = new Map();
  #size = 0;

  constructor(spec: NonNullable<MetricSpec['labels']>) {
    this.#labels = Object.entries(spec);
  }

  fold(labels: Labels): { readonly labels: Labels; readonly folded: boolean } {
    const known = this.#find(labels);
    if (known !== undefined) return { labels: known, folded: false };
    const kept = this.#keepEach(labels);
    if (this.#find(kept) === undefined && this.#size >= seriesMax) {
      return { labels: this.#keepNone(kept), folded: true };
    }
    this.#remember(kept);
    return { labels: kept, folded: this.#labels.some(([name]) => kept[name] !== labels[name]) };
  }

  closedCombinations(): readonly Labels[] {
    let combinations: Labels[] = [{}];
    for (const [name, allowed] of this.#labels) {
      if (typeof allowed === 'number') return [];
      combinations = combinations.flatMap((labels) => allowed.map((value) => ({ ...labels, [name]: value })));
    }
    return combinations;
  }

  forget(): void {
    this.#seen.clear();
    this.#series = new Map();
    this.#size = 0;
  }

  #keepEach(labels: Labels): Labels {
    const kept: Record<string, string> = {};
    for (const [name, allowed] of this.#labels) kept[name] = this.#keepOne(name, allowed, labels[name] ?? '');
    return kept;
  }

  #keepOne(name: string, allowed: readonly string[] | number, value: string): string {
    if (typeof allowed !== 'number') return allowed.includes(value) ? value : other;
    const seen = this.#seen.get(name) ?? new Set<string>();
    this.#seen.set(name, seen);
    if (!seen.has(value) && seen.size >= allowed) return other;
    seen.add(value);
    return value;
  }

  /** Over the cap of the whole metric: every label that is not closed becomes `other`. */
  #keepNone(labels: Labels): Labels {
    const kept: Record<string, string> = {};
    for (const [name, allowed] of this.#labels) {
      kept[name] = typeof allowed === 'number' ? other : (labels[name] ?? other);
    }
    return kept;
  }

  /** Of a metric without labels there is nothing to find. */
  #find(labels: Labels): Labels | undefined {
    let at: Branch | Labels | undefined = this.#series;
    for (const [name] of this.#labels) {
      if (!(at instanceof Map)) return undefined;
      at = at.get(labels[name] ?? '');
    }
    return at instanceof Map ? undefined : at;
  }

  #remember(kept: Labels): void {
    let at = this.#series;
    this.#labels.forEach(([name], i) => {
      const value = kept[name] ?? '';
      const known = at.get(value);
      if (i === this.#labels.length - 1) {
        if (known === undefined) this.#size++;
        at.set(value, kept);
        return;
      }
      const next: Branch = known instanceof Map ? known : new Map();
      at.set(value, next);
      at = next;
    });
  }
}
