import type { Config } from '../../config/config.ts';
import { falseAlarmsOf } from '../../config/model-settings.ts';
import { formatDuration } from '../../core/duration.ts';
import type { Rule } from '../../core/rule.ts';
import { isoTime } from '../../core/time.ts';
import type { Finding, Verdict } from '../../core/verdict.ts';
import { numberText, probabilityText } from '../../detectors/counters/finding.ts';
import type { Detector } from '../../detectors/detector.ts';
import {
  dueWindows,
  familyShares,
  type LadderTicks,
  ladderAlpha,
  ladderTicks,
  ticksPerMonth,
} from '../../detectors/ladder/alpha-ladder.ts';
import {
  expectedCalls,
  judgeVolume,
  type SilenceOptions,
  silenceP,
  silenceTicks,
  type TrafficModel,
  type VolumeFinding,
  type VolumeOptions,
} from '../../detectors/ladder/traffic.ts';
import { DriftMemory, type WindowLook } from './drift-memory.ts';
import { inconclusive } from './judge-look.ts';
import type { ModelTraffic, TrafficBook } from './traffic-book.ts';
import type { ClosedPane } from './window.ts';

/** What its rules match as the signal, and what its verdicts name. */
export const callsSignal = 'calls';
/** In shorter windows than an hour the number of calls is mostly chance. */
const shortestTicks = 12;
const memoriesMax = 2_000;
/** A model silent for two days, and four times as long as it took to notice, is retired: nobody is reminded for ever. */
const goneTicks = 576;
const goneFactor = 4;
const levels: readonly LadderTicks[] = ladderTicks.filter((ticks) => ticks >= shortestTicks);

interface CallsLook extends WindowLook {
  readonly calls: number;
  readonly mean: number;
  readonly found: VolumeFinding;
}

export interface TrafficQuestion {
  readonly rule: Rule;
  readonly detector: Detector;
  readonly closed: ClosedPane;
  /** Rules and signals that share the rest of the budget. */
  readonly family: number;
}

/** Rules on the calls of a model as such: how many there are, and whether there are any. */
export class TrafficJudge {
  readonly #config: Config;
  readonly #book: TrafficBook;
  readonly #memories = new Map<string, DriftMemory<CallsLook>>();

  constructor(config: Config, book: TrafficBook) {
    this.#config = config;
    this.#book = book;
  }

  judge(question: TrafficQuestion): Verdict | undefined {
    const { closed, rule, detector } = question;
    const traffic = this.#book.of(closed.state);
    if (traffic === undefined) return undefined;
    const { model } = traffic;
    const found =
      model === undefined
        ? { finding: learning(closed), startMs: closed.startMs }
        : detector.traffic === 'silence'
          ? this.#silence(question, traffic, model)
          : this.#volume(question, traffic, model);
    if (found.finding.status === 'breach') traffic.drifting.add(rule.name);
    else traffic.drifting.delete(rule.name);
    const { model: name, environment } = closed.state;
    return {
      ...found.finding,
      rule: rule.name,
      detector: detector.type,
      series: { model: name, environment, version: '', signal: callsSignal },
      startMs: found.startMs,
      endMs: closed.endMs,
    };
  }

