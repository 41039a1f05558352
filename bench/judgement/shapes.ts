/**
 * Signals of many shapes against a reference file of so many rows: each draws its own file, cuts its scale from it as the
 * agent does, and then needs only the true share of each bin, so that a tick of any size is 20 Poisson numbers.
 */
import type { Counters } from '../../core/pane.ts';
import type { NumericScale } from '../../core/scale.ts';
import { countLevel, countNumber, newCounters } from '../../detectors/counters/counters.ts';
import { freezeLevels, freezeNumeric } from '../../detectors/counters/freeze.ts';
import { addBins, type Binning, binningOf } from '../../detectors/ladder/binning.ts';
import { normalLower } from '../../detectors/math/normal.ts';
import type { TickCounts } from './default-rule.ts';
import { SeededRandom } from './random.ts';
import { startTick } from './start.ts';
import { Stream, type Tables } from './stream.ts';

export const shapes = [
  'normal',
  'lognormal',
  'zipf',
  'ties',
  'bimodal',
  'season',
  'users',
  'sampled',
] as const;
export type Shape = (typeof shapes)[number];

/** A signal with its file: the file's rows by bin, and its ticks one by one. */
export interface ShapedSignal {
  readonly kind: 'ordered' | 'levels';
  readonly bins: number;
  readonly reference: Float64Array;
  next(): TickCounts;
}

export interface SignalOptions {
  readonly seed: readonly number[];
  /** Rows of the file. */
  readonly m: number;
  readonly rowsPerTick: number;
}

export function makeSignal(shape: Shape, options: SignalOptions, tables: Tables): ShapedSignal {
  switch (shape) {
    case 'season':
      return fromStream('daily', options, tables);
    case 'users':
      return fromStream('users', options, tables);
    case 'zipf':
      return fromBins(zipfBins(options), options, 1);
    case 'sampled':
      return fromBins(numberBins('normal', options), options, sampledWeight);
    case 'normal':
    case 'lognormal':
    case 'ties':
    case 'bimodal':
      return fromBins(numberBins(shape, options), options, 1);
  }
}

/** Rows kept at 1 % count as 100; beside them as many that are all kept, such as errors. */
const sampledWeight = 100;

type NumberShape = 'normal' | 'lognormal' | 'ties' | 'bimodal';

const bimodalGap = 2.5;
const spread = 0.6;

function draw(shape: NumberShape, random: SeededRandom): number {
  switch (shape) {
    case 'normal':
      return random.normal();
    case 'lognormal':
      return Math.exp(1.5 * random.normal());
    case 'bimodal':
      return spread * random.normal() + (random.uniform() < 0.4 ? -bimodalGap : bimodalGap);
    case 'ties': {
      const luck = random.uniform();
      if (luck < 0.4) return 0;
      return luck < 0.6 ? 1 : 1 + Math.exp(random.normal());
    }
  }
}

/** P(value ≤ x). */
function upTo(shape: NumberShape, x: number): number {
  switch (shape) {
    case 'normal':
      return normalLower(x);
    case 'lognormal':
      return x <= 0 ? 0 : normalLower(Math.log(x) / 1.5);
    case 'bimodal':
      return 0.4 * normalLower((x + bimodalGap) / spread) + 0.6 * normalLower((x - bimodalGap) / spread);
    case 'ties': {
      if (x < 0) return 0;
      return x < 1 ? 0.4 : 0.6 + (x <= 1 ? 0 : 0.4 * normalLower(Math.log(x - 1)));
    }
  }
}

interface Bins {
  readonly binning: Binning;
  readonly reference: Counters;
  /** True share of each cell. */
  readonly shares: Float64Array;
}

const noDigest = () => '0'.repeat(64);

