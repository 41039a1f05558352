import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, type WriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type JsonLog, jsonLog } from '../../../agent/adapters/json-log.ts';
import { memoryLog } from '../../../agent/adapters/memory-log.ts';
import { type MemoryMeter, memoryMeter } from '../../../agent/adapters/memory-meter.ts';
import { createVirtualClock, type VirtualClock } from '../../../agent/adapters/virtual-clock.ts';
import { Secret } from '../../../core/secret.ts';

let folder = '';
let output: WriteStream;
let clock: VirtualClock;
let meter: MemoryMeter;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kedge-log-'));
  output = createWriteStream(join(folder, 'log'));
  clock = createVirtualClock(Date.UTC(2026, 10, 21, 21));
  meter = memoryMeter();
});
afterEach(async () => {
  output.end();
  await once(output, 'close');
  rmSync(folder, { recursive: true });
});

const open = (): JsonLog => jsonLog({ clock, meter, outputs: [output] });

async function linesOf(log: JsonLog): Promise<Record<string, unknown>[]> {
  await log.flush(5_000);
  return readFileSync(join(folder, 'log'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

test('a line is JSON with level, time, event and fields', async () => {
  const log = open();
  log.info('agent ready', { port: 4318, nested: { a: [1, 'two'] } });
  log.info('bare');
  expect(await linesOf(log)).toEqual([
    {
      level: 'info',
      time: '2026-11-21T21:00:00.000Z',
      event: 'agent ready',
      port: 4318,
      nested: { a: [1, 'two'] },
    },
    { level: 'info', time: '2026-11-21T21:00:00.000Z', event: 'bare' },
  ]);
});

test('secrets are redacted, errors readable, long text cut, cycles and big numbers harmless', async () => {
  const log = open();
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  const error = Object.assign(new Error('no space left', { cause: new Error('quota') }), { code: 'ENOSPC' });
  log.info('fields', { token: new Secret('hunter2'), error, long: 'x'.repeat(100_000), cycle, big: 10n });
  const [line] = await linesOf(log);
  expect(line).toMatchObject({
    token: '<redacted>',
    error: { name: 'Error', message: 'no space left', code: 'ENOSPC', cause: 'quota' },
  });
  expect(JSON.stringify(line)).not.toContain('hunter2');
  expect(String(line?.['long']).length).toBe(4_096);
});

test('a line feed in a value stays within its line', async () => {
  const log = open();
  log.info('one', { text: 'a\n{"level":"error","event":"forged"}' });
  expect(await linesOf(log)).toHaveLength(1);
});

test('a warning that repeats is written once in ten seconds, with how many were held back', async () => {
  const log = open();
  for (let i = 0; i < 5; i++) log.warn('store failed', { attempt: i });
  log.warn('another event');
  log.warn('store failed', { channel: 'mail' });
  log.error('store failed');
  await clock.advanceTo(clock.nowMs() + 9_999);
  log.warn('store failed');
  await clock.advanceTo(clock.nowMs() + 1);
  log.warn('store failed', { attempt: 9 });
  const lines = await linesOf(log);
  expect(lines.map((line) => [line['level'], line['event'], line['suppressed']])).toEqual([
    ['warn', 'store failed', undefined],
    ['warn', 'another event', undefined],
    ['warn', 'store failed', undefined],
    ['error', 'store failed', undefined],
    ['warn', 'store failed', 5],
  ]);
  expect(lines[0]?.['attempt']).toBe(0);
  expect(meter.value('log_lines_suppressed')).toBe(5);
});

test('info is never held back', async () => {
  const log = open();
  for (let i = 0; i < 3; i++) log.info('PENDING → FIRING');
  expect(await linesOf(log)).toHaveLength(3);
});

test('subjects without end do not fill the memory: their warnings count as repeats of the event', async () => {
  const log = open();
  for (let i = 0; i < 1_500; i++) log.warn('bad model', { model: `m${i}` });
  const lines = await linesOf(log);
  expect(lines.length).toBeGreaterThanOrEqual(1_000);
  expect(lines.length).toBeLessThanOrEqual(1_002);
  expect(meter.value('log_lines_suppressed')).toBe(1_500 - lines.length);
});

test('the level leaves out what is below it', async () => {
  const log = jsonLog({ clock, meter, outputs: [output], level: 'error' });
  log.info('a');
  log.warn('b');
  log.error('c');
  expect((await linesOf(log)).map((line) => line['event'])).toEqual(['c']);
});

/** Logs 200 lines of 10 kB while the test does something to its pipes, then says on descriptor 3 what it saw. */
const chatty = `
  import { writeSync } from 'node:fs';
  const { jsonLog } = await import(process.argv[1]);
  const counts = {};
  const meter = { add: (key, n) => { counts[key] = (counts[key] ?? 0) + n; }, set() {}, observe() {}, clear() {} };
  const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
  const log = jsonLog({ clock, meter });
  let longest = 0;
  for (let i = 0; i < 200; i++) {
    const before = performance.now();
    log.info('line', { i, pad: 'x'.repeat(4000), more: 'y'.repeat(4000), rest: 'z'.repeat(2000) });
    await new Promise((resolve) => setTimeout(resolve, 2));
    longest = Math.max(longest, performance.now() - before);
  }
  await log.flush(300);
  writeSync(3, JSON.stringify({ longest, dropped: counts.log_lines_dropped ?? 0 }));
  process.exit(0);`;

function startChatty(): ChildProcess {
  const module = join(import.meta.dirname, '../../../agent/adapters/json-log.ts');
  return spawn(process.execPath, ['--input-type=module', '-e', chatty, module], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
}

async function textOf(child: ChildProcess, descriptor: 2 | 3): Promise<string> {
  let text = '';
  const stream = child.stdio[descriptor] as NodeJS.ReadableStream;
  for await (const chunk of stream) text += String(chunk);
  return text;
}

test('when the reader of stdout goes away, the process lives and logs to stderr', async () => {
  const child = startChatty();
  child.stdout?.once('data', () => child.stdout?.destroy());
  const [stderr, report, [code]] = await Promise.all([
    textOf(child, 2),
    textOf(child, 3),
    once(child, 'exit'),
  ]);
  expect(code).toBe(0);
  expect(JSON.parse(report).longest).toBeGreaterThan(0);
  const last = stderr.trim().split('\n').at(-1) ?? '';
  expect(JSON.parse(last)).toMatchObject({ event: 'line', i: 199 });
});

test('when the reader of stdout stalls, the loop goes on and lines over the buffer are dropped and counted', async () => {
  const child = startChatty();
  const [report, [code]] = await Promise.all([textOf(child, 3), once(child, 'exit')]);
  child.stdout?.destroy();
  expect(code).toBe(0);
  const { longest, dropped } = JSON.parse(report);
  expect(longest).toBeLessThan(1_000);
  // 2 MB of lines into a pipe of 64 KiB and a buffer of 1 MiB.
  expect(dropped).toBeGreaterThan(50);
});

test('the log of tests keeps every line', () => {
  const log = memoryLog();
  log.warn('same');
  log.warn('same', { n: 1 });
  expect(log.lines).toEqual([
    { level: 'warn', event: 'same', fields: {} },
    { level: 'warn', event: 'same', fields: { n: 1 } },
  ]);
});
