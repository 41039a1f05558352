// Does the search name the segments that drop, and no others? The study of 50 jurisdictions × 20 × 5 × 6 values, accuracy
// 0.92, a reference of 60,000 rows; three jurisdictions drop by so many points. Rows go through the agent's own tally, so
// that what it forgets (64 values, 512 pairs, thinned rows) is in the figures.
import { dayMs } from '../../agent/pipeline/segment-days.ts';
import { rowsPerPaneMax, SegmentTally } from '../../agent/pipeline/segment-tally.ts';
import { Fields } from '../../core/fields.ts';
import type { Call } from '../../core/observation.ts';
import { findWorstSlices, type SlicesFound, usualLimits } from '../../detectors/segments/worst-slices.ts';
import type { Figures } from './figures.ts';
import { poissonInterval } from './figures.ts';
import { SeededRandom } from './random.ts';

const cardinalities = { jurisdiction: 50, product: 20, channel: 5, tier: 6 } as const;
const names = Object.keys(cardinalities) as readonly (keyof typeof cardinalities)[];
const values: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  names.map((name) => [
    name,
    Array.from({ length: cardinalities[name] }, (_, i) => `${name.slice(0, 1)}${i}`),
  ]),
);
const accuracy = 0.92;
const referenceRows = 60_000;
const referenceDays = 10;
const dropping = 3;
const learn = { rows: referenceRows, rowsMin: referenceRows, atLeastMs: 0, atMostMs: 365 * dayMs };
/** One false alarm a month, a quarter of it to segments, as the default policy has it for one outcome. */
const alphaPerLook = 0.25 / (3 * 30);

interface Setting {
  readonly rows: number;
  /** 0..1, of the accuracy. */
  readonly drop: number;
  /** How many segments drop: 3 of 50, or all. */
  readonly hit: number;
}

interface Tried {
  readonly runs: number;
  /** Mean number named: of those that dropped, and others. */
  readonly true: number;
  readonly others: number;
  /** Share of runs in which anything is named, and in which it is alarmed. */
  readonly any: number;
  readonly alarmed: number;
}

export interface SegmentsTable {
  readonly setting: Setting;
  readonly tried: Tried;
}

const settings: readonly Setting[] = [
  { rows: 6_000, drop: 0, hit: 0 },
  { rows: 6_000, drop: 0.2, hit: dropping },
  { rows: 2_000, drop: 0.2, hit: dropping },
  { rows: 6_000, drop: 0.1, hit: dropping },
  { rows: 20_000, drop: 0.1, hit: dropping },
  { rows: 20_000, drop: 0.03, hit: 50 },
];

export function runSegments(runs: number, seed: number): readonly SegmentsTable[] {
  return settings.map((setting, at) => {
    const total = { true: 0, others: 0, any: 0, alarmed: 0 };
    for (let run = 0; run < runs; run++) {
      const found = tryOnce(setting, new SeededRandom(seed, 77, at, run));
      const isTrue = found.worst.map(
        ({ terms: [term, ...more] }) =>
          more.length === 0 &&
          term?.field === 'input.jurisdiction' &&
          Number(term.value.slice(1)) < setting.hit,
      );
      const hits = isTrue.filter(Boolean).length;
      total.true += hits;
      total.others += isTrue.length - hits;
      if (isTrue.length > 0) total.any++;
      if (isTrue.length > 0 && found.familyP <= alphaPerLook) total.alarmed++;
    }
    const { true: named, others, any, alarmed } = total;
    const tried = {
      runs,
      true: named / runs,
      others: others / runs,
      any: any / runs,
      alarmed: alarmed / runs,
    };
    return { setting, tried };
  });
}

