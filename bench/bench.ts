import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureDecode } from './decode.ts';
import { Figures } from './figures.ts';
import { measureManySignals, measureStart } from './footprint.ts';
import { asksKernels, measureKernels } from './kernels.ts';
import { type BenchOptions, readOptions } from './options.ts';
import { measurePipeline } from './pipeline.ts';
import { type BenchReport, formatReport } from './report.ts';
import { type Run, Unequal } from './suite.ts';

/*
 * `npm run bench [-- --json --bars --only decode,eval,… --sets tab,llm --rounds N --seed N]`
 *
 * Measures this tree: how much CPU the agent takes for what, against protobufjs decoding the same bytes in the same run.
 * Exit codes: 0 done, 1 a bar was missed (with --bars) or something failed, 2 two decoders or detectors disagree.
 */

const root = join(import.meta.dirname, '..');
const exitMissed = 1;
const exitUnequal = 2;

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (typeof options === 'string') {
    console.error(`bench: ${options}`);
    return exitMissed;
  }
  const launcher = options.agent ?? build();
  if (launcher === undefined) return exitMissed;
  const folder = mkdtempSync(join(tmpdir(), 'kedge-bench-'));
  const figures = new Figures();
  const say = (line: string): void => console.error(line);
  try {
    const report = await measure({ options, figures, folder, launcher, say, sets: new Map() });
    console.log(options.json ? JSON.stringify(report, null, 2) : formatReport(report));
    const missed = figures.missed();
    for (const key of missed) say(`bar missed: ${key}`);
    return options.bars && missed.length > 0 ? exitMissed : 0;
  } catch (error) {
    if (!(error instanceof Unequal)) throw error;
    console.error(`bench: ${error.message}`);
    return exitUnequal;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The launcher of a fresh build; undefined where it does not compile. */
function build(): string | undefined {
  const compiler = join(root, 'node_modules/typescript7/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status === 0) return join(root, 'dist/agent/kedge.js');
  console.error(`bench: the agent does not compile\n${stdout}`);
  return undefined;
}

async function measure(run: Run): Promise<BenchReport> {
  const { options, figures, say } = run;
  const atMs = Date.now();
  const [load1 = 0] = loadavg();
  const { only } = options;
  const part = async (name: string, work: (run: Run) => Promise<void>): Promise<void> => {
    const startedMs = performance.now();
    await work(run);
    say(`${name}: ${((performance.now() - startedMs) / 1_000).toFixed(0)} s`);
  };
  if (only.has('decode')) await part('decode', measureDecode);
  if (asksKernels(only)) await part('kernels', measureKernels);
  if (only.has('start') || only.has('memory')) await part('start', measureStart);
  if (only.has('memory')) await part('1,000 signals', measureManySignals);
  if (only.has('pipeline')) await part('pipeline', measurePipeline);
  return { ...about(options), load1, atMs, figures: figures.all() };
}

function about({ seed, rounds }: BenchOptions) {
  const git = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' });
  return {
    schema: 'kedge-bench/1',
    commit: git.status === 0 ? git.stdout.trim() : null,
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    seed,
    rounds,
  } as const;
}

process.exitCode = await main();
