import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Alert } from '../../core/alert.ts';
import type { Verdict } from '../../core/verdict.ts';

const root = join(import.meta.dirname, '../..');
/** What `npm run build` makes: the tests of this folder drive what is shipped, never the sources. */
const launcher = join(root, 'dist/agent/kedge.js');
const startMsMax = 20_000;
const pageSharedMs = 1_050;
/** Kept of what the agent prints, per stream. */
const outputMax = 4_000_000;

/** The parts of `/api/v1/status` that tests read. */
export interface Status {
  readonly ready: boolean;
  readonly models: readonly {
    readonly model: string;
    readonly closedUntil: string;
    readonly versions: readonly { readonly version: string; readonly rows: number }[];
    readonly signals: readonly {
      readonly signal: string;
      readonly reference: string;
      readonly referenceId: string | null;
      readonly referenceRows: number;
    }[];
  }[];
  readonly verdicts: readonly Verdict[];
  readonly alerts: readonly Alert[];
  readonly channels: readonly {
    readonly channel: string;
    readonly waiting: number;
    readonly inflight: number;
  }[];
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Since the process was started. */
  readonly afterMs: number;
}

/** A started process, ready or not. */
export interface AgentRun {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  hasEnded(): boolean;
  stdout(): string;
  stderr(): string;
  /** The first log line with this event, once there is one. */
  logLine(event: string): Readonly<Record<string, unknown>> | undefined;
  kill(signal: NodeJS.Signals): void;
}

/** A process that said it is ready. */
export interface BuiltAgent extends AgentRun {
  readonly otlpUrl: string;
  readonly adminUrl: string;
  /** From the start of the process until it said so. */
  readonly readyMs: number;
  status(): Promise<Status>;
  /** A fresh page: the agent hands out one page for a second, so this waits as long after the one before. */
  metrics(): Promise<Metrics>;
  /** SIGTERM, or another signal; resolves once the process has ended. */
  stop(signal?: NodeJS.Signals): Promise<Ended>;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Runs it under another command, such as `setpriv`. */
  readonly under?: readonly string[];
  /** In a process group of its own, as a shell starts a command. */
  readonly inOwnGroup?: boolean;
}

/** `node dist/agent/kedge.js …` */
export function runKedge(args: readonly string[], options: RunOptions = {}): AgentRun {
  const [command = process.execPath, ...rest] = [
    ...(options.under ?? []),
    process.execPath,
    launcher,
    ...args,
  ];
  return watchProcess(command, rest, options);
}

/** Any command whose output is that of an agent. */
export function watchProcess(command: string, args: readonly string[], options: RunOptions = {}): AgentRun {
  const startedMs = performance.now();
  const child = spawn(command, [...args], {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: options.inOwnGroup ?? false,
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8');
    child[name]?.on('data', (chunk: string) => {
      if (text[name].length < outputMax) text[name] += chunk;
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, afterMs: performance.now() - startedMs }));
  });
  return {
    pid: child.pid ?? 0,
    child,
    ended,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    logLine: (event) => lineOf(text.stdout, event) ?? lineOf(text.stderr, event),
    kill: (signal) => {
      child.kill(signal);
    },
  };
}

/** Starts the built agent and waits until it says it is ready. */
export async function startBuiltAgent(configFile: string, options: RunOptions = {}): Promise<BuiltAgent> {
  return becomeReady(runKedge(['serve', '--config', configFile], options));
}

export async function becomeReady(run: AgentRun): Promise<BuiltAgent> {
  const startedMs = performance.now();
  while (run.logLine('ready') === undefined) {
    if (run.hasEnded() || performance.now() - startedMs > startMsMax) {
      run.kill('SIGKILL');
      const { code, signal } = await run.ended;
      throw new Error(`not ready: exit ${code} ${signal}\n${run.stderr()}\n${run.stdout()}`.slice(0, 6_000));
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const readyMs = performance.now() - startedMs;
  const { otlpHttp, admin } = run.logLine('listening') as { otlpHttp: string; admin: string };
  let page = Promise.resolve(new Metrics(''));
  let askedMs = Number.NEGATIVE_INFINITY;
  return {
    ...run,
    otlpUrl: otlpHttp,
    adminUrl: admin,
    readyMs,
    status: async () => (await (await fetch(`${admin}/api/v1/status`)).json()) as Status,
    metrics: () => {
      page = page.then(async () => {
        const waitMs = askedMs + pageSharedMs - performance.now();
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, waitMs)));
        askedMs = performance.now();
        return new Metrics(await (await fetch(`${admin}/metrics`)).text());
      });
      return page;
    },
    stop: (signal = 'SIGTERM') => {
      run.kill(signal);
      return run.ended;
    },
  };
}

/** The agent's page for Prometheus. */
export class Metrics {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The value of one series, named as the page prints it; 0 where it is not there. */
  value(series: string): number {
    const line = this.text.split('\n').find((one) => one.startsWith(`${series} `));
    return line === undefined ? 0 : Number(line.slice(series.length + 1));
  }

  /** The sum over all series of a metric whose labels contain the text. */
  sum(name: string, labels = ''): number {
    let sum = 0;
    for (const line of this.text.split('\n')) {
      if (!line.startsWith(`${name}{`) || !line.includes(labels)) continue;
      sum += Number(line.slice(line.lastIndexOf(' ') + 1));
    }
    return sum;
  }

  get seriesCount(): number {
    return this.text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
  }
}

export interface TestFolder {
  readonly path: string;
  file(name: string, text: string | Uint8Array): string;
  remove(): void;
}

export function makeFolder(name: string): TestFolder {
  const path = mkdtempSync(join(tmpdir(), `kedge-${name}-`));
  return {
    path,
    file: (file, text) => {
      writeFileSync(join(path, file), text);
      return join(path, file);
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Resident memory of a process, from the kernel. */
export function residentMb(pid: number): number {
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1_024;
}

function lineOf(text: string, event: string): Readonly<Record<string, unknown>> | undefined {
  const line = text.split('\n').find((one) => one.includes(`"event":"${event}"`) && one.endsWith('}'));
  return line === undefined ? undefined : (JSON.parse(line) as Record<string, unknown>);
}