  #silence(question: TrafficQuestion, traffic: ModelTraffic, model: TrafficModel): Placed {
    const { closed, rule } = question;
    const { paneMs } = this.#config.windows;
    const endTick = this.#book.tickOf(closed.endMs);
    const sinceTick = Math.max(traffic.lastCallTick + 1, traffic.fromTick);
    const silent = endTick - sinceTick;
    const limit = Math.max(silenceTicks(traffic.longestGap), (rule.detector.options as SilenceOptions).after);
    const mean = expectedCalls(model, sinceTick, endTick);
    const p = silent > 0 ? silenceP(model, mean) : 1;
    const alpha = this.#alphaOf(question, 1) * ladderTicks.length;
    const isGone = silent > Math.max(goneTicks, goneFactor * limit);
    const isBreach = silent > limit && p <= alpha && !isGone;
    const longest = `the longest gap before was ${formatDuration(traffic.longestGap * paneMs)}`;
    const since = `No calls of ${closed.state.model} since ${isoTime(sinceTick * paneMs)
      .slice(0, 16)
      .replace('T', ' ')} UTC`;
    const reason =
      silent <= 0
        ? `${closed.state.model} is being called.`
        : `${since} (${formatDuration(silent * paneMs)}): ${longest}, and ${numberText(mean)} calls were expected (${probabilityText(p)})${isGone ? '; it is taken to be retired' : ''}.`;
    return {
      startMs: sinceTick * paneMs,
      finding: {
        status: isBreach ? 'breach' : 'ok',
        statistic: silent,
        effect: limit > 0 ? silent / limit : silent,
        threshold: limit,
        pValue: p,
        ...(isBreach ? { direction: 'low' as const } : {}),
        size: { reference: 0, current: 0 },
        reason,
        evidence: [],
      },
    };
  }

  #volume(question: TrafficQuestion, traffic: ModelTraffic, model: TrafficModel): Placed {
    const { closed } = question;
    const endTick = this.#book.tickOf(closed.endMs);
    const memory = this.#memoryOf(question);
    for (const ticks of dueWindows(endTick)) {
      if (!levels.includes(ticks) || endTick % shortestTicks !== 0) continue;
      const from = endTick - ticks;
      const isFresh = from >= Math.max(memory.fromTick, traffic.learnedTick, traffic.fromTick);
      memory.note(ticks, isFresh ? this.#callsLook(question, traffic, model, ticks) : undefined);
    }
    memory.follow(endTick);
    return this.#conclude(closed, memory);
  }

  #callsLook(
    question: TrafficQuestion,
    traffic: ModelTraffic,
    model: TrafficModel,
    ticks: LadderTicks,
  ): CallsLook | undefined {
    const endTick = this.#book.tickOf(question.closed.endMs);
    const calls = this.#book.callsBetween(traffic, endTick - ticks, endTick);
    if (calls === undefined) return undefined;
    const mean = expectedCalls(model, endTick - ticks, endTick);
    const { min_ratio: minRatio } = question.rule.detector.options as VolumeOptions;
    const found = judgeVolume(model, calls, mean, { alpha: this.#alphaOf(question, ticks), minRatio });
    return { ticks, endTick, status: found.status, p: found.p, calls, mean, found };
  }

  #conclude(closed: ClosedPane, memory: DriftMemory<CallsLook>): Placed {
    const look =
      memory.shortest(({ status }) => status === 'breach') ??
      memory.longest(({ status }) => status === 'ok') ??
      memory.longest(() => true);
    const { model } = closed.state;
    if (look === undefined || look.status === 'inconclusive') {
      const reason = `Too few calls of ${model} are expected in any window that has passed yet to judge their number.`;
      return { startMs: closed.startMs, finding: inconclusive('too_few', reason, 0, look?.calls ?? 0) };
    }
    const { paneMs } = this.#config.windows;
    const { calls, mean, ticks, found } = look;
    const isBreach = look.status === 'breach' || memory.isOpen;
    const shown = `${model} got ${numberText(calls)} calls in ${formatDuration(ticks * paneMs)}, ${numberText(mean)} expected`;
    return {
      startMs: (look.endTick - ticks) * paneMs,
      finding: {
        status: isBreach ? 'breach' : 'ok',
        statistic: calls,
        effect: Math.abs(Math.log(Math.max(found.ratio, 1e-3))),
        threshold: mean,
        pValue: found.p,
        ...(isBreach ? { direction: calls < mean ? ('low' as const) : ('high' as const) } : {}),
        size: { reference: mean, current: calls },
        reason: `${shown} (× ${numberText(found.ratio)}, ${probabilityText(found.p)}).`,
        evidence: [],
      },
    };
  }

  #memoryOf({ rule, closed }: TrafficQuestion): DriftMemory<CallsLook> {
    const key = JSON.stringify([rule.name, closed.state.environment, closed.state.model]);
    const known = this.#memories.get(key);
    if (known !== undefined) return known;
    const [oldest] = this.#memories.keys();
    if (this.#memories.size >= memoriesMax && oldest !== undefined) this.#memories.delete(oldest);
    const made = new DriftMemory<CallsLook>();
    this.#memories.set(key, made);
    return made;
  }

  #alphaOf({ closed, family }: TrafficQuestion, ticks: number): number {
    const { count, perMs } = falseAlarmsOf(this.#config, closed.state.model, closed.state.environment);
    const perLadderMonth = (count * ticksPerMonth * this.#config.windows.paneMs) / perMs;
    return ladderAlpha(ticks, perLadderMonth * familyShares.rest, family);
  }
}

interface Placed {
  readonly finding: Finding;
  readonly startMs: number;
}

function learning({ state }: ClosedPane): Finding {
  return inconclusive('no_reference', `What traffic of ${state.model} is usual is being learned.`, 0, 0);
}
