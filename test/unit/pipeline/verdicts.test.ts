import { describe, expect, test } from 'vitest';
import { memoryMeter } from '../../../agent/adapters/memory-meter.ts';
import { nodeDigest } from '../../../agent/adapters/node-digest.ts';
import { registries } from '../../../agent/agent.ts';
import { alphaText, showText } from '../../../agent/cli/verdict-text.ts';
import { enoughAtTick, missingInWindow } from '../../../agent/pipeline/enough.ts';
import { Episodes } from '../../../agent/pipeline/episodes.ts';
import { decodeMemories, encodeMemories, type LadderMemory } from '../../../agent/pipeline/ladder-memory.ts';
import { countersToJson, type Repeatable } from '../../../agent/pipeline/replay.ts';
import { VerdictBook } from '../../../agent/pipeline/verdict-book.ts';
import { recordOf, repeatRecord, type VerdictRecord } from '../../../agent/pipeline/verdict-record.ts';
import { decodeJson } from '../../../core/json.ts';
import type { Verdict } from '../../../core/verdict.ts';
import { countNumber, newCounters } from '../../../detectors/counters/counters.ts';
import { freezeNumeric, scaleToJson } from '../../../detectors/counters/freeze.ts';
import { psi } from '../../../detectors/psi.ts';
import { seededChance } from '../../support/seeded-chance.ts';
import { hourMs, minuteMs } from '../../support/test-config.ts';

const sha256 = (text: string) => nodeDigest().sha256(text);
const detectors = new Map(registries.detectors.map((detector) => [detector.type, detector]));
const paneMs = 5 * minuteMs;

/** A real verdict of PSI with what it was made from. */
function judged(endMs = hourMs, over: Partial<Verdict> = {}): { verdict: Verdict; made: Repeatable } {
  const chance = seededChance(1);
  const scale = freezeNumeric(Float64Array.from({ length: 2_000 }, chance), sha256);
  const reference = newCounters(scale);
  const current = newCounters(scale);
  for (let i = 0; i < 2_000; i++) countNumber(reference, scale, chance(), 1);
  for (let i = 0; i < 500; i++) countNumber(current, scale, chance() ** 1.5, 1);
  const options = psi.options.parse({});
  const alpha = 1e-4;
  const finding = psi.judge({ scale, reference, current, options, alpha, signal: 'input.x' });
  const series = { model: 'm', environment: 'prod', version: '1', signal: 'input.x' };
  return {
    verdict: { ...finding, rule: 'shape', detector: 'psi', series, startMs: endMs - hourMs, endMs, ...over },
    made: {
      replay: {
        kind: 'detector',
        detector: 'psi',
        options,
        scale: scaleToJson(scale),
        current: countersToJson(current),
        reference: countersToJson(reference),
        alpha,
        signal: 'input.x',
        state: null,
      },
      alphaOrigin: {
        kind: 'window',
        falseAlarms: 1,
        perMs: 30 * 24 * hourMs,
        signals: 3,
        hopMs: hourMs,
        windowMs: hourMs,
        confirmations: 2,
      },
    },
  };
}

const stored = (record: VerdictRecord): VerdictRecord => JSON.parse(JSON.stringify(record));

describe('a record', () => {
  const { verdict, made } = judged();
  const record = recordOf(verdict, 'breach', made, sha256);

  test('repeats to the last bit from what was stored', () => {
    expect(verdict.status).toBe('breach');
    const repeated = repeatRecord(stored(record), detectors, sha256);
    expect(repeated).toMatchObject({
      outcome: 'equal',
      numbers: { statistic: verdict.statistic, pValue: verdict.pValue, threshold: verdict.threshold },
    });
  });

  test('that was tampered with is refused, wherever it was', () => {
    const changes: ((copy: { verdict: Verdict; replay: { current: { counts: number[][] } } }) => unknown)[] =
      [
        (copy) => Object.assign(copy.verdict, { statistic: 0.001 }),
        (copy) => Object.assign(copy.verdict, { status: 'ok' }),
        (copy) => Object.assign(copy.replay.current.counts[0] ?? [], [0, 1]),
        (copy) => Object.assign(copy, { id: 'vrd_other' }),
        (copy) => Object.assign(copy, { replay: null }),
      ];
    for (const change of changes) {
      const copy = stored(record);
      change(copy as never);
      expect(repeatRecord(copy, detectors, sha256)).toMatchObject({
        outcome: 'refused',
        reason: expect.stringContaining('changed after it was written'),
      });
    }
  });

  test('whose numbers do not follow from its counters is named, though its digest is right', () => {
    const lie = recordOf({ ...verdict, statistic: 0.5 }, 'breach', made, sha256);
    expect(repeatRecord(lie, detectors, sha256)).toMatchObject({
      outcome: 'different',
      fields: ['statistic'],
    });
  });

  test.each([[null], [1], ['text'], [{}], [{ format: 2, id: 'x', digest: 'y' }], [[]]])(
    '%j is no record: refused, never a throw',
    (value) => {
      expect(repeatRecord(value, detectors, sha256).outcome).toBe('refused');
    },
  );

  test('is shown with statistic, threshold, how its alpha came, counters and the repeat', () => {
    const text = showText(record, repeatRecord(record, detectors, sha256));
    expect(text).toContain(`statistic  ${verdict.statistic}`);
    expect(text).toContain(`threshold  ${verdict.threshold}`);
    expect(text).toContain('alpha      0.0001');
    expect(text).toContain(
      '1 false alarms per 30d: 3 signals and rules, a look each 1h at 1h, 2 breaches in a row',
    );
    expect(text).toContain('counters   62 cells');
    expect(text).toContain('repeated   from the stored counters, with the same numbers to the last bit');
  });
});

