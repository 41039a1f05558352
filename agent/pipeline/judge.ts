import type { Config } from '../../config/config.ts';
import { AssertionFault } from '../../core/assert.ts';
import { globMatches } from '../../core/glob.ts';
import type { Counters } from '../../core/pane.ts';
import type { Log, Meter } from '../../core/ports.ts';
import type { Rule } from '../../core/rule.ts';
import type { Scale } from '../../core/scale.ts';
import { isoTime } from '../../core/time.ts';
import type { Finding, Verdict, VerdictCause } from '../../core/verdict.ts';
import { alphaPerLook } from '../../detectors/calibrate.ts';
import { effectiveSize, mergeCounters } from '../../detectors/counters/counters.ts';
import type { Detector } from '../../detectors/detector.ts';
import type { SignalFamily } from '../../detectors/ladder/alpha-ladder.ts';
import { KeptInverses } from '../../detectors/math/kept-inverses.ts';
import { type DetectorStates, stateKey } from './detector-states.ts';
import type { LadderBook } from './ladder-book.ts';
import { familyOf, type LadderJudge } from './ladder-judge.ts';
import { type ModelState, placeOf, type SignalState } from './model-state.ts';
import type { ClosedPane } from './window.ts';

export interface JudgeOptions {
  readonly config: Config;
  /** By type. */
  readonly detectors: ReadonlyMap<string, Detector>;
  /** The default rule's windows and reference models. */
  readonly ladders: LadderBook;
  readonly ladderJudge: LadderJudge;
  /** What sequential detectors remember. */
  readonly states: DetectorStates;
  readonly meter: Meter;
  readonly log: Log;
}

interface Judging extends JudgeOptions {
  readonly inverses: KeptInverses;
}

interface Candidate {
  readonly version: string;
  readonly scale: Scale;
  readonly counters: Counters;
}

/** Does the rule watch this signal of this model at all? (Its version pattern is asked per version.) */
export function isWatching(rule: Rule, model: string, environment: string, signal: string): boolean {
  const { match } = rule;
  return (
    globMatches(match.model, model) &&
    globMatches(match.environment, environment) &&
    globMatches(match.signal, signal)
  );
}

/** The longest window any rule takes over this signal, in ms; 0 where none watches it. */
export function longestWindowMs(
  rules: readonly Rule[],
  model: string,
  environment: string,
  signal: string,
): number {
  let longest = 0;
  for (const rule of rules) {
    if (isWatching(rule, model, environment, signal)) longest = Math.max(longest, rule.lengthMs);
  }
  return longest;
}

/** Judges the windows of some signals that end where a pane closed: one verdict for each rule whose turn it is. */
export function createJudge(
  given: JudgeOptions,
): (closed: ClosedPane, signals: readonly SignalState[]) => Verdict[] {
  const options: Judging = { ...given, inverses: new KeptInverses() };
  const { config, meter } = options;
  const sharesOf = createShares(options);
  return (closed, signals) => {
    const verdicts: Verdict[] = [];
    const due = config.rules.filter((rule) => closed.endMs % rule.hopMs === 0);
    if (due.length === 0) return verdicts;
    const shares = sharesOf(closed);
    for (const signal of signals) {
      for (const rule of due) {
        if (!isWatching(rule, closed.state.model, closed.state.environment, signal.name)) continue;
        const verdict = judgeSignal(options, rule, closed, signal, shares);
        if (verdict === undefined) continue;
        meter.add('verdicts', 1, { detector: verdict.detector, status: verdict.status });
        showVerdict(meter, verdict);
        verdicts.push(verdict);
      }
    }
    return verdicts;
  };
}

/** Undefined where the signal has no scale yet, or one that the detector cannot read: that is no verdict. */
function judgeSignal(
  options: Judging,
  rule: Rule,
  closed: ClosedPane,
  signal: SignalState,
  shares: BudgetShares,
): Verdict | undefined {
  const detector = options.detectors.get(rule.detector.type);
  if (detector === undefined) return undefined;
  const scale = scaleOf(closed.state, signal);
  if (scale === undefined || !detector.scales.includes(scale.kind)) return undefined;
  if (detector.ladder) return judgeOnLadder(options, rule, closed, signal, scale, shares);
  const startMs = closed.endMs - (detector.sequential ? rule.hopMs : rule.lengthMs);
  const candidates = collect(closed.state, signal, rule, startMs, closed.endMs);
  const judged = (detector.versionsTogether ? together(candidates) : candidates).map((candidate) => {
    const look = (state?: unknown) =>
      findIn(options, rule, detector, signal, candidate, startMs, shares.watched, state);
    const finding = detector.sequential
      ? lookOn(options, rule, closed, signal, candidate.version, look)
      : look();
    return toVerdict(finding, rule, closed, signal, startMs, candidate.version);
  });
  if (judged.length > 0) return judged.reduce(worse);
  const gap = inconclusive('gap', `No rows of ${signal.name} in this window.`, 0, 0);
  return toVerdict(gap, rule, closed, signal, startMs, '');
}

