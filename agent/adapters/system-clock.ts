import { assert } from '../../core/assert.ts';
import type { Clock } from '../../core/ports.ts';

/**
 * Longest single sleep. Node fires a timer of 2^31 ms or more after 1 ms, and a wall clock that jumps is
 * noticed only when a sleep ends: so the wait for any time is cut into sleeps of at most this length.
 */
const sleepMsMax = 30_000;

/**
 * The clock of the machine. A waiting task keeps the process alive: cancel what should not. A task that
 * throws or rejects reaches the process as an uncaught exception or rejection.
 */
export function systemClock(): Clock {
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    runAt,
  };
}

function runAt(atMs: number, task: () => void | Promise<void>): { cancel(): void } {
  assert(!Number.isNaN(atMs), 'a task is scheduled at a time, not at NaN');
  let timer: NodeJS.Timeout;
  const sleep = () => {
    const leftMs = Math.min(sleepMsMax, Math.max(0, atMs - Date.now()));
    timer = setTimeout(wake, leftMs);
  };
  // A timer may fire a moment early by the wall clock, and the clock may have been set back meanwhile.
  const wake = () => {
    if (Date.now() < atMs) sleep();
    else void task();
  };
  sleep();
  return { cancel: () => clearTimeout(timer) };
}
