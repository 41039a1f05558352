import { alphaSpent } from '../../detectors/anytime/alpha-spending.ts';
import { dkwHalfWidth, dkwSequenceHalfWidth } from '../../detectors/anytime/dkw.ts';
import { type EDetectorState, eDetectorStep } from '../../detectors/anytime/e-detectors.ts';
import { betaLogE, dirichletLogE } from '../../detectors/anytime/mixture-evidence.ts';
import { normalMixtureHalfWidth, normalMixtureLogE } from '../../detectors/anytime/normal-mixture.ts';
import type { GoldenCase } from './runner.ts';

type Numbers = Readonly<
  Record<
    | 'sum'
    | 'n'
    | 'sigma2'
    | 'rho2'
    | 'alpha'
    | 'successes'
    | 'p0'
    | 'prior_a'
    | 'prior_b'
    | 'information_fraction',
    number
  >
>;
type Lists = Readonly<Record<'counts' | 'p0' | 'prior' | 'e', readonly number[]>>;

export function run({ kind, input }: GoldenCase): unknown {
  const given = input as Numbers;
  const lists = input as Lists;
  const { n, alpha, sigma2: variance, rho2: rho } = given;
  switch (kind) {
    case 'normal_mixture_e_value': {
      const logE = normalMixtureLogE({ sum: given.sum, n, variance }, rho);
      return { log_e: logE, e: Math.exp(logE) };
    }
    case 'normal_mixture_cs':
      return { half_width: normalMixtureHalfWidth(n, variance, rho, alpha) };
    case 'dkw_confidence_sequence':
      return { sup_half_width: dkwSequenceHalfWidth(n, alpha), fixed_n_dkw: dkwHalfWidth(n, alpha) };
    case 'beta_binomial_e_value':
      return { log_e: betaLogE(given.successes, n, given.p0, [given.prior_a, given.prior_b]) };
    case 'dirichlet_multinomial_e_value':
      return { log_e: dirichletLogE(lists.counts, lists.p0, lists.prior) };
    case 'alpha_spending':
      return {
        obrien_fleming: alphaSpent('obrien_fleming', alpha, given.information_fraction),
        pocock: alphaSpent('pocock', alpha, given.information_fraction),
        power_family_3: alphaSpent({ power: 3 }, alpha, given.information_fraction),
      };
    case 'e_detector':
      return eDetectors(lists.e);
    default:
      throw new Error(`unknown kind ${kind}`);
  }
}

function eDetectors(values: readonly number[]) {
  let state: EDetectorState | undefined;
  const found = { shiryaev_roberts: [] as number[], cusum: [] as number[] };
  for (const e of values) {
    ({ state } = eDetectorStep(state, Math.log(e)));
    found.shiryaev_roberts.push(Math.exp(state.logShiryaevRoberts));
    found.cusum.push(Math.exp(state.logCusum));
  }
  return found;
}
