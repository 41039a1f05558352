import { betaLower, betaQuantile } from '../../detectors/math/beta.ts';
import {
  binomialLower,
  binomialQuantile,
  binomialTerm,
  binomialUpper,
} from '../../detectors/math/binomial.ts';
import { chiSquareLower, chiSquareUpper, chiSquareUpperInverse } from '../../detectors/math/chi-square.ts';
import { digamma } from '../../detectors/math/digamma.ts';
import { fisherLower, fisherUpper, fisherUpperInverse } from '../../detectors/math/fisher-f.ts';
import { gammaLower, gammaUpper } from '../../detectors/math/gamma.ts';
import { kolmogorovUpper, kolmogorovUpperInverse } from '../../detectors/math/kolmogorov.ts';
import { logGamma } from '../../detectors/math/log-gamma.ts';
import { erf, erfc, normalLower, normalQuantile, normalUpper } from '../../detectors/math/normal.ts';
import { poissonLower, poissonTerm, poissonUpper } from '../../detectors/math/poisson.ts';
import { studentLower, studentQuantile, studentUpper } from '../../detectors/math/student-t.ts';
import type { GoldenCase } from './runner.ts';

type Numeric = (...args: [number, number, number]) => number;

/** By the names of the file; `sf` there is P(K > k), where our upper tails count k itself. */
const functions: Readonly<Record<string, Numeric>> = {
  beta_ppf: betaQuantile,
  betainc_regularized: (a, b, x) => betaLower(a, b, x),
  binom_cdf: binomialLower,
  binom_pmf: binomialTerm,
  binom_ppf: binomialQuantile,
  binom_sf: (k, n, p) => binomialUpper(k + 1, n, p),
  chi2_cdf: chiSquareLower,
  chi2_isf: chiSquareUpperInverse,
  chi2_sf: chiSquareUpper,
  digamma,
  erf,
  erfc,
  f_cdf: fisherLower,
  f_isf: fisherUpperInverse,
  f_sf: fisherUpper,
  gammainc_lower_regularized: gammaLower,
  gammainc_upper_regularized: gammaUpper,
  kolmogorov_isf: kolmogorovUpperInverse,
  kolmogorov_sf: kolmogorovUpper,
  lgamma: logGamma,
  normal_cdf: normalLower,
  normal_isf: (p) => -normalQuantile(p),
  normal_ppf: normalQuantile,
  normal_sf: normalUpper,
  poisson_cdf: poissonLower,
  poisson_pmf: poissonTerm,
  poisson_sf: (k, mean) => poissonUpper(Math.floor(k) + 1, mean),
  t_cdf: studentLower,
  t_isf: (p, df) => -studentQuantile(p, df),
  t_ppf: studentQuantile,
  t_sf: studentUpper,
};

export function run({ fn = '', args = [] }: GoldenCase): number {
  const compute = functions[fn];
  if (compute === undefined) throw new Error(`unknown function ${fn}`);
  const [a = 0, b = 0, c = 0] = args.map(Number);
  return compute(a, b, c);
}

const haveZeros = ['lgamma', 'digamma', 'normal_ppf', 'erf'];

/** Inverses have a wider tolerance, and functions with a zero an absolute one beside that which they have anyway. */
export function families(fn: string): readonly string[] {
  const usual = /_(ppf|isf)$/.test(fn) ? 'ppf_isf' : 'all';
  return haveZeros.includes(fn) ? [usual, 'lgamma,digamma,normal_ppf,erf near a zero'] : [usual];
}
