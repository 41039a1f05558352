import type { Config } from '../../config/config.ts';
import type { BlobStore, Clock, Log, Meter } from '../../core/ports.ts';
import type { Aggregator } from './aggregate.ts';
import { boundaryKey } from './boundary-key.ts';
import { encodeCheckpoint, restoreCheckpoint } from './checkpoint.ts';
import type { DetectorStates } from './detector-states.ts';
import type { LadderBook } from './ladder-book.ts';
import type { LearningCheckpoint } from './learning-checkpoint.ts';

const blobName = 'counters';
const ladderBlobName = 'ladders';

export interface Checkpointer {
  /** `closedMs`: event time up to which windows were judged and stored, by environment and model. */
  restore(closedMs: ReadonlyMap<string, number>): Promise<void>;
  /** Never rejects: a checkpoint that fails is counted, and the next one tries again. `final`: the process ends. */
  write(when?: 'final'): Promise<void>;
}

/** Something else that a checkpoint saves, in a blob of its own. `restore` may throw: then it begins anew. */
export interface Saved {
  readonly name: string;
  /** Undefined: what was written last will do. */
  encode(): Uint8Array | undefined;
  restore(bytes: Uint8Array): void;
}

export interface CheckpointerOptions {
  readonly aggregator: Aggregator;
  readonly states: DetectorStates;
  readonly ladders: LadderBook;
  /** Restored after panes and windows, in this order. */
  readonly others: readonly Saved[];
  readonly learning: LearningCheckpoint;
  readonly blobs: BlobStore;
  readonly config: Config;
  readonly clock: Clock;
  readonly meter: Meter;
  readonly log: Log;
}

/** Saves and restores counters. A damaged or foreign checkpoint costs the counters since then, never the start. */
export function createCheckpointer(options: CheckpointerOptions): Checkpointer {
  const { aggregator, states, ladders, learning, blobs, config, clock, meter, log } = options;
  const { paneMs } = config.windows;
  return {
    restore: async (closedMs) => {
      const bytes = await blobs.read(blobName);
      if (bytes === undefined) {
        if (closedMs.size > 0) log.warn('no usable checkpoint: counters start empty');
        return;
      }
      await restoreFrom(bytes, options);
      await learning.restore();
      alignBoundaries(aggregator, closedMs, paneMs);
    },
    write: async (when) => {
      try {
        const bytes = encodeCheckpoint(aggregator, paneMs, clock.nowMs(), states.all());
        await blobs.write(blobName, bytes);
        await blobs.write(ladderBlobName, ladders.encode());
        for (const other of options.others) {
          const part = other.encode();
          if (part !== undefined) await blobs.write(other.name, part);
        }
        await learning.write(clock.nowMs(), when ?? 'due');
        meter.add('checkpoints', 1, { result: 'ok' });
        meter.set('checkpoint_bytes', bytes.length);
      } catch (fault) {
        meter.add('checkpoints', 1, { result: 'failed' });
        log.error('checkpoint failed: counters since the last one would be lost with the process', {
          fault: faultText(fault),
        });
      }
    },
  };
}

async function restoreFrom(bytes: Uint8Array, options: CheckpointerOptions): Promise<void> {
  const { aggregator, states, ladders, blobs, config, clock, meter, log } = options;
  try {
    const restored = restoreCheckpoint(aggregator, bytes, config.windows.paneMs);
    const gapSeconds = Math.max(0, clock.nowMs() - restored.atMs) / 1_000;
    meter.add('counting_gap', gapSeconds);
    log.info('counters restored', { panes: restored.panes, gapSeconds });
    states.restore(restored.detectorStates);
    if (restored.paneLengthChanged) {
      log.warn('windows.pane was changed: open windows start anew');
      return;
    }
    const windows = await blobs.read(ladderBlobName);
    if (windows !== undefined) ladders.restore(windows);
    for (const other of options.others) await restoreOther(other, options);
  } catch (fault) {
    meter.add('corrupt_records', 1, { kind: 'checkpoint' });
    log.error('checkpoint unusable: counters start empty', { fault: faultText(fault) });
  }
}

async function restoreOther(other: Saved, { blobs, meter, log }: CheckpointerOptions): Promise<void> {
  const bytes = await blobs.read(other.name);
  if (bytes === undefined) return;
  try {
    other.restore(bytes);
  } catch (fault) {
    meter.add('corrupt_records', 1, { kind: 'checkpoint' });
    log.error('a part of the checkpoint is unusable and begins anew', {
      name: other.name,
      fault: faultText(fault),
    });
  }
}

/**
 * Windows judged after the checkpoint was taken are not judged again. A boundary between two panes, as another pane
 * length leaves it, would be missed by every pane to come: no window would ever be judged again.
 */
function alignBoundaries(
  aggregator: Aggregator,
  closedMs: ReadonlyMap<string, number>,
  paneMs: number,
): void {
  for (const state of aggregator.states()) {
    const judgedMs = closedMs.get(boundaryKey(state.environment, state.model)) ?? state.closedMs;
    state.closedMs = Math.floor(Math.max(judgedMs, state.closedMs) / paneMs) * paneMs;
  }
}

function faultText(fault: unknown): string {
  return fault instanceof Error ? fault.message : 'unknown';
}
