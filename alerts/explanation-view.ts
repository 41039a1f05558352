import {
  companionsMax,
  contributionsMax,
  type Explanation,
  nearbyChangesMax,
  type Onset,
} from '../core/explanation.ts';
import { isoTime } from '../core/time.ts';
import type { ExplanationView } from './view.ts';

/** Code points. */
const sentenceMax = 1_000;

export function explanationViewOf(explanation: Explanation | undefined): ExplanationView | null {
  if (explanation === undefined) return null;
  const { sentence, onset, movedTogether, outputShift, changesNearby, matters, mattersReason } = explanation;
  return {
    sentence,
    onset: onset === undefined ? null : onsetViewOf(onset),
    movedTogether: movedTogether.map((one) => ({
      signal: one.signal,
      since: one.sinceMs === undefined ? '' : isoTime(one.sinceMs),
      isTogether: one.isTogether,
    })),
    output:
      outputShift === undefined
        ? null
        : {
            signal: outputShift.output,
            shift: finite(outputShift.observed),
            deviations: finite(outputShift.deviations),
            explained: outputShift.explained === null ? null : finite(outputShift.explained),
            contributions: outputShift.contributions.map((one) => ({
              signal: one.signal,
              shift: finite(one.shift),
              deviations: finite(one.deviations),
            })),
          },
    changesNearby: changesNearby.map((change) => ({ what: change.what, at: isoTime(change.atMs) })),
    matters,
    mattersReason,
  };
}

/** With every text and list within its limit; names in it come from telemetry. */
export function boundedExplanation(
  view: ExplanationView | null,
  clean: (text: string, max?: number) => string,
): ExplanationView | null {
  if (view === null) return null;
  const { output } = view;
  return {
    ...view,
    sentence: clean(view.sentence, sentenceMax),
    movedTogether: view.movedTogether
      .slice(0, companionsMax)
      .map((one) => ({ ...one, signal: clean(one.signal) })),
    output: output && {
      ...output,
      signal: clean(output.signal),
      contributions: output.contributions
        .slice(0, contributionsMax)
        .map((one) => ({ ...one, signal: clean(one.signal) })),
    },
    changesNearby: view.changesNearby
      .slice(0, nearbyChangesMax)
      .map((change) => ({ ...change, what: clean(change.what) })),
    mattersReason: clean(view.mattersReason, sentenceMax),
  };
}

function onsetViewOf({ atMs, fromMs, toMs, form }: Onset) {
  return { at: isoTime(atMs), from: isoTime(fromMs), to: isoTime(toMs), form };
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}
