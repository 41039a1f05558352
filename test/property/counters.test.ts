import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Counters } from '../../core/pane.ts';
import type { Scale } from '../../core/scale.ts';
import { decodeCounters, encodeCounters } from '../../detectors/counters/codec.ts';
import {
  cellCount,
  cellOfNumber,
  countLate,
  countLevel,
  countMalformed,
  countMissing,
  countNumber,
  effectiveSize,
  mergeCounters,
  mergeInto,
  newCounters,
} from '../../detectors/counters/counters.ts';
import { freezeLevels, freezeNumeric, scaleFromJson, scaleToJson } from '../../detectors/counters/freeze.ts';
import {
  logCellCount,
  logCellOf,
  logCellStart,
  logLowerBound,
  logQuantile,
  logRelativeError,
  logScale,
} from '../../detectors/sketches/log-histogram.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** Ties, both zeros, tiny and huge numbers beside ordinary ones. */
const finite = fc.oneof(
  fc.integer({ min: -20, max: 20 }),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  fc.constantFrom(0, -0, 1e308, -1e308, Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE),
);
const moderate = fc.oneof(fc.integer({ min: -20, max: 20 }), fc.double({ min: -1e6, max: 1e6, noNaN: true }));
const wholeWeight = fc.integer({ min: 1, max: 1000 });
const anyWeight = fc.double({ min: 1e-3, max: 1e4, noNaN: true });
const levelName = fc.constantFrom('a', 'b', 'c', '__proto__', '', 'déjà', 'zz');

type Row =
  | { readonly kind: 'number'; readonly value: number; readonly weight: number }
  | { readonly kind: 'level'; readonly level: string; readonly weight: number }
  | { readonly kind: 'missing' | 'malformed' | 'late'; readonly weight: number };

function rowsOf(value: fc.Arbitrary<number>, weight: fc.Arbitrary<number>): fc.Arbitrary<Row[]> {
  const row = fc.oneof(
    { arbitrary: fc.record({ kind: fc.constant('number' as const), value, weight }), weight: 6 },
    { arbitrary: fc.record({ kind: fc.constant('level' as const), level: levelName, weight }), weight: 2 },
    { arbitrary: fc.record({ kind: fc.constantFrom('missing', 'malformed', 'late'), weight }), weight: 1 },
  );
  return fc.array(row, { maxLength: 60 });
}

const scale: fc.Arbitrary<Scale> = fc.oneof(
  fc.array(finite, { maxLength: 200 }).map((sample) => freezeNumeric(Float64Array.from(sample), sha256)),
  fc
    .uniqueArray(levelName, { maxLength: 5 })
    .map((levels) => freezeLevels(new Map(levels.map((level) => [level, 1])), sha256, { minRows: 1 })),
  fc.constant(logScale),
);

function countRow(counters: Counters, on: Scale, row: Row): void {
  if (row.kind === 'number') countNumber(counters, on, row.value, row.weight);
  else if (row.kind === 'level') countLevel(counters, on, row.level, row.weight);
  else outsideCells[row.kind](counters, row.weight);
}

const outsideCells = { missing: countMissing, malformed: countMalformed, late: countLate } as const;

function count(on: Scale, rows: readonly Row[]): Counters {
  const counters = newCounters(on);
  for (const row of rows) countRow(counters, on, row);
  return counters;
}

const additive = ['rows', 'weight', 'weightSquared', 'missing', 'malformed', 'late', 'min', 'max'] as const;

function split(rows: readonly Row[], cuts: readonly number[]): Row[][] {
  const parts: Row[][] = [[], [], []];
  rows.forEach((row, i) => {
    parts[cuts[i % Math.max(1, cuts.length)] ?? 0]?.push(row);
  });
  return parts;
}

/** Within 1e-9 of the largest size that entered the sum. */
function expectClose(got: number, want: number, size: number): void {
  expect(Math.abs(got - want)).toBeLessThanOrEqual(1e-9 * Math.max(size, 1e-300));
}

const cuts = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 7 });

test('merging parts in any order is counting them together: exact for whole weights', () => {
  fc.assert(
    fc.property(scale, rowsOf(moderate, wholeWeight), cuts, (on, rows, cut) => {
      const together = count(on, rows);
      const [a = [], b = [], c = []] = split(rows, cut);
      const parts = [a, b, c].map((part) => count(on, part));
      const merged = mergeCounters(on, parts);
      const reversed = mergeCounters(on, parts.toReversed());
      for (const one of [merged, reversed]) {
        expect(one.counts).toEqual(together.counts);
        for (const key of additive) expect(one[key]).toBe(together[key]);
        expectClose(one.mean, together.mean, 1e6);
        expectClose(one.m2, together.m2, Math.max(together.m2, together.weight * together.mean ** 2));
      }
    }),
  );
});

