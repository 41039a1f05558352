import type { Clock, Log } from '../core/ports.ts';

export interface Cleanups {
  /** What is started is stopped, in reverse order. */
  add(name: string, run: () => Promise<void> | void, withinMs: number): void;
  /** Runs all, last in first out, each with its deadline; one that fails or hangs does not keep the others. Safe twice. */
  run(): Promise<void>;
}

export function createCleanups(clock: Clock, log: Log): Cleanups {
  const stack: {
    readonly name: string;
    readonly run: () => Promise<void> | void;
    readonly withinMs: number;
  }[] = [];
  return {
    add: (name, run, withinMs) => {
      stack.push({ name, run, withinMs });
    },
    run: async () => {
      for (let one = stack.pop(); one !== undefined; one = stack.pop()) {
        try {
          await within(one.run, one.withinMs, clock);
        } catch (fault) {
          log.error('clean-up failed', {
            name: one.name,
            fault: fault instanceof Error ? fault.message : 'unknown',
          });
        }
      }
    },
  };
}

async function within(run: () => Promise<void> | void, ms: number, clock: Clock): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = clock.runAt(clock.nowMs() + ms, () => reject(new Error(`not done after ${ms} ms`)));
  try {
    await Promise.race([run(), promise]);
  } finally {
    timer.cancel();
  }
}
