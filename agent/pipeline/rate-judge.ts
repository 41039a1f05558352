import type { Config } from '../../config/config.ts';
import { falseAlarmsOf } from '../../config/model-settings.ts';
import { formatDuration } from '../../core/duration.ts';
import type { Rule } from '../../core/rule.ts';
import { isoTime } from '../../core/time.ts';
import type { Finding } from '../../core/verdict.ts';
import { numberText, percentText, probabilityText } from '../../detectors/counters/finding.ts';
import type { LadderRateOptions } from '../../detectors/counters/rate-test.ts';
import type { RateKind } from '../../detectors/detector.ts';
import { newcombe } from '../../detectors/exact/proportion-intervals.ts';
import {
  dueWindows,
  familyShares,
  type LadderTicks,
  ladderAlpha,
  ticksPerMonth,
} from '../../detectors/ladder/alpha-ladder.ts';
import { judgeRate, type RateFinding, type RateInput } from '../../detectors/ladder/rate.ts';
import { leastBreach } from '../../detectors/ladder/rate-limits.ts';
import { eventsOf, varianceAt } from '../../detectors/ladder/rate-model.ts';
import { inflation } from '../../detectors/ladder/variance.ts';
import { DriftMemory, type WindowLook } from './drift-memory.ts';
import { memoryKey } from './ladder-memory.ts';
import type { SignalRates } from './rate-book.ts';

const memoriesMax = 20_000;

interface RateLook extends WindowLook {
  readonly input: RateInput;
  readonly finding: RateFinding;
  /** Ticks of the window that have a pane. */
  readonly filled: number;
}

export interface RateQuestion {
  readonly rates: SignalRates;
  readonly kind: RateKind;
  readonly version: string;
  readonly rule: Rule;
  /** The first tick after the pane that closed. */
  readonly endTick: number;
  /** Signals and rules that share the budget of rates. */
  readonly family: number;
}

export interface PlacedFinding {
  readonly finding: Finding;
  readonly startTick: number;
  readonly endTick: number;
}

/** The chance of a false alarm that one look at a rate may take. */
export function alphaOfRate(
  config: Config,
  { model, environment }: { readonly model: string; readonly environment: string },
  ticks: LadderTicks,
  family: number,
): number {
  const { count, perMs } = falseAlarmsOf(config, model, environment);
  const perLadderMonth = (count * ticksPerMonth * config.windows.paneMs) / perMs;
  return ladderAlpha(ticks, perLadderMonth * familyShares.rates, family);
}

/** What is judged of n effective rows with so many events, at one window length. */
export function rateInputOf(
  rates: SignalRates,
  kind: RateKind,
  window: { readonly ticks: LadderTicks; readonly k: number; readonly n: number },
  asked: { readonly alpha: number; readonly options: LadderRateOptions },
): RateInput | undefined {
  const model = rates.models?.[kind];
  if (model === undefined || !(model.n > 0)) return undefined;
  const { fit, certainty } = varianceAt(model, window.ticks);
  return {
    events: window.k,
    n: window.n,
    referenceEvents: model.events,
    m: model.n,
    inflation: window.n > 0 ? inflation(fit, 1 / window.n + 1 / model.n) : 1,
    certainty: certainty ?? undefined,
    side: kind === 'unseen' ? 'higher' : 'both',
    alpha: asked.alpha,
    minPoints: asked.options.min_points,
    minRatio: asked.options.min_ratio,
  };
}

/** The rates of a series on the ladder: eight windows at once, each as often as it moves on. */
export class RateJudge {
  readonly #config: Config;
  readonly #memories = new Map<string, DriftMemory<RateLook>>();

  constructor(config: Config) {
    this.#config = config;
  }

  /** Undefined where no window has a row. */
  judge(question: RateQuestion): PlacedFinding | undefined {
    const { rates, version, rule, endTick } = question;
    const ring = rates.rings.get(version);
    if (ring === undefined || rates.models === undefined) return undefined;
    const memory = this.#memoryOf(question);
    const fromTick = Math.max(memory.fromTick, rates.learnedTick);
    for (const ticks of dueWindows(endTick)) {
      const window = ring.windowAt(ticks, endTick);
      const isFresh = window !== undefined && window.endTick - ticks >= fromTick;
      memory.note(
        ticks,
        isFresh ? this.#look(question, ticks, window.bins, window.endTick, window.ticks) : undefined,
      );
    }
    memory.follow(endTick);
    const key = `${rule.name} ${version}`;
    if (memory.isOpen) rates.drifting.add(key);
    else rates.drifting.delete(key);
    return this.#conclude(question, memory);
  }