test('merging parts of any weights agrees to 1e-9', () => {
  fc.assert(
    fc.property(scale, rowsOf(moderate, anyWeight), cuts, (on, rows, cut) => {
      const together = count(on, rows);
      const merged = mergeCounters(
        on,
        split(rows, cut).map((part) => count(on, part)),
      );
      merged.counts.forEach((value, cell) => {
        expectClose(value, together.counts[cell] as number, together.weight);
      });
      expectClose(merged.mean, together.mean, 1e6);
      expectClose(effectiveSize(merged), effectiveSize(together), effectiveSize(together));
    }),
  );
});

test('mean and m2 are those of the weighted rows', () => {
  const rows = fc.array(fc.record({ value: moderate, weight: anyWeight }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(rows, (list) => {
      const counters = newCounters(logScale);
      for (const row of list) countNumber(counters, logScale, row.value, row.weight);
      const weight = list.reduce((sum, row) => sum + row.weight, 0);
      const mean = list.reduce((sum, row) => sum + (row.weight / weight) * row.value, 0);
      const m2 = list.reduce((sum, row) => sum + row.weight * (row.value - mean) ** 2, 0);
      const square = list.reduce((sum, row) => sum + row.weight * row.value ** 2, 0);
      expectClose(counters.mean, mean, 1e6);
      expectClose(counters.m2, m2, square + 1);
      // + 0 makes −0 a 0: of the two, which came first is kept, while Math.min orders them.
      expect(counters.min + 0).toBe(Math.min(...list.map((row) => row.value)) + 0);
      expect(counters.max + 0).toBe(Math.max(...list.map((row) => row.value)) + 0);
    }),
  );
});

test('every weight handed in is in one place, and nothing makes a NaN', () => {
  const value = fc.oneof(
    finite,
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  );
  fc.assert(
    fc.property(scale, rowsOf(value, wholeWeight), rowsOf(value, wholeWeight), (on, rows, more) => {
      const counters = count(on, rows);
      mergeInto(counters, count(on, more));
      const handedIn = [...rows, ...more].reduce((sum, row) => sum + row.weight, 0);
      const inCells = counters.counts.reduce((sum, cell) => sum + cell, 0);
      expect(inCells + counters.missing + counters.malformed + counters.late).toBe(handedIn);
      expect(inCells).toBe(counters.weight);
      expect(counters.counts.length).toBe(cellCount(on));
      for (const key of ['mean', 'm2', 'weight', 'weightSquared'] as const) {
        expect(Number.isFinite(counters[key])).toBe(true);
      }
      expect(counters.m2).toBeGreaterThanOrEqual(0);
      expect(Number.isFinite(effectiveSize(counters))).toBe(true);
    }),
  );
});

test('what the source held is left as it was by a merge, and two scales never add', () => {
  fc.assert(
    fc.property(scale, rowsOf(finite, anyWeight), (on, rows) => {
      const source = count(on, rows);
      const before = structuredClone(source);
      mergeInto(newCounters(on), source);
      expect(source).toEqual(before);
      expect(() => mergeInto({ ...newCounters(on), scaleId: 'sc_other' }, source)).toThrow('two scales');
    }),
  );
});

test('decode(encode(x)) is x, bit for bit', () => {
  fc.assert(
    fc.property(scale, fc.oneof(rowsOf(finite, wholeWeight), rowsOf(finite, anyWeight)), (on, rows) => {
      const counters = count(on, rows);
      expect(decodeCounters(encodeCounters(counters))).toEqual(counters);
    }),
  );
});

test('damaged bytes throw one clear error', () => {
  const change = fc.record({ at: fc.nat(), flip: fc.integer({ min: 1, max: 255 }) });
  fc.assert(
    fc.property(scale, rowsOf(finite, anyWeight), change, (on, rows, { at, flip }) => {
      const bytes = encodeCounters(count(on, rows));
      const flipped = bytes.slice();
      flipped[at % bytes.length] = (flipped[at % bytes.length] as number) ^ flip;
      expect(() => decodeCounters(flipped)).toThrow('stored counters are damaged');
      expect(() => decodeCounters(bytes.subarray(0, at % bytes.length))).toThrow(
        'stored counters are damaged',
      );
    }),
  );
});

test('arbitrary bytes throw the same error and nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(() => decodeCounters(bytes)).toThrow('stored counters are damaged');
    }),
  );
});

