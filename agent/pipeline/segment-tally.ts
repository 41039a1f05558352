import type { LearnConfig } from '../../config/config.ts';
import type { Call } from '../../core/observation.ts';
import { fitVariance, plainFit, type VarianceFit, windowsFew } from '../../detectors/ladder/variance.ts';
import { type Compared, contrastOf } from '../../detectors/segments/contrast.ts';
import { type Place, SpaceSaving, seenOf } from '../../detectors/segments/space-saving.ts';
import { minus, type Sums, sumsAt } from '../../detectors/segments/sums.ts';
import type { PairSlice, SingleSlice, SliceSearch } from '../../detectors/segments/worst-slices.ts';
import { isUsableName } from './names.ts';
import { daysKept, outcomesMax, SliceCounts } from './slice-counts.ts';
import { type Outcome, outcomeValue } from './slice-outcomes.ts';
import type { PaneBudget } from './track.ts';

/** Fields of a model whose values are followed; what comes later is counted and left out. */
export const sliceFieldsMax = 12;
/** Values of a field with sums of their own. */
export const sliceValuesMax = 64;
/** A field with more distinct values is an identifier, and given up. */
export const distinctMax = 1_000;
export const slicePairsMax = 512;
/** Rows taken of a pane, about: more are thinned, evenly and whatever is in them. */
export const rowsPerPaneMax = 2_000;
/** Days ahead of the last closed one that rows may be of. */
const daysAheadMax = 32;
/** A value takes part in pairs once it has so many rows: what comes and goes must not drive out what stays. */
const pairRowsMin = 30;
/** First rows of a slice that are let pass: sums of what comes once and goes are not worth their memory. */
const rowsPassed = 4;
/** What a slice takes of the pane budget: up to 12 blocks of 128 bytes. */
const sliceCost = 3;
const slotsMax = 4_096;
/** Before the names of fields of the call itself; no usable name of an input begins so. */
const callPrefix = '\u0000';

/** Why something has no sums of its own: keys of the metric `segments_dropped`. */
export type SliceDrop = 'fields_max' | 'distinct_max' | 'values_max' | 'pairs_max' | 'panes_max' | 'days_max';

/** A value of a field. Its rows are those since it took its place. */
export interface Slot {
  readonly index: number;
  readonly field: FieldTally;
  readonly counts: SliceCounts;
}

export interface FieldTally {
  readonly name: string;
  readonly places: SpaceSaving<string, Slot>;
  /** Hashes of the values seen; undefined: too many, the field is given up. */
  distinct: Set<number> | undefined;
}

/** How well the variance between days is known, by outcome. */
export interface DayVariance {
  readonly fit: VarianceFit;
  readonly isLearned: boolean;
}

/**
 * What the search for the worst slice knows of one model: sums of its outcomes by value of each low-cardinality field, and
 * by pair of two values. Bounded by the constants above and by the pane budget. Pure of clocks: days are of event time.
 */
export class SegmentTally {
  readonly outcomes: Outcome[] = [];
  readonly fields = new Map<string, FieldTally>();
  readonly pairs = new SpaceSaving<number, SliceCounts>(slicePairsMax);
  readonly dropped = new Map<SliceDrop, number>();
  total = new SliceCounts();
  variances: DayVariance[] = [];
  /** First day not folded yet. */
  foldedDay: number;
  /** First day after the reference; undefined while it is learned. */
  learnedDay: number | undefined;
  fromMs = Number.NaN;
  /** In all. */
  rowsSeen = 0;
  #rowsTaken = 0;
  #rowsCounted = 0;
  readonly #budget: PaneBudget;
  readonly #slots: (Slot | undefined)[] = [];
  readonly #values = new Float64Array(outcomesMax);
  readonly #touched: Place<string, Slot>[] = [];
  #paneRows = 0;
  #keepOf = 1;
  #chance = 0x2545f491;

  constructor(foldedDay: number, budget: PaneBudget) {
    this.foldedDay = foldedDay;
    this.#budget = budget;
  }