test('the alpha of the default rule is told with all its factors', () => {
  const day = 24 * hourMs;
  const text = alphaText({
    kind: 'ladder',
    falseAlarms: 1,
    perMs: 30 * day,
    family: 'inputs',
    share: 0.6,
    signals: 4,
    windowLengths: 8,
    looks: 8_640,
    windowMs: hourMs,
    caution: 0.1,
    monthMs: 30 * day,
  });
  expect(text).toContain(
    '= 1 in 30d (1 false alarms per 30d) × 0.6 for inputs / (4 signals × 8 window lengths × 8640 looks at 1h) × 0.1',
  );
});

describe('the book', () => {
  const bookOf = (keptPerSeries: number, storedRecords = new Map<string, Uint8Array>()) =>
    new VerdictBook({ keptPerSeries, paneMs, sha256, meter: memoryMeter(), stored: storedRecords });

  test('keeps breaches and changes, and of what goes on only the last now and then', () => {
    const book = bookOf(50);
    const { made } = judged();
    let asked = 0;
    const say = (status: Verdict['status'], pane: number) =>
      book.keep(judged(hourMs + pane * paneMs, { status }).verdict, () => {
        asked++;
        return made;
      });
    for (let pane = 0; pane < 30; pane++) say('ok', pane);
    // The first is a change; of 29 that go on, one in each 12 panes, and only the newest of those stays.
    expect(asked).toBeLessThanOrEqual(4);
    expect(book.list().map((one) => one.keptAs)).toEqual(['last', 'change']);
    for (let pane = 30; pane < 33; pane++) expect(say('breach', pane).id).toMatch(/^vrd_[0-9a-f]{16}$/);
    say('ok', 33);
    expect(book.list().map((one) => one.status)).toEqual(['ok', 'breach', 'breach', 'breach', 'ok', 'ok']);
  });

  test('lets the oldest of a series go, and says so to the store', () => {
    const book = bookOf(3);
    const kept = [0, 1, 2, 3, 4].map(
      (pane) => book.keep(judged(hourMs + pane * paneMs).verdict, () => undefined).id,
    );
    expect(book.list().map((one) => one.id)).toEqual(kept.slice(2).reverse());
    const removed = book.takeWrites().filter((write) => write.value === undefined);
    expect(removed.map((write) => write.key)).toEqual(kept.slice(0, 2).map((id) => `verdict/${id}`));
  });

  test('after a restart it lists the same, and a verdict judged again is the same record', () => {
    const { verdict, made } = judged();
    const book = bookOf(50);
    book.keep(verdict, () => made);
    const writes = book.takeWrites();
    const again = bookOf(50, new Map(writes.map((write) => [write.key, write.value ?? new Uint8Array()])));
    expect(again.list()).toEqual(book.list());
    again.keep(verdict, () => made);
    expect(again.list()).toEqual(book.list());
    expect(decodeJson<VerdictRecord>(again.takeWrites()[0]?.value ?? new Uint8Array()).id).toBe(
      book.list()[0]?.id,
    );
  });

  test('a damaged record is left out and counted', () => {
    const meter = memoryMeter();
    const storedRecords = new Map([['x', new TextEncoder().encode('{"format":1}')]]);
    const book = new VerdictBook({ keptPerSeries: 5, paneMs, sha256, meter, stored: storedRecords });
    expect(book.list()).toEqual([]);
    expect(meter.value('corrupt_records')).toBe(1);
  });
});

