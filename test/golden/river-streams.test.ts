import { expect, test } from 'vitest';
import { type AdwinState, adwinStep } from '../../detectors/streaming/adwin.ts';
import { type PageHinkleyState, pageHinkleyStep } from '../../detectors/streaming/page-hinkley.ts';
import { readGolden } from './golden.ts';

interface RiverStream {
  readonly stream: readonly number[];
  readonly expected: Readonly<Record<string, number>>;
}

/**
 * A stream whose mean moves at 1000, with the index at which each detector of the package river finds it. KSWIN keeps raw
 * values and draws from them by chance: it has no counterpart here.
 */
const { stream, expected } = readGolden<RiverStream>('real/river_stream_numeric.json');
const forms = ['paper', 'river'] as const;

test.each(forms)(
  'ADWIN in the form of the %s finds the change where river does, and nothing else',
  (form) => {
    let state: AdwinState | undefined;
    const alarms = stream.flatMap((value, i) => {
      const step = adwinStep(state, value, { delta: 0.002, clock: 32, form });
      ({ state } = step);
      return step.alarm ? [i] : [];
    });
    expect(alarms).toEqual([expected['ADWIN(delta=0.002)']]);
  },
);

test.each(forms)('Page–Hinkley in the form of the %s does, too', (form) => {
  const options = { delta: 0.005, lambda: 50, alpha: 0.9999, min: 30, direction: 'increase', form } as const;
  let state: PageHinkleyState | undefined;
  const alarms = stream.flatMap((value, i) => {
    const step = pageHinkleyStep(state, value, options);
    ({ state } = step);
    return step.alarm ? [i] : [];
  });
  expect(alarms[0]).toBe(expected['PageHinkley(min_instances=30,delta=0.005,threshold=50,alpha=0.9999)']);
});
