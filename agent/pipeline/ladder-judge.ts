import type { Config } from '../../config/config.ts';
import { falseAlarmsOf } from '../../config/model-settings.ts';
import { formatDuration } from '../../core/duration.ts';
import type { Rule } from '../../core/rule.ts';
import type { Scale } from '../../core/scale.ts';
import type { Series } from '../../core/series.ts';
import { type Evidence, evidenceMax, type Finding } from '../../core/verdict.ts';
import { numberText, probabilityText, toldNow, toldWhenAsked } from '../../detectors/counters/finding.ts';
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
import { judgeSmall } from '../../detectors/ladder/judge-small.ts';
import type { WindowFinding } from '../../detectors/ladder/judge-window.ts';
import type { RingWindow } from '../../detectors/ladder/window-ring.ts';
import { aboutText, enoughAtTick } from './enough.ts';
import {
  decodeMemories,
  encodeMemories,
  type LadderLookBack,
  type LadderMemory,
  memoryKey,
  type OpenDrift,
} from './ladder-memory.ts';
import { type AskedWindow, repeatableLook } from './ladder-replay.ts';
import type { SignalLadder } from './ladder-state.ts';
import type { Repeatable } from './replay.ts';

/** Of the default rule, as its detector's schema checks them. */
export interface LadderOptions {
  readonly min_rows: number;
  readonly min_effect: number;
}

/** A p above this, in a window that began after the drift was found and is as long, says that it is over. */
const clearP = 0.05;
/** Or so many strides in a row with less than this part of the least effect, in a window as long, old or fresh. */
const calmStrides = 2;
const calmPart = 0.5;

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
  /** What it was made from. */
  readonly repeatable: () => Repeatable | undefined;
}

const dayMs = 86_400_000;
const memoriesMax = 20_000;

/**
 * The default rule on the windows of a series: eight lengths at once, each as often as it moves on. It breaches when any
 * window does; the shortest is named. Once it has breached, it is over when a fresh window as long as that one is ordinary.
 */
export class LadderJudge {
  readonly #config: Config;
  readonly #memories = new Map<string, LadderMemory>();
  readonly #criticals = new CriticalValues();
  #isChanged = false;

  constructor(config: Config) {
    this.#config = config;
  }

  /** Undefined where no window has a row. */
  judge(look: LadderLook): LadderFinding | undefined {
    const memory = this.#memoryOf(look);
    const ring = look.ladder.rings.get(look.version);
    if (ring === undefined) return undefined;
    for (const ticks of dueWindows(look.endTick)) {
      // A window takes the place of the one before: a look makes no arrays.
      const window = ring.windowAt(ticks, look.endTick, memory.looks.get(ticks)?.window);
      const startTick = (window?.endTick ?? look.endTick) - ticks;
      const made =
        window === undefined || startTick < Math.max(memory.clearedTick, look.learnedTick)
          ? undefined
          : this.#lookAt(look, window, ticks, memory.open !== undefined);
      if (made === undefined) memory.looks.delete(ticks);
      else memory.looks.set(ticks, made);
    }
    const wasOpen = memory.open !== undefined;
    this.#follow(memory, look.endTick, (look.rule.detector.options as LadderOptions).min_effect);
    if (wasOpen || memory.open !== undefined) this.#isChanged = true;
    look.ladder.drifting = memory.open !== undefined;
    return this.#conclude(look, memory);
  }

