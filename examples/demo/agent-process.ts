import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Alert } from '../../core/alert.ts';
import type { Verdict } from '../../core/verdict.ts';

/** The parts of `/api/v1/status` that the demo reads. */
export interface AgentStatus {
  readonly models: readonly {
    readonly model: string;
    readonly signals: readonly {
      readonly signal: string;
      readonly reference: string;
      readonly referenceId: string | null;
      readonly referenceRows: number;
    }[];
  }[];
  readonly verdicts: readonly Verdict[];
  readonly alerts: readonly Alert[];
}

export interface AgentProcess {
  readonly pid: number;
  readonly otlpUrl: string;
  readonly adminUrl: string;
  readonly logFile: string;
  status(): Promise<AgentStatus>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL: the power is gone. */
  kill(): Promise<void>;
}

const startMs = 20_000;

/** Starts the agent as a process of its own, as a user would, and waits until it is ready. */
export async function startAgent(
  configFile: string,
  env: Readonly<Record<string, string>>,
  launcher = join(import.meta.dirname, '../../agent/kedge.js'),
): Promise<AgentProcess> {
  const child = spawn(process.execPath, [launcher, 'serve', '--config', configFile], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const logFile = join(env['DEMO_DIR'] ?? '.', 'agent.log');
  const { otlpHttp, admin } = await listening(child, logFile);
  return {
    pid: child.pid ?? 0,
    otlpUrl: otlpHttp,
    adminUrl: admin,
    logFile,
    status: async () => (await (await fetch(`${admin}/api/v1/status`)).json()) as AgentStatus,
    stop: () => ended(child, 'SIGTERM'),
    kill: async () => {
      await ended(child, 'SIGKILL');
    },
  };
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve(child.exitCode);
      return;
    }
    child.once('exit', (code) => resolve(code));
    child.kill(signal);
  });
}

/** The agent says in its log which ports it got. */
function listening(child: ChildProcess, logFile: string): Promise<{ otlpHttp: string; admin: string }> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the agent did not start in time')), startMs);
    let text = '';
    const onText = (chunk: Buffer): void => {
      appendFileSync(logFile, chunk);
      if (text.length > 1_000_000) return;
      text += chunk.toString('utf8');
      const line = text.split('\n').find((one) => one.includes('"event":"listening"') && one.endsWith('}'));
      if (line === undefined) return;
      clearTimeout(timer);
      resolve(JSON.parse(line) as { otlpHttp: string; admin: string });
    };
    child.stdout?.on('data', onText);
    child.stderr?.on('data', onText);
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(
        new Error(`the agent ended with exit code ${code} before it was ready:\n${text.slice(0, 4_000)}`),
      );
    });
  });
}
