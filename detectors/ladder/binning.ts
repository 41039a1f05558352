/**
 * How the cells of a scale become the bins the default rule reads: the reference's ventiles of a numeric scale, the levels
 * that carry most of the reference of a levels scale. Made once per scale and reference.
 */
import type { Counters } from '../../core/pane.ts';
import type { LevelsScale, NumericScale, Scale } from '../../core/scale.ts';
import { rangeLabel } from '../counters/groups.ts';
import { levelBinsMax } from './judge-levels.ts';

/** Fewer ventiles than this, or no order at all: judged as levels. */
const orderedBinsFew = 5;
/** A numeric scale with no more cells than this holds so few values that each is a level. */
const valuesFew = 20;

export interface Binning {
  readonly kind: 'ordered' | 'levels';
  /** Bins in all. */
  readonly size: number;
  /** Bin of each cell. */
  readonly binOf: Uint8Array;
  /** Of levels: the bin that holds what has no bin of its own; -1 where there is none. */
  readonly rest: number;
}

export function binningOf(scale: Scale, reference: Counters): Binning | undefined {
  switch (scale.kind) {
    case 'numeric':
      return numericBinning(scale, reference);
    case 'levels':
      return levelsBinning(scale, reference);
    case 'log':
      return undefined;
  }
}

/** The weighted counts of a pane by bin, added to `into`. */
export function addBins(binning: Binning, counters: Counters, into: Float64Array): void {
  for (let cell = 0; cell < counters.counts.length; cell++) {
    const bin = binning.binOf[cell] as number;
    into[bin] = (into[bin] as number) + (counters.counts[cell] as number);
  }
}

/** What a bin is called, for a person: `12.5 to 20`, `over 20`, a level, `other levels`. */
export function binLabel(scale: Scale, binning: Binning, bin: number): string {
  if (scale.kind === 'levels') return levelLabel(scale, binning, bin);
  if (scale.kind === 'log') return '';
  const first = binning.binOf.indexOf(bin);
  const last = binning.binOf.lastIndexOf(bin);
  if (bin === binning.rest && (first < 0 || first !== last)) return 'other values';
  return rangeLabel(scale, first, last);
}

function numericBinning(scale: NumericScale, reference: Counters): Binning {
  const groups = [...new Set(scale.group)];
  if (groups.length < orderedBinsFew || scale.group.length <= valuesFew) return cellsAsLevels(reference);
  const place = new Map(groups.map((group, index) => [group, index]));
  return {
    kind: 'ordered',
    size: groups.length,
    binOf: scale.group.map((group) => place.get(group) ?? 0),
    rest: -1,
  };
}

function levelsBinning(scale: LevelsScale, reference: Counters): Binning {
  return frequentCells(reference, scale.cells.size);
}

function cellsAsLevels(reference: Counters): Binning {
  return frequentCells(reference, -1);
}

/** The cells with most rows get a bin each, all others share the last one; `restCell` is never on its own. */
function frequentCells(reference: Counters, restCell: number): Binning {
  const { counts } = reference;
  const cells = Array.from(counts.keys()).filter((cell) => cell !== restCell);
  cells.sort((a, b) => (counts[b] as number) - (counts[a] as number) || a - b);
  const alone = cells.slice(0, levelBinsMax - 1);
  const binOf = new Uint8Array(counts.length).fill(alone.length);
  alone.forEach((cell, bin) => {
    binOf[cell] = bin;
  });
  return { kind: 'levels', size: alone.length + 1, binOf, rest: alone.length };
}

function levelLabel(scale: LevelsScale, binning: Binning, bin: number): string {
  if (bin === binning.rest) return 'other levels';
  for (const [level, cell] of scale.cells) if (binning.binOf[cell] === bin) return level;
  return 'other levels';
}
