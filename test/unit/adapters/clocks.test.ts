import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../agent/adapters/system-clock.ts';
import { createVirtualClock } from '../../../agent/adapters/virtual-clock.ts';
import { AssertionFault } from '../../../core/assert.ts';
import type { Clock } from '../../../core/ports.ts';

interface Subject {
  readonly clock: Clock;
  /** Lets the clock come to a time from now. */
  pass(ms: number): Promise<void>;
}

const subjects: Record<string, () => Subject> = {
  'system clock': () => ({
    clock: systemClock(),
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  }),
  'virtual clock': () => {
    const clock = createVirtualClock(1_000_000);
    return { clock, pass: (ms) => clock.advanceTo(clock.nowMs() + ms) };
  },
};

describe.each(Object.entries(subjects))('%s', (_name, create) => {
  test('a task runs once, at its time or after', async () => {
    const { clock, pass } = create();
    const dueMs = clock.nowMs() + 20;
    const ranMs: number[] = [];
    clock.runAt(dueMs, () => void ranMs.push(clock.nowMs()));
    expect(ranMs).toEqual([]);
    for (let i = 0; i < 100 && ranMs.length === 0; i++) await pass(10);
    await pass(30);
    expect(ranMs).toHaveLength(1);
    expect(ranMs[0]).toBeGreaterThanOrEqual(dueMs);
  });

  test('a task of the past runs soon, but never within the call', async () => {
    const { clock, pass } = create();
    let runs = 0;
    clock.runAt(clock.nowMs() - 5_000, () => void runs++);
    expect(runs).toBe(0);
    for (let i = 0; i < 100 && runs === 0; i++) await pass(5);
    expect(runs).toBe(1);
  });

  test('a cancelled task does not run; cancelling twice or after the run is harmless', async () => {
    const { clock, pass } = create();
    const ran: string[] = [];
    const never = clock.runAt(clock.nowMs() + 10, () => void ran.push('never'));
    const other = clock.runAt(clock.nowMs() + 15, () => void ran.push('other'));
    never.cancel();
    never.cancel();
    for (let i = 0; i < 100 && ran.length === 0; i++) await pass(10);
    other.cancel();
    expect(ran).toEqual(['other']);
  });

  test('the monotonic time moves with the clock', async () => {
    const { clock, pass } = create();
    const fromMs = clock.monotonicMs();
    await pass(20);
    expect(clock.monotonicMs() - fromMs).toBeGreaterThan(15);
  });

  test('NaN is no time', () => {
    expect(() => create().clock.runAt(Number.NaN, () => {})).toThrow(AssertionFault);
  });
});

test('a task of the system clock may be further away than any timer of Node', async () => {
  const clock = systemClock();
  let ran = false;
  // setTimeout alone would run this after 1 ms.
  const task = clock.runAt(clock.nowMs() + 2 ** 32, () => {
    ran = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 40));
  task.cancel();
  expect(ran).toBe(false);
});

test('tasks run in order of time, ties in order of scheduling, each at its own time', async () => {
  const clock = createVirtualClock(0);
  const ran: string[] = [];
  const note = (name: string) => () => void ran.push(`${name}@${clock.nowMs()}`);
  clock.runAt(30, note('c'));
  clock.runAt(10, note('a1'));
  clock.runAt(20, note('b'));
  clock.runAt(10, note('a2'));
  clock.runAt(10, note('a3'));
  clock.runAt(31, note('too late'));
  await clock.advanceTo(30);
  expect(ran).toEqual(['a1@10', 'a2@10', 'a3@10', 'b@20', 'c@30']);
  expect(clock.nowMs()).toBe(30);
  expect(clock.monotonicMs()).toBe(30);
});

test('what a task schedules within the time runs within the same advance, behind its ties', async () => {
  const clock = createVirtualClock(100);
  const ran: string[] = [];
  clock.runAt(110, () => {
    ran.push('first');
    clock.runAt(110, () => void ran.push('third'));
    clock.runAt(50, () => void ran.push('fourth'));
  });
  clock.runAt(110, () => void ran.push('second'));
  await clock.advanceTo(110);
  expect(ran).toEqual(['first', 'second', 'third', 'fourth']);
});

test('promises settle after each task, before the next one', async () => {
  const clock = createVirtualClock(0);
  const ran: string[] = [];
  clock.runAt(1, () => {
    void (async () => {
      for (let i = 0; i < 50; i++) await Promise.resolve();
      ran.push('chain not returned');
    })();
  });
  clock.runAt(1, async () => {
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    ran.push('returned promise of five macrotasks');
  });
  clock.runAt(1, () => void ran.push('next'));
  await clock.advanceTo(1);
  expect(ran).toEqual(['chain not returned', 'returned promise of five macrotasks', 'next']);
});

test('a task may wait for a later time on the same clock', async () => {
  const clock = createVirtualClock(0);
  const ran: string[] = [];
  const sleepUntil = (ms: number) => new Promise<void>((resolve) => clock.runAt(ms, resolve));
  clock.runAt(10, async () => {
    ran.push(`begin@${clock.nowMs()}`);
    await sleepUntil(500);
    ran.push(`end@${clock.nowMs()}`);
  });
  await clock.advanceTo(1_000);
  expect(ran).toEqual(['begin@10', 'end@500']);
});

test.each([
  ['rejects', () => Promise.reject(new Error('from the task'))],
  [
    'throws',
    () => {
      throw new Error('from the task');
    },
  ],
])('the advance rejects when a task %s, and the rest can go on', async (_how, task) => {
  const clock = createVirtualClock(0);
  let ran = false;
  clock.runAt(1, task);
  clock.runAt(2, () => {
    ran = true;
  });
  await expect(clock.advanceTo(5)).rejects.toThrow('from the task');
  expect(ran).toBe(false);
  await clock.advanceTo(5);
  expect(ran).toBe(true);
});

test('a virtual clock neither goes back nor is advanced from two places', async () => {
  const clock = createVirtualClock(10);
  await expect(clock.advanceTo(9)).rejects.toThrow(AssertionFault);
  const first = clock.advanceTo(20);
  await expect(clock.advanceTo(30)).rejects.toThrow(AssertionFault);
  await first;
});

test('a task that schedules itself for now is found out', async () => {
  const clock = createVirtualClock(0);
  const again = () => void clock.runAt(clock.nowMs(), again);
  again();
  await expect(clock.advanceTo(1)).rejects.toThrow(AssertionFault);
});
