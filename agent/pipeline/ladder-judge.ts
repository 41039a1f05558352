import type { Config } from '../../config/config.ts';
import { formatDuration } from '../../core/duration.ts';
import type { Rule } from '../../core/rule.ts';
import type { Scale } from '../../core/scale.ts';
import { type Series, seriesKey } from '../../core/series.ts';
import { isoTime } from '../../core/time.ts';
import { type Evidence, evidenceMax, type Finding } from '../../core/verdict.ts';
import { numberText, probabilityText } from '../../detectors/counters/finding.ts';
import {
  dueWindows,
  familyShares,
  type LadderTicks,
  ladderAlpha,
  ladderTicks,
  type SignalFamily,
  ticksPerMonth,
} from '../../detectors/ladder/alpha-ladder.ts';
import { binLabel } from '../../detectors/ladder/binning.ts';
import { CriticalValues } from '../../detectors/ladder/critical-values.ts';
import { judgeLevels } from '../../detectors/ladder/judge-levels.ts';
import { judgeSeries } from '../../detectors/ladder/judge-series.ts';
import type { WindowFinding } from '../../detectors/ladder/judge-window.ts';
import type { RingWindow } from '../../detectors/ladder/window-ring.ts';
import type { SignalLadder } from './ladder-book.ts';

/** Of the default rule, as its detector's schema checks them. */
export interface LadderOptions {
  readonly min_rows: number;
  readonly min_effect: number;
}

/** A p above this, in a window that began after the drift was found and is as long, says that it is over. */
const clearP = 0.05;

/** One window's finding, and which window it was. */
interface Look {
  readonly ticks: LadderTicks;
  readonly window: RingWindow;
  readonly finding: WindowFinding;
}

/** What is remembered between the looks at one series under one rule. */
interface Memory {
  /** The last finding of each window length: windows of several days are looked at each few hours only. */
  readonly looks: Map<LadderTicks, Look>;
  /** Since when it drifts, and the shortest window that said so. */
  open: { readonly atTick: number; readonly ticks: LadderTicks } | undefined;
  /** Windows that began before are no longer asked: they hold a drift that is over. */
  clearedTick: number;
}

export interface LadderLook {
  readonly ladder: SignalLadder;
  readonly version: string;
  readonly scale: Scale;
  readonly rule: Rule;
  readonly signal: string;
  /** The first tick after the pane that closed. */
  readonly endTick: number;
  /** Signals of the same family that share its budget. */
  readonly family: number;
  /** Windows that began before were learned from. */
  readonly learnedTick: number;
}

export interface LadderFinding {
  readonly finding: Finding;
  readonly startTick: number;
  readonly endTick: number;
}

const memoriesMax = 20_000;

/**
 * The default rule on the windows of a series: eight lengths at once, each as often as it moves on. It breaches when any
 * window does; the shortest is named. Once it has breached, it is over when a fresh window as long as that one is ordinary.
 */
export class LadderJudge {
  readonly #config: Config;
  readonly #memories = new Map<string, Memory>();
  readonly #criticals = new CriticalValues();

  constructor(config: Config) {
    this.#config = config;
  }

  /** Undefined where no window has a row. */
  judge(look: LadderLook): LadderFinding | undefined {
    const memory = this.#memoryOf(look);
    const ring = look.ladder.rings.get(look.version);
    if (ring === undefined) return undefined;
    for (const ticks of dueWindows(look.endTick)) {
      const window = ring.windowAt(ticks, look.endTick);
      const startTick = (window?.endTick ?? look.endTick) - ticks;
      const finding =
        window === undefined || startTick < Math.max(memory.clearedTick, look.learnedTick)
          ? undefined
          : this.#judgeWindow(look, window, ticks, memory.open !== undefined);
      if (window === undefined || finding === undefined) memory.looks.delete(ticks);
      else memory.looks.set(ticks, { ticks, window, finding });
    }
    this.#follow(memory, look.endTick);
    look.ladder.drifting = memory.open !== undefined;
    return this.#conclude(look, memory);
  }

  #memoryOf(look: LadderLook): Memory {
    const key = memoryKey(look.rule.name, look.ladder, look.version);
    const known = this.#memories.get(key);
    if (known !== undefined) return known;
    const [oldest] = this.#memories.keys();
    if (this.#memories.size >= memoriesMax && oldest !== undefined) this.#memories.delete(oldest);
    const made: Memory = { looks: new Map(), open: undefined, clearedTick: Number.NEGATIVE_INFINITY };
    this.#memories.set(key, made);
    return made;
  }

