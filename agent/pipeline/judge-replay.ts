import type { Config } from '../../config/config.ts';
import { falseAlarmsOf } from '../../config/model-settings.ts';
import type { Counters } from '../../core/pane.ts';
import type { Scale } from '../../core/scale.ts';
import { alphaPerLook } from '../../detectors/calibrate.ts';
import { scaleToJson } from '../../detectors/counters/freeze.ts';
import type { Detector } from '../../detectors/detector.ts';
import type { Look } from './judge-look.ts';
import { countersToJson, type Repeatable } from './replay.ts';

/** The alpha of one look of a rule with a window of its own, and what it follows from. */
export function alphaOfWindow(config: Config, { rule, closed, shares }: Look, detector: Detector) {
  const { model, environment } = closed.state;
  const falseAlarms = falseAlarmsOf(config, model, environment);
  const windows = 'windows' in rule.for ? rule.for.windows : Math.ceil(rule.for.ms / rule.hopMs) + 1;
  const confirmations = detector.sequential ? 1 : windows;
  return {
    alpha: alphaPerLook(falseAlarms, shares.watched, rule.hopMs, confirmations, rule.lengthMs),
    origin: {
      kind: 'window' as const,
      falseAlarms: falseAlarms.count,
      perMs: falseAlarms.perMs,
      signals: shares.watched,
      hopMs: rule.hopMs,
      windowMs: rule.lengthMs,
      confirmations,
    },
  };
}

/** What a detector was asked about one window. `state`: what a sequential one was handed. */
export function repeatableWindow(
  config: Config,
  look: Look,
  detector: Detector,
  window: { readonly scale: Scale; readonly counters: Counters; readonly state: unknown },
): Repeatable {
  const { alpha, origin } = alphaOfWindow(config, look, detector);
  const reference = look.signal.learner?.reference;
  return {
    alphaOrigin: origin,
    replay: {
      kind: 'detector',
      detector: detector.type,
      options: look.rule.detector.options,
      scale: scaleToJson(window.scale),
      current: countersToJson(window.counters),
      reference: reference === undefined ? null : countersToJson(reference.counters),
      alpha,
      signal: look.signal.name,
      state: window.state ?? null,
    },
  };
}
