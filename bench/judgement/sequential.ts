/** What may be looked at as often as one likes: does it keep its word when nothing is wrong? */
import { shortfallLogE } from '../../detectors/anytime/mixture-evidence.ts';
import { judgePairs } from '../../detectors/anytime/paired-gate.ts';
import { SeededRandom } from './random.ts';

export interface Share {
  readonly events: number;
  readonly runs: number;
}

const pairsMost = 20_000;
const pairsPerLook = 50;
const discordance = 0.06;
const margin = 0.02;

/** Candidates that are worse by just the margin, looked at each 50 pairs: how many pass? */
export function falsePasses(runs: number, seed: number): Share {
  const random = new SeededRandom(seed, 51);
  const onlyCandidateShare = (discordance - margin) / 2;
  let events = 0;
  for (let run = 0; run < runs; run++) {
    let onlyCandidate = 0;
    let onlyIncumbent = 0;
    for (let n = pairsPerLook; n <= pairsMost; n += pairsPerLook) {
      const differing = random.binomial(pairsPerLook, discordance);
      const better = random.binomial(differing, onlyCandidateShare / discordance);
      onlyCandidate += better;
      onlyIncumbent += differing - better;
      const { decision } = judgePairs({ n, onlyCandidate, onlyIncumbent });
      if (decision === 'pass') events++;
      if (decision !== 'hold') break;
    }
  }
  return { events, runs };
}

const target = 0.35;
const usersPerDay = 100;
const days = 90;
/** A notice at e of 20: once in 20 by its promise, however long one looks. */
const noticeLogE = Math.log(20);

/** Adoption that is just at its target, looked at each day of a quarter: how often is a notice sent? */
export function falseNotices(runs: number, seed: number): Share {
  const random = new SeededRandom(seed, 52);
  let events = 0;
  for (let run = 0; run < runs; run++) {
    let adopted = 0;
    for (let day = 1; day <= days; day++) {
      adopted += random.binomial(usersPerDay, target);
      if (shortfallLogE(adopted, day * usersPerDay, target) < noticeLogE) continue;
      events++;
      break;
    }
  }
  return { events, runs };
}