  /** For the checkpoint: since when which series drift, and what is over; undefined where nothing was judged since. */
  encode(): Uint8Array | undefined {
    if (!this.#isChanged) return undefined;
    this.#isChanged = false;
    return encodeMemories(this.#memories);
  }

  /** Takes what a checkpoint remembered. Throws on bytes that `encode` did not write. */
  restore(bytes: Uint8Array): void {
    for (const [key, memory] of decodeMemories(bytes)) {
      if (this.#memories.size < memoriesMax) this.#memories.set(key, memory);
    }
  }

  #memoryOf(look: LadderLook): LadderMemory {
    const key = memoryKey(look.rule.name, look.ladder.series, look.version);
    const known = this.#memories.get(key);
    if (known !== undefined) return known;
    const [oldest] = this.#memories.keys();
    if (this.#memories.size >= memoriesMax && oldest !== undefined) this.#memories.delete(oldest);
    const made: LadderMemory = { looks: new Map(), open: undefined, clearedTick: Number.NEGATIVE_INFINITY };
    this.#memories.set(key, made);
    return made;
  }

  /** Windows of a day and more are judged even where they are thin. */
  #lookAt(
    look: LadderLook,
    window: RingWindow,
    ticks: LadderTicks,
    wantP: boolean,
  ): LadderLookBack | undefined {
    const found = this.#judgeWindow(look, window, ticks, { wantP, thin: undefined });
    if (found === undefined) return undefined;
    const thin = found.status === 'inconclusive' ? this.#thinOf(look, window, ticks) : undefined;
    const finding =
      thin === undefined ? found : (this.#judgeWindow(look, window, ticks, { wantP, thin }) ?? found);
    return { ticks, window, finding, asked: this.#askedOf(look, ticks, thin) };
  }

  #judgeWindow(
    look: LadderLook,
    window: RingWindow,
    ticks: LadderTicks,
    { wantP, thin }: { readonly wantP: boolean; readonly thin: AskedWindow['thin'] },
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
        thin,
      });
    }
    const expectation = reader.expectationOf(window.hours);
    if (expectation === undefined || !(window.n > 0)) return undefined;
    const input = {
      bins: window.bins,
      n: window.n,
      expected: expectation.expected,
      inverseM: expectation.inverseM,
      variance: reader.model.variance[ladderTicks.indexOf(ticks)],
      alpha: alpha * reader.model.alphaFactor,
      minEffect: Math.max(minEffect, reader.model.effectFloor ?? 0),
      minRows,
    };
    return thin === undefined ? judgeLevels(input) : judgeSmall(input, 'levels', thin.clustering);
  }

  #thinOf({ ladder, version }: LadderLook, { endTick }: RingWindow, ticks: LadderTicks) {
    if (ticks * this.#config.windows.paneMs < dayMs) return undefined;
    const recent = ladder.recent.get(version);
    return { clustering: recent?.clusteringIn(endTick - ticks, endTick, ladder.binning.kind) ?? 1 };
  }

