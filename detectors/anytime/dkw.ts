/**
 * How far a whole distribution function may be from the one seen, at every value at once.
 *
 * At one n that was fixed before (Dvoretzky, Kiefer and Wolfowitz, constant by Massart 1990): √(ln(2/alpha)/(2n)). At all
 * n at once: 0.85·√((ln ln(e·n) + 0.8·ln(1612/alpha))/n), so that it may be read as often as one likes; about twice as wide.
 *
 * Both are at most 1, whatever the formula says of few rows. Source: Howard and Ramdas, Bernoulli 28 (2022) 1704.
 */
export function dkwHalfWidth(n: number, alpha: number): number {
  return n > 0 ? Math.sqrt(Math.log(2 / alpha) / (2 * n)) : 1;
}

/** For n ≥ 1; 1 for fewer. */
export function dkwSequenceHalfWidth(n: number, alpha: number): number {
  if (!(n >= 1)) return 1;
  return 0.85 * Math.sqrt((Math.log(1 + Math.log(n)) + 0.8 * Math.log(1612 / alpha)) / n);
}
