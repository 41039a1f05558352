import type { Series } from '../core/series.ts';
import { fingerprintOf } from './lifecycle.ts';

/** Digests kept, at most; then they are made anew. */
const keptMax = 50_000;

/** Fingerprints of alerts, kept: a thousand series ask for theirs each pane, and a digest costs more than all else. */
export class Fingerprints {
  readonly #sha256: (text: string) => string;
  readonly #known = new Map<string, string>();

  constructor(sha256: (text: string) => string) {
    this.#sha256 = sha256;
  }

  of(rule: string, series: Series): string {
    const { environment, model, signal, segment } = series;
    // Lengths, so that no name can imitate another's end.
    const key = `${rule.length}:${rule}${environment.length}:${environment}${model.length}:${model}${signal.length}:${signal}${segment ?? ''}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= keptMax) this.#known.clear();
    const made = fingerprintOf(rule, series, this.#sha256);
    this.#known.set(key, made);
    return made;
  }
}
