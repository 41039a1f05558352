import { formatDuration } from '../../core/duration.ts';
import type { Explanation, NearbyChange, Onset } from '../../core/explanation.ts';
import { isoTime } from '../../core/time.ts';
import { numberText, percentText } from '../../detectors/counters/finding.ts';

const namedMax = 3;
/** Inputs that bring less of all that is brought are not named. */
const namedShare = 0.1;

/** One sentence: since when and how, what moved with it, what of the output that explains, what was changed about then. */
export function sentenceOf(signal: string, told: Omit<Explanation, 'sentence'>): string {
  const parts = [
    sinceText(signal, told.onset),
    togetherText(told),
    explainedText(told),
    nearbyText(told.changesNearby),
  ];
  return `${parts.filter((part) => part !== '').join('; ')}.`;
}

function sinceText(signal: string, onset: Onset | undefined): string {
  if (onset === undefined) return `${signal} has changed; the windows that are held do not show since when`;
  const between = `between ${timeText(onset.fromMs)} and ${timeText(onset.toMs)} UTC`;
  const at = `${timeText(onset.atMs)} UTC`;
  switch (onset.form) {
    case 'recurring':
      return `${signal} changed about ${at} (${between}), as it did ${onset.period === 'weekly' ? 'in earlier weeks' : 'on earlier days'} at this hour`;
    case 'gradual': {
      const forMs = Math.max(0, (onset.arrivedMs ?? onset.toMs) - onset.atMs);
      const grainMs = forMs >= 7_200_000 ? 3_600_000 : 60_000;
      const span = formatDuration(Math.max(grainMs, Math.round(forMs / grainMs) * grainMs));
      return `${signal} has changed little by little since about ${at} (${between}), over ${span}`;
    }
    case 'abrupt':
      return `${signal} changed at once about ${at} (${between})`;
  }
}

function togetherText({ movedTogether }: Omit<Explanation, 'sentence'>): string {
  const together = movedTogether.filter((one) => one.isTogether).map((one) => one.signal);
  const others = movedTogether.filter((one) => !one.isTogether).map((one) => one.signal);
  const parts = [
    together.length === 0 ? '' : `${listText(together)} moved at the same time`,
    others.length === 0 ? '' : `${listText(others)} moved at another time`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function explainedText({ outputShift: shift }: Omit<Explanation, 'sentence'>): string {
  const worst = shift?.contributions[0];
  if (shift === undefined || worst === undefined || shift.explained === null) return '';
  const observed = `the shift of ${shift.output} by ${signed(shift.deviations)} standard deviations`;
  const overlap = shift.overlapping ? ' (these inputs go together, so their parts overlap)' : '';
  const total = shift.contributions.reduce((sum, one) => sum + Math.abs(one.shift), 0);
  const main = shift.contributions.filter((one) => Math.abs(one.shift) >= namedShare * total);
  const verb = main.length === 1 ? 'explains' : 'explain';
  return `${listText(main.map((one) => one.signal))} ${verb} ${percentText(shift.explained)} of ${observed}${overlap}`;
}

function nearbyText(changes: readonly NearbyChange[]): string {
  return changes.map((change) => `${change.what} at ${timeText(change.atMs)} UTC`).join(', ');
}

function listText(names: readonly string[]): string {
  const named = names.slice(0, namedMax);
  const more = names.length > named.length ? ` and ${names.length - named.length} more` : '';
  const last = named.at(-1) ?? '';
  if (named.length <= 1 || more !== '') return named.join(', ') + more;
  return `${named.slice(0, -1).join(', ')} and ${last}`;
}

function timeText(ms: number): string {
  return isoTime(ms).slice(0, 16).replace('T', ' ');
}

function signed(value: number): string {
  return `${value > 0 ? '+' : ''}${numberText(value)}`;
}