/** The default rule: each version's windows on its own, as with any other detector. */
function judgeOnLadder(
  options: Judging,
  rule: Rule,
  closed: ClosedPane,
  signal: SignalState,
  scale: Scale,
  shares: BudgetShares,
): Verdict | undefined {
  const { ladders, ladderJudge, config } = options;
  const { paneMs } = config.windows;
  const ladder = ladders.of(closed.state, signal);
  const reference = signal.learner?.reference;
  if (ladder === undefined) return undefined;
  if (reference === undefined || ladder.reader === undefined) {
    const finding = inconclusive('no_reference', learningText(signal, options.config), 0, 0);
    return toVerdict(finding, rule, closed, signal, closed.startMs, '');
  }
  const family = Math.max(1, shares.families[familyOf(signal.name)]);
  const learnedTick =
    reference.kind === 'learned' ? ladders.tickOf(reference.toMs) : Number.NEGATIVE_INFINITY;
  const endTick = ladders.tickOf(closed.endMs);
  const judged: Verdict[] = [];
  for (const version of ladder.rings.keys()) {
    if (!globMatches(rule.match.version, version)) continue;
    const look = { ladder, version, scale, rule, signal: signal.name, endTick, family, learnedTick };
    const found = ladderJudge.judge(look);
    if (found === undefined) continue;
    const verdict = toVerdict(found.finding, rule, closed, signal, found.startTick * paneMs, version);
    const hasRows =
      placeOf(closed.state.versions.get(version), signal.name)?.track?.pane(closed.startMs) !== undefined;
    // A version that has no more traffic speaks only while no other does.
    if (hasRows || ladder.rings.size === 1) judged.push(verdict);
  }
  if (judged.length > 0) return judged.reduce(worse);
  const gap = inconclusive('gap', `No rows of ${signal.name} since ${isoTime(closed.startMs)}.`, 0, 0);
  return toVerdict(gap, rule, closed, signal, closed.startMs, '');
}

/** One look of a sequential detector: it gets what it remembered of this series, and what it says is kept for the next. */
function lookOn(
  options: Judging,
  rule: Rule,
  closed: ClosedPane,
  signal: SignalState,
  version: string,
  look: (state: unknown) => Finding,
): Finding {
  const { model, environment } = closed.state;
  const series = { model, environment, version, signal: signal.name };
  const key = stateKey(rule.name, series, signal.learner?.reference?.id ?? '');
  const finding = look(options.states.get(key));
  if (finding.state !== undefined) options.states.keep(key, finding.state);
  return finding;
}

function findIn(
  options: Judging,
  rule: Rule,
  detector: Detector,
  signal: SignalState,
  candidate: Candidate,
  startMs: number,
  watched: number,
  state?: unknown,
): Finding {
  const current = effectiveSize(candidate.counters);
  const reference = signal.learner?.reference;
  if (detector.needsReference) {
    if (reference === undefined)
      return inconclusive('no_reference', learningText(signal, options.config), 0, current);
    if (reference.kind === 'learned' && startMs < reference.toMs) {
      return inconclusive(
        'no_reference',
        `This window of ${signal.name} was learned from.`,
        effectiveSize(reference.counters),
        current,
      );
    }
    if (reference.scale.id !== candidate.counters.scaleId) {
      return inconclusive(
        'scale_mismatch',
        `${signal.name} was counted on another scale than its reference.`,
        0,
        current,
      );
    }
  }
  const { falseAlarms } = options.config;
  const windows = 'windows' in rule.for ? rule.for.windows : Math.ceil(rule.for.ms / rule.hopMs) + 1;
  const confirmations = detector.sequential ? 1 : windows;
  try {
    return detector.judge({
      scale: candidate.scale,
      current: candidate.counters,
      reference: reference?.counters,
      options: rule.detector.options,
      alpha: alphaPerLook(falseAlarms, watched, rule.hopMs, confirmations, rule.lengthMs),
      signal: signal.name,
      inverses: options.inverses,
      state,
    });
  } catch (fault) {
    options.meter.add('internal_errors', 1, { stage: 'judge' });
    options.log.error('detector threw', {
      detector: detector.type,
      signal: signal.name,
      fault: describeFault(fault),
    });
    const size = { reference: 0, current };
    return {
      status: 'error',
      cause: 'detector_threw',
      size,
      reason: `The detector ${detector.type} failed on ${signal.name}.`,
      evidence: [],
    };
  }
}

/** The counters of each version that has rows in the window and matches the rule. */
function collect(
  state: ModelState,
  signal: SignalState,
  rule: Rule,
  startMs: number,
  endMs: number,
): Candidate[] {
  const found: Candidate[] = [];
  for (const version of state.versions.values()) {
    if (!globMatches(rule.match.version, version.version)) continue;
    const track = placeOf(version, signal.name)?.track;
    const counters = track?.window(startMs, endMs);
    if (track !== undefined && counters !== undefined)
      found.push({ version: version.version, scale: track.scale, counters });
  }
  return found;
}

