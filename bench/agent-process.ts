import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The agent as its users start it: a process of its own, with nothing in it that knows of being measured. */
export interface MeasuredAgent {
  readonly otlpPort: number;
  /** From the start of the process to the first 200 of /readyz. */
  readonly readyMs: number;
  /** Of all its threads, since it started. */
  cpuMs(): number;
  rssBytes(): number;
  /** The value of one line of /metrics, 0 where there is none. */
  metric(line: string): Promise<number>;
  /** SIGTERM, as an orchestrator does; rejects where it does not end well. */
  stop(): Promise<void>;
}

const startMs = 20_000;
const stopMs = 20_000;
const pollMs = 5;

/** `extra` follows the data folder and the ports in the configuration. */
export async function startAgent(launcher: string, folder: string, extra = ''): Promise<MeasuredAgent> {
  const home = mkdtempSync(join(folder, 'agent-'));
  const config = join(home, 'kedge.yaml');
  const ports =
    'receivers: { otlp_http: { host: 127.0.0.1, port: 0 } }\nadmin: { host: 127.0.0.1, port: 0 }\n';
  writeFileSync(config, `data_dir: ${join(home, 'data')}\n${ports}${extra}`);
  const startedMs = performance.now();
  const child = spawn(process.execPath, [launcher, 'serve', '--config', config], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { otlpHttp, admin } = await listening(child);
  while (!(await isReady(admin))) {
    if (performance.now() - startedMs > startMs) throw new Error('the agent was not ready in time');
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  const pid = child.pid ?? 0;
  return {
    otlpPort: Number(new URL(otlpHttp).port),
    readyMs: performance.now() - startedMs,
    cpuMs: () => cpuMsOf(pid),
    rssBytes: () => rssBytesOf(pid),
    metric: (line) => readMetric(admin, line),
    stop: () => ended(child),
  };
}

async function isReady(admin: string): Promise<boolean> {
  return (await fetch(`${admin}/readyz`)).status === 200;
}

async function readMetric(admin: string, line: string): Promise<number> {
  const page = await (await fetch(`${admin}/metrics`)).text();
  const found = page.split('\n').find((one) => one.startsWith(`${line} `));
  return found === undefined ? 0 : Number(found.slice(line.length + 1));
}

/** The agent says in its log which ports it got. What it says later is read and dropped, or its pipe would fill up. */
function listening(child: ChildProcess): Promise<{ otlpHttp: string; admin: string }> {
  return new Promise((resolve, reject) => {
    const give = (why: string): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`the agent ${why}:\n${text.slice(0, 4_000)}`));
    };
    const timer = setTimeout(() => give('did not start in time'), startMs);
    let text = '';
    const onText = (chunk: Buffer): void => {
      if (text.length > 100_000) return;
      text += chunk.toString('utf8');
      const line = text.split('\n').find((one) => one.includes('"event":"listening"') && one.endsWith('}'));
      if (line === undefined) return;
      clearTimeout(timer);
      resolve(JSON.parse(line) as { otlpHttp: string; admin: string });
    };
    child.stdout?.on('data', onText);
    child.stderr?.on('data', onText);
    child.once('exit', (code) => give(`ended with exit code ${code}`));
  });
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
    const onExit = (code: number | null): void => {
      clearTimeout(timer);
      if (code === 0) resolve();
      else reject(new Error(`the agent ended with exit code ${code}`));
    };
    if (child.exitCode !== null) onExit(child.exitCode);
    else {
      child.once('exit', onExit);
      child.kill('SIGTERM');
    }
  });
}

/** Linux counts CPU time in ticks of 10 ms; elsewhere `ps` knows hundredths or whole seconds. */
const tickMs = 10;

function cpuMsOf(pid: number): number {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return parseTime(execFileSync('ps', ['-o', 'time=', '-p', String(pid)], asText));
  // The name of the program comes second, in brackets, and may hold blanks.
  const fields = readFileSync(file, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  const [user, system] = [fields[11], fields[12]].map(Number);
  return ((user ?? Number.NaN) + (system ?? Number.NaN)) * tickMs;
}

function rssBytesOf(pid: number): number {
  const file = `/proc/${pid}/status`;
  const kilobytes = existsSync(file)
    ? /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(file, 'utf8'))?.[1]
    : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], asText);
  return Number(kilobytes) * 1_024;
}

const asText = { encoding: 'utf8' } as const;

/** `[[hours:]minutes:]seconds[.hundredths]` of ps. */
export function parseTime(time: string): number {
  return time
    .trim()
    .split(':')
    .reduce((total, part) => total * 60 + Number(part) * 1_000, 0);
}
