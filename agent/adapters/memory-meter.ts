import { assert } from '../../core/assert.ts';
import { canonicalLabels, type Labels } from '../../core/labels.ts';
import { type MetricKey, type MetricSpec, metrics } from '../../core/metrics.ts';
import type { Meter } from '../../core/ports.ts';

export interface MemoryMeter extends Meter {
  /**
   * The counter's sum, the gauge's value or the number of observations; without labels the sum over all
   * series.
   */
  value(key: MetricKey, labels?: Labels): number;
}

/** Series kept in all, at most: a test that makes more has a leak to find. */
const seriesMax = 100_000;

/**
 * A meter for tests and simulations: as strict as the catalogue, so that a wrong label fails where it is
 * used.
 */
export function memoryMeter(): MemoryMeter {
  const series = new Map<string, { readonly key: MetricKey; readonly value: number }>();
  // Checking labels takes longer than most of what a simulation does: each form of them is checked once.
  const checked = new Map<string, string>();
  const idOf = (key: MetricKey, labels: Labels): string => {
    const form = JSON.stringify([key, labels]);
    const known = checked.get(form);
    if (known !== undefined) return known;
    checkLabels(key, labels);
    const id = `${key} ${canonicalLabels(labels)}`;
    checked.set(form, id);
    return id;
  };
  const update = (key: MetricKey, labels: Labels, next: (now: number) => number) => {
    const id = idOf(key, labels);
    assert(series.size < seriesMax || series.has(id), `metrics have more than ${seriesMax} series`);
    series.set(id, { key, value: next(series.get(id)?.value ?? 0) });
  };
  return {
    add(key, amount, labels = {}) {
      checkUse(key, 'counter', amount);
      assert(amount >= 0, `${key}: a counter does not go down`);
      update(key, labels, (now) => now + amount);
    },
    set(key, value, labels = {}) {
      checkUse(key, 'gauge', value);
      update(key, labels, () => value);
    },
    observe(key, value, labels = {}) {
      checkUse(key, 'histogram', value);
      update(key, labels, (now) => now + 1);
    },
    clear(key) {
      for (const [id, one] of series) if (one.key === key) series.delete(id);
    },
    value(key, labels) {
      if (labels !== undefined) return series.get(`${key} ${canonicalLabels(labels)}`)?.value ?? 0;
      return [...series.values()].filter((one) => one.key === key).reduce((sum, one) => sum + one.value, 0);
    },
  };
}

function checkUse(key: MetricKey, type: MetricSpec['type'], value: number): void {
  assert(metrics[key].type === type, `${key} is a ${metrics[key].type}, not a ${type}`);
  assert(Number.isFinite(value), `${key}: ${value} is not a finite number`);
}

function checkLabels(key: MetricKey, labels: Labels): void {
  const { labels: spec = {} }: MetricSpec = metrics[key];
  const wanted = Object.keys(spec).sort().join();
  const given = Object.keys(labels).sort().join();
  assert(wanted === given, `${key} has the labels {${wanted}}, not {${given}}`);
  for (const [name, allowed] of Object.entries(spec)) {
    const value = labels[name] ?? '';
    assert(typeof allowed === 'number' || allowed.includes(value), `${key}: ${name} is never "${value}"`);
  }
}
