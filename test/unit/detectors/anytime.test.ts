import { expect, test } from 'vitest';
import { alphaSpent } from '../../../detectors/anytime/alpha-spending.ts';
import { dkwHalfWidth, dkwSequenceHalfWidth } from '../../../detectors/anytime/dkw.ts';
import { type EDetectorState, eDetectorStep } from '../../../detectors/anytime/e-detectors.ts';
import { betaLogE, dirichletLogE, shortfallLogE } from '../../../detectors/anytime/mixture-evidence.ts';
import {
  mixtureScale,
  normalMixtureHalfWidth,
  normalMixtureLogE,
} from '../../../detectors/anytime/normal-mixture.ts';
import { judgePairs, pairsMin } from '../../../detectors/anytime/paired-gate.ts';
import { normalsFrom, uniformFrom } from '../../support/detector-data.ts';

test('the interval of the normal mixture is where its e-value is below 1 / alpha', () => {
  const [n, variance, rho, alpha] = [250, 2, 60, 0.01];
  const sum = n * normalMixtureHalfWidth(n, variance, rho, alpha);
  expect(normalMixtureLogE({ sum, n, variance }, rho)).toBeCloseTo(-Math.log(alpha), 10);
});

test('over 300 streams of 2,000 looks the truth leaves the sequence in at most alpha of them', () => {
  const alpha = 0.1;
  const rho = mixtureScale(500, 1, alpha);
  let left = 0;
  for (let seed = 1; seed <= 300; seed++) {
    let sum = 0;
    const leaves = normalsFrom(seed, 2_000).some((value, i) => {
      sum += value;
      return Math.abs(sum / (i + 1)) > normalMixtureHalfWidth(i + 1, 1, rho, alpha);
    });
    if (leaves) left++;
  }
  expect(left / 300).toBeLessThan(0.13);
  expect(left).toBeGreaterThan(3);
});

test('the scale makes the sequence tightest where it was asked to', () => {
  const at = (rho: number) => normalMixtureHalfWidth(1_000, 1, rho, 0.05);
  const best = at(mixtureScale(1_000, 1, 0.05));
  for (const factor of [0.5, 0.8, 1.25, 2])
    expect(at(factor * mixtureScale(1_000, 1, 0.05))).toBeGreaterThanOrEqual(best);
});

/** Pairs looked at every 50: the first answer that is no hold. */
function gate(seed: number, better: number, worse: number, pairsMost: number) {
  const uniform = uniformFrom(seed);
  const counts = { n: 0, onlyCandidate: 0, onlyIncumbent: 0 };
  for (let n = 1; n <= pairsMost; n++) {
    const luck = uniform();
    counts.n = n;
    if (luck < better) counts.onlyCandidate++;
    else if (luck < better + worse) counts.onlyIncumbent++;
    const { decision } = judgePairs(counts);
    if (n % 50 === 0 && decision !== 'hold') return { decision, n };
  }
  return { decision: 'hold' as const, n: pairsMost };
}

test('the gate passes few candidates at the margin, equal ones in good time, and fails bad ones', () => {
  const runs = (better: number, worse: number) =>
    Array.from({ length: 200 }, (_, seed) => gate(seed + 1, better, worse, 6_000));
  const passed = (list: readonly { readonly decision: string }[]) =>
    list.filter((one) => one.decision === 'pass').length;
  expect(passed(runs(0.02, 0.04))).toBeLessThan(12);
  const equal = runs(0.03, 0.03);
  expect(passed(equal)).toBeGreaterThan(190);
  const median = equal.map((one) => one.n).sort((a, b) => a - b)[100] as number;
  expect(median).toBeGreaterThan(800);
  expect(median).toBeLessThan(1_600);
  expect(runs(0.01, 0.09).filter((one) => one.decision === 'fail').length).toBeGreaterThan(180);
});

