import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DecodeRequest, Opened } from './decode-worker.ts';
import type { Figures } from './figures.ts';
import type { BenchOptions } from './options.ts';
import { makeSet, type PayloadSet, type SetName } from './payloads.ts';
import { startWorker, type Worker } from './worker.ts';

/** What the parts of a run share. */
export interface Run {
  readonly options: BenchOptions;
  readonly figures: Figures;
  /** For bodies, configurations and data; removed at the end. */
  readonly folder: string;
  /** The built agent. */
  readonly launcher: string;
  readonly say: (line: string) => void;
  /** Made already, by name. */
  readonly sets: Map<SetName, StoredSet>;
}

/** Two decoders, or two detectors, disagree: then no figure means anything, and none is printed. */
export class Unequal extends Error {}

export interface StoredSet extends Omit<PayloadSet, 'bodies'> {
  readonly files: readonly string[];
}

/** Makes a set and leaves its bodies in files, from which each process reads the same bytes. */
export function storeSet(run: Run, name: SetName): StoredSet {
  const made = run.sets.get(name);
  if (made !== undefined) return made;
  const { bodies, ...about } = makeSet(name, run.options.seed);
  const files = bodies.map((body, i) => {
    const file = join(run.folder, `${name}-${i}.bin`);
    writeFileSync(file, body);
    return file;
  });
  const bytesPerBody = Math.round(bodies.reduce((sum, body) => sum + body.length, 0) / bodies.length);
  run.say(`${name}: ${bytesPerBody} bytes a body, sha256 ${about.sha256}`);
  const set = { ...about, files };
  run.sets.set(name, set);
  return set;
}

export interface Decoders {
  /** CPU milliseconds for one body. */
  sample(who: 'kedge' | 'protobufjs', cpuMs: number): Promise<number>;
  stop(): void;
}

/** Both decoders in a fresh process, after they were found to read the same. */
export async function startDecoders({ name, files, signal }: StoredSet): Promise<Decoders> {
  const worker: Worker = startWorker('decode-worker.ts');
  const ask = <Answer>(request: DecodeRequest) => worker.ask<Answer>(request);
  const { unequal } = await ask<Opened>({ type: 'open', files, signal });
  if (unequal !== '') {
    worker.stop();
    throw new Unequal(`${name}: ${unequal}`);
  }
  return {
    sample: async (who, cpuMs) => (await ask<{ cpuMs: number }>({ type: 'sample', who, cpuMs })).cpuMs,
    stop: worker.stop,
  };
}