test('a cell of a numeric scale holds edges[i - 1] < v ≤ edges[i]', () => {
  const sample = fc.array(finite, { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(sample, finite, (values, extra) => {
      const numeric = freezeNumeric(Float64Array.from(values), sha256);
      for (const value of [...values, extra]) {
        const cell = cellOfNumber(numeric, value);
        expect(value).toBeGreaterThan(numeric.edges[cell - 1] ?? Number.NEGATIVE_INFINITY);
        expect(value).toBeLessThanOrEqual(numeric.edges[cell] ?? Number.POSITIVE_INFINITY);
      }
    }),
  );
});

test('a frozen numeric scale keeps its invariants, whatever the sample', () => {
  fc.assert(
    fc.property(fc.array(finite, { maxLength: 300 }), (values) => {
      const numeric = freezeNumeric(Float64Array.from(values), sha256);
      const { edges, group } = numeric;
      expect(edges.length).toBeLessThanOrEqual(61);
      expect(group.length).toBe(edges.length + 1);
      for (let i = 1; i < edges.length; i++) expect(edges[i]).toBeGreaterThan(edges[i - 1] as number);
      for (let i = 1; i < group.length; i++) expect(group[i]).toBeGreaterThanOrEqual(group[i - 1] as number);
      expect(group.every((ventile) => ventile < 20)).toBe(true);
      expect(edges.every(Number.isFinite)).toBe(true);
      const counters = newCounters(numeric);
      for (const value of values) countNumber(counters, numeric, value, 1);
      // The smallest double has none below it, so there the low tail has no cell.
      if (values.length > 0 && Math.min(...values) > -Number.MAX_VALUE) expect(counters.counts[0]).toBe(0);
      if (values.length > 0) expect(counters.counts.at(-1)).toBe(0);
      expect(freezeNumeric(Float64Array.from(values.toReversed()), sha256)).toEqual(numeric);
    }),
  );
});

test('a scale survives JSON exactly', () => {
  fc.assert(
    fc.property(scale, (on) => {
      expect(scaleFromJson(JSON.parse(JSON.stringify(scaleToJson(on))))).toEqual(on);
    }),
  );
});

test('permuting levels gives the same scale', () => {
  const levels = fc.uniqueArray(fc.tuple(fc.string({ maxLength: 3 }), fc.integer({ min: 1, max: 30 })), {
    maxLength: 200,
    selector: ([name]) => name,
  });
  fc.assert(
    fc.property(levels, (list) => {
      const one = freezeLevels(new Map(list), sha256);
      expect(freezeLevels(new Map(list.toReversed()), sha256)).toEqual(one);
      expect(one.cells.size).toBeLessThanOrEqual(127);
      for (const [name, rows] of list) if (rows < 20) expect(one.cells.has(name)).toBe(false);
    }),
  );
});

const inLogRange = fc
  .tuple(fc.double({ min: -29.4, max: 29.4, noNaN: true }), fc.integer({ min: -3, max: 3 }))
  .map(([exponent, steps]) => {
    // Powers of two and their neighbours are where rounding errs.
    const near = 2 ** Math.round(exponent) * (1 + steps * Number.EPSILON);
    return steps === 0 ? 2 ** exponent : near;
  });

test('a log cell holds its start ≤ v < the next start', () => {
  fc.assert(
    fc.property(inLogRange, (value) => {
      const cell = logCellOf(value);
      expect(cell).toBeGreaterThan(0);
      expect(cell).toBeLessThan(logCellCount - 1);
      expect(logCellStart(cell)).toBeLessThanOrEqual(value);
      expect(logCellStart(cell + 1)).toBeGreaterThan(value);
    }),
    { numRuns: 2000 },
  );
});

test('a log quantile is within its stated error of the true one, and its bound not above it', () => {
  const values = fc.array(fc.tuple(inLogRange, fc.integer({ min: 1, max: 5 })), {
    minLength: 1,
    maxLength: 80,
  });
  const q = fc.double({ min: 0.001, max: 0.999, noNaN: true });
  fc.assert(
    fc.property(values, q, (list, share) => {
      const counters = newCounters(logScale);
      for (const [value, weight] of list) countNumber(counters, logScale, value, weight);
      const rows = list
        .flatMap(([value, weight]) => new Array<number>(weight).fill(value))
        .sort((a, b) => a - b);
      const truth = rows[Math.ceil(share * rows.length * (1 - 1e-12)) - 1] as number;
      const got = logQuantile(counters, share) as number;
      expect(Math.abs(got - truth)).toBeLessThanOrEqual(logRelativeError * truth * (1 + 1e-12));
      expect(logLowerBound(counters, share)).toBeLessThanOrEqual(truth);
    }),
  );
});
