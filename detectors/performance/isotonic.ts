/**
 * Isotonic regression: the rising step function nearest to the points in squares, by pooling adjacent violators.
 *
 * Points of equal x are averaged first, by weight. Between the x that were seen it is read by straight lines, outside them
 * it stays at its ends. It takes O(n log n) for the sorting and O(n) for the pooling.
 *
 * Source: Barlow, Bartholomew, Bremner and Brunk (1972); the form is that of scikit-learn with `out_of_bounds='clip'`.
 */
export interface IsotonicFit {
  /** Strictly rising. */
  readonly x: readonly number[];
  /** One per x, never falling. */
  readonly y: readonly number[];
}

interface Block {
  readonly weight: number;
  readonly mean: number;
  /** Distinct x in it. */
  readonly size: number;
}

export function fitIsotonic(x: readonly number[], y: readonly number[]): IsotonicFit {
  const points = averageTies(x, y);
  const blocks: Block[] = [];
  for (const { weight, mean } of points) {
    let block: Block = { weight, mean, size: 1 };
    for (let last = blocks.at(-1); last !== undefined && last.mean >= block.mean; last = blocks.at(-1)) {
      blocks.pop();
      block = pool(last, block);
    }
    blocks.push(block);
  }
  return {
    x: points.map((point) => point.x),
    y: blocks.flatMap(({ mean, size }) => new Array<number>(size).fill(mean)),
  };
}

function pool(a: Block, b: Block): Block {
  const weight = a.weight + b.weight;
  return { weight, mean: (a.mean * a.weight + b.mean * b.weight) / weight, size: a.size + b.size };
}

function averageTies(
  x: readonly number[],
  y: readonly number[],
): readonly { readonly x: number; readonly mean: number; readonly weight: number }[] {
  const order = x.map((_, i) => i).sort((a, b) => (x[a] as number) - (x[b] as number));
  const points: { x: number; mean: number; weight: number }[] = [];
  for (const i of order) {
    const last = points.at(-1);
    const value = y[i] ?? 0;
    if (last === undefined || last.x !== x[i]) points.push({ x: x[i] as number, mean: value, weight: 1 });
    else {
      last.weight++;
      last.mean += (value - last.mean) / last.weight;
    }
  }
  return points;
}

/** The fitted value at x; 0 of a fit to no points. */
export function isotonicAt(fit: IsotonicFit, x: number): number {
  const last = fit.x.length - 1;
  if (last < 0) return 0;
  if (!(x > (fit.x[0] as number))) return fit.y[0] as number;
  if (x >= (fit.x[last] as number)) return fit.y[last] as number;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((fit.x[middle] as number) <= x) low = middle;
    else high = middle;
  }
  const [x0, x1] = [fit.x[low] as number, fit.x[high] as number];
  const [y0, y1] = [fit.y[low] as number, fit.y[high] as number];
  return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}