function tryOnce(setting: Setting, random: SeededRandom): SlicesFound {
  const tally = new SegmentTally(0, { used: 0, max: 1e9 });
  const plain = { signal: 'error_share', centre: 0, low: 0, high: 0, level: '' };
  tally.outcomes.push({ ...plain, kind: 'share' });
  const inputs = new Fields();
  const feed = (rows: number, fromDay: number, days: number, drop: number) => {
    for (let i = 0; i < rows; i++) {
      if (i % rowsPerPaneMax === 0) tally.endPane();
      const day = fromDay + Math.floor((i * days) / rows);
      tally.add(rowOf(inputs, random, { ...setting, drop }, day), day);
    }
    tally.closeDays(fromDay + days, learn, (fromDay + days) * dayMs);
  };
  feed(referenceRows, 0, referenceDays, 0);
  feed(setting.rows, referenceDays, 1, setting.drop);
  const search = tally.searchOf(0, referenceDays, referenceDays + 1);
  return findWorstSlices(search, { ...usualLimits, floor: 0.01 });
}

function rowOf(inputs: Fields, random: SeededRandom, { drop, hit }: Setting, day: number): Call {
  inputs.clear();
  let jurisdiction = 0;
  for (const name of names) {
    const at = Math.floor(random.uniform() * cardinalities[name]);
    if (name === 'jurisdiction') jurisdiction = at;
    inputs.addLevel(name, values[name]?.[at] ?? '');
  }
  const right = accuracy - (jurisdiction < hit ? drop : 0);
  const result = random.uniform() < right ? ('ok' as const) : ('error' as const);
  return { ...blankCall, timeMs: day * dayMs, inputs, result };
}

const blankCall: Omit<Call, 'inputs' | 'timeMs' | 'result'> = {
  kind: 'prediction',
  idHigh: 0,
  idLow: 0,
  model: 'm',
  version: '',
  environment: '',
  provider: '',
  role: 'champion',
  outputs: new Fields(),
  latencyMs: Number.NaN,
  firstTokenMs: Number.NaN,
  cost: undefined,
  tokens: undefined,
  traceId: () => '',
  transactionId: '',
  root: false,
  weight: 1,
  weightKnown: 'exact',
  convention: 'bench',
};

export function printSegments(tables: readonly SegmentsTable[], say: (text: string) => void): void {
  say('\nSegments: 50 × 20 × 5 × 6 values, accuracy 0.92, reference of 60,000 rows');
  say('rows     drop        named of those   others   anything named   alarmed');
  for (const { setting, tried } of tables) {
    const { rows, drop, hit } = setting;
    const what = drop === 0 ? 'none' : `${hit} × -${Math.round(drop * 100)}`;
    const cells = [
      tried.true.toFixed(2),
      tried.others.toFixed(2),
      tried.any.toFixed(3),
      tried.alarmed.toFixed(3),
    ];
    say(`${String(rows).padEnd(8)} ${what.padEnd(11)} ${cells.map((cell) => cell.padEnd(15)).join(' ')}`);
  }
}

/** The bars: −20 points on 6,000 rows; and how often a quiet day names anything at all. */
export function segmentFigures(tables: readonly SegmentsTable[]): Figures {
  const of = (rows: number, drop: number) =>
    tables.find(({ setting }) => setting.rows === rows && setting.drop === drop)?.tried;
  const [drop, quiet] = [of(6_000, 0.2), of(6_000, 0)];
  if (drop === undefined || quiet === undefined) return {};
  const named = poissonInterval(Math.round(quiet.any * quiet.runs));
  const others = poissonInterval(Math.round(drop.others * drop.runs));
  return {
    'segments.true_of_3': {
      ...{ value: drop.true, min: null, max: null, unit: 'of 3 that drop by 20 points', better: 'higher' },
      ...{ bar: 2.8, ok: drop.true >= 2.8 },
    },
    'segments.others': {
      ...{
        value: drop.others,
        min: others.low / drop.runs,
        max: others.high / drop.runs,
        unit: 'others named',
      },
      ...{ better: 'lower', bar: 0.15, ok: others.low / drop.runs <= 0.15 },
    },
    'segments.any_false': {
      ...{ value: quiet.any, min: named.low / quiet.runs, max: named.high / quiet.runs, unit: 'quiet days' },
      ...{ better: 'lower', bar: 0.05, ok: named.low / quiet.runs <= 0.05 },
    },
  };
}

if (import.meta.main) {
  const tables = runSegments(Number(process.argv[2] ?? 20), 12_345);
  printSegments(tables, (text) => console.log(text));
  console.log(segmentFigures(tables));
}
