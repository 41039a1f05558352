import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Meter } from '../../core/ports.ts';

const resolutionMs = 10;

export interface ProcessVitals {
  /**
   * Sets `resident_memory` and `loop_delay`; the delay is the longest since the last call. Call before a
   * scrape.
   */
  refresh(): void;
  stop(): void;
}

export function watchProcess(meter: Meter): ProcessVitals {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  return {
    refresh() {
      meter.set('resident_memory', process.memoryUsage.rss());
      // The histogram counts the sampling interval itself as delay.
      meter.set('loop_delay', Math.max(0, delays.max / 1e9 - resolutionMs / 1e3));
      delays.reset();
    },
    stop: () => void delays.disable(),
  };
}
