/**
 * The digamma function ψ(x) = d/dx ln Γ(x).
 *
 * Below 6 it is shifted up by ψ(x) = ψ(x + 1) − 1/x, and from there the asymptotic series (Abramowitz and Stegun 6.3.18)
 * is exact to the last digits; negative numbers by reflection (6.3.7). Absolute error 1e-14 near its zero at 1.4616; NaN
 * at 0, −1, −2 …, where it has poles.
 */
const seriesFrom = 6;
/** B(2k) / 2k. */
const terms = [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12, -3617 / 8160] as const;

export function digamma(x: number): number {
  if (x <= 0) {
    return Number.isInteger(x) ? Number.NaN : digamma(1 - x) - Math.PI / Math.tan(Math.PI * x);
  }
  let shifted = x;
  let sum = 0;
  while (shifted < seriesFrom) sum -= 1 / shifted++;
  const square = 1 / (shifted * shifted);
  const series = terms.reduceRight((rest, term) => (rest + term) * square, 0);
  return sum + Math.log(shifted) - 0.5 / shifted - series;
}
