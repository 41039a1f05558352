/** One series at one window of the ladder: its own sums against what its reference model expects of their hours. */
import { type LadderTicks, ladderTicks } from './alpha-ladder.ts';
import { type Basis, type BasisRoom, newBasisRoom, orthonormalBasis } from './basis.ts';
import type { CriticalValues } from './critical-values.ts';
import { judgeSmall } from './judge-small.ts';
import { judgeWindow, type WindowFinding } from './judge-window.ts';
import type { ReferenceModel } from './reference-model.ts';
import { type Expectation, type ExpectationRoom, expectationOf, newExpectationRoom } from './seasonal.ts';
import type { RingWindow } from './window-ring.ts';

/** What is expected of one window, with its basis. */
export interface ReadyExpectation extends Expectation {
  readonly basis: Basis;
}

/**
 * A model ready to be asked. It remembers the basis of the last season asked for, as windows of up to an hour mostly lie
 * in the same one, and has room to work in: a look allocates next to nothing.
 */
export class ModelReader {
  readonly model: ReferenceModel;
  readonly #room: ExpectationRoom;
  readonly #basisRoom: BasisRoom;
  #season = -1;
  #basis: Basis | undefined;

  constructor(model: ReferenceModel) {
    this.model = model;
    this.#room = newExpectationRoom(model.profile);
    this.#basisRoom = newBasisRoom(model.bins);
  }

  /**
   * What is expected of a window with these effective rows in each hour of the week. The arrays last until the next
   * question: copy what is to be kept.
   */
  expectationOf(hours: ArrayLike<number>): ReadyExpectation | undefined {
    const found = expectationOf(this.model.profile, hours, this.#room);
    if (found === undefined || !Number.isFinite(found.inverseM)) return undefined;
    if (found.season < 0) return { ...found, basis: orthonormalBasis(found.expected, this.#basisRoom) };
    if (this.#basis === undefined || found.season !== this.#season) {
      this.#season = found.season;
      this.#basis = orthonormalBasis(found.expected);
    }
    return { ...found, basis: this.#basis };
  }
}

export interface SeriesLook {
  readonly windowTicks: LadderTicks;
  /** From the ladder (ladderAlpha); what the model takes off for what it does not know is done here. */
  readonly alpha: number;
  readonly minEffect: number;
  readonly minRows: number;
  readonly criticals?: CriticalValues | undefined;
  readonly wantP?: boolean | undefined;
  /** The window is of a day or more: with too few rows for the rule, exact tests are asked (judge-small.ts). */
  readonly thin?: { readonly clustering: number } | undefined;
}

/** Undefined where the window or the reference has no rows. */
export function judgeSeries(
  reader: ModelReader,
  window: RingWindow,
  look: SeriesLook,
): WindowFinding | undefined {
  const expectation = reader.expectationOf(window.hours);
  if (expectation === undefined || !(window.n > 0)) return undefined;
  const { model } = reader;
  const input = {
    bins: window.bins,
    n: window.n,
    expected: expectation.expected,
    inverseM: expectation.inverseM,
    basis: expectation.basis,
    variance: model.variance[ladderTicks.indexOf(look.windowTicks)],
    alpha: look.alpha * model.alphaFactor,
    minEffect: Math.max(look.minEffect, model.effectFloor ?? 0),
    minRows: look.minRows,
    criticals: look.criticals,
    wantP: look.wantP,
  };
  const found = judgeWindow(input);
  if (found.status !== 'inconclusive' || look.thin === undefined) return found;
  return judgeSmall(input, 'ordered', look.thin.clustering);
}
