import type { Config } from '../../config/config.ts';
import { falseAlarmsOf } from '../../config/model-settings.ts';
import type { Rule } from '../../core/rule.ts';
import {
  familyShares,
  type LadderTicks,
  ladderTicks,
  type SignalFamily,
  strideOf,
  ticksPerMonth,
} from '../../detectors/ladder/alpha-ladder.ts';
import type { ModelReader } from '../../detectors/ladder/judge-series.ts';
import { storeVariance } from '../../detectors/ladder/reference-model.ts';
import type { RingWindow } from '../../detectors/ladder/window-ring.ts';
import type { SignalLadder } from './ladder-state.ts';
import type { Repeatable } from './replay.ts';

/** With what a window was judged: the model of then, as it may be made anew before the verdict is repeated. */
export interface AskedWindow {
  readonly reader: ModelReader | undefined;
  /** Before what the model takes off. */
  readonly alpha: number;
  readonly family: SignalFamily;
  /** Signals of the family that shared its part of the budget. */
  readonly signals: number;
  /** Of a window that is judged even where it is thin. */
  readonly thin: { readonly clustering: number } | undefined;
}

/** Undefined where a restart came between the look and now. */
export function repeatableLook(
  config: Config,
  look: { readonly ladder: SignalLadder; readonly rule: Rule },
  judged: { readonly ticks: LadderTicks; readonly window: RingWindow; readonly asked?: AskedWindow },
): Repeatable | undefined {
  const { ticks, window, asked } = judged;
  const expectation = asked?.reader?.expectationOf(window.hours);
  if (asked?.reader === undefined || expectation === undefined) return undefined;
  const { model } = asked.reader;
  const variance = model.variance[ladderTicks.indexOf(ticks)];
  const { min_rows: minRows, min_effect: minEffect } = look.rule.detector.options as {
    readonly min_rows: number;
    readonly min_effect: number;
  };
  const { family } = asked;
  const { model: name, environment } = look.ladder.series;
  const falseAlarms = falseAlarmsOf(config, name, environment ?? '');
  return {
    replay: {
      kind: 'ladder',
      binning: look.ladder.binning.kind,
      bins: [...window.bins],
      n: window.n,
      expected: [...expectation.expected],
      inverseM: expectation.inverseM,
      variance: variance === undefined ? null : storeVariance(variance),
      alpha: asked.alpha * model.alphaFactor,
      minEffect: Math.max(minEffect, model.effectFloor ?? 0),
      minRows,
      clustering: asked.thin?.clustering ?? null,
    },
    alphaOrigin: {
      kind: 'ladder',
      falseAlarms: falseAlarms.count,
      perMs: falseAlarms.perMs,
      family,
      share: familyShares[family],
      signals: asked.signals,
      windowLengths: ladderTicks.length,
      looks: ticksPerMonth / strideOf(ticks),
      windowMs: ticks * config.windows.paneMs,
      caution: model.alphaFactor,
      monthMs: ticksPerMonth * config.windows.paneMs,
    },
  };
}
