import { AssertionFault } from '../../core/assert.ts';
import { formatDuration } from '../../core/duration.ts';
import { globMatches } from '../../core/glob.ts';
import type { Counters } from '../../core/pane.ts';
import type { Log, Meter } from '../../core/ports.ts';
import type { Rule } from '../../core/rule.ts';
import type { Scale } from '../../core/scale.ts';
import { signalOf } from '../../core/series.ts';
import { isoTime } from '../../core/time.ts';
import type { Finding, Verdict } from '../../core/verdict.ts';
import { effectiveSize, mergeCounters } from '../../detectors/counters/counters.ts';
import type { Detector } from '../../detectors/detector.ts';
import { familyShares, type SignalFamily } from '../../detectors/ladder/alpha-ladder.ts';
import { KeptInverses } from '../../detectors/math/kept-inverses.ts';
import type { Compared } from './comparisons.ts';
import { type DetectorStates, stateKey } from './detector-states.ts';
import { withEnough } from './enough.ts';
import { type BudgetShares, inconclusive, type Look, toVerdict, worse } from './judge-look.ts';
import { judgeOnLadder, type LadderJudging } from './judge-on-ladder.ts';
import { judgeRates, type RateJudging } from './judge-rates.ts';
import { alphaOfWindow, repeatableWindow } from './judge-replay.ts';
import { callsSignal, type TrafficJudge } from './judge-traffic.ts';
import { familyOf } from './ladder-judge.ts';
import { type ModelState, placeOf, type SignalState, seriesOf } from './model-state.ts';
import type { ClosedPane } from './window.ts';

