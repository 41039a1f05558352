/**
 * How values fall into cells. Frozen with the reference; `id` is a digest of its content, so counters of equal id add up.
 *
 * - `numeric`: cell i holds edges[i-1] < v ≤ edges[i]; cell 0 lies at or below the first edge, the last cell above the
 *   last one. `edges` are strictly rising. `group[cell]` is the ventile 0..19 of the reference the cell lies in;
 *   the decile is `group >> 1`. One entry in `group` per cell: edges.length + 1.
 * - `levels`: one cell per named level, the last cell is the rest (every level without a cell).
 * - `log`: log-linear cells of fixed resolution for quantities judged by quantile, mean and total, not by shape.
 */
export type Scale = NumericScale | LevelsScale | LogScale;

export interface NumericScale {
  readonly kind: 'numeric';
  readonly id: string;
  readonly edges: Float64Array;
  readonly group: Uint8Array;
  /** Made from the edges, to find cells sooner. */
  readonly starts?: CellStarts | undefined;
}

/** By place on an even grid: the first cell that a value there can lie in. */
export interface CellStarts {
  readonly low: number;
  /** Places per unit of value. */
  readonly factor: number;
  readonly first: Uint8Array;
}

export interface LevelsScale {
  readonly kind: 'levels';
  readonly id: string;
  /** Cell by level; cells are 0..size-1, and cell `size` is the rest. */
  readonly cells: ReadonlyMap<string, number>;
}

export interface LogScale {
  readonly kind: 'log';
  readonly id: string;
}
