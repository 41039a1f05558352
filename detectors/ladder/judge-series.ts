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

/** What a model is judged with: all but the counts it was made from. */
export type JudgedModel = Omit<ReferenceModel, 'hours'>;

/** Arrays to work in, for any number of models: a look allocates next to nothing. */
export class JudgeRoom {
  readonly #bases = new Map<number, BasisRoom>();
  readonly #expectations = new Map<number, ExpectationRoom>();

  basisOf(model: JudgedModel): BasisRoom {
    const known = this.#bases.get(model.bins);
    if (known !== undefined) return known;
    const made = newBasisRoom(model.bins);
    this.#bases.set(model.bins, made);
    return made;
  }

  expectationOf({ bins, profile }: JudgedModel): ExpectationRoom {
    const key = bins * 1_000 + profile.totals.length;
    const known = this.#expectations.get(key);
    if (known !== undefined) return known;
    const made = newExpectationRoom(profile);
    this.#expectations.set(key, made);
    return made;
  }
}

/**
 * A model ready to be asked. It remembers the basis of the last season asked for, as windows of up to an hour mostly lie
 * in the same one.
 */
export class ModelReader {
  readonly model: JudgedModel;
  readonly #room: JudgeRoom;
  #season = -1;
  #basis: Basis | undefined;

  constructor(model: JudgedModel, room = new JudgeRoom()) {
    this.model = model;
    this.#room = room;
  }

  /**
   * What is expected of a window with these effective rows in each hour of the week. The arrays last until the next
   * question to any reader of the same room: copy what is to be kept.
   */
  expectationOf(hours: ArrayLike<number>): ReadyExpectation | undefined {
    const found = expectationOf(this.model.profile, hours, this.#room.expectationOf(this.model));
    if (found === undefined || !Number.isFinite(found.inverseM)) return undefined;
    const { expected, inverseM, season } = found;
    if (season < 0) {
      return {
        expected,
        inverseM,
        season,
        basis: orthonormalBasis(expected, this.#room.basisOf(this.model)),
      };
    }
    if (this.#basis === undefined || season !== this.#season) {
      this.#season = season;
      this.#basis = orthonormalBasis(expected);
    }
    return { expected, inverseM, season, basis: this.#basis };
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
