import { createHash } from 'node:crypto';
import { encodeLogs, encodeTraces, logsOf, type OtlpSpan, tracesOf } from '../test/support/otlp.ts';
import { batchLog, Chance, httpSpan, llmSpan, llmSpans, tabularLog, tabularSpan } from './payload-records.ts';
import { traceMarkHex } from './stamps.ts';

export const setNames = ['llm', 'tab', 'tablog', 'http', 'mix', 'tab16', 'batch'] as const;
export type SetName = (typeof setNames)[number];

/** Request bodies of one kind of traffic, with marks where times and ids belong (stamps.ts). */
export interface PayloadSet {
  readonly name: SetName;
  readonly signal: 'traces' | 'logs';
  readonly bodies: readonly Uint8Array[];
  /** Spans, or rows of a columnar batch, in one body. */
  readonly items: number;
  /** Model calls in one body. */
  readonly calls: number;
  readonly sha256: string;
}

/** Sent in rotation: one body for ever would flatter every cache on the way. */
const bodiesOfSet = 8;
const spansPerBody = 512;
const spansPerSmallBody = 16;
const batchRows = 1_000;

const resource = {
  'service.name': 'credit',
  'service.version': '4.1.0',
  'deployment.environment.name': 'prod',
  'host.name': 'node-17',
};

interface Body {
  readonly bytes: Uint8Array;
  readonly calls: number;
}

/** The same bytes for the same seed, on every machine. */
export function makeSet(name: SetName, seed: number): PayloadSet {
  const chance = new Chance(seed * setNames.length + setNames.indexOf(name));
  const bodies = Array.from({ length: bodiesOfSet }, () => makeBody(name, chance));
  const hash = createHash('sha256');
  for (const { bytes } of bodies) hash.update(bytes);
  return {
    name,
    signal: name === 'tablog' || name === 'batch' ? 'logs' : 'traces',
    bodies: bodies.map(({ bytes }) => bytes),
    items: itemsOf(name),
    calls: bodies[0]?.calls ?? 0,
    sha256: hash.digest('hex'),
  };
}

function itemsOf(name: SetName): number {
  if (name === 'batch') return batchRows;
  return name === 'tab16' ? spansPerSmallBody : spansPerBody;
}

function makeBody(name: SetName, chance: Chance): Body {
  const count = itemsOf(name);
  const each = <Item>(make: (chance: Chance) => Item) => Array.from({ length: count }, () => make(chance));
  switch (name) {
    case 'llm':
      return traces(llmSpans(chance, count), count);
    case 'tab':
    case 'tab16':
      return traces(each(tabularSpan), count);
    case 'http':
      return traces(each(httpSpan), 0);
    case 'mix':
      return mixed(chance, count);
    case 'tablog':
      return { bytes: encodeLogs(logsOf(each(tabularLog), resource, 'kedge-bench')), calls: count };
    case 'batch':
      return {
        bytes: encodeLogs(logsOf([batchLog(chance, count)], resource, 'kedge-bench')),
        calls: count,
      };
  }
}

/** Of ten spans eight are http, one is a call of a language model and one a prediction. */
function mixed(chance: Chance, count: number): Body {
  const spans = Array.from({ length: count }, (_, i) => {
    if (i % 10 === 3) return llmSpan(chance, traceMarkHex + chance.hex(8), false);
    return i % 10 === 7 ? tabularSpan(chance) : httpSpan(chance);
  });
  return traces(spans, spans.filter((_, i) => i % 10 === 3 || i % 10 === 7).length);
}

function traces(spans: readonly OtlpSpan[], calls: number): Body {
  return { bytes: encodeTraces(tracesOf(spans, resource, 'kedge-bench')), calls };
}
