import { expect, test } from 'vitest';
import { memoryMeter } from '../../../agent/adapters/memory-meter.ts';
import { watchProcess } from '../../../agent/adapters/process-vitals.ts';
import { createPromMeter } from '../../../agent/adapters/prom-meter.ts';
import { AssertionFault } from '../../../core/assert.ts';
import { type MetricKey, type MetricSpec, metrics } from '../../../core/metrics.ts';

const openMetrics =
  'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';

/** Series of a page by `name{labels}`. */
function seriesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const cut = line.lastIndexOf(' ');
      return [line.slice(0, cut), Number(line.slice(cut + 1))];
    }),
  );
}

test('every metric of the catalogue is on the page, closed label values with 0, capped ones not yet', async () => {
  const meter = await createPromMeter();
  const { text, contentType } = await meter.render('');
  expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  const series = seriesOf(text);
  for (const spec of Object.values(metrics) as MetricSpec[]) {
    expect(text).toContain(`# HELP ${spec.name} ${spec.help}\n# TYPE ${spec.name} ${spec.type}`);
    const own = [...series].filter(
      ([id]) => id.replace(/\{.*/, '').replace(/_(bucket|sum|count)$/, '') === spec.name,
    );
    const caps = Object.values(spec.labels ?? {});
    const combinations = caps.reduce<number>(
      (product, allowed) => product * (typeof allowed === 'number' ? 0 : allowed.length),
      1,
    );
    const perSeries = spec.type === 'histogram' ? (spec.buckets?.length ?? 0) + 3 : 1;
    expect([spec.name, own.length]).toEqual([spec.name, combinations * perSeries]);
    expect(own.every(([, value]) => value === 0)).toBe(true);
  }
  expect(series.get('kedge_verdicts_total{detector="psi",status="ok"}')).toBeUndefined();
});

test('counts, values and observations are shown under their labels', async () => {
  const meter = await createPromMeter();
  meter.add('dropped', 2, { reason: 'late' });
  meter.add('dropped', 3, { reason: 'late' });
  meter.set('checkpoint_bytes', 10);
  meter.set('checkpoint_bytes', 7);
  meter.observe('tick_seconds', 0.03);
  meter.add('verdicts', 1, { status: 'ok', detector: 'a "quoted" \\ name\nin two lines' });
  const series = seriesOf((await meter.render('text/plain')).text);
  expect(series.get('kedge_rows_dropped_total{reason="late"}')).toBe(5);
  expect(series.get('kedge_checkpoint_bytes')).toBe(7);
  expect(series.get('kedge_tick_seconds_bucket{le="0.025"}')).toBe(0);
  expect(series.get('kedge_tick_seconds_bucket{le="0.1"}')).toBe(1);
  expect(series.get('kedge_tick_seconds_count')).toBe(1);
  expect(
    series.get('kedge_verdicts_total{detector="a \\"quoted\\" \\\\ name\\nin two lines",status="ok"}'),
  ).toBe(1);
  expect(await meter.total('dropped')).toBe(5);
  expect(await meter.total('tick_seconds')).toBe(1);
});

test('OpenMetrics names counters rightly, and rendering it does not damage the text page', async () => {
  const meter = await createPromMeter();
  meter.add('panes_closed', 4);
  const first = await meter.render(openMetrics);
  expect(first.contentType).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  expect(first.text).toContain('# TYPE kedge_panes_closed counter\nkedge_panes_closed_total 4\n');
  expect(first.text).not.toContain('_total_total');
  expect(first.text.endsWith('\n# EOF\n')).toBe(true);
  expect(first.text).not.toMatch(/\n\n/);
  const [again, text] = await Promise.all([meter.render(openMetrics), meter.render('text/plain')]);
  expect(again.text).toBe(first.text);
  expect(text.text).toContain('# TYPE kedge_panes_closed_total counter\nkedge_panes_closed_total 4\n');
  const counters = Object.values(metrics).filter((spec) => spec.type === 'counter');
  for (const { name } of counters) expect(text.text).toContain(`# TYPE ${name} counter`);
});

test.each([
  ['', 'text/plain'],
  ['*/*', 'text/plain'],
  ['application/openmetrics-text', 'application/openmetrics-text'],
  ['application/openmetrics-text;q=0, text/plain', 'text/plain'],
  ['text/plain;q=0.9, application/openmetrics-text;q=0.1', 'text/plain'],
  ['application/openmetrics-text;q=nonsense', 'text/plain'],
])('Accept %j is answered with %s', async (accept, type) => {
  const meter = await createPromMeter();
  expect((await meter.render(accept)).contentType.split(';')[0]).toBe(type);
});

test('a label over its cap is folded into other, and that is counted', async () => {
  const meter = await createPromMeter();
  for (let i = 0; i < 25; i++) meter.add('rows', 1, { convention: `c${i}` });
  meter.add('rows', 1, { convention: 'c3' });
  const series = seriesOf((await meter.render('')).text);
  const own = [...series.keys()].filter((id) => id.startsWith('kedge_rows_total'));
  expect(own).toHaveLength(21);
  expect(series.get('kedge_rows_total{convention="c3"}')).toBe(2);
  expect(series.get('kedge_rows_total{convention="other"}')).toBe(5);
  expect(series.get('kedge_metric_series_folded_total')).toBe(5);
});

test('a metric never has more than 1,000 series and their rest, whatever its labels', async () => {
  const meter = await createPromMeter();
  for (let i = 0; i < 3_000; i++) {
    meter.set('signal_statistic', i, { model: `m${i % 40}`, rule: `r${i % 7}`, signal: `s${i}` });
  }
  const series = seriesOf((await meter.render('')).text);
  const own = [...series.keys()].filter((id) => id.startsWith('kedge_signal_statistic'));
  expect(own.length).toBe(1_001);
  expect(own).toContain('kedge_signal_statistic{model="other",rule="other",signal="other"}');
  expect(series.get('kedge_metric_series_folded_total')).toBe(2_000);
});

test('clear takes series away and makes room for others', async () => {
  const meter = await createPromMeter();
  for (let i = 0; i < 60; i++) meter.set('watermark', i, { model: `old${i}` });
  meter.set('alerts', 3, { condition: 'firing', severity: 'major' });
  meter.clear('watermark');
  meter.clear('alerts');
  meter.set('watermark', 9, { model: 'new' });
  const series = seriesOf((await meter.render('')).text);
  expect([...series.keys()].filter((id) => id.startsWith('kedge_watermark'))).toEqual([
    'kedge_watermark_seconds{model="new"}',
  ]);
  expect(series.get('kedge_alerts{condition="firing",severity="major"}')).toBe(0);
});

test('misuse is counted as our own fault and does not throw', async () => {
  const meter = await createPromMeter();
  meter.add('panes_closed', -1);
  meter.add('panes_closed', Number.NaN);
  meter.set('panes_closed', 1);
  meter.observe('tick_seconds', Number.POSITIVE_INFINITY);
  meter.add('dropped', 1, { reason: 'no such reason' });
  const series = seriesOf((await meter.render('')).text);
  expect(series.get('kedge_internal_errors_total{stage="admin"}')).toBe(4);
  expect(series.get('kedge_panes_closed_total')).toBe(0);
  expect(series.get('kedge_rows_dropped_total{reason="other"}')).toBe(1);
});

test('scrapes at the same moment share one page, and the loop gets its turns', async () => {
  let rendered = 0;
  const meter = await createPromMeter({ beforeRender: () => void rendered++ });
  let turns = 0;
  const spin = () => {
    turns++;
    timer = setImmediate(spin);
  };
  let timer = setImmediate(spin);
  const pages = await Promise.all([meter.render(''), meter.render(''), meter.render('text/plain')]);
  clearImmediate(timer);
  expect(rendered).toBe(1);
  expect(pages[1]).toBe(pages[0]);
  expect(turns).toBeGreaterThan(Object.keys(metrics).length / 2);
});

test('the vitals of the process are set before a scrape', async () => {
  const meter = memoryMeter();
  const vitals = watchProcess(meter);
  const until = performance.now() + 80;
  await new Promise((resolve) => setTimeout(resolve, 20));
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 20));
  vitals.refresh();
  vitals.stop();
  expect(meter.value('resident_memory')).toBeGreaterThan(20e6);
  expect(meter.value('loop_delay')).toBeGreaterThan(0.02);
});

