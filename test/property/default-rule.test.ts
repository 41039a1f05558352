import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Counters } from '../../core/pane.ts';
import type { Scale } from '../../core/scale.ts';
import type { Finding } from '../../core/verdict.ts';
import { countNumber, mergeCounters, newCounters } from '../../detectors/counters/counters.ts';
import { freezeLevels, freezeNumeric } from '../../detectors/counters/freeze.ts';
import type { Detector } from '../../detectors/detector.ts';
import { addBins, binningOf } from '../../detectors/ladder/binning.ts';
import { judgeSeries, ModelReader } from '../../detectors/ladder/judge-series.ts';
import { judgeSmall } from '../../detectors/ladder/judge-small.ts';
import { modelOfCounts } from '../../detectors/ladder/reference-model.ts';
import { PaneHistory } from '../../detectors/ladder/reference-panes.ts';
import { withTrafficVariance } from '../../detectors/ladder/traffic-variance.ts';
import { WindowRing } from '../../detectors/ladder/window-ring.ts';
import * as registry from '../../detectors/registry.ts';
import { countLevels, countNumbers, normalsFrom, sha256 } from '../support/detector-data.ts';

/*
 * Laws of judging, for every registered detector and for the default rule as a whole: whatever is counted, the answer is a
 * finding, and how the rows came to the counters does not change it.
 */

const detectors: readonly Detector[] = Object.values(registry);
const alpha = 0.001;

function expectFinite(finding: Finding): void {
  const { statistic, effect, threshold, pValue, size } = finding;
  const numbers = [statistic, effect, threshold, pValue, size.reference, size.current].concat(
    finding.evidence.flatMap((one) => [one.reference, one.current]),
  );
  for (const number of numbers) if (number !== undefined) expect(Number.isFinite(number)).toBe(true);
  expect(finding.reason).not.toMatch(/NaN|Infinity|undefined/);
}

function judgeAll(scale: Scale, current: Counters, reference: Counters): Map<string, Finding> {
  const found = new Map<string, Finding>();
  for (const detector of detectors) {
    const options = detector.options.parse(detector.examples[0]);
    const finding = detector.judge({ scale, current, reference, options, alpha, signal: 'input.x' });
    expectFinite(finding);
    found.set(detector.type, finding);
  }
  return found;
}

const many = (value: number, rows: number) => new Array<number>(rows).fill(value);
const mixed = [...normalsFrom(5, 500)];
const samples: Readonly<Record<string, readonly number[]>> = {
  nothing: [],
  'one row': [1],
  constant: many(4, 500),
  'two values': [...many(0, 400), ...many(1, 100)],
  normal: mixed,
  'largest doubles': [...many(1e308, 250), ...many(-1e308, 250)],
  'largest among ordinary ones': [...mixed, 1e308, -1e308, Number.MAX_VALUE],
  subnormal: [...many(Number.MIN_VALUE, 300), ...many(-Number.MIN_VALUE, 300), 5e-320],
  'a million ties': [],
};

/** A value, counted so often at once: rows of weight 1. */
function countTies(scale: Scale, value: number, rows: number): Counters {
  const one = newCounters(scale);
  countNumber(one, scale, value, 1);
  let all = one;
  for (let size = 1; size < rows; size *= 2) all = mergeCounters(scale, [all, all]);
  return all;
}

function counted(scale: Scale, name: string): Counters {
  return name === 'a million ties'
    ? countTies(scale, 3, 1_000_000)
    : countNumbers(scale, samples[name] ?? []);
}

const names = Object.keys(samples);
const pairs = names.flatMap((before) => names.map((now) => [before, now] as const));

test.each(pairs)(
  'numbers: %s in the reference, %s in the window: a finding by every detector',
  (before, now) => {
    const sample = before === 'a million ties' ? many(3, 1_000) : (samples[before] ?? []);
    const scale = freezeNumeric(Float64Array.from(sample), sha256);
    const reference = counted(scale, before);
    for (const missing of [0, 700]) {
      const found = judgeAll(scale, { ...counted(scale, now), missing, malformed: missing }, reference);
      if (before === now && missing === 0) expect(found.get('drift')?.status).not.toBe('breach');
    }
  },
);

