import type { Config } from '../../config/config.ts';
import { falseAlarmsOf, perMonth } from '../../config/model-settings.ts';
import type { Rule } from '../../core/rule.ts';
import type { Detector } from '../../detectors/detector.ts';
import {
  type ImpliedLook,
  impliedShift,
  impliedTail,
  leastRows,
  type Subject,
} from '../../detectors/implied/implied.ts';

const monthMs = 30 * 86_400_000;

/** A rule with a threshold of the user's own. */
export interface RawRule {
  readonly rule: Rule;
  readonly detector: Detector;
  /** `PSI > 0.2`. */
  readonly text: string;
  /** At one signal. */
  readonly looksPerMonth: number;
}

/** What such a rule means for one signal. */
export interface Implied {
  /** False where the window has fewer rows than the rule asks for. */
  readonly isJudged: boolean;
  /** Evaluations over the limit that chance alone makes in 30 days. */
  readonly overPerMonth: number;
  /** The shift that 9 of 10 windows show, in sd of the reference; undefined: none, or not known for this detector. */
  readonly shift: number | undefined;
}

export function rawRulesOf(
  rules: readonly Rule[],
  detectors: ReadonlyMap<string, Detector>,
): readonly RawRule[] {
  return rules.flatMap((rule): RawRule[] => {
    const detector = detectors.get(rule.detector.type);
    const text = detector?.raw?.textOf(rule.detector.options);
    if (detector === undefined || text === undefined) return [];
    return [{ rule, detector, text, looksPerMonth: monthMs / rule.hopMs }];
  });
}

export function impliedOf(raw: RawRule, look: ImpliedLook, subject: Subject): Implied {
  const { options } = raw.rule.detector;
  const isJudged = look.n >= leastRows(options);
  const tail = isJudged ? (impliedTail(raw.detector, options, look, subject) ?? 0) : 0;
  return {
    isJudged,
    overPerMonth: tail * raw.looksPerMonth,
    shift: isJudged ? impliedShift(raw.detector, options, look, subject) : undefined,
  };
}

/** The false alarms asked for a model in 30 days; where none is named, for those the rule is for. */
export function askedOf(
  config: Config,
  { match }: Rule,
  model: string = match.model,
  environment: string = match.environment,
): number {
  return perMonth(falseAlarmsOf(config, model, environment));
}

/** Three significant digits at most; small numbers as a bound. */
export function countText(count: number): string {
  if (count === 0) return '0';
  if (count < 0.01) return '<0.01';
  return count >= 1_000 ? String(Math.round(count)) : String(Number(count.toPrecision(2)));
}