export interface JudgeOptions extends LadderJudging, RateJudging {
  readonly trafficJudge: TrafficJudge;
  /** By type. */
  readonly detectors: ReadonlyMap<string, Detector>;
  /** What sequential detectors remember. */
  readonly states: DetectorStates;
  /** What a rule that searches slices says of a signal, once a day; absent: nobody searches. */
  readonly search?: (rule: Rule, closed: ClosedPane, signal: string) => Verdict | undefined;
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
  /** Start of the first pane in the window. */
  readonly firstMs: number;
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

/** Judges what ends where a pane closed: one verdict for each rule whose turn it is. */
export interface Judge {
  /** The windows of some signals. */
  judge(closed: ClosedPane, signals: readonly SignalState[]): readonly Verdict[];
  /** The calls of the model as such: how many came, and how long ago. */
  judgeCalls(closed: ClosedPane): readonly Verdict[];
}

export function createJudge(given: JudgeOptions): Judge {
  const options: Judging = { ...given, inverses: new KeptInverses() };
  const { config, meter } = options;
  const sharesOf = createShares(options);
  const dueOf = ({ state, endMs }: ClosedPane) =>
    config.rules.filter((rule) => isForSegment(rule, state.segment) && endMs % rule.hopMs === 0);
  const shown = (verdicts: readonly Verdict[]) => {
    for (const verdict of verdicts) showVerdict(meter, verdict);
    return verdicts;
  };
  return {
    judge: (closed, signals) =>
      shown(judgeSignals(options, closed, signals, dueOf(closed), sharesOf(closed))),
    judgeCalls: (closed) => shown(judgeCalls(options, closed, dueOf(closed), sharesOf(closed))),
  };
}

function judgeSignals(
  options: Judging,
  closed: ClosedPane,
  signals: readonly SignalState[],
  due: readonly Rule[],
  shares: BudgetShares,
): Verdict[] {
  const { model, environment } = closed.state;
  const verdicts: Verdict[] = [];
  for (const signal of signals) {
    for (const rule of due) {
      if (!isWatching(rule, model, environment, signal.name)) continue;
      const verdict = judgeSignal(options, { rule, closed, signal, shares });
      if (verdict !== undefined) verdicts.push(verdict);
    }
  }
  return verdicts;
}

/** Rules on the calls of a model as such. */
function judgeCalls(
  { detectors, trafficJudge }: JudgeOptions,
  closed: ClosedPane,
  due: readonly Rule[],
  shares: BudgetShares,
): Verdict[] {
  const { model, environment, whole } = closed.state;
  if (whole !== undefined) return [];
  return due.flatMap((rule) => {
    const detector = detectors.get(rule.detector.type);
    if (detector?.traffic === undefined || !isWatching(rule, model, environment, callsSignal)) return [];
    return trafficJudge.judge({ rule, detector, closed, family: Math.max(1, shares.families.rest) }) ?? [];
  });
}

/** Undefined where the signal has no scale yet, or one that the detector cannot read: that is no verdict. */
function judgeSignal(options: Judging, look: Omit<Look, 'scale'>): Verdict | undefined {
  const { rule, closed, signal } = look;
  const detector = options.detectors.get(rule.detector.type);
  if (detector === undefined) return undefined;
  if (detector.search) return options.search?.(rule, closed, signal.name);
  const scale = scaleOf(closed.state, signal);
  if (scale === undefined || !detector.scales.includes(scale.kind)) return undefined;
  if (detector.rate !== undefined) return judgeRates(options, { ...look, scale }, detector.rate);
  if (detector.ladder) return judgeOnLadder(options, { ...look, scale });
  return judgeWindow(options, { ...look, scale }, detector);
}

/** One window of a rule with a length of its own: the worst of what its versions show. */
function judgeWindow(options: Judging, look: Look, detector: Detector): Verdict {
  const { rule, closed, signal } = look;
  const startMs = closed.endMs - (detector.sequential ? rule.hopMs : rule.lengthMs);
  const candidates = collect(closed.state, signal, rule, startMs, closed.endMs);
  const judged = (detector.versionsTogether ? together(candidates) : candidates).map((candidate) => {
    const { version } = candidate;
    const resolved = compareWith(options, look, detector, { ...candidate, startMs });
    if ('missing' in resolved) return toVerdict(look, resolved.missing, { startMs, version });
    const { compared } = resolved;
    const asked = { ...candidate, startMs, reference: compared?.counters };
    let handed: unknown;
    const find = (state?: unknown) => {
      handed = state;
      return findIn(options, look, detector, { ...asked, state });
    };
    const finding = detector.sequential
      ? remembering(options, look, { version, referenceId: compared?.id ?? '' }, find)
      : find();
    const enough = withEnough(finding, { startMs, endMs: closed.endMs, firstMs: candidate.firstMs });
    const verdict = toVerdict(look, enough, { startMs, version, ...(compared && { comparison: compared }) });
    const isComputed = finding.status === 'ok' || finding.status === 'breach';
    return options.replays.note(verdict, () =>
      isComputed ? repeatableWindow(options.config, look, detector, { ...asked, state: handed }) : undefined,
    );
  });
  if (judged.length > 0) return judged.reduce(worse);
  const span = formatDuration(closed.endMs - startMs);
  const said = `No rows of ${signal.name} in the ${span} until ${isoTime(closed.endMs)}; it is judged again with the next ones.`;
  const gap = inconclusive('gap', said, 0, 0);
  return toVerdict(look, gap, { startMs, version: '' });
}

/** A sequential detector gets what it remembered of this series, and what it says is kept for the next look. */
function remembering(
  { states }: JudgeOptions,
  { rule, closed, signal }: Look,
  { version, referenceId }: { readonly version: string; readonly referenceId: string },
  find: (state: unknown) => Finding,
): Finding {
  const series = seriesOf(closed.state, signal.name, version);
  const key = stateKey(rule.name, series, referenceId);
  const finding = find(states.get(key));
  if (finding.state !== undefined) states.keep(key, finding.state);
  return finding;
}

/** The window of one version, and what a sequential detector remembers of those before. */
interface WindowCandidate extends Candidate {
  readonly startMs: number;
  readonly state: unknown;
  readonly reference: Counters | undefined;
}

/** What a window is compared with, or why it cannot be; nothing for a detector that needs no reference. */
function compareWith(
  { comparisons }: Judging,
  look: Look,
  detector: Detector,
  { version, counters, startMs }: Candidate & { readonly startMs: number },
): { readonly compared: Compared | undefined } | { readonly missing: Finding } {
  if (detector.needsReference) {
    const current = effectiveSize(counters);
    return comparisons.resolve({ look, version, startMs, scaleId: counters.scaleId, current });
  }
  const reference = look.signal.learner?.reference;
  return { compared: reference && { id: reference.id, counters: reference.counters, note: '' } };
}

function findIn(options: Judging, look: Look, detector: Detector, window: WindowCandidate): Finding {
  const { rule, signal } = look;
  const current = effectiveSize(window.counters);
  try {
    return detector.judge({
      scale: window.scale,
      current: window.counters,
      reference: window.reference,
      options: rule.detector.options,
      alpha: alphaOfWindow(options.config, look, detector).alpha,
      signal: signal.name,
      state: window.state,
      inverses: options.inverses,
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
      found.push({
        version: version.version,
        scale: track.scale,
        counters,
        firstMs: track.firstFrom(startMs),
      });
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
  const firstMs = Math.min(...candidates.map((candidate) => candidate.firstMs));
  return [{ version: most.version, scale: first.scale, counters, firstMs }];
}

/** Counted for the first part of a pane, and good for the others. */
function createShares({ config, detectors }: JudgeOptions): (closed: ClosedPane) => BudgetShares {
  let last: { readonly closed: ClosedPane; readonly shares: BudgetShares } | undefined;
  return (closed) => {
    if (last?.closed !== closed) last = { closed, shares: sharesIn(config.rules, closed, detectors) };
    return last.shares;
  };
}

function sharesIn(
  rules: readonly Rule[],
  { state }: ClosedPane,
  detectors: ReadonlyMap<string, Detector>,
): BudgetShares {
  return countShares(
    rules.filter((rule) => isForSegment(rule, state.segment)),
    state,
    detectors,
  );
}

/** Who shares the false-alarm budget of a model. */
export function countShares(
  rules: readonly Rule[],
  state: ModelState,
  detectors: ReadonlyMap<string, Detector>,
): BudgetShares {
  const families = { inputs: 0, outputs: 0, rates: 0, segments: 0, rest: 0 };
  let watched = 0;
  for (const rule of rules) {
    const detector = detectors.get(rule.detector.type);
    if (detector === undefined || detector.search) continue;
    if (detector.traffic !== undefined) families.rest++;
    for (const signal of signalsUnder(rule, state)) {
      if (rule.class === 'drift' && detector.rate === undefined) watched++;
      if (detector.ladder) families[partOf(detector, signal, state.segment)]++;
    }
  }
  return overSegments(state, { watched, families });
}

/** Segments of a model have the signals of the model: those of one stand for those of each. */
function overSegments(state: ModelState, { watched, families }: BudgetShares): BudgetShares {
  if (state.whole === undefined) return { watched, families };
  const segments = state.whole.segments?.size ?? 1;
  // Outside the ladder segments have their part of the whole budget, too.
  const all = (watched * segments) / familyShares.segments;
  return { watched: all, families: { ...families, segments: families.segments * segments } };
}

/** '' matches the whole model. */
export function isForSegment(rule: Rule, segment = ''): boolean {
  return globMatches(rule.match.segment ?? '*', segment);
}

function signalsUnder(rule: Rule, { model, environment, signals }: ModelState): readonly string[] {
  return [...signals.keys()].filter((signal) => isWatching(rule, model, environment, signal));
}

function partOf(detector: Detector, signal: string, segment: string | undefined): SignalFamily {
  return detector.rate === undefined ? familyOf(signal, segment) : 'rates';
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
  meter.add('verdicts', 1, { detector: verdict.detector, status: verdict.status });
  const labels = { model: verdict.series.model, rule: verdict.rule, signal: signalOf(verdict.series) };
  meter.set('signal_rows', verdict.size.current, labels);
  if (verdict.statistic !== undefined) meter.set('signal_statistic', verdict.statistic, labels);
  if (verdict.threshold !== undefined) meter.set('signal_threshold', verdict.threshold, labels);
}

/** An assertion's sentence is ours and safe to log; anything else could carry data, so only its kind is told. */
function describeFault(fault: unknown): string {
  if (fault instanceof AssertionFault) return fault.message;
  return fault instanceof Error ? fault.name : 'unknown';
}
