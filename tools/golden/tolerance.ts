/**
 * How near a computed number must be to a golden one. Each file has a table by names, and a number's tolerance is the
 * first that is there:
 *
 * 1. that of its own key, such as `cramers_v`;
 * 2. that of a key above it, the nearest first; or of the case's name;
 * 3. that of its family: what the file's module names, a name in a list such as `T,z,psi`, or a name with which the key
 *    begins, so that `p` holds for `p_two_sided` and `thresholds` for `threshold_alpha_0_05`;
 * 4. `all`; and if that is missing, a relative 1e-9.
 */
export interface Tolerance {
  readonly rel?: number;
  readonly abs?: number;
}

export type ToleranceTable = Readonly<Record<string, Tolerance | 'exact' | 'informative'>>;

const fallback: Tolerance = { rel: 1e-9 };

/** A value passes within `abs`, or within `rel` of the wanted one; a missing bound is 0; equal infinities and NaN pass. */
export function passes(got: unknown, want: number, tolerance: Tolerance): boolean {
  if (typeof got !== 'number') return false;
  if (Number.isNaN(want) || !Number.isFinite(want)) return Object.is(got, want);
  const off = Math.abs(got - want);
  return off <= (tolerance.abs ?? 0) || off <= (tolerance.rel ?? 0) * Math.abs(want);
}

/** `keys` are those above the number, the outermost first. */
export function tolerancesOf(
  table: ToleranceTable,
  keys: readonly string[],
  caseName: string,
  families: readonly string[],
): Tolerance | 'informative' {
  const own = [...keys.toReversed(), caseName].find((key) => Object.hasOwn(table, key));
  if (own !== undefined) return plain(table[own]);
  const named = families.filter((family) => Object.hasOwn(table, family));
  if (named.length > 0) return widest(named.map((family) => plain(table[family])));
  const family = Object.keys(table).find((name) => isFamilyOf(name, keys));
  if (family !== undefined) return plain(table[family]);
  return plain(table['all'] ?? fallback);
}

function isFamilyOf(name: string, keys: readonly string[]): boolean {
  const key = keys.at(-1) ?? '';
  return name.split(',').some((part) => {
    const singular = part.replace(/s$/, '');
    return key === part || key.startsWith(`${part}_`) || key.startsWith(`${singular}_`);
  });
}

function plain(tolerance: Tolerance | 'exact' | 'informative' | undefined): Tolerance | 'informative' {
  if (tolerance === 'exact') return { abs: 0 };
  return tolerance ?? fallback;
}

function widest(tolerances: readonly (Tolerance | 'informative')[]): Tolerance | 'informative' {
  if (tolerances.includes('informative')) return 'informative';
  const bounds = tolerances as readonly Tolerance[];
  return {
    rel: Math.max(...bounds.map((one) => one.rel ?? 0)),
    abs: Math.max(...bounds.map((one) => one.abs ?? 0)),
  };
}
