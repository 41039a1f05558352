import { AssertionFault } from '../../core/assert.ts';
import { globMatches } from '../../core/glob.ts';
import type { Counters } from '../../core/pane.ts';
import type { Log, Meter } from '../../core/ports.ts';
import type { Rule } from '../../core/rule.ts';
import type { Scale } from '../../core/scale.ts';
import { signalOf } from '../../core/series.ts';
import type { Finding, Verdict } from '../../core/verdict.ts';
import { alphaPerLook } from '../../detectors/calibrate.ts';
import { effectiveSize, mergeCounters } from '../../detectors/counters/counters.ts';
import type { Detector } from '../../detectors/detector.ts';
import { familyShares } from '../../detectors/ladder/alpha-ladder.ts';
import type { Compared } from './comparisons.ts';
import { type DetectorStates, stateKey } from './detector-states.ts';
import { type BudgetShares, inconclusive, type Look, toVerdict, worse } from './judge-look.ts';
import { judgeOnLadder, type LadderJudging } from './judge-on-ladder.ts';
import { familyOf } from './ladder-judge.ts';
import { type ModelState, placeOf, type SignalState, seriesOf } from './model-state.ts';
import type { ClosedPane } from './window.ts';

export interface JudgeOptions extends LadderJudging {
  /** By type. */
  readonly detectors: ReadonlyMap<string, Detector>;
  /** What sequential detectors remember. */
  readonly states: DetectorStates;
  /** What a rule that searches slices says of a signal, once a day; absent: nobody searches. */
  readonly search?: (rule: Rule, closed: ClosedPane, signal: string) => Verdict | undefined;
  readonly meter: Meter;
  readonly log: Log;
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

/** Judges the windows that end where a pane closed: one verdict for each rule and signal whose turn it is. */
export function createJudge(options: JudgeOptions): (closed: ClosedPane) => Verdict[] {
  const { config, meter } = options;
  return (closed) => {
    const verdicts: Verdict[] = [];
    const rules = config.rules.filter((rule) => isForSegment(rule, closed.state.segment));
    const due = rules.filter((rule) => closed.endMs % rule.hopMs === 0);
    if (due.length === 0) return verdicts;
    const shares = countShares(rules, closed.state, options.detectors);
    for (const signal of closed.state.signals.values()) {
      for (const rule of due) {
        if (!isWatching(rule, closed.state.model, closed.state.environment, signal.name)) continue;
        const verdict = judgeSignal(options, { rule, closed, signal, shares });
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
function judgeSignal(options: JudgeOptions, look: Omit<Look, 'scale'>): Verdict | undefined {
  const { rule, closed, signal } = look;
  const detector = options.detectors.get(rule.detector.type);
  if (detector === undefined) return undefined;
  if (detector.search) return options.search?.(rule, closed, signal.name);
  const scale = scaleOf(closed.state, signal);
  if (scale === undefined || !detector.scales.includes(scale.kind)) return undefined;
  if (detector.ladder) return judgeOnLadder(options, { ...look, scale });
  return judgeWindow(options, { ...look, scale }, detector);
}

/** One window of a rule with a length of its own: the worst of what its versions show. */
function judgeWindow(options: JudgeOptions, look: Look, detector: Detector): Verdict {
  const { rule, closed, signal } = look;
  const startMs = closed.endMs - (detector.sequential ? rule.hopMs : rule.lengthMs);
  const candidates = collect(closed.state, signal, rule, startMs, closed.endMs);
  const judged = (detector.versionsTogether ? together(candidates) : candidates).map((candidate) => {
    const { version } = candidate;
    const resolved = compareWith(options, look, detector, { ...candidate, startMs });
    if ('missing' in resolved) return toVerdict(look, resolved.missing, { startMs, version });
    const { compared } = resolved;
    const find = (state?: unknown) =>
      findIn(options, look, detector, { ...candidate, startMs, state, reference: compared?.counters });
    const finding = detector.sequential
      ? remembering(options, look, { version, referenceId: compared?.id ?? '' }, find)
      : find();
    return toVerdict(look, finding, { startMs, version, ...(compared && { comparison: compared }) });
  });
  if (judged.length > 0) return judged.reduce(worse);
  const gap = inconclusive('gap', `No rows of ${signal.name} in this window.`, 0, 0);
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
  { comparisons }: JudgeOptions,
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

function findIn(options: JudgeOptions, look: Look, detector: Detector, window: WindowCandidate): Finding {
  const { rule, signal, shares } = look;
  const current = effectiveSize(window.counters);
  const { falseAlarms } = options.config;
  const windows = 'windows' in rule.for ? rule.for.windows : Math.ceil(rule.for.ms / rule.hopMs) + 1;
  const confirmations = detector.sequential ? 1 : windows;
  try {
    return detector.judge({
      scale: window.scale,
      current: window.counters,
      reference: window.reference,
      options: rule.detector.options,
      alpha: alphaPerLook(falseAlarms, shares.watched, rule.hopMs, confirmations, rule.lengthMs),
      signal: signal.name,
      state: window.state,
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

function countShares(
  rules: readonly Rule[],
  state: ModelState,
  detectors: ReadonlyMap<string, Detector>,
): BudgetShares {
  const families = { inputs: 0, outputs: 0, segments: 0, rest: 0 };
  let watched = 0;
  for (const rule of rules) {
    const { ladder: isOnLadder = false, search: isSearch = false } = detectors.get(rule.detector.type) ?? {};
    const isDrift = rule.class === 'drift';
    if (isSearch || !(isDrift || isOnLadder)) continue;
    for (const signal of state.signals.keys()) {
      if (!isWatching(rule, state.model, state.environment, signal)) continue;
      watched += Number(isDrift);
      families[familyOf(signal, state.segment)] += Number(isOnLadder);
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

function scaleOf(state: ModelState, signal: SignalState): Scale | undefined {
  if (signal.learner !== undefined) return signal.learner.scale;
  for (const version of state.versions.values()) {
    const track = placeOf(version, signal.name)?.track;
    if (track !== undefined) return track.scale;
  }
  return undefined;
}

function showVerdict(meter: Meter, verdict: Verdict): void {
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
