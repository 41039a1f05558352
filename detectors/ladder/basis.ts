/**
 * Polynomials of degree 1 to 4 over the bins, orthonormal under the expected shares e: Σ_j e_j V_kj V_lj = 1 if k = l, else
 * 0, and orthogonal to the constant.
 *
 * The idea: a change of a distribution is mostly smooth. Degree 1 sees location, 2 spread, 3 skew, 4 tails; four numbers
 * say it with more power than twenty free bins. They must be orthonormal under the shares expected of this very window:
 * under the overall shares a season would leak into them.
 *
 * 1. V_k is positive at the last bin, so z₁ > 0 means higher.
 * 2. Each comes from u times the one before, made orthogonal to the two before it: the others already are (Stieltjes;
 *    Gautschi, Orthogonal Polynomials, 2004, §2.2). Powers of u through Gram–Schmidt lose digits, and cost three times more.
 * 3. |V_kj| ≤ 1/√e_j. A bin of next to no share would get a huge weight from extrapolation, and a single row in it an
 *    alarm: below `shareFew` it has the weight of its neighbour towards the middle. The exact test of bins sees it still.
 * 4. Fewer than five bins with a share leave the higher degrees at zero.
 */
export const order = 4;
const shareFew = 0.002;
const normMin = 1e-10;

/** Row k - 1 at (k - 1) · B holds V_k. */
export type Basis = Float64Array;

/** Arrays for callers who ask often; `basis` is what is answered, and lasts until the next question. */
export interface BasisRoom {
  /** The constant, then the basis. */
  readonly columns: Float64Array;
  readonly basis: Basis;
}

export function newBasisRoom(bins: number): BasisRoom {
  const columns = new Float64Array((order + 1) * bins);
  return { columns, basis: columns.subarray(bins) };
}

export function orthonormalBasis(
  expected: Float64Array,
  room: BasisRoom = newBasisRoom(expected.length),
): Basis {
  const size = expected.length;
  const { columns, basis } = room;
  columns.fill(1, 0, size);
  normalise(columns, 0, expected);
  for (let k = 1; k <= order; k++) {
    for (let j = 0; j < size; j++) {
      const u = (2 * j + 1) / size - 1;
      columns[k * size + j] = u * (columns[(k - 1) * size + j] as number);
    }
    projectOut(columns, k, k - 1, expected);
    if (k >= 2) projectOut(columns, k, k - 2, expected);
    projectOut(columns, k, k - 1, expected);
    normalise(columns, k, expected);
  }
  tameThinBins(basis, expected);
  return basis;
}

/** Takes column l out of column k. */
function projectOut(columns: Float64Array, k: number, l: number, expected: Float64Array): void {
  const size = expected.length;
  const to = k * size;
  const from = l * size;
  let along = 0;
  for (let j = 0; j < size; j++)
    along += (expected[j] as number) * (columns[to + j] as number) * (columns[from + j] as number);
  for (let j = 0; j < size; j++)
    columns[to + j] = (columns[to + j] as number) - along * (columns[from + j] as number);
}

/** To length 1, positive at the last bin. */
function normalise(columns: Float64Array, k: number, expected: Float64Array): void {
  const size = expected.length;
  const at = k * size;
  let square = 0;
  for (let j = 0; j < size; j++) {
    const one = columns[at + j] as number;
    square += (expected[j] as number) * one * one;
  }
  const sign = (columns[at + size - 1] as number) < 0 ? -1 : 1;
  const factor = square > normMin ? sign / Math.sqrt(square) : 0;
  for (let j = 0; j < size; j++) columns[at + j] = (columns[at + j] as number) * factor;
}

function tameThinBins(basis: Basis, expected: Float64Array): void {
  const size = expected.length;
  const middle = Math.floor(size / 2);
  for (let j = middle; j < size; j++) copyFrom(basis, expected, j, j - 1);
  for (let j = middle - 1; j >= 0; j--) copyFrom(basis, expected, j, j + 1);
}

function copyFrom(basis: Basis, expected: Float64Array, to: number, from: number): void {
  const size = expected.length;
  if ((expected[to] as number) >= shareFew || from < 0) return;
  for (let k = 0; k < order; k++) basis[k * size + to] = basis[k * size + from] as number;
}
