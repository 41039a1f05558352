import { type Contribution, contributionsMax, type OutputShift } from '../../core/explanation.ts';
import {
  contributionOf,
  importanceOf,
  meanScores,
  overlapShare,
  scoreDeviation,
} from '../../detectors/explain/contributions.ts';
import { type Shares, sharesSince } from './explain-blocks.ts';
import type { LadderBook } from './ladder-book.ts';
import type { ModelState } from './model-state.ts';
import type { ScoreBook } from './scores.ts';

/** PSI beyond chance from which an input counts as moved. */
const movedExcess = 0.01;
/** Shift of the output, in its standard deviations, of which shares can be told; and in its standard errors. */
const toldDeviations = 0.05;
const toldErrors = 3;

interface ShiftQuestion {
  readonly state: ModelState;
  readonly version: string;
  /** The stretch of time in question. */
  readonly startTick: number;
  readonly endTick: number;
  readonly ladders: LadderBook;
  readonly scores: ScoreBook;
}

interface Part extends Contribution {
  /** I_f · √excess_f. */
  readonly rank: number;
  readonly excess: number;
}

/** What each input's change does to the mean output. Undefined where the model has no numeric output that is followed. */
export function outputShiftOf(question: ShiftQuestion) {
  const output = question.scores.outputOf(question.state);
  const own = output === undefined ? undefined : partOf(question, output, 1);
  if (output === undefined || own === undefined) return undefined;
  const all = new Map<string, Part>();
  for (const signal of question.state.signals.keys()) {
    if (!signal.startsWith('input.')) continue;
    const part = partOf(question, signal, own.deviation);
    if (part !== undefined) all.set(signal, part);
  }
  const moved = [...all.values()].filter((part) => part.excess >= movedExcess);
  moved.sort((a, b) => b.rank - a.rank || b.excess - a.excess);
  const sum = moved.reduce((total, part) => total + part.shift, 0);
  const error = own.deviation * Math.sqrt(1 / own.n + own.inverseM);
  const isTold =
    Math.abs(own.shift) >= toldDeviations * own.deviation && Math.abs(own.shift) >= toldErrors * error;
  const explained = isTold ? sum / own.shift : null;
  const shift: OutputShift = {
    output,
    observed: own.shift,
    deviations: own.deviation > 0 ? own.shift / own.deviation : 0,
    contributions: moved
      .slice(0, contributionsMax)
      .map(({ signal, shift, deviations }) => ({ signal, shift, deviations })),
    explained,
    overlapping: explained !== null && explained > overlapShare,
  };
  return { shift, all };
}

/** `deviation`: of the output; for the output itself its own is used. */
function partOf(question: ShiftQuestion, signal: string, deviation: number) {
  const { state, version, startTick, endTick, ladders, scores } = question;
  const known = state.signals.get(signal);
  const ladder = known && ladders.of(state, known);
  const ring = ladder?.rings.get(version);
  if (known === undefined || ladder === undefined || ring === undefined) return undefined;
  const shares: Shares | undefined = sharesSince(ladder, ring, startTick, endTick);
  const bins = scores.binsOf(state, signal, known.learner?.scale?.id ?? '', ladder.binning);
  if (shares === undefined || bins === undefined) return undefined;
  const shift = contributionOf(meanScores(bins), shares.expected, shares.current);
  const spread = signal.startsWith('output.') ? scoreDeviation(bins) : deviation;
  if (!Number.isFinite(shift) || !Number.isFinite(spread)) return undefined;
  return {
    signal,
    shift,
    deviations: spread > 0 ? shift / spread : 0,
    deviation: spread,
    excess: shares.excess,
    rank: importanceOf(bins) * Math.sqrt(Math.max(0, shares.excess)),
    n: shares.n,
    inverseM: shares.inverseM,
  };
}
