// What the default rule promises and what it gives: `npm run bench:judgement [-- --months 10 --signals 200 --seed 12345
// --only false_alarms,delay --rows 200 --reference-days 28 --runs 15 --json --bars]`. Without options the short form runs,
// in less than a minute; `--full` is 10 months of 200 signals with 150 runs a drift, and every size of file, and takes
// hours. Equal seeds, equal output. What it said last: docs/judgement.md.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CriticalValues } from '../../detectors/ladder/critical-values.ts';
import { goldenFiles, runGoldenFile } from '../../tools/golden/runner.ts';
import { asked } from './default-rule.ts';
import { driftCases, runDelays } from './delays.ts';
import { runFalseAlarms } from './false-alarms.ts';
import {
  calibrationFigures,
  delayFigures,
  type Figures,
  falseAlarmFigures,
  fileFigures,
  goldenFigures,
  rowsFigures,
  sequentialFigures,
  shiftFigures,
  thinFigures,
  weightFigures,
} from './figures.ts';
import { fullMatrix, type MatrixOptions, runMatrix, shortMatrix } from './matrix.ts';
import { peerRules } from './peers.ts';
import {
  printBars,
  printCalibration,
  printDelays,
  printFalseAlarms,
  printFiles,
  printShifts,
  printThin,
} from './print.ts';
import { printSegments, runSegments, segmentFigures } from './segments.ts';
import { falseNotices, falsePasses } from './sequential.ts';
import { shapes } from './shapes.ts';
import { makeTables, processes } from './stream.ts';
import { runThin, thinCases } from './thin.ts';
import { calibrate, checkShift, checkWeights, rowsForMissing, rowsForUnseen } from './windows.ts';

const parts = [
  'golden',
  'false_alarms',
  'files',
  'thin',
  'delay',
  'calibration',
  'mds',
  'weights',
  'segments',
  'shadow',
  'adoption',
] as const;
type Part = (typeof parts)[number];

interface Options {
  readonly seed: number;
  readonly months: number;
  readonly signals: number;
  readonly rowsPerTick: number;
  readonly runs: number;
  readonly referenceTicks: number;
  readonly windows: number;
  readonly sequences: number;
  readonly thinSignals: number;
  /** Runs of each setting of segments. */
  readonly segmentRuns: number;
  readonly matrix: MatrixOptions;
  readonly only: readonly Part[];
  readonly json: boolean;
  readonly bars: boolean;
}

