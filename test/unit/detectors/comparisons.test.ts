/** Detectors that compare a window with its reference: their numbers against scipy's and mpmath's, and what they say. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Counters } from '../../../core/pane.ts';
import type { LevelsScale, NumericScale, Scale } from '../../../core/scale.ts';
import { andersonDarling } from '../../../detectors/anderson-darling.ts';
import { chiSquare } from '../../../detectors/chi-square.ts';
import { newCounters } from '../../../detectors/counters/counters.ts';
import { cramerVonMises } from '../../../detectors/cramer-von-mises.ts';
import type { Detector } from '../../../detectors/detector.ts';
import { energy } from '../../../detectors/energy.ts';
import { gTest } from '../../../detectors/g-test.ts';
import { hellinger } from '../../../detectors/hellinger.ts';
import { jensenShannon } from '../../../detectors/jensen-shannon.ts';
import { klDivergence } from '../../../detectors/kl-divergence.ts';
import { totalVariation } from '../../../detectors/total-variation.ts';
import { wasserstein } from '../../../detectors/wasserstein.ts';
import { countNumbers, normalReference, normalsFrom } from '../../support/detector-data.ts';

const shared = { alpha: 1e-6, signal: 'input.kind' };

function judge(
  detector: Detector,
  scale: Scale,
  counters: readonly [Counters, Counters],
  options: unknown = {},
) {
  const [reference, current] = counters;
  return detector.judge({ ...shared, scale, reference, current, options: detector.options.parse(options) });
}

/** Counters with the given counts in the cells of named levels. */
function ofLevels(before: readonly number[], now: readonly number[]) {
  const cells = new Map(before.map((_, i) => [`level ${i}`, i]));
  const scale: LevelsScale = { kind: 'levels', id: 'sc_levels', cells };
  const counters = (counts: readonly number[]): Counters => {
    const rows = counts.reduce((sum, count) => sum + count, 0);
    return {
      ...newCounters(scale),
      counts: Float64Array.from([...counts, 0]),
      rows,
      weight: rows,
      weightSquared: rows,
    };
  };
  return [scale, [counters(before), counters(now)]] as const;
}

test.each<[string, Detector, number[], number[], number, number | undefined]>([
  // golden 03 `2x5`: scipy.stats.chi2_contingency.
  [
    'chi_square',
    chiSquare,
    [163, 115, 74, 29, 19],
    [91, 70, 52, 27, 10],
    3.6396389360201105,
    0.45696585631146025,
  ],
  ['g_test', gTest, [163, 115, 74, 29, 19], [91, 70, 52, 27, 10], 3.591355719226807, 0.4641241227464633],
  // golden 05 `random5`: scipy.spatial.distance.jensenshannon and definitions. A raw threshold takes the distance as it is.
  [
    'jensen_shannon',
    jensenShannon,
    [27, 24, 24, 25, 33],
    [40, 54, 6, 25, 45],
    0.23493469155292646,
    undefined,
  ],
  ['hellinger', hellinger, [27, 24, 24, 25, 33], [40, 54, 6, 25, 45], 0.1992090238784212, undefined],
  [
    'total_variation',
    totalVariation,
    [27, 24, 24, 25, 33],
    [40, 54, 6, 25, 45],
    0.18606811145510838,
    undefined,
  ],
  // With half a row added to each group, by mpmath.
  ['kl_divergence', klDivergence, [27, 24, 24, 25, 33], [40, 54, 6, 25, 45], 0.18251513383935483, undefined],
])('%s of levels', (_, detector, before, now, statistic, pValue) => {
  const [scale, counters] = ofLevels(before, now);
  const finding = judge(detector, scale, counters, { threshold: 0.99, min_rows: 100 });
  expect(finding.statistic).toBeCloseTo(statistic, 12);
  if (pValue !== undefined) expect(finding.pValue).toBeCloseTo(pValue, 12);
});

test('the usual fixed threshold breaches where the calibrated test stays calm', () => {
  const [scale, counters] = ofLevels([270, 240, 240, 250, 330], [60, 37, 36, 52, 65]);
  const raw = judge(jensenShannon, scale, counters, { threshold: 0.05 });
  expect(raw).toMatchObject({ status: 'breach', threshold: 0.05 });
  expect(raw.reason).toMatch(
    /^Jensen–Shannon distance of input\.kind is 0\.0\d+, over 0\.05 \(p = 0\.\d+\), with 250 rows/,
  );
  expect(judge(jensenShannon, scale, counters).status).toBe('ok');
});

test.each([chiSquare, gTest, jensenShannon, hellinger, klDivergence])(
  '$type: the threshold it shows is where it breaches',
  (detector) => {
    const shifted = (rows: number) => ofLevels([4000, 4000, 4000], [1000 - rows, 1000, 1000 + rows]);
    const findings = Array.from({ length: 60 }, (_, i) => judge(detector, ...shifted(4 * i)));
    for (const { status, statistic = 0, threshold = 0 } of findings) {
      // To within the second-order terms of the threshold.
      if (statistic > threshold * 1.01) expect(status).toBe('breach');
      if (statistic < threshold * 0.99) expect(status).toBe('ok');
    }
    expect(findings.filter(({ status }) => status === 'breach').length).toBeGreaterThan(10);
    expect(findings.filter(({ status }) => status === 'ok').length).toBeGreaterThan(10);
  },
);

