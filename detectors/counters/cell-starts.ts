/**
 * Where to begin looking for the cell of a value: a table over an even grid from the first edge to the last one. From
 * there it is a step to the right for each edge below the value, one half on average, where a halving search takes six.
 *
 * Law (test/property/counters.test.ts): the cell found is that of the halving search. An entry holds how many edges lie in
 * places before its own; as places never fall with the value, all of these edges are below it.
 */
import type { CellStarts } from '../../core/scale.ts';

const places = 128;
/** Steps from an entry, on average over the cells; more, as with heavy tails on an even grid, and halving is as fast. */
const stepsMax = 2;

/** Undefined where an even grid is of no use. */
export function cellStarts(edges: Float64Array): CellStarts | undefined {
  const low = edges[0];
  const high = edges.at(-1);
  if (low === undefined || high === undefined || edges.length > 255) return undefined;
  const factor = places / (high - low);
  if (!(factor > 0) || !Number.isFinite(factor)) return undefined;
  const first = new Uint8Array(places);
  let steps = 0;
  let edge = 0;
  for (let place = 0; place < places; place++) {
    first[place] = edge;
    const before = edge;
    while (edge < edges.length && placeOf(edges[edge] as number, low, factor) <= place) edge++;
    // Each cell holds about as many values: those that end in this place step over the ones before them in it.
    steps += ((edge - before) * (edge - before)) / 2;
  }
  return steps / edges.length <= stepsMax ? { low, factor, first } : undefined;
}

function placeOf(value: number, low: number, factor: number): number {
  return Math.min(places - 1, Math.max(0, Math.floor((value - low) * factor)));
}

/** The first cell that the value can lie in. */
export function startOf({ low, factor, first }: CellStarts, value: number): number {
  const place = (value - low) * factor;
  if (!(place > 0)) return 0;
  return first[place < places ? place | 0 : places - 1] as number;
}