  #judgeWindow(
    look: LadderLook,
    window: RingWindow,
    ticks: LadderTicks,
    wantP: boolean,
  ): WindowFinding | undefined {
    const { ladder, rule } = look;
    const { reader, binning } = ladder;
    if (reader === undefined) return undefined;
    const { min_rows: minRows, min_effect: minEffect } = rule.detector.options as LadderOptions;
    const alpha = this.#alphaOf(look, ticks);
    if (binning.kind === 'ordered') {
      return judgeSeries(reader, window, {
        windowTicks: ticks,
        alpha,
        minEffect,
        minRows,
        criticals: this.#criticals,
        wantP,
      });
    }
    const expectation = reader.expectationOf(window.hours);
    if (expectation === undefined || !(window.n > 0)) return undefined;
    return judgeLevels({
      bins: window.bins,
      n: window.n,
      expected: expectation.expected,
      inverseM: expectation.inverseM,
      variance: reader.model.variance[ladderTicks.indexOf(ticks)],
      alpha: alpha * reader.model.alphaFactor,
      minEffect,
      minRows,
    });
  }

  #alphaOf(look: LadderLook, ticks: LadderTicks): number {
    const { falseAlarms, windows } = this.#config;
    const perMonth = (falseAlarms.count * ticksPerMonth * windows.paneMs) / falseAlarms.perMs;
    return ladderAlpha(ticks, perMonth * shareOf(this.#config, look.ladder.series), look.family);
  }

  /** Opens at the first breach; ends when a fresh window of the same length finds nothing. */
  #follow(memory: Memory, endTick: number): void {
    const breach = shortest(memory, (look) => look.finding.status === 'breach');
    if (memory.open === undefined) {
      if (breach !== undefined) memory.open = { atTick: endTick, ticks: breach.ticks };
      return;
    }
    const { atTick, ticks } = memory.open;
    const fresh = [...memory.looks.values()].find(
      (look) =>
        look.ticks >= ticks &&
        look.window.endTick - look.ticks >= atTick &&
        look.finding.status === 'ok' &&
        (look.finding.p ?? 1) > clearP,
    );
    if (fresh === undefined) return;
    memory.open = undefined;
    memory.clearedTick = fresh.window.endTick - fresh.ticks;
    for (const [length, look] of memory.looks) {
      if (look.window.endTick - length < memory.clearedTick) memory.looks.delete(length);
    }
  }

  #conclude(look: LadderLook, memory: Memory): LadderFinding | undefined {
    const breach = shortest(memory, (one) => one.finding.status === 'breach');
    const judged = breach ?? longest(memory, (one) => one.finding.status === 'ok');
    if (judged !== undefined) return this.#toFinding(look, judged, memory);
    const few = shortest(memory, () => true);
    return few === undefined ? undefined : this.#tooFew(look, memory);
  }

  #toFinding(look: LadderLook, judged: Look, memory: Memory): LadderFinding {
    const { finding, window, ticks } = judged;
    const alpha = this.#alphaOf(look, ticks) * (look.ladder.reader?.model.alphaFactor ?? 1);
    const isDrifting = finding.status === 'breach' || memory.open !== undefined;
    const { min_effect: minEffect } = look.rule.detector.options as LadderOptions;
    const z = finding.z[0];
    return {
      startTick: window.endTick - ticks,
      endTick: window.endTick,
      finding: {
        status: isDrifting ? 'breach' : 'ok',
        statistic: finding.psi,
        effect: finding.excess,
        // The PSI at which the effect would reach its floor in a window of this size.
        threshold: finding.psi - finding.excess + minEffect,
        ...(finding.p === undefined ? {} : { pValue: finding.p }),
        ...(z === undefined || Math.abs(z) < 3 ? {} : { direction: z > 0 ? 'high' : 'low' }),
        size: { reference: finding.m, current: finding.n },
        reason: this.#sentence(look, judged, alpha, isDrifting),
        evidence: evidenceOf(look, window),
      },
    };
  }

  #sentence(look: LadderLook, { finding, ticks }: Look, alpha: number, isDrifting: boolean): string {
    const span = formatDuration(ticks * this.#config.windows.paneMs);
    const rows = `${Math.round(finding.n)} rows in ${span} against ${Math.round(finding.m)} in the reference`;
    const effect = `PSI ${numberText(finding.psi)}, ${numberText(Math.max(0, finding.excess))} beyond chance`;
    if (!isDrifting) return `${look.signal} is as its reference: ${effect}, with ${rows}.`;
    const p =
      finding.p === undefined ? '' : `, ${probabilityText(finding.p)} where ${numberText(alpha)} is allowed`;
    if (finding.status !== 'breach')
      return `${look.signal} drifted, and no fresh window says yet that it is over: ${effect}, with ${rows}.`;
    return `${look.signal} is ${howText(finding)}: ${effect}${p}, with ${rows}.`;
  }

  /** What is missing, and when it will be there at the rate of the longest window. */
  #tooFew(look: LadderLook, memory: Memory): LadderFinding | undefined {
    const best = longest(memory, () => true);
    if (best === undefined) return undefined;
    const { window, finding, ticks } = best;
    const perTick = window.ticks > 0 ? window.n / window.ticks : 0;
    const waitTicks = perTick > 0 ? Math.ceil(finding.rowsMissing / perTick) : Number.POSITIVE_INFINITY;
    const atMs = (look.endTick + waitTicks) * this.#config.windows.paneMs;
    const when = isoTime(atMs) === '' ? '' : `, about ${isoTime(atMs).slice(0, 16).replace('T', ' ')} UTC`;
    return {
      startTick: window.endTick - ticks,
      endTick: window.endTick,
      finding: {
        status: 'inconclusive',
        cause: 'too_few',
        size: { reference: finding.m, current: window.n },
        reason: `${look.signal} needs ${finding.rowsMissing} more rows${when}.`,
        evidence: [],
      },
    };
  }
}

