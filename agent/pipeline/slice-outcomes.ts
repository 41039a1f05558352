import type { Call } from '../../core/observation.ts';
import type { OutcomeKind } from '../../detectors/segments/contrast.ts';
import type { ModelState, SignalState } from './model-state.ts';
import { outcomesMax } from './slice-counts.ts';

/** Outputs among the outcomes, at most: the first that have a scale. */
const outputsMax = 2;
const outputPrefix = 'output.';

/** What slices are compared by. Plain data: stored with the sums that were made with it. */
export interface Outcome {
  readonly signal: string;
  readonly kind: OutcomeKind;
  /** Of a number: subtracted from each value, so that squares lose no digits. */
  readonly centre: number;
  /** Of a number: values beyond are taken as these, so that no single row decides. */
  readonly low: number;
  readonly high: number;
  /** Of levels: the level whose share is followed, the reference's most frequent one. */
  readonly level: string;
}

/** Outcomes that a model has by now and that are not among those known; their order never changes. */
export function newOutcomes(
  state: ModelState,
  known: readonly Outcome[],
  isWatched: (signal: string) => boolean,
): readonly Outcome[] {
  const found: Outcome[] = [];
  const has = (signal: string) => [...known, ...found].some((one) => one.signal === signal);
  let outputs = known.filter((one) => one.signal.startsWith(outputPrefix)).length;
  for (const signal of state.signals.values()) {
    if (known.length + found.length >= outcomesMax) break;
    if (has(signal.name) || !isWatched(signal.name)) continue;
    const outcome = outcomeOf(signal);
    if (outcome === undefined) continue;
    if (signal.name.startsWith(outputPrefix) && ++outputs > outputsMax) continue;
    found.push(outcome);
  }
  return found;
}

function outcomeOf(signal: SignalState): Outcome | undefined {
  const plain = { signal: signal.name, centre: 0, low: 0, high: 0, level: '' };
  if (signal.name === 'error_share') return { ...plain, kind: 'share' };
  // ln of the ms, from a µs to 12 days: a latency is twice as long, not 200 ms longer.
  if (signal.name === 'latency_ms') return { ...plain, kind: 'mean', low: -7, high: 21 };
  if (!signal.name.startsWith(outputPrefix)) return undefined;
  const learned = signal.learner?.reference ?? signal.learner?.snapshot();
  if (learned === undefined) return undefined;
  const { scale, counters } = learned;
  if (scale.kind === 'levels') {
    const level = [...scale.cells].reduce<readonly [string, number] | undefined>(
      (best, one) =>
        best === undefined || (counters.counts[one[1]] ?? 0) > (counters.counts[best[1]] ?? 0) ? one : best,
      undefined,
    );
    return level === undefined ? undefined : { ...plain, kind: 'share', level: level[0] };
  }
  if (scale.kind !== 'numeric') return undefined;
  const { edges } = scale;
  // The outermost 1/60 on either side, where there are as many edges.
  const inset = edges.length > 20 ? 1 : 0;
  const [low, high] = [edges[inset], edges[edges.length - 1 - inset]];
  const centre = edges[edges.length >> 1];
  if (low === undefined || high === undefined || centre === undefined || !(low < high)) return undefined;
  return { ...plain, kind: 'mean', centre, low, high };
}

/** The outcome's value in a row, less its centre; NaN where the row has none. */
export function outcomeValue(outcome: Outcome, call: Call): number {
  switch (outcome.signal) {
    case 'error_share':
      return call.result === 'error' ? 1 : 0;
    case 'latency_ms':
      return call.latencyMs > 0 ? clamp(Math.log(call.latencyMs), outcome) : Number.NaN;
    default:
      return call.result === 'ok' ? outputValue(outcome, call) : Number.NaN;
  }
}

function outputValue(outcome: Outcome, { outputs }: Call): number {
  for (let i = 0; i < outputs.size; i++) {
    const name = outputs.names[i] as string;
    if (name.length !== outcome.signal.length - outputPrefix.length || !outcome.signal.endsWith(name))
      continue;
    const kind = outputs.kind(i);
    if (outcome.kind === 'mean') return kind === 'number' ? clamp(outputs.number(i), outcome) : Number.NaN;
    return kind === 'level' ? Number(outputs.levels[i] === outcome.level) : Number.NaN;
  }
  return Number.NaN;
}

function clamp(value: number, { low, high, centre }: Outcome): number {
  return Math.min(high, Math.max(low, value)) - centre;
}