test('the gate holds without pairs, and with too few of them', () => {
  expect(judgePairs({ n: 0, onlyCandidate: 0, onlyIncumbent: 0 }).decision).toBe('hold');
  const early = { n: pairsMin - 1, onlyCandidate: pairsMin - 1, onlyIncumbent: 0 };
  expect(judgePairs(early).decision).toBe('hold');
  expect(judgePairs({ ...early, n: pairsMin, onlyCandidate: pairsMin }).decision).toBe('pass');
});

test('bounds of a distribution function: the sequence is wider, both are 1 of nothing', () => {
  for (const n of [1, 10, 1_000, 1e6])
    expect(dkwSequenceHalfWidth(n, 0.05)).toBeGreaterThan(dkwHalfWidth(n, 0.05));
  expect([dkwHalfWidth(0, 0.05), dkwSequenceHalfWidth(0, 0.05)]).toEqual([1, 1]);
});

test('the Beta mixture is the Dirichlet of two cells, and a cell that cannot be rules everything out', () => {
  expect(betaLogE(7, 50, 0.1, [1, 2])).toBe(dirichletLogE([7, 43], [0.1, 0.9], [1, 2]));
  expect(dirichletLogE([1, 9], [0, 1], [0.5, 0.5])).toBe(Number.POSITIVE_INFINITY);
  expect(dirichletLogE([0, 0], [0.5, 0.5], [0.5, 0.5])).toBeCloseTo(0, 12);
});

test('a share below its target is found, one at it is not, above it nothing is said', () => {
  const days = (share: number, seed: number) => {
    const uniform = uniformFrom(seed);
    let successes = 0;
    for (let day = 1; day <= 90; day++) {
      for (let user = 0; user < 100; user++) if (uniform() < share) successes++;
      if (shortfallLogE(successes, day * 100, 0.35) >= Math.log(20)) return day;
    }
    return 91;
  };
  const found = Array.from({ length: 60 }, (_, seed) => days(0.28, seed + 1)).sort((a, b) => a - b);
  expect(found[30]).toBeLessThan(8);
  const falsely = Array.from({ length: 200 }, (_, seed) => days(0.35, seed + 1)).filter((day) => day <= 90);
  expect(falsely.length).toBeLessThan(12);
  expect(shortfallLogE(900, 1_000, 0.35)).toBeLessThan(-10);
  expect(shortfallLogE(0, 1_000, 0.02)).toBe(0);
  expect(Number.isFinite(shortfallLogE(0, 1e9, 0.5))).toBe(true);
});

test('all of alpha is spent at the end, none before the start', () => {
  for (const rule of ['obrien_fleming', 'pocock', { power: 3 }] as const) {
    expect(alphaSpent(rule, 0.05, 0)).toBe(0);
    expect(alphaSpent(rule, 0.05, 1)).toBeCloseTo(0.05, 12);
    expect(alphaSpent(rule, 0.05, 1.7)).toBeCloseTo(0.05, 12);
  }
});

test('e-detectors keep finite numbers for JSON, whatever comes', () => {
  let state: EDetectorState | undefined;
  for (const logE of [-1e308, Number.NEGATIVE_INFINITY, 5, Number.NaN, 1e308, Number.POSITIVE_INFINITY, -3]) {
    ({ state } = eDetectorStep(state, logE));
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
    expect(Object.values(state).every(Number.isFinite)).toBe(true);
  }
});

test('an e-detector at A = 200 has its first alarm after 200 quiet looks or more, on average', () => {
  const first = Array.from({ length: 200 }, (_, seed) => {
    let state: EDetectorState | undefined;
    const values = normalsFrom(seed + 1, 20_000);
    // The likelihood ratio of a shift by 0.5.
    return values.findIndex((value) => {
      ({ state } = eDetectorStep(state, 0.5 * value - 0.125));
      return state.logShiryaevRoberts >= Math.log(200);
    });
  });
  expect(first.every((index) => index >= 0)).toBe(true);
  expect(first.reduce((sum, index) => sum + index + 1, 0) / 200).toBeGreaterThan(200);
});
