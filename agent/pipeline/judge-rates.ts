import { globMatches } from '../../core/glob.ts';
import { isoTime } from '../../core/time.ts';
import type { Verdict } from '../../core/verdict.ts';
import type { RateKind } from '../../detectors/detector.ts';
import { inconclusive, type Look, toVerdict, worse } from './judge-look.ts';
import { placeOf } from './model-state.ts';
import type { RateBook, SignalRates } from './rate-book.ts';
import type { RateJudge } from './rate-judge.ts';

export interface RateJudging {
  readonly paneMs: number;
  readonly rates: RateBook;
  readonly rateJudge: RateJudge;
}

/** A rate on the ladder: each version's windows on their own, as with the default rule. Undefined: it has no such rate. */
export function judgeRates(judging: RateJudging, look: Look, kind: RateKind): Verdict | undefined {
  const { closed, signal, rule } = look;
  const rates = judging.rates.of(closed.state, signal);
  if (rates === undefined || !rates.kinds.includes(kind)) return undefined;
  if (rates.models === undefined) {
    const finding = inconclusive('no_reference', learningSentence(judging.rates, rates), 0, 0);
    return toVerdict(look, finding, { startMs: closed.startMs, version: '' });
  }
  const judged: Verdict[] = [];
  for (const version of rates.rings.keys()) {
    if (!globMatches(rule.match.version, version)) continue;
    const hasRows =
      placeOf(closed.state.versions.get(version), signal.name)?.track?.pane(closed.startMs) !== undefined;
    const found = judging.rateJudge.judge({
      rates,
      kind,
      version,
      rule,
      endTick: judging.rates.tickOf(closed.endMs),
      family: Math.max(1, look.shares.families.rates),
    });
    // A version that has no more traffic speaks only while no other does.
    if (found === undefined || !(hasRows || rates.rings.size === 1)) continue;
    judged.push(toVerdict(look, found.finding, { startMs: found.startTick * judging.paneMs, version }));
  }
  if (judged.length > 0) return judged.reduce(worse);
  const gap = inconclusive('gap', `No rows of ${signal.name} since ${isoTime(closed.startMs)}.`, 0, 0);
  return toVerdict(look, gap, { startMs: closed.startMs, version: '' });
}

function learningSentence(book: RateBook, rates: SignalRates): string {
  const { rows, needed } = book.progressOf(rates);
  return `The rates of ${rates.series.signal} are being learned: ${rows} of ${needed} rows.`;
}