function numberBins(shape: NumberShape, { seed, m }: SignalOptions): Bins {
  const random = new SeededRandom(...seed, 1);
  const sample = Float64Array.from({ length: m }, () => draw(shape, random));
  const scale: NumericScale = freezeNumeric(sample, noDigest);
  const reference = newCounters(scale);
  for (const value of sample) countNumber(reference, scale, value, 1);
  const limits = [...scale.edges, Number.POSITIVE_INFINITY].map((edge) =>
    edge === Number.POSITIVE_INFINITY ? 1 : upTo(shape, edge),
  );
  const shares = Float64Array.from(limits, (limit, cell) => limit - (limits[cell - 1] ?? 0));
  return { binning: binningOf(scale, reference) as Binning, reference, shares };
}

const zipfLevels = 2_000;

function zipfBins({ seed, m }: SignalOptions): Bins {
  const random = new SeededRandom(...seed, 1);
  const raw = Float64Array.from({ length: zipfLevels }, (_, rank) => 1 / (rank + 1));
  const total = raw.reduce((sum, one) => sum + one, 0);
  const counts = new Map<string, number>();
  raw.forEach((weight, rank) => {
    const rows = random.poisson((m * weight) / total);
    if (rows > 0) counts.set(String(rank), rows);
  });
  const scale = freezeLevels(counts, noDigest);
  const reference = newCounters(scale);
  for (const [level, rows] of counts) countLevel(reference, scale, level, rows);
  // A level counted once with weight `rows` is not that many rows: the file has weight 1 each.
  reference.weightSquared = reference.weight;
  const shares = new Float64Array(reference.counts.length);
  raw.forEach((weight, rank) => {
    const cell = scale.cells.get(String(rank)) ?? scale.cells.size;
    shares[cell] = (shares[cell] as number) + weight / total;
  });
  return { binning: binningOf(scale, reference) as Binning, reference, shares };
}

const dayTicks = 288;

/** `weight`: of half the rows; the others count 1. */
function fromBins(
  { binning, reference, shares }: Bins,
  options: SignalOptions,
  weight: number,
): ShapedSignal {
  const random = new SeededRandom(...options.seed, 2);
  const expected = new Float64Array(binning.size);
  const counted = new Float64Array(binning.size);
  addBins(binning, { ...reference, counts: shares }, expected);
  addBins(binning, reference, counted);
  const ventiles = new Float64Array(binning.size);
  let tick = startTick - 1;
  const next = (): TickCounts => {
    tick++;
    const volume = options.rowsPerTick * (1 + 0.6 * Math.sin((2 * Math.PI * tick) / dayTicks));
    let rows = 0;
    let weightSquared = 0;
    for (let bin = 0; bin < ventiles.length; bin++) {
      const mean = volume * (expected[bin] as number);
      const plain = random.poisson(weight === 1 ? mean : mean / 2);
      const weighted = weight === 1 ? 0 : random.poisson(mean / 2);
      ventiles[bin] = plain + weight * weighted;
      rows += plain + weight * weighted;
      weightSquared += plain + weight * weight * weighted;
    }
    return { tick, ventiles, rows, weightSquared };
  };
  return { kind: binning.kind, bins: binning.size, reference: counted, next };
}

const fileTicks = 28 * dayTicks;

/** The file has rows of four weeks of the same process, without their times. */
function fromStream(process: 'daily' | 'users', options: SignalOptions, tables: Tables): ShapedSignal {
  const { seed, m, rowsPerTick } = options;
  const shared = { process, startTick, lattice: false };
  const file = new Stream({ ...shared, seed: [...seed, 1], rowsPerTick: m / fileTicks }, tables);
  const reference = new Float64Array(file.ventiles.length);
  for (let tick = 0; tick < fileTicks; tick++) {
    file.next();
    for (let bin = 0; bin < reference.length; bin++)
      reference[bin] = (reference[bin] as number) + (file.ventiles[bin] as number);
  }
  const stream = new Stream({ ...shared, seed: [...seed, 2], rowsPerTick }, tables);
  const next = () => {
    stream.next();
    return stream;
  };
  return { kind: 'ordered', bins: reference.length, reference, next };
}
