/**
 * Streams of one signal as counts per tick, from a seed. Values are standard normal, shifted and scaled by the process
 * and by the drift, and counted in the ventiles of the standard normal, which the default rule reads, and if asked for in
 * an even lattice, which the rules of others read.
 *
 * Processes: `iid`; `daily` (mean ± 0.3 sd over the day, 0.1 higher at the weekend); `wander05` and `wander10` (the mean is
 * an autoregression of sd 0.05 or 0.1 with a memory of 72 ticks); `users` (each user has geometric(10) rows with an
 * intraclass correlation of 0.5); `all` (daily, wander 0.05 and users).
 */
import { normalLower, normalQuantile } from '../../detectors/math/normal.ts';
import { SeededRandom } from './random.ts';

export const processes = ['iid', 'daily', 'wander05', 'wander10', 'users', 'all'] as const;
export type Process = (typeof processes)[number];

export const bins = 20;
const ticksPerDay = 288;
const memoryTicks = 72;
const rowsPerUser = 10;
const userCorrelation = 0.5;

/** The lattice: cells this wide in sd, from −range to range, and one beyond each end. */
export const latticeWidth = 0.125;
const latticeRange = 5;
export const latticeCells = (2 * latticeRange) / latticeWidth + 2;

/** The axis is cut into steps for look-ups: so many to a standard deviation, over ± tableRange. */
const stepsPerSd = 512;
const tableRange = 8;
const tableSize = 2 * tableRange * stepsPerSd;
const quantileBits = 12;

/** How an axis is cut: cell i lies below edge i, the last one above all. */
interface Axis {
  readonly edges: Float64Array;
  readonly binOf: Uint8Array;
  readonly latticeOf: Uint8Array;
  /** Cell of each step, for rows that are drawn one by one. */
  readonly cellAt: Uint8Array;
}

export interface Tables {
  readonly quantiles: Float64Array;
  /** The normal distribution at the start of each step. */
  readonly normal: Float64Array;
  readonly coarse: Axis;
  readonly fine: Axis;
}

export function makeTables(): Tables {
  const size = 1 << quantileBits;
  const quantiles = Float64Array.from({ length: size }, (_, i) => normalQuantile((i + 0.5) / size));
  const normal = Float64Array.from({ length: tableSize + 1 }, (_, step) =>
    normalLower(step / stepsPerSd - tableRange),
  );
  const ventiles = Array.from({ length: bins - 1 }, (_, i) => normalQuantile((i + 1) / bins));
  const lattice = Array.from({ length: latticeCells - 1 }, (_, i) => i * latticeWidth - latticeRange);
  return { quantiles, normal, coarse: cutAxis(ventiles), fine: cutAxis([...ventiles, ...lattice]) };
}

function cutAxis(unsorted: readonly number[]): Axis {
  const edges = Float64Array.from(new Set(unsorted)).sort();
  // The middle of a cell decides where it belongs; the outer cells are taken a little way out.
  const middles = Float64Array.from({ length: edges.length + 1 }, (_, cell) => {
    const low = edges[cell - 1] ?? (edges[0] as number) - 0.1;
    const high = edges[cell] ?? (edges.at(-1) as number) + 0.1;
    return (low + high) / 2;
  });
  const cellAt = Uint8Array.from({ length: tableSize }, (_, step) => {
    const value = (step + 0.5) / stepsPerSd - tableRange;
    return edges.filter((edge) => edge < value).length;
  });
  return {
    edges,
    binOf: Uint8Array.from(middles, (value) => Math.min(bins - 1, Math.floor(normalLower(value) * bins))),
    latticeOf: Uint8Array.from(middles, (value) => {
      const cell = Math.floor((value + latticeRange) / latticeWidth) + 1;
      return Math.min(latticeCells - 1, Math.max(0, cell));
    }),
    cellAt,
  };
}

/** The normal distribution function by the table; its error is below 1e-6. */
function normalAt(table: Float64Array, z: number): number {
  const place = (z + tableRange) * stepsPerSd;
  if (place <= 0) return 0;
  if (place >= tableSize) return 1;
  const step = Math.floor(place);
  const low = table[step] as number;
  return low + ((table[step + 1] as number) - low) * (place - step);
}

