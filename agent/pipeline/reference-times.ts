import type { Counters } from '../../core/pane.ts';
import type { Reference } from '../../core/reference.ts';
import { countLevel, countNumber, newCounters } from '../../detectors/counters/counters.ts';
import { tickMs } from '../../detectors/ladder/alpha-ladder.ts';
import { binningOf } from '../../detectors/ladder/binning.ts';
import { buildReferenceModel, referenceModelToJson } from '../../detectors/ladder/reference-model.ts';
import { PaneHistory } from '../../detectors/ladder/reference-panes.ts';
import { hourOfWeek } from '../../detectors/ladder/seasonal.ts';
import { binnedPane, type StoredLadder } from './ladder-state.ts';

/**
 * The model of a reference whose rows have times: seasons and how much windows vary, as if it had been learned from
 * traffic. Undefined where the default rule cannot read the signal. Of rows over more than 56 days the newest count.
 */
export function modelOfTimes(
  reference: Reference,
  values: readonly (number | string)[],
  timesMs: readonly number[],
): StoredLadder | undefined {
  const { scale, counters } = reference;
  const binning = binningOf(scale, counters);
  if (binning === undefined) return undefined;
  const panes = new Map<number, Counters>();
  values.forEach((value, row) => {
    const tick = Math.floor((timesMs[row] as number) / tickMs);
    const pane = panes.get(tick) ?? newCounters(scale);
    panes.set(tick, pane);
    if (typeof value === 'number') countNumber(pane, scale, value, 1);
    else countLevel(pane, scale, value, 1);
  });
  const history = new PaneHistory(binning.size);
  const ticks = [...panes.keys()].sort((a, b) => a - b);
  for (const tick of ticks) {
    const hour = hourOfWeek(tick * tickMs);
    history.add(binnedPane(binning, panes.get(tick) as Counters, tick, hour));
  }
  return {
    referenceId: reference.id,
    scaleId: scale.id,
    startedTick: ticks[0] ?? 0,
    builtTick: ticks.at(-1) ?? 0,
    binOf: [...binning.binOf],
    model: referenceModelToJson(buildReferenceModel(history.panes())),
  };
}