test('all missing, on either side, is a finding', () => {
  const numeric = freezeNumeric(Float64Array.from(mixed), sha256);
  const levels = freezeLevels(
    new Map([
      ['a', 50],
      ['b', 50],
    ]),
    sha256,
  );
  for (const scale of [numeric, levels]) {
    const none = { ...newCounters(scale), missing: 1_000 };
    const some =
      scale.kind === 'numeric'
        ? countNumbers(scale, mixed)
        : countLevels(
            levels,
            [...many(0, 500)].map(() => 'a'),
          );
    judgeAll(scale, none, some);
    judgeAll(scale, some, none);
    judgeAll(scale, none, none);
  }
});

const value = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(0, 1e308, -1e308, Number.MIN_VALUE, -Number.MIN_VALUE),
);
const rows = fc.array(value, { minLength: 0, maxLength: 300 });

test('any numbers against any others: a finding by every detector', () => {
  fc.assert(
    fc.property(rows, rows, (before, now) => {
      const scale = freezeNumeric(Float64Array.from(before), sha256);
      judgeAll(scale, countNumbers(scale, now), countNumbers(scale, before));
    }),
    { numRuns: 60 },
  );
});

const scaleOfNormals = freezeNumeric(normalsFrom(1, 5_000), sha256);
const reference = countNumbers(scaleOfNormals, normalsFrom(1, 5_000));
const moderate = fc.array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: 30, maxLength: 600 });

/** The same but for the rounding of sums. */
function expectSame(a: Map<string, Finding>, b: Map<string, Finding>): void {
  for (const [type, one] of a) {
    const other = b.get(type);
    expect(other?.status, type).toBe(one.status);
    for (const key of ['statistic', 'pValue', 'effect'] as const) {
      const [x, y] = [one[key], other?.[key]];
      if (x === undefined) expect(y, type).toBeUndefined();
      else
        expect(Math.abs((y ?? Number.NaN) - x), `${type} ${key}`).toBeLessThanOrEqual(
          1e-7 * (1 + Math.abs(x)),
        );
    }
  }
}

test('rows in any order, in one piece or in many, are judged the same', () => {
  fc.assert(
    fc.property(moderate, fc.integer({ min: 1, max: 29 }), (values, cut) => {
      const whole = countNumbers(scaleOfNormals, values);
      const parts = [values.slice(cut), values.slice(0, cut)].map((part) =>
        countNumbers(scaleOfNormals, part.toReversed()),
      );
      const merged = mergeCounters(scaleOfNormals, parts);
      expectSame(judgeAll(scaleOfNormals, whole, reference), judgeAll(scaleOfNormals, merged, reference));
    }),
    { numRuns: 40 },
  );
});

test('drift and its kin do not see by what all weights are multiplied', () => {
  const blind = new Set(
    detectors.filter((one) => one.class === 'drift' && !one.sequential).map((one) => one.type),
  );
  fc.assert(
    fc.property(moderate, fc.constantFrom(0.5, 4, 100), (values, weight) => {
      const plain = judgeAll(scaleOfNormals, countNumbers(scaleOfNormals, values), reference);
      const heavy = judgeAll(scaleOfNormals, countNumbers(scaleOfNormals, values, weight), reference);
      const only = (all: Map<string, Finding>) => new Map([...all].filter(([type]) => blind.has(type)));
      expectSame(only(plain), only(heavy));
    }),
    { numRuns: 30 },
  );
});