test('total variation: the bound of the worked example', () => {
  // Ten even groups, 5,000 rows against 20,000: E ≤ 0.02372, and 0.06527 for p = 1e-6 (by mpmath).
  const [scale, counters] = ofLevels(new Array(10).fill(2000), new Array(10).fill(500));
  const finding = judge(totalVariation, scale, counters);
  expect(finding.threshold).toBeCloseTo(0.0652735358579906, 12);
  expect(finding).toMatchObject({ status: 'ok', statistic: 0, pValue: 1 });
});

interface Ranks {
  readonly cases: readonly { readonly name: string; readonly input: Record<'x' | 'y', number[]> }[];
}

const golden = (file: string, name: string) => {
  const path = new URL(`../../golden/${file}.json`, import.meta.url);
  const { cases } = JSON.parse(readFileSync(path, 'utf8')) as Ranks;
  return (cases.find((one) => one.name === name) as Ranks['cases'][number]).input;
};

/** A cell for each value, above an empty one: there cells lose nothing. */
function ofValues({ x, y }: Record<'x' | 'y', readonly number[]>) {
  const edges = Float64Array.from(new Set([Math.min(...x, ...y) - 1, ...x, ...y])).sort();
  const group = Uint8Array.from({ length: edges.length + 1 }, (_, i) =>
    Math.min(19, Math.floor((i * 20) / edges.length)),
  );
  const scale: NumericScale = { kind: 'numeric', id: 'sc_exact', edges, group };
  return [scale, [countNumbers(scale, x), countNumbers(scale, y)]] as const;
}

test.each<[string, Detector, string, string, number]>([
  // scipy.stats.cramervonmises_2samp.
  ['cramer_von_mises', cramerVonMises, '07_rank_tests', 'medium', 0.2027380952380966],
  // The unstandardised sum, by mpmath; scipy standardises it to 0.31045.
  ['anderson_darling', andersonDarling, '07_rank_tests', 'medium', 1.2301977890031381],
  // scipy.stats.energy_distance over the root of the sd, wasserstein_distance over the sd.
  ['energy', energy, '06_wasserstein_energy', 'normal', 0.305687930921571 / Math.sqrt(1.0321172215887109)],
  ['wasserstein', wasserstein, '06_wasserstein_energy', 'normal', 0.4196551750843015],
])('%s with a cell for each value is that of the raw values', (_, detector, file, name, statistic) => {
  const finding = judge(detector, ...ofValues(golden(file, name)), { threshold: 9, min_rows: 5 });
  expect(finding.statistic).toBeCloseTo(statistic, 12);
});

const reference = normalReference(20_000);

test.each<[Detector, number]>([
  // What a normal shifted by a quarter sd gives: δ²∫φ²φ, δ²∫φ³/Φ(1−Φ), √(2δ²∫φ²), δ.
  [cramerVonMises, 0.0625 * 0.0919],
  [andersonDarling, 0.0625 * 0.4805],
  [energy, 0.25 * Math.sqrt(0.5642)],
  [wasserstein, 0.25],
])('$type finds a quarter of a standard deviation, of about the size it is', (detector, effect) => {
  const shifted = normalsFrom(77, 20_000).map((value) => value + 0.25);
  const counters = [reference.counters, countNumbers(reference.scale, shifted)] as const;
  const options = detector === wasserstein ? { threshold: 0.1 } : {};
  const finding = judge(detector, reference.scale, counters, options);
  expect(finding).toMatchObject({ status: 'breach', direction: 'high' });
  expect((finding.effect as number) / effect).toBeGreaterThan(0.85);
  expect((finding.effect as number) / effect).toBeLessThan(1.15);
});

test.each([cramerVonMises, andersonDarling, energy])(
  '$type: the threshold it shows is where p is alpha',
  (detector) => {
    const moved = (by: number) =>
      countNumbers(
        reference.scale,
        normalsFrom(5, 2000).map((value) => value + by),
      );
    const findings = Array.from({ length: 20 }, (_, i) =>
      judge(detector, reference.scale, [reference.counters, moved(i / 50)], { min_effect: 0 }),
    );
    for (const { status, statistic = 0, threshold = 0, pValue = 1 } of findings) {
      expect(status).toBe(statistic > threshold ? 'breach' : 'ok');
      expect(pValue <= shared.alpha).toBe(statistic > threshold);
    }
    expect(new Set(findings.map(({ status }) => status)).size).toBe(2);
  },
);

test('wasserstein says how much of the window is outside the range of the reference', () => {
  const values = normalsFrom(3, 2000).map((value, i) => (i < 100 ? 1e6 : Math.max(-3, Math.min(3, value))));
  const counters = [reference.counters, countNumbers(reference.scale, values)] as const;
  const finding = judge(wasserstein, reference.scale, counters, { threshold: 0.1 });
  expect(finding.reason).toContain("clipped: 5 % of the rows are outside the reference's range.");
  // A million is not five per cent of a million sd off, but four or five sd.
  expect(finding.statistic).toBeGreaterThan(0.2);
  expect(finding.statistic).toBeLessThan(0.35);
});

test('wasserstein has no threshold of its own', () => {
  expect(wasserstein.options.safeParse({}).success).toBe(false);
});
