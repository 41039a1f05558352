/** What a raw threshold implies: against simulations of the plain statistics on raw rows, and against textbook run lengths. */
import { expect, test } from 'vitest';
import type { Detector } from '../../../detectors/detector.ts';
import { drawBinomial, drawCounts, uniformDraws } from '../../../detectors/implied/draws.ts';
import { impliedShift, impliedTail, usualSubject } from '../../../detectors/implied/implied.ts';
import { normalLower, normalQuantile } from '../../../detectors/math/normal.ts';
import * as registry from '../../../detectors/registry.ts';
import { cusumAlarmRate, ewmaAlarmRate } from '../../../detectors/streaming/thresholds.ts';
import { seededChance } from '../../support/seeded-chance.ts';

const subject = usualSubject();

function tailOf(detector: Detector, options: unknown, n: number, m: number): number {
  const parsed = detector.options.parse(options);
  return impliedTail(detector, parsed, { n, m }, subject) ?? Number.NaN;
}

function normals(chance: () => number, size: number): Float64Array {
  return Float64Array.from({ length: size }, () => {
    return Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
  });
}

/** How often the statistic of n raw standard normal rows against m others is over a limit. */
function simulated(
  [n, m]: readonly [number, number],
  runs: number,
  isOver: (current: Float64Array, reference: Float64Array) => boolean,
): number {
  const chance = seededChance(99);
  let over = 0;
  for (let run = 0; run < runs; run++) if (isOver(normals(chance, n), normals(chance, m))) over++;
  return over / runs;
}

const decileEdges = Array.from({ length: 9 }, (_, i) => normalQuantile((i + 1) / 10));