  /** Takes a row, or thins it out. */
  add(call: Call, day: number): void {
    this.rowsSeen++;
    this.#paneRows++;
    if (Number.isNaN(this.fromMs)) this.fromMs = call.timeMs;
    if (!this.#isKept() || this.outcomes.length === 0) return;
    if (day < this.foldedDay || day >= this.foldedDay + daysAheadMax) {
      this.drop('days_max');
      return;
    }
    this.#rowsCounted++;
    this.#values.fill(Number.NaN);
    for (let i = 0; i < this.outcomes.length; i++) {
      this.#values[i] = outcomeValue(this.outcomes[i] as Outcome, call);
    }
    this.total.add(day, this.#values, call.weight);
    this.#addSingles(call, day);
    this.#addPairs(call, day);
  }

  /** A pane closed: the next one is thinned by what this one had. */
  endPane(): void {
    this.#keepOf = Math.max(1, this.#paneRows / rowsPerPaneMax);
    this.#paneRows = 0;
  }

  /** Closes every day before `day`; the reference ends where enough was learned. */
  closeDays(day: number, learn: LearnConfig, endMs: number): void {
    if (day <= this.foldedDay) return;
    const into = this.learnedDay === undefined ? 'reference' : 'weeks';
    for (const counts of this.#all()) counts.fold(this.foldedDay, day, into);
    this.foldedDay = day;
    if (this.learnedDay !== undefined || !this.#isEnough(learn, endMs)) return;
    this.learnedDay = day;
    this.variances = this.outcomes.map((_, outcome) => this.#varianceOf(outcome));
  }

  /** One outcome over the days [from, to) against the reference. */
  searchOf(outcome: number, from: number, to: number): SliceSearch {
    const compared = (counts: SliceCounts): Compared => ({
      current: sumsAt(counts.window(from, to), outcome),
      reference: sumsAt(counts.reference, outcome),
    });
    const singles: SingleSlice[] = [];
    const at = new Map<number, number>();
    for (const [field, place] of this.#places()) {
      at.set(place.value.index, singles.length);
      singles.push({ term: { field: field.name, value: place.key }, ...compared(place.value.counts) });
    }
    const pairs: PairSlice[] = [];
    for (const { key, value } of this.pairs.places()) {
      const [first, second] = [at.get(Math.floor(key / slotsMax)), at.get(key % slotsMax)];
      if (first !== undefined && second !== undefined) pairs.push({ first, second, ...compared(value) });
    }
    const kind = this.outcomes[outcome]?.kind ?? 'mean';
    const fit = this.variances[outcome]?.fit ?? plainFit;
    return { kind, fit, total: compared(this.total), singles, pairs };
  }

  /** Rows since the last call, for the metrics. */
  takeRows(): { readonly rowsSeen: number; readonly rowsCounted: number } {
    const taken = { rowsSeen: this.rowsSeen - this.#rowsTaken, rowsCounted: this.#rowsCounted };
    this.#rowsTaken = this.rowsSeen;
    this.#rowsCounted = 0;
    return taken;
  }

  restoreRows(rowsSeen: number): void {
    this.rowsSeen = rowsSeen;
    this.#rowsTaken = rowsSeen;
  }

  drop(reason: SliceDrop): void {
    this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + 1);
  }

  /** Puts a value of a checkpoint back in its place; `false` where the budget is spent. */
  restoreValue(field: FieldTally, place: Omit<Place<string, Slot>, 'value'>, slot: Slot): boolean {
    if (!this.#pay()) return false;
    this.#slots[slot.index] = slot;
    field.places.restore({ ...place, value: slot });
    return true;
  }

  restorePair(place: Place<number, SliceCounts>): boolean {
    if (!this.#pay()) return false;
    this.pairs.restore(place);
    return true;
  }

  #addSingles(call: Call, day: number): void {
    this.#touched.length = 0;
    const { inputs } = call;
    for (let i = 0; i < inputs.size; i++) {
      if (inputs.kind(i) === 'level') this.#touch(inputs.names[i] as string, inputs.levels[i] as string);
    }
    this.#touch(`${callPrefix}version`, call.version);
    this.#touch(`${callPrefix}provider`, call.provider);
    this.#touch(`${callPrefix}role`, call.role);
    for (const place of this.#touched) {
      if (seenOf(place) > rowsPassed) place.value.counts.add(day, this.#values, call.weight);
    }
  }

  #touch(key: string, value: string): void {
    if (value === '') return;
    const field = this.fields.get(key) ?? this.#newField(key);
    if (field?.distinct === undefined) return;
    const place = field.places.hit(value) ?? this.#newPlace(field, value);
    if (place !== undefined) this.#touched.push(place);
  }

  #newField(key: string): FieldTally | undefined {
    if (!key.startsWith(callPrefix) && !isUsableName(key)) return undefined;
    let live = 0;
    for (const field of this.fields.values()) if (field.distinct !== undefined) live++;
    if (live >= sliceFieldsMax || this.fields.size >= 4 * sliceFieldsMax) {
      this.drop('fields_max');
      return undefined;
    }
    const field: FieldTally = {
      name: fieldName(key),
      places: new SpaceSaving(sliceValuesMax),
      distinct: new Set(),
    };
    this.fields.set(key, field);
    return field;
  }

  #newPlace(field: FieldTally, value: string): Place<string, Slot> | undefined {
    field.distinct?.add(hashOf(value));
    if ((field.distinct?.size ?? 0) > distinctMax) {
      this.#giveUp(field);
      return undefined;
    }
    if (!isUsableName(value)) return undefined;
    if (!field.places.isFull && !this.#pay()) return undefined;
    return field.places.admit(value, (evicted) => {
      if (evicted !== undefined) return this.#reuse(evicted);
      const slot = { index: this.#freeIndex(), field, counts: new SliceCounts() };
      this.#slots[slot.index] = slot;
      return slot;
    });
  }

  #reuse(evicted: Place<string, Slot>): Slot {
    this.drop('values_max');
    if (seenOf(evicted) >= pairRowsMin) this.#forgetPairsOf(evicted.value.index);
    evicted.value.counts.clear();
    return evicted.value;
  }

  #addPairs(call: Call, day: number): void {
    const touched = this.#touched;
    for (let i = 0; i < touched.length; i++) {
      const first = touched[i] as Place<string, Slot>;
      if (!isPairable(first)) continue;
      for (let j = i + 1; j < touched.length; j++) {
        const second = touched[j] as Place<string, Slot>;
        const pair = isPairable(second) ? this.#pairOf(first.value, second.value) : undefined;
        if (pair !== undefined && seenOf(pair) > rowsPassed) pair.value.add(day, this.#values, call.weight);
      }
    }
  }

  #pairOf(a: Slot, b: Slot): Place<number, SliceCounts> | undefined {
    const key = a.index < b.index ? a.index * slotsMax + b.index : b.index * slotsMax + a.index;
    const known = this.pairs.hit(key);
    if (known !== undefined) return known;
    if (!this.pairs.isFull && !this.#pay()) return undefined;
    return this.pairs.admit(key, (evicted) => {
      if (evicted === undefined) return new SliceCounts();
      this.drop('pairs_max');
      evicted.value.clear();
      return evicted.value;
    });
  }

  /** Too many values: what was kept of them is let go, and the field is not looked at again. */
  #giveUp(field: FieldTally): void {
    this.drop('distinct_max');
    field.distinct = undefined;
    for (const { key, value } of [...field.places.places()]) {
      this.#forgetPairsOf(value.index);
      this.#slots[value.index] = undefined;
      field.places.delete(key);
      this.#budget.used -= sliceCost;
    }
  }

  #forgetPairsOf(index: number): void {
    for (const { key } of [...this.pairs.places()]) {
      if (Math.floor(key / slotsMax) !== index && key % slotsMax !== index) continue;
      this.pairs.delete(key);
      this.#budget.used -= sliceCost;
    }
  }

  #pay(): boolean {
    if (this.#budget.used + sliceCost > this.#budget.max) {
      this.drop('panes_max');
      return false;
    }
    this.#budget.used += sliceCost;
    return true;
  }

  #freeIndex(): number {
    const free = this.#slots.indexOf(undefined);
    return free < 0 ? this.#slots.length : free;
  }

  /** Kept with the same chance whatever is in the row; xorshift, as a fixed step could fall in with a pattern of the rows. */
  #isKept(): boolean {
    if (this.#keepOf <= 1 && this.#paneRows <= rowsPerPaneMax) return true;
    let x = this.#chance;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#chance = x;
    return (x >>> 0) / 4_294_967_296 < 1 / Math.max(this.#keepOf, this.#paneRows / rowsPerPaneMax);
  }

  #isEnough(learn: LearnConfig, endMs: number): boolean {
    const ageMs = endMs - this.fromMs;
    if (this.total.reference === undefined) return false;
    if (this.rowsSeen >= learn.rows && ageMs >= learn.atLeastMs) return true;
    return this.rowsSeen >= learn.rowsMin && ageMs >= learn.atMostMs;
  }

  /**
   * How much more the days of the reference differ than independent rows would: each slice's day against its other days, as
   * its peers moved meanwhile; all slices together, as one alone has too few days.
   */
  #varianceOf(outcome: number): DayVariance {
    const kind = this.outcomes[outcome]?.kind ?? 'mean';
    const y: number[] = [];
    const x: number[] = [];
    for (let day = this.foldedDay - daysKept; day < this.foldedDay; day++) {
      const total = this.#dayOf(this.total, day, outcome);
      for (const [, { value }] of this.#places()) {
        const slice = this.#dayOf(value.counts, day, outcome);
        const peers = {
          current: minus(total.current, slice.current),
          reference: minus(total.reference, slice.reference),
        };
        const contrast = contrastOf(slice, { kind, fit: plainFit, peers });
        if (contrast === undefined) continue;
        const size = 1 / contrast.rows + 1 / contrast.referenceRows;
        y.push(contrast.z * contrast.z * size);
        x.push(size);
      }
    }
    const isLearned = y.length >= windowsFew;
    return { fit: isLearned ? fitVariance(y, x) : plainFit, isLearned };
  }

  /** A day of the reference against its other days. */
  #dayOf(counts: SliceCounts, day: number, outcome: number): Compared {
    const current: Sums = sumsAt(counts.day(day), outcome);
    return { current, reference: minus(sumsAt(counts.reference, outcome), current) };
  }

  *#places(): Generator<readonly [FieldTally, Place<string, Slot>]> {
    for (const field of this.fields.values()) {
      for (const place of field.places.places()) yield [field, place];
    }
  }

  *#all(): Generator<SliceCounts> {
    yield this.total;
    for (const [, { value }] of this.#places()) yield value.counts;
    for (const { value } of this.pairs.places()) yield value;
  }
}

/** A field with one value only adds nothing to another. */
function isPairable(place: Place<string, Slot>): boolean {
  return seenOf(place) >= pairRowsMin && (place.value.field.distinct?.size ?? 0) > 1;
}

function fieldName(key: string): string {
  return key.startsWith(callPrefix) ? key.slice(callPrefix.length) : `input.${key}`;
}

/** FNV-1a over UTF-16 units: of 1,000 values two fall together with chance 1e-4, which does not matter. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
