import type { Config } from '../../config/config.ts';
import { globMatches } from '../../core/glob.ts';
import { isoTime } from '../../core/time.ts';
import type { Verdict } from '../../core/verdict.ts';
import type { Comparisons } from './comparisons.ts';
import { inconclusive, type Look, learningFinding, toVerdict, worse } from './judge-look.ts';
import type { LadderBook } from './ladder-book.ts';
import { familyOf, type LadderJudge } from './ladder-judge.ts';
import { placeOf } from './model-state.ts';
import type { Replays } from './replay.ts';

export interface LadderJudging {
  readonly config: Config;
  /** The default rule's windows and reference models. */
  readonly ladders: LadderBook;
  readonly ladderJudge: LadderJudge;
  /** Gets what each verdict was made from. */
  readonly replays: Replays;
  readonly comparisons: Comparisons;
}

/** The default rule: each version's windows on its own, as with any other detector. */
export function judgeOnLadder(judging: LadderJudging, look: Look): Verdict | undefined {
  const { closed, signal } = look;
  const ladder = judging.ladders.of(closed.state, signal);
  if (ladder === undefined) return undefined;
  const isPinned = (look.rule.against ?? 'pinned') === 'pinned';
  if (isPinned && (signal.learner?.reference === undefined || ladder.reader === undefined)) {
    const finding = learningFinding(look, judging.config, 0);
    return toVerdict(look, finding, { startMs: closed.startMs, version: '' });
  }
  const judged: Verdict[] = [];
  for (const version of ladder.rings.keys()) {
    const verdict = globMatches(look.rule.match.version, version)
      ? judgeVersion(judging, look, version)
      : undefined;
    if (verdict === undefined) continue;
    const hasRows =
      placeOf(closed.state.versions.get(version), signal.name)?.track?.pane(closed.startMs) !== undefined;
    // A version that has no more traffic speaks only while no other does.
    if (hasRows || ladder.rings.size === 1) judged.push(verdict);
  }
  if (judged.length > 0) return judged.reduce(worse);
  const said = `No rows of ${signal.name} since ${isoTime(closed.startMs)}; it is judged again with the next ones.`;
  const gap = inconclusive('gap', said, 0, 0);
  return toVerdict(look, gap, { startMs: closed.startMs, version: '' });
}

function judgeVersion(
  { ladders, ladderJudge, comparisons, config, replays }: LadderJudging,
  look: Look,
  version: string,
): Verdict | undefined {
  const { rule, closed, signal, scale, shares } = look;
  const ladder = ladders.of(closed.state, signal);
  if (ladder === undefined) return undefined;
  const { startMs } = closed;
  const question = { look, version, startMs, scaleId: ladder.scaleId, current: 0 };
  const resolved = comparisons.onLadder(question, ladder);
  if ('missing' in resolved) return toVerdict(look, resolved.missing, { startMs, version });
  const found = ladderJudge.judge({
    ladder: resolved.ladder,
    version,
    scale,
    rule,
    signal: signal.name,
    endTick: ladders.tickOf(closed.endMs),
    family: Math.max(1, shares.families[familyOf(signal.name, closed.state.segment)]),
    learnedTick: ladders.tickOf(resolved.learnedMs),
  });
  // Of another comparison the ladder was a copy; that something drifts holds for the signal.
  if (resolved.ladder !== ladder && resolved.ladder.drifting) ladder.drifting = true;
  if (found === undefined) return undefined;
  const window = { startMs: found.startTick * config.windows.paneMs, version, comparison: resolved };
  return replays.note(toVerdict(look, found.finding, window), found.repeatable);
}
