import type { Config } from '../../config/config.ts';
import type { Reference } from '../../core/reference.ts';
import { type ModelState, seriesOf, tracksOf, watermarkMs } from './model-state.ts';

/** Empty panes walked through in one go, at most; a longer stretch without data is jumped over. */
export const emptyPanesMax = 2_000;

/** A pane of one model that no row can change any more. */
export interface ClosedPane {
  readonly state: ModelState;
  readonly startMs: number;
  readonly endMs: number;
  /** References frozen because of it. */
  readonly frozen: readonly Reference[];
}

/**
 * Closes the panes of one model up to its watermark, oldest first and none with data skipped, and lets its learners
 * see each. A stretch without data closes too (rules must notice silence), but a very long one only in part.
 */
export function* closePanes(state: ModelState, nowMs: number, config: Config): Generator<ClosedPane> {
  const { paneMs, allowedLatenessMs } = config.windows;
  const target = Math.floor(watermarkMs(state, nowMs, allowedLatenessMs) / paneMs) * paneMs;
  let empty = 0;
  while (state.closedMs < target) {
    const startMs = state.closedMs;
    const hasData = anyPaneAt(state, startMs);
    empty = hasData ? 0 : empty + 1;
    if (empty > emptyPanesMax) {
      state.closedMs = Math.min(target, nextDataFrom(state, startMs));
      empty = 0;
      continue;
    }
    state.closedMs = startMs + paneMs;
    const frozen = learnFrom(state, startMs, state.closedMs, nowMs);
    yield { state, startMs, endMs: state.closedMs, frozen };
  }
}

/** Forgets panes that lie behind every window to come. */
export function forgetOldPanes(state: ModelState): void {
  for (const version of state.versions.values()) {
    for (const { signal, track } of tracksOf(version)) track?.forgetBefore(state.closedMs - signal.keepMs);
  }
}

function learnFrom(state: ModelState, startMs: number, endMs: number, nowMs: number): readonly Reference[] {
  for (const version of state.versions.values()) {
    for (const { signal, track } of tracksOf(version)) {
      const counters = signal.learner?.state === 'learning' ? track?.pane(startMs) : undefined;
      if (counters !== undefined) signal.learner?.addPane(counters);
    }
  }
  const frozen: Reference[] = [];
  for (const signal of state.signals.values()) {
    if (signal.learner === undefined || signal.learner.state === 'frozen') continue;
    const reference = signal.learner.settle(endMs, seriesOf(state, signal.name), nowMs);
    if (reference !== undefined) frozen.push(reference);
  }
  return frozen;
}

function anyPaneAt(state: ModelState, startMs: number): boolean {
  for (const version of state.versions.values()) {
    for (const { track } of tracksOf(version)) if (track?.pane(startMs) !== undefined) return true;
  }
  return false;
}

function nextDataFrom(state: ModelState, startMs: number): number {
  let next = Number.POSITIVE_INFINITY;
  for (const version of state.versions.values()) {
    for (const { track } of tracksOf(version)) next = Math.min(next, track?.firstFrom(startMs) ?? next);
  }
  return next;
}