/** All versions as one candidate; it names the version with most rows. */
function together(candidates: readonly Candidate[]): Candidate[] {
  const first = candidates[0];
  if (first === undefined || candidates.length === 1) return [...candidates];
  const most = candidates.reduce((a, b) => (b.counters.rows > a.counters.rows ? b : a));
  const counters = mergeCounters(
    first.scale,
    candidates.map((candidate) => candidate.counters),
  );
  return [{ version: most.version, scale: first.scale, counters }];
}

/** A breach of any version speaks for the model; else an error; else the version with most rows that could be judged. */
function worse(a: Verdict, b: Verdict): Verdict {
  const rank = { breach: 3, error: 2, ok: 1, inconclusive: 0 } as const;
  if (rank[a.status] !== rank[b.status]) return rank[a.status] > rank[b.status] ? a : b;
  if (a.status === 'breach') return (a.effect ?? 0) >= (b.effect ?? 0) ? a : b;
  return a.size.current >= b.size.current ? a : b;
}

function toVerdict(
  finding: Finding,
  rule: Rule,
  closed: ClosedPane,
  signal: SignalState,
  startMs: number,
  version: string,
): Verdict {
  const { model, environment } = closed.state;
  const referenceId = signal.learner?.reference?.id;
  const { status, cause, statistic, effect, threshold, pValue, direction, size } = finding;
  return {
    status,
    ...(cause === undefined ? {} : { cause }),
    ...(statistic === undefined ? {} : { statistic }),
    ...(effect === undefined ? {} : { effect }),
    ...(threshold === undefined ? {} : { threshold }),
    ...(pValue === undefined ? {} : { pValue }),
    ...(direction === undefined ? {} : { direction }),
    size,
    // A finding may make these when asked for, which a copy would be.
    get reason() {
      return finding.reason;
    },
    get evidence() {
      return finding.evidence;
    },
    rule: rule.name,
    detector: rule.detector.type,
    series: { model, environment, version, signal: signal.name },
    startMs,
    endMs: closed.endMs,
    ...(referenceId === undefined ? {} : { referenceId }),
  };
}

function inconclusive(cause: VerdictCause, reason: string, reference: number, current: number): Finding {
  return { status: 'inconclusive', cause, size: { reference, current }, reason, evidence: [] };
}

/** Who shares the false-alarm budget of a model; counted once for each pane that closes. */
interface BudgetShares {
  /** Signals times rules about drift. */
  readonly watched: number;
  /** Signals times rules under the default rule, by the part of its budget they share. */
  readonly families: Readonly<Record<SignalFamily, number>>;
}

/** Counted for the first part of a pane, and good for the others. */
function createShares({ config, detectors }: JudgeOptions): (closed: ClosedPane) => BudgetShares {
  let last: { readonly closed: ClosedPane; readonly shares: BudgetShares } | undefined;
  return (closed) => {
    if (last?.closed !== closed)
      last = { closed, shares: countShares(config.rules, closed.state, detectors) };
    return last.shares;
  };
}

function countShares(
  rules: readonly Rule[],
  state: ModelState,
  detectors: ReadonlyMap<string, Detector>,
): BudgetShares {
  const families = { inputs: 0, outputs: 0, segments: 0, rest: 0 };
  let watched = 0;
  for (const rule of rules) {
    const isOnLadder = detectors.get(rule.detector.type)?.ladder === true;
    if (rule.class !== 'drift' && !isOnLadder) continue;
    for (const signal of state.signals.keys()) {
      if (!isWatching(rule, state.model, state.environment, signal)) continue;
      if (rule.class === 'drift') watched++;
      if (isOnLadder) families[familyOf(signal)]++;
    }
  }
  return { watched, families };
}

function scaleOf(state: ModelState, signal: SignalState): Scale | undefined {
  if (signal.learner !== undefined) return signal.learner.scale;
  for (const version of state.versions.values()) {
    const track = placeOf(version, signal.name)?.track;
    if (track !== undefined) return track.scale;
  }
  return undefined;
}

function showVerdict(meter: Meter, verdict: Verdict): void {
  const labels = { model: verdict.series.model, rule: verdict.rule, signal: verdict.series.signal };
  meter.set('signal_rows', verdict.size.current, labels);
  if (verdict.statistic !== undefined) meter.set('signal_statistic', verdict.statistic, labels);
  if (verdict.threshold !== undefined) meter.set('signal_threshold', verdict.threshold, labels);
}

/** An assertion's sentence is ours and safe to log; anything else could carry data, so only its kind is told. */
function describeFault(fault: unknown): string {
  if (fault instanceof AssertionFault) return fault.message;
  return fault instanceof Error ? fault.name : 'unknown';
}

/** How far learning has come, and when it can be over at the earliest. */
function learningText(signal: SignalState, config: Config): string {
  const { rows, atLeastMs } = config.references.learn;
  const fromMs = signal.learner?.snapshot()?.fromMs ?? Number.NaN;
  const when = isoTime(fromMs + atLeastMs);
  const until = when === '' ? '' : `, until ${when.slice(0, 16).replace('T', ' ')} UTC at the earliest`;
  return `The reference of ${signal.name} is being learned: ${signal.learner?.rows ?? 0} of ${rows} rows${until}.`;
}