/** What a drift does from its start; absent parts change nothing. */
export interface Drift {
  readonly shift?: number;
  readonly scale?: number;
  /** This share of rows is shifted by `partShift`, scaled by `partScale`, or put at the value `partAt`. */
  readonly part?: number;
  readonly partShift?: number;
  readonly partScale?: number;
  readonly partAt?: number;
  /** Ticks over which the shift grows evenly from 0. */
  readonly rampTicks?: number;
}

export interface StreamOptions {
  readonly process: Process;
  readonly seed: readonly number[];
  /** Mean rows a tick; it swings by 60 % over the day. */
  readonly rowsPerTick: number;
  readonly startTick: number;
  /** Count the lattice as well. */
  readonly lattice: boolean;
}

export class Stream {
  readonly ventiles = new Float64Array(bins);
  readonly lattice = new Float64Array(latticeCells);
  rows = 0;
  tick: number;
  readonly #options: StreamOptions;
  readonly #random: SeededRandom;
  readonly #tables: Tables;
  readonly #axis: Axis;
  readonly #shares: Float64Array;
  #wander: number;
  #drift: { readonly of: Drift; readonly fromTick: number } | undefined;

  constructor(options: StreamOptions, tables: Tables) {
    this.#options = options;
    this.#tables = tables;
    this.#axis = options.lattice ? tables.fine : tables.coarse;
    this.#shares = new Float64Array(this.#axis.edges.length + 1);
    this.#random = new SeededRandom(...options.seed);
    this.tick = options.startTick - 1;
    this.#wander = wanderOf(options.process) * this.#random.normal();
  }

  startDrift(drift: Drift): void {
    this.#drift = { of: drift, fromTick: this.tick + 1 };
  }

  /** Draws the next tick into `ventiles`, `lattice` and `rows`. */
  next(): void {
    this.tick++;
    this.rows = 0;
    this.ventiles.fill(0);
    if (this.#options.lattice) this.lattice.fill(0);
    this.#wander = this.#nextWander();
    const { process, rowsPerTick } = this.#options;
    const volume = rowsPerTick * (1 + 0.6 * Math.sin((2 * Math.PI * this.tick) / ticksPerDay));
    const mean = this.#wander + seasonOf(process, this.tick);
    if (isByUser(process)) this.#drawUsers(volume, mean);
    else this.#drawCells(volume, mean);
  }

  #nextWander(): number {
    const sd = wanderOf(this.#options.process);
    if (sd === 0) return 0;
    const keep = Math.exp(-1 / memoryTicks);
    return keep * this.#wander + Math.sqrt(1 - keep * keep) * sd * this.#random.normal();
  }

  /** Independent rows of a Poisson volume: each cell is Poisson by itself, and no row need be drawn. */
  #drawCells(volume: number, mean: number): void {
    const shares = this.#shares;
    shares.fill(0);
    this.#addShares(mean);
    for (let cell = 0; cell < shares.length; cell++) {
      const rows = this.#random.poisson(volume * (shares[cell] as number));
      if (rows > 0) this.#count(cell, rows);
    }
  }