  #askedOf(look: LadderLook, ticks: LadderTicks, thin: AskedWindow['thin']): AskedWindow {
    const { ladder, family: signals } = look;
    const alpha = this.#alphaOf(look, ticks);
    return { reader: ladder.reader, alpha, family: familyOf(look.signal), signals, thin };
  }

  #alphaOf(look: LadderLook, ticks: LadderTicks): number {
    const { model, environment } = look.ladder.series;
    const { count, perMs } = falseAlarmsOf(this.#config, model, environment);
    const perMonth = (count * ticksPerMonth * this.#config.windows.paneMs) / perMs;
    return ladderAlpha(ticks, perMonth * shareOf(this.#config, look.ladder.series), look.family);
  }

  /** Opens at the first breach; ends when a fresh window of the same length finds nothing. */
  #follow(memory: LadderMemory, endTick: number, minEffect: number): void {
    const breach = shortest(memory, (look) => look.finding.status === 'breach');
    if (memory.open === undefined) {
      if (breach !== undefined)
        memory.open = { atTick: endTick, ticks: breach.ticks, calm: 0, calmTick: endTick };
      return;
    }
    if (breach !== undefined && breach.ticks < memory.open.ticks) {
      memory.open.ticks = breach.ticks;
      memory.open.atTick = endTick;
      memory.open.calm = 0;
    }
    if (breach === undefined && this.#isCalm(memory, memory.open, minEffect)) {
      memory.open = undefined;
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

  /** The old drift has left the window that found it: without a breach elsewhere, that is the end of it. */
  #isCalm(memory: LadderMemory, open: OpenDrift, minEffect: number): boolean {
    const found = memory.looks.get(open.ticks);
    if (found === undefined || found.window.endTick <= open.calmTick) return false;
    open.calmTick = found.window.endTick;
    const { status, excess } = found.finding;
    open.calm = status === 'ok' && excess < calmPart * minEffect ? open.calm + 1 : 0;
    return open.calm >= calmStrides;
  }

  #conclude(look: LadderLook, memory: LadderMemory): LadderFinding | undefined {
    const breach = shortest(memory, (one) => one.finding.status === 'breach');
    const judged = breach ?? longest(memory, (one) => one.finding.status === 'ok');
    if (judged !== undefined) return this.#toFinding(look, judged, memory);
    return this.#tooFew(look, memory);
  }

  #toFinding(look: LadderLook, judged: LadderLookBack, memory: LadderMemory): LadderFinding {
    const { finding, window, ticks } = judged;
    const alpha = this.#alphaOf(look, ticks) * (look.ladder.reader?.model.alphaFactor ?? 1);
    const isDrifting = finding.status === 'breach' || memory.open !== undefined;
    const { min_effect } = look.rule.detector.options as LadderOptions;
    const minEffect = Math.max(min_effect, look.ladder.reader?.model.effectFloor ?? 0);
    const z = finding.z[0];
    const found = {
      status: isDrifting ? 'breach' : 'ok',
      statistic: finding.psi,
      effect: finding.excess,
      // The PSI at which the effect would reach its floor in a window of this size.
      threshold: finding.psi - finding.excess + minEffect,
      ...(finding.p === undefined ? {} : { pValue: finding.p }),
      ...(z === undefined || Math.abs(z) < 3
        ? {}
        : { direction: z > 0 ? ('high' as const) : ('low' as const) }),
      size: { reference: finding.m, current: finding.n },
    } as const;
    const told = {
      reason: () => this.#sentence(look, judged, alpha, isDrifting),
      evidence: () => evidenceOf(look, window),
    };
    return {
      startTick: window.endTick - ticks,
      endTick: window.endTick,
      repeatable: () => repeatableLook(this.#config, look, judged),
      finding: isDrifting ? toldNow(found, told) : toldWhenAsked(found, told),
    };
  }

  #sentence(
    look: LadderLook,
    { finding, ticks }: LadderLookBack,
    alpha: number,
    isDrifting: boolean,
  ): string {
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
  #tooFew(look: LadderLook, memory: LadderMemory): LadderFinding | undefined {
    const best = longest(memory, () => true);
    if (best === undefined) return undefined;
    const { window, finding, ticks } = best;
    const { paneMs } = this.#config.windows;
    const firstTick = look.ladder.rings.get(look.version)?.blocksBefore(look.endTick)[0]?.startTick;
    const startTick = window.endTick - ticks;
    const needed = window.n + finding.rowsMissing;
    const seenTicks = window.endTick - Math.max(startTick, firstTick ?? startTick);
    const fromTick = Math.max(look.learnedTick, memory.clearedTick);
    const atTick = enoughAtTick({ rows: window.n, seenTicks, needed, fromTick, endTick: look.endTick });
    const longestText = formatDuration((ladderTicks.at(-1) ?? 0) * paneMs);
    const advice = paneMs < dayMs ? ': set windows.pane to 1d, and windows reach back for years' : '';
    const when =
      atTick === undefined
        ? `; at this rate not even ${longestText} will hold ${Math.ceil(needed)}${advice}`
        : `, ${aboutText(atTick * paneMs)}`;
    return {
      startTick,
      endTick: window.endTick,
      repeatable: () => undefined,
      finding: {
        status: 'inconclusive',
        cause: 'too_few',
        size: { reference: finding.m, current: window.n },
        reason: `${look.signal} needs ${finding.rowsMissing} more rows${when}.`,
        missing: {
          rows: finding.rowsMissing,
          ...(atTick === undefined ? {} : { enoughAtMs: atTick * paneMs }),
        },
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

function shortest(
  memory: LadderMemory,
  isMeant: (look: LadderLookBack) => boolean,
): LadderLookBack | undefined {
  return ladderTicks
    .map((ticks) => memory.looks.get(ticks))
    .find((look) => look !== undefined && isMeant(look));
}

function longest(
  memory: LadderMemory,
  isMeant: (look: LadderLookBack) => boolean,
): LadderLookBack | undefined {
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
