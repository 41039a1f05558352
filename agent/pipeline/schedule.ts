import type { Clock, Log, Meter } from '../../core/ports.ts';

export interface Schedule {
  start(): void;
  /** Runs the work now, after a run under way; also what the timer does. */
  runNow(): Promise<void>;
  /** Waits for a run under way. */
  settled(): Promise<void>;
  /** Stops the timer and waits for a run under way. Safe before start and safe twice. */
  stop(): Promise<void>;
}

/** Runs work at an even pace. A run that is still going when its turn comes again is not doubled, and counted. */
export function createSchedule(options: {
  readonly clock: Clock;
  readonly meter: Meter;
  readonly log: Log;
  readonly name: string;
  readonly everyMs: number;
  /** Told how late each run began. */
  readonly onLag?: (lagMs: number) => void;
  readonly run: () => Promise<void>;
}): Schedule {
  const { clock, meter, log, everyMs } = options;
  let timer: { cancel(): void } | undefined;
  let running: Promise<void> | undefined;

  const runNow = (): Promise<void> => {
    running ??= options
      .run()
      .catch((fault: unknown) => {
        meter.add('internal_errors', 1, { stage: 'judge' });
        log.error(`${options.name} failed`, {
          fault: fault instanceof Error ? (fault.stack ?? fault.message) : 'unknown',
        });
      })
      .finally(() => {
        running = undefined;
      });
    return running;
  };

  const plan = (atMs: number): void => {
    timer = clock.runAt(atMs, async () => {
      options.onLag?.(Math.max(0, clock.nowMs() - atMs));
      plan(nextAfter(clock.nowMs(), everyMs));
      if (running === undefined) await runNow();
      else meter.add('ticks_skipped', 1);
    });
  };

  return {
    start: () => plan(nextAfter(clock.nowMs(), everyMs)),
    runNow,
    settled: async () => running,
    stop: async () => {
      timer?.cancel();
      timer = undefined;
      await running;
    },
  };
}

/** Aligned to the epoch, so that all agents look at the same instants. */
function nextAfter(nowMs: number, everyMs: number): number {
  return (Math.floor(nowMs / everyMs) + 1) * everyMs;
}