  #addShares(mean: number): void {
    if (this.#drift === undefined) {
      this.#addNormal(1, mean, 1);
      return;
    }
    const { of, fromTick } = this.#drift;
    const part = of.part ?? 0;
    const scale = of.scale ?? 1;
    this.#addNormal(1 - part, mean * scale + grownShift(of, this.tick - fromTick), scale);
    if (part === 0) return;
    const partScale = of.partScale ?? 1;
    if (of.partAt === undefined) this.#addNormal(part, mean * partScale + (of.partShift ?? 0), partScale);
    else this.#addAt(of.partAt, part);
  }

  #addNormal(weight: number, mean: number, sd: number): void {
    const { edges } = this.#axis;
    const shares = this.#shares;
    let below = 0;
    for (let cell = 0; cell < edges.length; cell++) {
      const upTo = normalAt(this.#tables.normal, ((edges[cell] as number) - mean) / sd);
      shares[cell] = (shares[cell] as number) + weight * (upTo - below);
      below = upTo;
    }
    shares[edges.length] = (shares[edges.length] as number) + weight * (1 - below);
  }

  #addAt(value: number, weight: number): void {
    const cell = this.#cellOf(value);
    this.#shares[cell] = (this.#shares[cell] as number) + weight;
  }

  #drawUsers(volume: number, mean: number): void {
    const between = Math.sqrt(userCorrelation);
    const within = Math.sqrt(1 - userCorrelation);
    const users = this.#random.poisson(volume / rowsPerUser);
    const isPlain = this.#drift === undefined && !this.#options.lattice;
    for (let user = 0; user < users; user++) {
      const centre = mean + between * this.#standard();
      const rows = this.#random.geometric(rowsPerUser);
      if (isPlain) {
        this.#drawPlain(rows, centre, within);
        continue;
      }
      for (let i = 0; i < rows; i++) {
        const value = centre + within * this.#standard();
        this.#count(this.#cellOf(this.#drift === undefined ? value : this.#moved(value)), 1);
      }
    }
  }

  /** The same without drift and lattice, two rows from one number: this is where the time of the bench goes. */
  #drawPlain(rows: number, centre: number, sd: number): void {
    const { quantiles } = this.#tables;
    const { cellAt } = this.#axis;
    const { ventiles } = this;
    const random = this.#random;
    const start = (centre + tableRange) * stepsPerSd;
    const spread = sd * stepsPerSd;
    let bits = 0;
    for (let i = 0; i < rows; i++) {
      bits = i % 2 === 0 ? random.bits() : bits << quantileBits;
      const step = (start + spread * (quantiles[bits >>> (32 - quantileBits)] as number)) | 0;
      // The ends of the table are 8 sd out: no centre and quantile reach them.
      const bin = cellAt[step] as number;
      ventiles[bin] = (ventiles[bin] as number) + 1;
    }
    this.rows += rows;
  }

  #standard(): number {
    return this.#tables.quantiles[this.#random.bits() >>> (32 - quantileBits)] as number;
  }

  #cellOf(value: number): number {
    const step = Math.floor((value + tableRange) * stepsPerSd);
    return this.#axis.cellAt[Math.min(tableSize - 1, Math.max(0, step))] as number;
  }

  #count(cell: number, rows: number): void {
    this.rows += rows;
    const bin = this.#axis.binOf[cell] as number;
    this.ventiles[bin] = (this.ventiles[bin] as number) + rows;
    if (!this.#options.lattice) return;
    const at = this.#axis.latticeOf[cell] as number;
    this.lattice[at] = (this.lattice[at] as number) + rows;
  }

  #moved(value: number): number {
    const { of, fromTick } = this.#drift as { of: Drift; fromTick: number };
    if (of.part !== undefined && this.#random.uniform() < of.part)
      return of.partAt ?? value * (of.partScale ?? 1) + (of.partShift ?? 0);
    return value * (of.scale ?? 1) + grownShift(of, this.tick - fromTick);
  }
}

function grownShift(drift: Drift, ticks: number): number {
  const grown = drift.rampTicks === undefined ? 1 : Math.min(1, ticks / drift.rampTicks);
  return (drift.shift ?? 0) * grown;
}

function wanderOf(process: Process): number {
  if (process === 'wander10') return 0.1;
  return process === 'wander05' || process === 'all' ? 0.05 : 0;
}

function isByUser(process: Process): boolean {
  return process === 'users' || process === 'all';
}

/** The season of the mean; its peak is a quarter day before that of the volume. */
function seasonOf(process: Process, tick: number): number {
  if (process !== 'daily' && process !== 'all') return 0;
  const weekday = Math.floor(tick / ticksPerDay) % 7;
  const weekend = weekday === 2 || weekday === 3 ? 0.1 : 0;
  return 0.3 * Math.cos((2 * Math.PI * tick) / ticksPerDay) + weekend;
}
