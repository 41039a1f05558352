import type { Config } from '../../config/config.ts';
import type { Ports } from '../../core/ports.ts';
import type { Aggregator } from './aggregate.ts';
import type { Saved } from './checkpointer.ts';
import type { Comparisons } from './comparisons.ts';
import { DetectorStates } from './detector-states.ts';
import type { LadderBook } from './ladder-book.ts';
import { LadderJudge } from './ladder-judge.ts';
import { RateBook } from './rate-book.ts';
import type { openReferences } from './reference-parts.ts';
import type { RestoredState } from './restore.ts';
import type { ScoreBook } from './scores.ts';
import type { SegmentBook } from './segment-book.ts';
import { TrafficBook } from './traffic-book.ts';

type ReferenceParts = Awaited<ReturnType<typeof openReferences>>;

/** What is kept of the past, for judging. */
export interface Books {
  readonly states: DetectorStates;
  readonly ladders: LadderBook;
  readonly ladderJudge: LadderJudge;
  readonly scores: ScoreBook;
  readonly rates: RateBook;
  readonly traffic: TrafficBook;
  readonly comparisons: Comparisons;
  readonly segments: SegmentBook;
}

/** Books as they were left. */
export function openBooks(
  {
    config,
    ports,
    restored,
  }: { readonly config: Config; readonly ports: Ports; readonly restored: RestoredState },
  { scores, segments }: Pick<Books, 'scores' | 'segments'>,
  { ladders, comparisons }: ReferenceParts,
): Books {
  const { log, meter } = ports;
  return {
    states: new DetectorStates(meter),
    ladders,
    ladderJudge: new LadderJudge(config),
    scores,
    rates: new RateBook({ config, meter, log, stored: restored.rates }),
    traffic: new TrafficBook({ config, log }),
    comparisons,
    segments,
  };
}

/** What a checkpoint saves besides counters and windows. */
export function savedParts(
  { ladderJudge, scores, rates, traffic, segments }: Books,
  aggregator: Aggregator,
): readonly Saved[] {
  return [
    {
      name: 'ladder-memory',
      encode: () => ladderJudge.encode(),
      restore: (bytes) => ladderJudge.restore(bytes),
    },
    {
      name: 'rates',
      encode: onChange(rates, () => rates.encode()),
      restore: (bytes) => rates.restore(bytes),
    },
    {
      name: 'traffic',
      encode: onChange(rates, () => traffic.encode()),
      restore: (bytes) => traffic.restore(bytes),
    },
    {
      name: 'scores',
      encode: () => scores.encode(),
      restore: (bytes) => scores.restore(bytes, aggregator.states()),
    },
    {
      name: 'segments',
      encode: () => segments.encode(),
      restore: (bytes) => segments.restore(bytes),
    },
  ];
}

/** Rates and traffic change only when a pane closes. */
function onChange(rates: RateBook, encode: () => Uint8Array | undefined): () => Uint8Array | undefined {
  let written = -1;
  return () => {
    if (rates.changes === written) return undefined;
    written = rates.changes;
    return encode();
  };
}
