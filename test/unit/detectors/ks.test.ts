import { expect, test } from 'vitest';
import { ks, ksDistances, ksPValue } from '../../../detectors/ks.ts';
import { countNumbers, normalReference, normalsFrom } from '../../support/detector-data.ts';

const reference = normalReference(20_000);

function judge(options: object, values: Iterable<number>, alpha = 1e-6) {
  return ks.judge({
    scale: reference.scale,
    current: countNumbers(reference.scale, values),
    reference: reference.counters,
    options: ks.options.parse(options),
    alpha,
    signal: 'input.income',
  });
}

const shifted = (rows: number, by: number) => normalsFrom(11, rows).map((value) => value + by);

test('a breach says feature, statistic, threshold, p, rows and what moved', () => {
  const finding = judge({}, shifted(5000, 0.5));
  expect(finding).toMatchObject({ status: 'breach', direction: 'high', effect: finding.statistic });
  expect(finding.reason).toMatchInlineSnapshot(
    `"KS distance of input.income is 0.202, over 0.05 (p = 2.1e-142), with 5000 rows against 20000 rows in the reference; it moved higher (over 1.287: 10 % to 21.9 %)."`,
  );
});

test('the worked example: 5,000 rows against 20,000, D = 0.05', () => {
  expect(ksPValue(0.05, 5000, 20_000)).toBeCloseTo(4.1e-9, 10);
});

test('D from cells is at most 0.003 below D of the raw values', () => {
  for (const by of [0, 0.1, 0.5]) {
    const values = shifted(5000, by);
    const sample = normalsFrom(1, 20_000).sort();
    const sorted = values.slice().sort();
    const share = (list: Float64Array, at: number) => {
      let low = 0;
      let high = list.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((list[middle] as number) <= at) low = middle + 1;
        else high = middle;
      }
      return low / list.length;
    };
    const truth = [...sample, ...sorted].reduce(
      (most, at) => Math.max(most, Math.abs(share(sample, at) - share(sorted, at))),
      0,
    );
    const { statistic } = judge({}, values);
    expect(statistic).toBeLessThanOrEqual(truth + 1e-12);
    expect(statistic).toBeGreaterThan(truth - 0.003);
  }
});

test('raw p: under it, not at it; raw d: over it, not at it; both: both', () => {
  const values = shifted(1000, 0.2);
  const { statistic, pValue } = judge({}, values);
  const [d, p] = [statistic as number, pValue as number];
  expect(judge({ p }, values).status).toBe('ok');
  expect(judge({ p: p * 1.001 }, values).status).toBe('breach');
  expect(judge({ d }, values).status).toBe('ok');
  expect(judge({ d: d * 0.999 }, values).status).toBe('breach');
  expect(judge({ d: d * 1.1, p: p * 1.1 }, values).status).toBe('ok');
  expect(judge({ d: d * 0.9, p: p * 0.9 }, values).status).toBe('ok');
  expect(judge({ d: d * 0.9, p: p * 1.1 }, values).status).toBe('breach');
});

test('the threshold is the D at which all holds that is asked for', () => {
  const values = shifted(1000, 0.2);
  const { pValue, statistic } = judge({}, values);
  expect(judge({ p: pValue as number }, values).threshold).toBeCloseTo(statistic as number, 9);
  expect(judge({ d: 0.3 }, values).threshold).toBe(0.3);
  expect(judge({ d: 0.001, p: pValue as number }, values).threshold).toBeCloseTo(statistic as number, 9);
  expect(judge({ min_effect: 0.4 }, values).threshold).toBe(0.4);
  expect(judge({}, values, pValue as number).threshold).toBeCloseTo(statistic as number, 9);
});

test('calibrated: beyond chance but below the floor is no breach, nor the other way round', () => {
  const many = judge({}, shifted(100_000, 0.06));
  expect(many.pValue).toBeLessThan(1e-6);
  expect(many.status).toBe('ok');
  const few = judge({}, shifted(200, 0.15));
  expect(few.statistic).toBeGreaterThan(0.05);
  expect(few.status).toBe('ok');
});

test('too few rows are inconclusive', () => {
  expect(judge({}, shifted(199, 3)).reason).toBe(
    'input.income has only 199 rows in this window; 200 are needed.',
  );
  expect(judge({ min_rows: 100 }, shifted(199, 3)).status).toBe('breach');
});

test('distances of an empty side are 0', () => {
  const none = { d: 0, above: 0, below: 0 };
  expect(ksDistances(new Float64Array(3), Float64Array.from([1, 2, 3]))).toEqual(none);
  expect(ksDistances(Float64Array.from([1, 2, 3]), new Float64Array(3))).toEqual(none);
});