/** The budget is shared by the signals, so that as many false alarms are due with 30 signals as with 200. */
const short = {
  ...{
    months: 2,
    signals: 14,
    runs: 8,
    windows: 10_000,
    sequences: 400,
    thinSignals: 10,
    segmentRuns: 3,
    matrix: shortMatrix,
  },
};
const full = {
  ...{
    months: 10,
    signals: 200,
    runs: 150,
    windows: 1_000_000,
    sequences: 10_000,
    thinSignals: 200,
    segmentRuns: 25,
    matrix: fullMatrix,
  },
};
/** From so many signal-months on the estimate itself must keep the bar. */
const strictFrom = 2_000;
const rowsPerTickUsual = 200;
const referenceDaysUsual = 28;
const ticksPerDay = 288;

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: '12345' },
      months: { type: 'string' },
      signals: { type: 'string' },
      rows: { type: 'string' },
      runs: { type: 'string' },
      'reference-days': { type: 'string' },
      only: { type: 'string' },
      full: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      bars: { type: 'boolean', default: false },
    },
  });
  const form = values.full ? full : short;
  const whole = (name: string, text: string | undefined, usual: number) => {
    const value = text === undefined ? usual : Number(text);
    if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} must be a whole number from 1`);
    return value;
  };
  return {
    seed: whole('seed', values.seed, 1),
    months: whole('months', values.months, form.months),
    signals: whole('signals', values.signals, form.signals),
    rowsPerTick: whole('rows', values.rows, rowsPerTickUsual),
    runs: whole('runs', values.runs, form.runs),
    referenceTicks: whole('reference-days', values['reference-days'], referenceDaysUsual) * ticksPerDay,
    windows: form.windows,
    sequences: form.sequences,
    thinSignals: form.thinSignals,
    segmentRuns: form.segmentRuns,
    matrix: form.matrix,
    only: values.only === undefined ? parts : values.only.split(',').map(partOf),
    json: values.json,
    bars: values.bars,
  };
}

function partOf(name: string): Part {
  const part = parts.find((one) => one === name);
  if (part === undefined) throw new Error(`--only knows ${parts.join(', ')}; not ${name}`);
  return part;
}

function commitOf(): string {
  const found = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' });
  return found.status === 0 ? found.stdout.trim() : 'unknown';
}

type Say = (text: string) => void;

/** The parts in the order of their tables; each prints its own and gives its figures. */
async function measure(options: Options, say: Say): Promise<Figures> {
  const figures: Figures = {};
  for (const part of parts) {
    if (!options.only.includes(part)) continue;
    Object.assign(figures, await measures[part](options, say));
  }
  return figures;
}

const tables = makeTables();
const criticals = new CriticalValues();

const measures: Readonly<Record<Part, (options: Options, say: Say) => Figures | Promise<Figures>>> = {
  golden: async () => {
    let failed = 0;
    for (const path of goldenFiles(join(import.meta.dirname, '../../test/golden')))
      failed += (await runGoldenFile(path)).differences.length;
    return goldenFigures(failed);
  },
  false_alarms: (options, say) => {
    const strict = options.months * options.signals >= strictFrom;
    const found = processes.map((process) => runFalseAlarms(process, options, tables, criticals));
    printFalseAlarms(found, strict, say);
    return falseAlarmFigures(found, strict);
  },
  files: ({ matrix, seed }, say) => {
    const found = shapes.map((shape) => runMatrix(shape, matrix, seed, tables, criticals));
    printFiles(found, matrix, say);
    return fileFigures(found);
  },
  thin: ({ thinSignals, seed }, say) => {
    const found = thinCases.map((one) => runThin(one, thinSignals, seed, criticals));
    printThin(found, say);
    return thinFigures(found);
  },
  delay: (options, say) => {
    const found = driftCases.map((of) => runDelays(of, options, tables, criticals));
    printDelays(found, say);
    return { ...delayFigures(found), ...rowsFigures(rowsForUnseen(), rowsForMissing()) };
  },
  calibration: ({ windows, seed }, say) => {
    const found = calibrated.map(([marginal, n]) => calibrate(marginal, n, windows, seed));
    printCalibration(found, say);
    return calibrationFigures(found);
  },
  mds: ({ windows, seed }, say) => {
    const count = Math.max(100, Math.min(1_000, windows / 1_000));
    const found = ([200, 1_000, 5_000] as const).flatMap((n) => [
      checkShift(n, 12, count, seed),
      checkShift(n, 288, count, seed),
    ]);
    printShifts(found, say);
    return shiftFigures(found);
  },
  weights: ({ windows, seed }) => weightFigures(checkWeights(Math.min(windows, 200_000), seed)),
  segments: ({ segmentRuns, seed }, say) => {
    const tables = runSegments(segmentRuns, seed);
    printSegments(tables, say);
    return segmentFigures(tables);
  },
  shadow: ({ sequences, seed }) =>
    sequentialFigures('shadow.false_pass', falsePasses(sequences, seed), 0.025),
  adoption: ({ sequences, seed }) => sequentialFigures('adoption.false', falseNotices(sequences, seed), 0.05),
};

const calibrated = [
  ['continuous', 200],
  ['continuous', 1_000],
  ['ties', 1_000],
  ['zipf', 1_000],
] as const;

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  const say = options.json ? () => {} : (text: string) => console.log(text);
  const commit = commitOf();
  const { seed, months, signals } = options;
  say(`seed ${seed}, commit ${commit}, Node ${process.version}, ${months} months, ${signals} signals`);
  say(`rules: default (${asked} false alarms a month asked), ${peerRules.join(', ')}`);
  const figures = await measure(options, say);
  if (options.json) {
    const report = { schema: 'kedge-judgement/1', commit, node: process.version, seed, months, signals };
    console.log(JSON.stringify({ ...report, atMs: Date.now(), figures }, null, 2));
  }
  printBars(figures, say);
  say(`\n${Math.round(process.cpuUsage().user / 1e6)} s of processor time`);
  const missed = Object.values(figures).filter((figure) => !figure.ok).length;
  return options.bars && missed > 0 ? 1 : 0;
}

if (import.meta.main) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  }
}