/** Where it went comes first: people ask that before they ask for its shape. */
function howText({ z, words }: WindowFinding): string {
  const location = z[0] ?? 0;
  const where = Math.abs(location) < 3 ? [] : [location > 0 ? 'higher' : 'lower'];
  const shape = words.filter((word) => word !== 'higher' && word !== 'lower' && word !== 'tails');
  return [...where, ...shape].slice(0, 2).join(' and ') || 'different';
}

function memoryKey(rule: string, ladder: SignalLadder, version: string): string {
  return JSON.stringify([rule, seriesKey({ ...ladder.series, version })]);
}

/** Which part of the budget a signal shares in. */
export function familyOf(signal: string, segment?: string): SignalFamily {
  if (segment !== undefined) return 'segments';
  if (signal.startsWith('input.')) return 'inputs';
  return signal.startsWith('output.') ? 'outputs' : 'rest';
}

/** Declared segments leave half of their part to the search for the worst one, where a rule asks for it. */
function shareOf({ rules }: Config, { signal, segment }: Series): number {
  const share = familyShares[familyOf(signal, segment)];
  const isSearched = segment !== undefined && rules.some((rule) => rule.detector.type === 'worst_segment');
  return isSearched ? share / 2 : share;
}

function shortest(memory: Memory, isMeant: (look: Look) => boolean): Look | undefined {
  return ladderTicks
    .map((ticks) => memory.looks.get(ticks))
    .find((look) => look !== undefined && isMeant(look));
}

function longest(memory: Memory, isMeant: (look: Look) => boolean): Look | undefined {
  return ladderTicks
    .map((ticks) => memory.looks.get(ticks))
    .findLast((look) => look !== undefined && isMeant(look));
}

/** The bins whose shares moved most. */
function evidenceOf({ ladder, scale }: LadderLook, window: RingWindow): Evidence[] {
  const expected = ladder.reader?.expectationOf(window.hours)?.expected;
  if (expected === undefined || !(window.n > 0)) return [];
  const moved = Array.from(expected, (share, bin) => ({
    bin,
    share,
    now: (window.bins[bin] as number) / window.n,
  }));
  moved.sort((a, b) => Math.abs(b.now - b.share) - Math.abs(a.now - a.share));
  return moved.slice(0, evidenceMax).map(({ bin, share, now }) => ({
    label: binLabel(scale, ladder.binning, bin),
    reference: share,
    current: now,
  }));
}
