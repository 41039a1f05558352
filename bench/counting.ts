import { DDSketch } from '@datadog/sketches-js';
import { TextCache } from '../agent/receivers/wire/text.ts';
import type { Counters } from '../core/pane.ts';
import { countLevel, countNumbers, newCounters } from '../detectors/counters/counters.ts';
import { freezeLevels } from '../detectors/counters/freeze.ts';
import type { KernelAnswer } from './kernel-answer.ts';
import { makeSignals, type Signal, sha256, signals } from './kernel-signals.ts';
import type { Chance } from './payload-records.ts';
import { comparedRounds, sampleRounds } from './rounds.ts';

const countRows = 512;
/** Numbers that wait in a series to be counted together: pipeline/row-block.ts. */
const waitingMax = 64;
const sketchAccuracy = 0.01;

/**
 * 1,000 signals × 512 rows, column by column; and each value into the sketch of its signal, row by row as they come, by
 * @datadog/sketches-js. Beside it the batches of 64 that the agent counts row by row with: there
 * the cells of a thousand signals come from memory for each batch.
 */
export function measureNumbers(rounds: number, chance: Chance): KernelAnswer {
  const made = makeSignals(chance);
  const columns = made.map(({ draw }) => Float64Array.from({ length: countRows }, draw));
  const counters = made.map(({ scale }) => newCounters(scale));
  let calls = 0;
  const countBy = (size: number): void => {
    calls++;
    for (let from = 0; from < countRows; from += size) {
      for (let i = 0; i < signals; i++) {
        const values = (columns[i] as Float64Array).subarray(from, from + size);
        const { scale } = made[i] as Signal;
        countNumbers(counters[i] as Counters, scale, { values, size, weight: 1 });
      }
    }
  };
  const countAll = (): void => countBy(countRows);
  const nanoseconds = (ms: number) => (ms * 1e6) / (signals * countRows);
  const batched = sampleRounds(rounds, () => countBy(waitingMax)).map(nanoseconds);
  const sketches = made.map(() => new DDSketch({ relativeAccuracy: sketchAccuracy }));
  const sketchAll = (): void => {
    for (let row = 0; row < countRows; row++) {
      for (let i = 0; i < signals; i++)
        (sketches[i] as DDSketch).accept((columns[i] as Float64Array)[row] as number);
    }
  };
  const { ms, ratios } = comparedRounds(rounds, countAll, sketchAll);
  const figures = {
    'count.numeric.ns_per_value': ms.map(nanoseconds),
    'count.numeric.batched_ns_per_value': batched,
    'count.numeric.vs_ddsketch': ratios,
  };
  return { unequal: lost(counters, calls), figures };
}

function lost(counters: readonly Counters[], calls: number): string {
  const wrong = counters.filter(({ rows }) => rows !== calls * countRows).length;
  return wrong === 0 ? '' : `${wrong} signals have not counted every row`;
}

const distinctLevels = 10;
const levelRows = 4_096;
const textDecoder = new TextDecoder();

/** Ten levels as bytes of a body: found among the texts the reader knows and counted; a string each in a Map instead. */
export function measureLevels(rounds: number, chance: Chance): KernelAnswer {
  const names = Array.from({ length: distinctLevels }, (_, i) => `level ${chance.hex(1 + (i % 8))} ${i}`);
  const { bytes, starts, lengths } = bodyOf(Array.from({ length: levelRows }, () => chance.pick(names)));
  const view = new DataView(bytes.buffer);
  const scale = freezeLevels(new Map(names.map((name) => [name, 100])), sha256);
  const counters = newCounters(scale);
  const cache = new TextCache();
  const ours = (): void => {
    for (let row = 0; row < levelRows; row++) {
      const level = cache.text(bytes, view, starts[row] as number, lengths[row] as number);
      countLevel(counters, scale, level, 1);
    }
  };
  const seen = new Map<string, number>();
  const theirs = (): void => {
    for (let row = 0; row < levelRows; row++) {
      const start = starts[row] as number;
      const level = textDecoder.decode(bytes.subarray(start, start + (lengths[row] as number)));
      seen.set(level, (seen.get(level) ?? 0) + 1);
    }
  };
  const { ms, ratios } = comparedRounds(rounds, ours, theirs);
  const total = [...seen.values()].reduce((sum, one) => sum + one, 0);
  const isEqual = names.every((name) => {
    const share = (counters.counts[scale.cells.get(name) ?? -1] ?? 0) / counters.weight;
    return Math.abs(share - (seen.get(name) ?? 0) / total) < 1e-12;
  });
  return {
    unequal: isEqual ? '' : 'levels were counted in other shares than a Map does',
    figures: {
      'count.levels.ns_per_value': ms.map((one) => (one * 1e6) / levelRows),
      'count.levels.vs_map': ratios,
    },
  };
}

function bodyOf(texts: readonly string[]) {
  const encoder = new TextEncoder();
  const parts = texts.map((text) => encoder.encode(text));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  const starts: number[] = [];
  let at = 0;
  for (const part of parts) {
    starts.push(at);
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes, starts, lengths: parts.map((part) => part.length) };
}