describe('when there will be enough', () => {
  test('a window that still fills says when; one that is full says never', () => {
    // 60 of 200 rows in the first 20 of 60 minutes: the other 140 take 46 2/3 minutes more, past the hour.
    const half = { rows: 60, needed: 200, startMs: 0, endMs: hourMs, firstMs: 40 * minuteMs };
    expect(missingInWindow(half)).toEqual({ rows: 140 });
    // 100 rows in 20 minutes: 200 after 40.
    expect(missingInWindow({ ...half, rows: 100 })).toEqual({ rows: 100, enoughAtMs: 80 * minuteMs });
    expect(missingInWindow({ ...half, firstMs: 0 })).toEqual({ rows: 140 });
    expect(missingInWindow({ ...half, rows: 0 })).toEqual({ rows: 200 });
  });

  test('on the ladder the shortest window that can hold enough has to fill', () => {
    const fill = { rows: 60, seenTicks: 12, needed: 200, fromTick: 100, endTick: 112 };
    // 40 ticks are needed: the window of 48, from tick 100 on, looked at each 4 ticks.
    expect(enoughAtTick(fill)).toBe(148);
    // Nothing forbids earlier rows: 28 ticks more.
    expect(enoughAtTick({ ...fill, fromTick: Number.NEGATIVE_INFINITY })).toBe(140);
    expect(enoughAtTick({ ...fill, rows: 1 })).toBeUndefined();
    expect(enoughAtTick({ ...fill, rows: 0 })).toBeUndefined();
  });
});

test('episodes open, close and come back from the store; earlier beginnings are bounded', () => {
  const meter = memoryMeter();
  const episodes = new Episodes(meter, new Map());
  const records = new Map<string, Uint8Array>();
  const say = (status: Verdict['status'], endMs: number) =>
    episodes.follow(judged(endMs, { status }).verdict);
  for (let day = 1; day <= 20; day++) {
    expect(say('breach', day * 24 * hourMs)?.openedMs).toBe(day * 24 * hourMs);
    expect(say('inconclusive', day * 24 * hourMs + 1)?.openedMs).toBeDefined();
    expect(say('ok', day * 24 * hourMs + hourMs)?.openedMs).toBeUndefined();
  }
  say('breach', 21 * 24 * hourMs);
  for (const { key, value } of episodes.takeWrites()) if (value !== undefined) records.set(key, value);
  expect(records.size).toBe(1);
  const again = new Episodes(meter, records);
  expect(again.openOf({ environment: 'prod', model: 'm' })).toMatchObject([
    { signal: 'input.x', openedMs: 21 * 24 * hourMs },
  ]);
  expect(again.openOf({ environment: 'prod', model: 'm' })[0]?.earlierMs).toHaveLength(14);
});

test('what the default rule remembers of a drift outlives a restart, looks and all', () => {
  const hours = new Float64Array(168);
  hours[5] = 300;
  const window = {
    bins: Float64Array.of(100, 200),
    n: 300,
    hours,
    ticks: 3,
    weight: 300,
    missing: 0,
    malformed: 1,
    endTick: 99,
  };
  const finding = {
    status: 'breach',
    rowsMissing: 0,
    p: 1e-9,
    pSmooth: 1e-9,
    pMaxBin: 1,
    t: 60,
    threshold: 40,
    z: [5, 0, 0, 0],
    psi: 0.3,
    excess: 0.2,
    words: ['higher'],
    moved: { bin: 1, reference: 0.5, current: 0.66 },
    n: 300,
    m: 5_000,
  } as const;
  const open: LadderMemory = {
    looks: new Map([[3, { ticks: 3, window, finding }]]),
    open: { atTick: 98, ticks: 3, calm: 1, calmTick: 99 },
    clearedTick: Number.NEGATIVE_INFINITY,
  };
  const over: LadderMemory = {
    looks: new Map([[3, { ticks: 3, window, finding }]]),
    open: undefined,
    clearedTick: 50,
  };
  const calm: LadderMemory = { looks: new Map(), open: undefined, clearedTick: Number.NEGATIVE_INFINITY };
  const read = decodeMemories(
    encodeMemories(
      new Map([
        ['a', open],
        ['b', over],
        ['c', calm],
      ]),
    ),
  );
  expect(read.get('a')).toEqual(open);
  expect(read.get('b')).toEqual({ ...over, looks: new Map() });
  expect(read.has('c')).toBe(false);
});
