import type { Counters } from '../../core/pane.ts';
import type { Series } from '../../core/series.ts';
import { addBins, type Binning } from '../../detectors/ladder/binning.ts';
import { type JudgeRoom, ModelReader } from '../../detectors/ladder/judge-series.ts';
import { type ReferenceModelJson, referenceModelFromJson } from '../../detectors/ladder/reference-model.ts';
import type { PaneHistory } from '../../detectors/ladder/reference-panes.ts';
import { RecentPanes, thinPaneRowsMax } from '../../detectors/ladder/serial.ts';
import type { RingPane, WindowRing } from '../../detectors/ladder/window-ring.ts';

/** What the default rule knows of one signal of one model, over all versions. */
export interface SignalLadder {
  readonly series: Series;
  readonly binning: Binning;
  readonly scaleId: string;
  /** Panes the model is made from, while it is still refined. */
  history: PaneHistory | undefined;
  reader: ModelReader | undefined;
  /** The reference it stands for; another one makes it anew. */
  referenceId: string;
  startedTick: number;
  builtTick: number;
  readonly rings: Map<string, WindowRing>;
  /** Where the last panes of a version with few rows lay. */
  readonly recent: Map<string, RecentPanes>;
  /** A model of this reference waits to be made. */
  awaits: string;
  /** Some version drifts: the model is not refined meanwhile, as it would learn the drift. */
  drifting: boolean;
  /** Another reference is in force: another ladder has its place. */
  isReplaced: boolean;
}

/** A model as it is stored. */
export interface StoredLadder {
  readonly referenceId: string;
  readonly scaleId: string;
  readonly startedTick: number;
  readonly builtTick: number;
  readonly binOf: readonly number[];
  readonly model: ReferenceModelJson;
}

/** Remembers where a pane with few rows lay. */
export function keepThin(ladder: SignalLadder, version: string, { tick, bins, weight }: RingPane): void {
  if (!(weight > 0 && weight <= thinPaneRowsMax)) return;
  const recent = ladder.recent.get(version) ?? new RecentPanes();
  ladder.recent.set(version, recent);
  const sum = Array.from(bins).reduce((total, count, bin) => total + bin * count, 0);
  recent.add(tick, sum / weight / Math.max(1, bins.length - 1));
}

/** A model of before a restart: it is judged with, and refined no more, as the panes it was made from are gone. */
export function fromStored(ladder: SignalLadder, stored: StoredLadder, room: JudgeRoom): SignalLadder {
  try {
    const binning: Binning = { ...ladder.binning, binOf: Uint8Array.from(stored.binOf) };
    const { hours: _, ...judged } = referenceModelFromJson(stored.model);
    const reader = new ModelReader(judged, room);
    const { referenceId, startedTick, builtTick } = stored;
    return { ...ladder, binning, reader, referenceId, startedTick, builtTick, history: undefined };
  } catch {
    return ladder;
  }
}

/** The sums of one pane as rings and histories take them, with its hour of the week. */
export function binnedPane(binning: Binning, counters: Counters, tick: number, hour: number): RingPane {
  const bins = new Float64Array(binning.size);
  addBins(binning, counters, bins);
  const { weight, weightSquared, missing, malformed } = counters;
  return { tick, hour, bins, weight, weightSquared, missing, malformed };
}
