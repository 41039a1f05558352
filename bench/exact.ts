import { spawnSync } from 'node:child_process';
import { kolmogorovLimit, ksTwoSample } from '../detectors/exact/ks-two-sample.ts';
import { wasserstein } from '../detectors/exact/wasserstein.ts';
import type { KernelAnswer } from './kernel-answer.ts';
import type { Chance } from './payload-records.ts';
import { cpuMsPerCall } from './worker.ts';

const rows = 100_000;
const sampleMs = 150;
const scipyMs = 60_000;
const keys = ['exact.ks_1e5.vs_scipy', 'exact.w1_1e5.vs_scipy'] as const;

/** Reads doubles, both samples one after the other; tells CPU milliseconds a call and the results. */
const script = `
import sys, json, time
import numpy as np
from scipy import stats
both = np.frombuffer(sys.stdin.buffer.read(), dtype="<f8")
x, y = both[: len(both) // 2], both[len(both) // 2 :]
def timed(work):
    work()
    start, calls = time.process_time(), 0
    while calls < 3 or time.process_time() - start < ${sampleMs / 1_000}:
        found = work()
        calls += 1
    return (time.process_time() - start) / calls * 1e3, found
ks_ms, ks = timed(lambda: stats.ks_2samp(x, y, method="asymp"))
w1_ms, w1 = timed(lambda: stats.wasserstein_distance(x, y))
print(json.dumps({"ks_ms": ks_ms, "d": float(ks.statistic), "w1_ms": w1_ms, "w1": float(w1)}))
`;

interface Scipy {
  readonly ks_ms: number;
  readonly d: number;
  readonly w1_ms: number;
  readonly w1: number;
}

/** KS and Wasserstein of raw values, 100,000 a side, against scipy on the same values, in turns. */
export function measureExact(rounds: number, chance: Chance): KernelAnswer {
  const x = Array.from({ length: rows }, () => chance.normal());
  const y = Array.from({ length: rows }, () => chance.normal() + 0.02);
  const both = Float64Array.from([...x, ...y]);
  let d = 0;
  let w1 = 0;
  const ks = (): void => {
    const found = ksTwoSample({ values: x }, { values: y });
    d = found.d;
    kolmogorovLimit(d, rows, rows);
  };
  const way = (): void => {
    w1 = wasserstein({ values: x }, { values: y });
  };
  for (const work of [ks, way]) cpuMsPerCall(sampleMs, work);
  const ratios: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const scipy = runScipy(both);
    if (typeof scipy === 'string') return { unequal: '', figures: {}, absent: absent(scipy) };
    ratios[0].push(scipy.ks_ms / cpuMsPerCall(sampleMs, ks));
    ratios[1].push(scipy.w1_ms / cpuMsPerCall(sampleMs, way));
    const isEqual = Math.abs(scipy.d - d) < 1e-12 && Math.abs(scipy.w1 - w1) < 1e-9;
    if (!isEqual)
      return { unequal: `scipy finds D ${scipy.d} and W1 ${scipy.w1}, we ${d} and ${w1}`, figures: {} };
  }
  return { unequal: '', figures: { [keys[0]]: ratios[0], [keys[1]]: ratios[1] } };
}

function absent(why: string): Record<string, string> {
  return Object.fromEntries(keys.map((key) => [key, why]));
}

/** Why there is none, where there is none. */
function runScipy(both: Float64Array): Scipy | string {
  const input = new Uint8Array(both.buffer, both.byteOffset, both.byteLength);
  const { status, stdout, error } = spawnSync('python3', ['-c', script], {
    input,
    encoding: 'utf8',
    timeout: scipyMs,
    // One thread, as ours has.
    env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
  });
  if (error !== undefined) return 'needs python3 with scipy';
  return status === 0 ? (JSON.parse(stdout) as Scipy) : 'needs scipy in python3';
}