test('the meter of tests sums by key and labels', () => {
  const meter = memoryMeter();
  meter.add('dropped', 2, { reason: 'late' });
  meter.add('dropped', 3, { reason: 'future' });
  meter.set('outbox_rows', 5, { state: 'dead', channel: 'mail' });
  meter.observe('tick_seconds', 0.1);
  meter.observe('tick_seconds', 0.2);
  expect(meter.value('dropped')).toBe(5);
  expect(meter.value('dropped', { reason: 'late' })).toBe(2);
  expect(meter.value('outbox_rows', { channel: 'mail', state: 'dead' })).toBe(5);
  expect(meter.value('tick_seconds')).toBe(2);
  meter.clear('outbox_rows');
  expect(meter.value('outbox_rows')).toBe(0);
  expect(meter.value('dropped')).toBe(5);
});

test.each<[string, (meter: ReturnType<typeof memoryMeter>) => void]>([
  ['a missing label', (meter) => meter.add('dropped', 1)],
  ['a label too many', (meter) => meter.add('panes_closed', 1, { model: 'm' })],
  ['a value outside the closed list', (meter) => meter.add('dropped', 1, { reason: 'because' })],
  ['a gauge used as a counter', (meter) => meter.add('ready', 1)],
  ['a counter that goes down', (meter) => meter.add('panes_closed', -1)],
  ['a number that is none', (meter) => meter.set('ready', Number.NaN)],
])('the meter of tests fails on %s', (_what, use) => {
  expect(() => use(memoryMeter())).toThrow(AssertionFault);
});

test('every counter ends in _total, no other metric does, and names are unique', () => {
  const all = Object.entries(metrics) as [MetricKey, MetricSpec][];
  for (const [, { name, type }] of all)
    expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
  expect(new Set(all.map(([, { name }]) => name)).size).toBe(all.length);
});
