/** The finding of every comparison with a reference: its sentence, its evidence and the order of its refusals are told once. */
import type { Counters } from '../../core/pane.ts';
import type { LevelsScale, NumericScale } from '../../core/scale.ts';
import type { Finding } from '../../core/verdict.ts';
import type { DetectorInput } from '../detector.ts';
import {
  changeText,
  noReference,
  notApplicable,
  numberText,
  probabilityText,
  rowsText,
  sizesOf,
  toldNow,
  toldWhenAsked,
  tooFew,
} from './finding.ts';
import { directionOf, evidenceOf, type Group } from './groups.ts';

/** A window and its reference, both with enough rows, on a scale that the detector knows. */
export interface Comparable<Kind extends NumericScale | LevelsScale> {
  readonly scale: Kind;
  readonly reference: Counters;
  readonly current: Counters;
}

interface Needs<Kind extends NumericScale | LevelsScale> {
  /** Of the detector, for the sentence. */
  readonly name: string;
  readonly kinds: readonly Kind['kind'][];
  readonly minRows: number;
}

/** What can be compared, or the finding that says why nothing can. */
export function comparableOf<Kind extends NumericScale | LevelsScale>(
  input: DetectorInput<unknown>,
  needs: Needs<Kind>,
): Comparable<Kind> | { readonly finding: Finding } {
  const { scale, reference, current } = input;
  const isKnown = (needs.kinds as readonly string[]).includes(scale.kind);
  if (!isKnown) return { finding: notApplicable(input, needs.name) };
  if (reference === undefined) return { finding: noReference(input) };
  const few = tooFew(input, needs.minRows);
  return few === undefined ? { scale: scale as Kind, reference, current } : { finding: few };
}

/** What a detector found; Infinity is written as the largest double. */
export interface Compared {
  /** Of the statistic, for the sentence: "Hellinger distance". */
  readonly name: string;
  readonly statistic: number;
  readonly effect: number;
  readonly threshold: number;
  readonly pValue?: number;
  readonly isBreach: boolean;
  readonly groups: readonly Group[];
  /** Added to the sentence, such as ", clipped at the reference's range". */
  readonly note?: string;
}

export function comparedFinding(
  input: DetectorInput<unknown>,
  { scale, reference, current }: Comparable<NumericScale | LevelsScale>,
  compared: Compared,
): Finding {
  const { name, pValue, isBreach, note = '' } = compared;
  const [statistic, effect, threshold] = [compared.statistic, compared.effect, compared.threshold].map(
    finite,
  );
  const evidence = () => evidenceOf(compared.groups);
  const direction = isBreach && scale.kind === 'numeric' ? directionOf(scale, reference, current) : undefined;
  const reason = () => {
    const probability = pValue === undefined ? '' : ` (${probabilityText(pValue)})`;
    const verdict = `${isBreach ? 'over' : 'within'} ${numberText(threshold as number)}${probability}`;
    const rows = `${rowsText(current)} against ${rowsText(reference)} in the reference`;
    const change = isBreach ? changeText(evidence(), direction) : '';
    return `${name} of ${input.signal} is ${numberText(statistic as number)}, ${verdict}, with ${rows}${change}${note}.`;
  };
  const finding = {
    status: isBreach ? 'breach' : 'ok',
    statistic: statistic as number,
    effect: effect as number,
    threshold: threshold as number,
    ...(pValue === undefined ? {} : { pValue }),
    ...(direction === undefined ? {} : { direction }),
    size: sizesOf(input),
  } as const;
  return isBreach ? toldNow(finding, { reason, evidence }) : toldWhenAsked(finding, { reason, evidence });
}

function finite(value: number): number {
  return Math.min(Number.MAX_VALUE, Math.max(-Number.MAX_VALUE, value));
}
