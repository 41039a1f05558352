/**
 * Do neighbouring rows of thin data resemble each other? A warm day follows a warm one: 31 of them are worth a few.
 *
 * Kept is where each of the last panes with few rows lay (its mean bin, from 0 to 1). Within a window rho is the correlation
 * of neighbours about the window's own mean, so that a lasting shift does not count; for levels, by how much neighbours
 * agree more often than chance lets them (Cohen's form). Its bias (1 + 3 rho)/n (Kendall 1954) and its standard error 1/√n
 * are added, as so few rows hardly tell; rows are then worth (1 − rho)/(1 + rho) of independent ones (Bartlett 1946).
 */
const keptMax = 256;
const rhoMax = 0.9;
const neighboursMin = 8;
/** Where too few are known, as after a restart: rho of a half. */
const clusteringUnknown = 3;
/** Panes with more rows are not thin. */
export const thinPaneRowsMax = 8;

export class RecentPanes {
  readonly #ticks = new Int32Array(keptMax);
  readonly #positions = new Float64Array(keptMax);
  #size = 0;

  /** In rising order of ticks. */
  add(tick: number, position: number): void {
    const at = this.#size % keptMax;
    this.#ticks[at] = tick;
    this.#positions[at] = position;
    this.#size++;
  }

  /** So many rows of the window are worth one. */
  clusteringIn(fromTick: number, endTick: number, kind: 'ordered' | 'levels'): number {
    const inside: number[] = [];
    for (let i = Math.max(0, this.#size - keptMax); i < this.#size; i++) {
      const tick = this.#ticks[i % keptMax] as number;
      if (tick >= fromTick && tick < endTick) inside.push(this.#positions[i % keptMax] as number);
    }
    if (inside.length < neighboursMin) return clusteringUnknown;
    const found = kind === 'ordered' ? correlation(inside) : agreement(inside);
    if (found === undefined) return 1;
    const size = inside.length;
    const unbiased = found + (1 + 3 * Math.max(0, found)) / size;
    const rho = Math.min(rhoMax, Math.max(0, unbiased + 1 / Math.sqrt(size)));
    return (1 + rho) / (1 - rho);
  }
}

/** Undefined where all are equal: that is as far as a window can move, and says nothing of neighbours. */
function correlation(values: readonly number[]): number | undefined {
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
  let together = 0;
  let squares = 0;
  values.forEach((value, i) => {
    squares += (value - mean) ** 2;
    if (i > 0) together += (value - mean) * ((values[i - 1] as number) - mean);
  });
  return squares > 0 ? together / squares : undefined;
}

function agreement(levels: readonly number[]): number | undefined {
  const counts = new Map<number, number>();
  let same = 0;
  levels.forEach((level, i) => {
    counts.set(level, (counts.get(level) ?? 0) + 1);
    if (level === levels[i - 1]) same++;
  });
  let chance = 0;
  for (const count of counts.values()) chance += (count / levels.length) ** 2;
  return chance < 1 ? (same / (levels.length - 1) - chance) / (1 - chance) : undefined;
}