  #look(
    question: RateQuestion,
    ticks: LadderTicks,
    bins: Float64Array,
    endTick: number,
    filled: number,
  ): RateLook | undefined {
    const { rates, kind, rule, family } = question;
    const { k, n } = eventsOf(bins, kind);
    if (!(n > 0)) return undefined;
    const options = rule.detector.options as LadderRateOptions;
    const alpha = alphaOfRate(this.#config, rates.series, ticks, family);
    const input = rateInputOf(rates, kind, { ticks, k, n }, { alpha, options });
    if (input === undefined) return undefined;
    const finding = judgeRate(input);
    const status = this.#statusOf(finding, n, options.min_rows);
    return { ticks, endTick, status, p: finding.p, input, finding, filled };
  }

  /** With rows enough a rate that has too few events to judge is as ordinary as can be; an outage must be able to end. */
  #statusOf(finding: RateFinding, n: number, minRows: number): RateLook['status'] {
    if (n < minRows) return 'inconclusive';
    return finding.status === 'inconclusive' ? 'ok' : finding.status;
  }

  #memoryOf({ rule, rates, version }: RateQuestion): DriftMemory<RateLook> {
    const key = memoryKey(rule.name, rates.series, version);
    const known = this.#memories.get(key);
    if (known !== undefined) return known;
    const [oldest] = this.#memories.keys();
    if (this.#memories.size >= memoriesMax && oldest !== undefined) this.#memories.delete(oldest);
    const made = new DriftMemory<RateLook>();
    this.#memories.set(key, made);
    return made;
  }

  #conclude(question: RateQuestion, memory: DriftMemory<RateLook>): PlacedFinding | undefined {
    const breach = memory.shortest((look) => look.status === 'breach');
    const judged = breach ?? memory.longest((look) => look.status === 'ok');
    if (judged !== undefined) return this.#toFinding(question, judged, memory.isOpen);
    const few = memory.longest(() => true);
    return few === undefined ? undefined : this.#tooFew(question, few);
  }

  #toFinding(question: RateQuestion, look: RateLook, isOpen: boolean): PlacedFinding {
    const { input, finding } = look;
    const share = input.events / input.n;
    const before = input.referenceEvents / input.m;
    const isBreach = look.status === 'breach' || isOpen;
    return {
      startTick: look.endTick - look.ticks,
      endTick: look.endTick,
      finding: {
        status: isBreach ? 'breach' : 'ok',
        statistic: share,
        effect: Math.abs(finding.difference),
        threshold: leastBreach(input, finding.difference < 0 ? 'low' : 'high'),
        pValue: finding.p,
        ...(isBreach ? { direction: finding.difference < 0 ? ('low' as const) : ('high' as const) } : {}),
        size: { reference: input.m, current: input.n },
        reason: this.#sentence(question, look, isOpen),
        evidence: isBreach ? [{ label: question.kind, reference: before, current: share }] : [],
      },
    };
  }

  #sentence(
    { kind, rates }: RateQuestion,
    { input, finding, ticks, status }: RateLook,
    isOpen: boolean,
  ): string {
    const { events, n, referenceEvents, m, alpha } = input;
    const points = (value: number) => `${value < 0 ? '−' : '+'}${numberText(Math.abs(value) * 100)}`;
    const [low, high] = newcombe({ k: events, n }, { k: referenceEvents, n: m }, 0.95);
    const interval = `${points(finding.difference)} points, 95 % interval ${points(low)} to ${points(high)}`;
    const shares = `${subjects[kind](rates.series.signal)} ${percentText(events / n)} of ${units[kind]}, ${percentText(referenceEvents / m)} in the reference`;
    const span = formatDuration(ticks * this.#config.windows.paneMs);
    const rows = `with ${Math.round(n)} rows in ${span} against ${Math.round(m)}`;
    if (status === 'breach')
      return `${shares} (${interval}): ${probabilityText(finding.p)} where ${numberText(alpha)} is allowed, ${rows}.`;
    if (isOpen) return `${shares} (${interval}); no fresh window says yet that it is over, ${rows}.`;
    return `${shares}, ${rows}.`;
  }

  /** What is missing, and when it will be there at the rate of the window. */
  #tooFew(
    { rates, rule, endTick }: RateQuestion,
    { input, filled, ticks, endTick: end }: RateLook,
  ): PlacedFinding {
    const { min_rows: minRows } = rule.detector.options as LadderRateOptions;
    const missing = Math.max(1, Math.ceil(minRows - input.n));
    const perTick = filled > 0 ? input.n / filled : 0;
    const atMs =
      perTick > 0
        ? (endTick + Math.ceil(missing / perTick)) * this.#config.windows.paneMs
        : Number.POSITIVE_INFINITY;
    const when = isoTime(atMs) === '' ? '' : `, about ${isoTime(atMs).slice(0, 16).replace('T', ' ')} UTC`;
    return {
      startTick: end - ticks,
      endTick: end,
      finding: {
        status: 'inconclusive',
        cause: 'too_few',
        size: { reference: input.m, current: input.n },
        reason: `${rates.series.signal} needs ${missing} more rows${when}.`,
        evidence: [],
      },
    };
  }
}

const subjects: Readonly<Record<RateKind, (signal: string) => string>> = {
  missing: (signal) => `${signal} is missing in`,
  malformed: (signal) => `${signal} cannot be read in`,
  unseen: (signal) => `${signal} has new or rare levels in`,
  error: () => 'An error is the end of',
};

const units: Readonly<Record<RateKind, string>> = {
  missing: 'rows',
  malformed: 'rows',
  unseen: 'rows',
  error: 'calls',
};