function decileCounts(values: Float64Array): number[] {
  const counts = new Array<number>(10).fill(0);
  for (const value of values) {
    const bin = decileEdges.filter((edge) => edge < value).length;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

test('PSI: deciles of raw rows, half a row added to each', () => {
  const psi = (current: Float64Array, reference: Float64Array) => {
    const [now, before] = [decileCounts(current), decileCounts(reference)];
    return now.reduce((sum, count, i) => {
      const q = (count + 0.5) / (current.length + 5);
      const p = ((before[i] ?? 0) + 0.5) / (reference.length + 5);
      return sum + (p - q) * Math.log(p / q);
    }, 0);
  };
  const by = simulated([200, 2_000], 1_500, (current, reference) => psi(current, reference) > 0.1);
  const implied = tailOf(registry.psi, { threshold: 0.1 }, 200, 2_000);
  expect(implied / by).toBeGreaterThan(0.75);
  expect(implied / by).toBeLessThan(1.33);
});

/** Both samples sorted; the largest distance of their steps. */
function largestDistance(current: Float64Array, reference: Float64Array): number {
  const [a, b] = [current.toSorted(), reference.toSorted()];
  let [i, j, d] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const next = Math.min(a[i] as number, b[j] as number);
    while ((a[i] ?? Number.POSITIVE_INFINITY) <= next) i++;
    while ((b[j] ?? Number.POSITIVE_INFINITY) <= next) j++;
    d = Math.max(d, Math.abs(i / a.length - j / b.length));
  }
  return d;
}

/** The area between the two steps, read at the edges of the cells, as the detector describes it. */
function areaAtEdges(current: Float64Array, reference: Float64Array): number {
  const edges = subject.scale.kind === 'numeric' ? [...subject.scale.edges] : [];
  const upTo = (values: Float64Array, edge: number) =>
    values.filter((value) => value <= edge).length / values.length;
  return edges.reduce((sum, edge, i) => {
    const width = (edges[i + 1] ?? edge + 1) - edge + (i === 0 ? 1 : 0);
    return sum + Math.abs(upTo(current, edge) - upTo(reference, edge)) * width;
  }, 0);
}

test('KS: D of raw rows; p is what it says', () => {
  const by = simulated(
    [400, 2_000],
    1_000,
    (current, reference) => largestDistance(current, reference) > 0.07,
  );
  expect(tailOf(registry.ks, { d: 0.07 }, 400, 2_000) / by).toBeGreaterThan(0.8);
  expect(tailOf(registry.ks, { d: 0.07 }, 400, 2_000) / by).toBeLessThan(1.4);
  expect(tailOf(registry.ks, { p: 0.05 }, 1_000, 10_000)).toBeCloseTo(0.05, 12);
});

test('Wasserstein, which has no formula: by draws', () => {
  const by = simulated([600, 1_500], 200, (current, reference) => areaAtEdges(current, reference) > 0.07);
  const implied = tailOf(registry.wasserstein, { threshold: 0.07 }, 600, 1_500);
  expect(Math.abs(implied - by)).toBeLessThan(0.06);
  expect(by).toBeGreaterThan(0.1);
});

/** 0.461 at 5 % and 0.743 at 1 % (Anderson and Darling 1952), 2.492 at 5 %. */
test('Cramér–von Mises and Anderson–Darling: the textbook tails', () => {
  expect(tailOf(registry.cramerVonMises, { threshold: 0.461 }, 5_000, 20_000)).toBeCloseTo(0.05, 2);
  expect(tailOf(registry.cramerVonMises, { threshold: 0.743 }, 5_000, 20_000)).toBeCloseTo(0.01, 2);
  expect(Math.abs(tailOf(registry.andersonDarling, { threshold: 2.492 }, 5_000, 20_000) - 0.05)).toBeLessThan(
    0.01,
  );
});

test('under 200 rows draws count, and a window with too few rows is never over', () => {
  const drawn = tailOf(registry.psi, { threshold: 0.2, min_rows: 50 }, 100, 10_000);
  const formula = registry.psi.raw?.tailOf?.(registry.psi.options.parse({ threshold: 0.2 }), {
    ...subject,
    n: 100,
    m: 10_000,
    groups: 10,
    inflation: 1,
    share: 0.05,
  });
  expect(drawn).not.toBe(formula);
  expect(drawn / (formula ?? 1)).toBeGreaterThan(0.7);
  expect(drawn / (formula ?? 1)).toBeLessThan(1.5);
  expect(tailOf(registry.psi, { threshold: 0.2 }, 100, 10_000)).toBe(0);
});

/** Montgomery, table 9.3 (CUSUM, k = 0.5); Lucas and Saccucci (1990), table 3 (EWMA). */
test('run lengths of charts are those of the textbooks', () => {
  expect(1 / cusumAlarmRate(0.5, 4)).toBeGreaterThan(160);
  expect(1 / cusumAlarmRate(0.5, 4)).toBeLessThan(176);
  expect(1 / cusumAlarmRate(0.5, 5)).toBeGreaterThan(440);
  expect(1 / cusumAlarmRate(0.5, 5)).toBeLessThan(490);
  expect(1 / ewmaAlarmRate(0.1, 2.814)).toBeGreaterThan(450);
  expect(1 / ewmaAlarmRate(0.1, 2.814)).toBeLessThan(550);
});

test('every detector that takes a raw threshold says so, and what it implies', () => {
  const raw = Object.values(registry).filter((detector) => detector.raw !== undefined);
  expect(raw.map(({ type }) => type)).toHaveLength(20);
  for (const detector of raw) {
    const examples = detector.examples.map((example) => detector.options.parse(example));
    const told = examples.filter((options) => detector.raw?.textOf(options) !== undefined);
    expect(told.length, detector.type).toBeGreaterThan(0);
    for (const options of told) {
      const tail = impliedTail(detector, options, { n: 1_000, m: 10_000 }, subject);
      expect(tail, detector.type).toBeGreaterThanOrEqual(0);
      expect(tail, detector.type).toBeLessThanOrEqual(1);
    }
  }
  expect(
    impliedTail(registry.psi, registry.psi.options.parse({}), { n: 500, m: 500 }, subject),
  ).toBeUndefined();
});

test('the shift a threshold finds is where the statistic of the shifted normal passes it', () => {
  const psiOfShift = (shift: number) =>
    Array.from({ length: 10 }, (_, i) => {
      const at = (edge: number | undefined, otherwise: number) =>
        edge === undefined ? otherwise : normalLower(edge - shift);
      const q = at(decileEdges[i], 1) - at(i === 0 ? undefined : decileEdges[i - 1], 0);
      return (0.1 - q) * Math.log(0.1 / q);
    }).reduce((sum, one) => sum + one, 0);
  const options = registry.psi.options.parse({ threshold: 0.2 });
  const shift = impliedShift(registry.psi, options, { n: 100_000, m: 100_000 }, subject) ?? Number.NaN;
  expect(psiOfShift(shift)).toBeGreaterThan(0.18);
  expect(psiOfShift(shift)).toBeLessThan(0.23);
  expect(
    impliedShift(registry.cusum, registry.cusum.options.parse({ h: 5 }), { n: 500, m: 500 }, subject),
  ).toBe(undefined);
});

test('drawn counts are binomial: mean and variance over many draws, few and many rows', () => {
  for (const [n, p] of [
    [40, 0.02],
    [500, 0.9],
    [100_000, 0.3],
  ] as const) {
    const uniform = uniformDraws(3);
    const drawn = Array.from({ length: 4_000 }, () => drawBinomial(uniform, n, p));
    const mean = drawn.reduce((sum, one) => sum + one, 0) / drawn.length;
    const variance = drawn.reduce((sum, one) => sum + (one - mean) ** 2, 0) / drawn.length;
    expect(Math.abs(mean - n * p)).toBeLessThan(4 * Math.sqrt((n * p * (1 - p)) / drawn.length));
    expect(variance / (n * p * (1 - p))).toBeGreaterThan(0.9);
    expect(variance / (n * p * (1 - p))).toBeLessThan(1.1);
  }
  const counts = drawCounts(uniformDraws(5), 1_000, [0.2, 0.3, 0.5]);
  expect(counts.reduce((sum, one) => sum + one, 0)).toBe(1_000);
});
