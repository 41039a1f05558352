import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/** A process of its own for one set of data: code that was first trained on other shapes runs at another speed. */
export interface Worker {
  /** Rejects with what the worker threw, or if it ended. */
  ask<Answer>(request: object): Promise<Answer>;
  stop(): void;
}

export interface WorkerOptions {
  readonly nodeOptions?: readonly string[];
  /** Puts it on the last processor, away from what is measured, where the system can do that. */
  readonly pinned?: boolean;
}

type Reply = { readonly answer: unknown } | { readonly error: string };

const answerMs = 120_000;

/** Starts a file of this folder that calls `answerRequests`. */
export function startWorker(file: string, options: WorkerOptions = {}): Worker {
  const command = [...pin(options.pinned ?? false), process.execPath, ...(options.nodeOptions ?? [])];
  const [program = '', ...args] = [...command, join(import.meta.dirname, file)];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  return { ask: (request) => ask(child, file, request), stop: () => child.kill('SIGKILL') };
}

function pin(isWanted: boolean): string[] {
  const processors = availableParallelism();
  if (!isWanted || processors < 2) return [];
  const hasTaskset = spawnSync('taskset', ['--version']).status === 0;
  return hasTaskset ? ['taskset', '-c', String(processors - 1)] : [];
}

function ask<Answer>(child: ChildProcess, name: string, request: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: Answer | Error): void => {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    };
    const onMessage = (reply: Reply): void =>
      settle('error' in reply ? new Error(`${name}: ${reply.error}`) : (reply.answer as Answer));
    const onExit = (): void => settle(new Error(`${name} ended before it answered`));
    const timer = setTimeout(() => settle(new Error(`${name} did not answer in time`)), answerMs);
    child.on('message', onMessage);
    child.on('exit', onExit);
    if (child.exitCode !== null || !child.connected) onExit();
    else child.send(request);
  });
}

/** In a worker: answers one request after another, until the parent goes away. */
export function answerRequests<Request>(answer: (request: Request) => unknown): void {
  process.on('message', async (request: Request) => {
    try {
      process.send?.({ answer: await answer(request) });
    } catch (error) {
      process.send?.({ error: (error as Error).message });
    }
  });
  process.on('disconnect', () => process.exit(0));
}

/**
 * CPU milliseconds per call of `work`, all threads of this process included (collecting garbage is part of the price).
 * Lasts at least `cpuMs` and at least one call; the clock is only looked at between calls.
 */
export function cpuMsPerCall(cpuMs: number, work: () => void): number {
  const startUs = cpuMicroseconds();
  let calls = 0;
  let spentUs = 0;
  do {
    work();
    calls++;
    spentUs = cpuMicroseconds() - startUs;
  } while (spentUs < cpuMs * 1_000);
  return spentUs / 1_000 / calls;
}

function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