test('the names of levels do not matter, nor their order', () => {
  const letters = ['a', 'b', 'c', 'd', 'e'];
  const counts = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 5, maxLength: 5 });
  fc.assert(
    fc.property(counts, counts, fc.shuffledSubarray(letters, { minLength: 5 }), (before, now, renamed) => {
      const judged = (level: (i: number) => string) => {
        const scale = freezeLevels(new Map(before.map((_, i) => [level(i), 50])), sha256);
        const fill = (list: readonly number[]) =>
          list.flatMap((size, i) => new Array<string>(size).fill(level(i)));
        return judgeAll(scale, countLevels(scale, fill(now)), countLevels(scale, fill(before)));
      };
      const [one, other] = [judged((i) => letters[i] as string), judged((i) => renamed[i] as string)];
      // Examples name a level, and its rate is another's after renaming.
      const nameless = (all: Map<string, Finding>) =>
        new Map([...all].filter(([type]) => ['drift', 'psi', 'chi_square', 'jensen_shannon'].includes(type)));
      expectSame(nameless(one), nameless(other));
    }),
    { numRuns: 40 },
  );
});

/** The whole way of the agent: bins, windows, a file whose variance is learned from traffic, and the thin way beside it. */
test('windows of the default rule: a finding for any traffic, however it is cut into panes', () => {
  const binning = binningOf(scaleOfNormals, reference);
  if (binning === undefined) throw new Error('a numeric scale has bins');
  const bins = new Float64Array(binning.size);
  addBins(binning, reference, bins);
  const file = modelOfCounts(bins, 5_000, 5_000);
  const pane = fc.record({
    values: fc.array(value, { maxLength: 40 }),
    weight: fc.constantFrom(1, 0.01, 1e6),
  });
  fc.assert(
    fc.property(fc.array(pane, { minLength: 1, maxLength: 40 }), (panes) => {
      const ring = new WindowRing(binning.size);
      const backwards = new WindowRing(binning.size);
      const history = new PaneHistory(binning.size, 1);
      const fed = panes.map(({ values, weight }, tick) => {
        const counters = countNumbers(scaleOfNormals, values, weight);
        const inBins = new Float64Array(binning.size);
        addBins(binning, counters, inBins);
        const { weightSquared, missing, malformed } = counters;
        return { tick, hour: 0, bins: inBins, weight: counters.weight, weightSquared, missing, malformed };
      });
      for (const one of fed) {
        ring.add(one);
        history.add(one);
      }
      for (const one of fed.toReversed()) backwards.add(one);
      const reader = new ModelReader(withTrafficVariance(file, history.panes()));
      for (const windowTicks of [1, 12, 48, 2016] as const) {
        const look = {
          windowTicks,
          alpha,
          minEffect: 0.01,
          minRows: 200,
          wantP: true,
          thin: { clustering: 1 },
        };
        const [one, other] = [ring, backwards].map((of) => {
          const window = of.windowAt(windowTicks, fed.length);
          return window && judgeSeries(reader, window, look);
        });
        for (const number of [one?.p, one?.psi, one?.excess, one?.t].filter((x) => x !== undefined))
          expect(Number.isFinite(number)).toBe(true);
        if (windowTicks !== 2016) continue;
        expect(other?.status).toBe(one?.status);
        expect(other?.n ?? 0).toBeCloseTo(one?.n ?? 0, 6);
      }
    }),
    { numRuns: 60 },
  );
});

test('thin windows of any counts and any sizes: a probability and a finite effect', () => {
  const counts = fc.array(fc.nat(40), { minLength: 2, maxLength: 20 });
  fc.assert(
    fc.property(
      counts,
      fc.double({ min: 1, max: 200, noNaN: true }),
      fc.integer({ min: 1, max: 1e7 }),
      (list, over, m) => {
        const n = list.reduce((sum, one) => sum + one, 0);
        const expected = new Float64Array(list.length).fill(1 / list.length);
        const input = {
          bins: Float64Array.from(list),
          n,
          expected,
          inverseM: 1 / m,
          alpha,
          minEffect: 0.01,
          minRows: 200,
        };
        for (const kind of ['ordered', 'levels'] as const) {
          const found = judgeSmall(input, kind, over);
          if (n < 20 || m < 20) expect(found.status).toBe('inconclusive');
          else expect(found.p).toBeGreaterThanOrEqual(0);
          expect(found.p ?? 0).toBeLessThanOrEqual(1);
          expect(Number.isFinite(found.excess)).toBe(true);
        }
      },
    ),
  );
});
