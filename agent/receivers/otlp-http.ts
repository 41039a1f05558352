import type { Item } from '../../conventions/convention.ts';
import type { Clock, Log, Meter } from '../../core/ports.ts';
import type { Admission, Answer, BodyFault, HttpHandler, RequestHead } from '../http.ts';
import {
  answerStatus,
  type OtlpEncoding,
  type RefusalReason,
  type StatusAnswer,
  successAnswer,
} from './otlp-answers.ts';
import type { ReadCounts, Reader } from './wire/reader.ts';

export interface OtlpHttpOptions {
  readonly limits: {
    /** Of a body, before and after decompression. */
    readonly bodyBytesMax: number;
  };
  readonly reader: Reader;
  /** Gets each item while it is valid; `true`: a convention had it. */
  readonly visit: (item: Item) => boolean;
  readonly meter: Meter;
  readonly log: Log;
  readonly clock: Clock;
  /** Asked for each request: `busy` and `stopping` are answered 503 before the body is read. */
  readonly state: () => 'open' | 'busy' | 'stopping';
  /** Told before the items of a request are visited: all of them were received then. */
  readonly onRequest?: (receivedMs: number) => void;
}

type Signal = 'traces' | 'logs' | 'metrics';

/** Paths taken; the second prefix is where Langfuse clients post. */
const prefixes = ['', '/api/public/otel'];
const signals: readonly Signal[] = ['traces', 'logs', 'metrics'];
const contentTypes: ReadonlyMap<string, OtlpEncoding> = new Map([
  ['application/x-protobuf', 'protobuf'],
  ['application/json', 'json'],
]);
/** A bad body is logged once in this time; all are counted. */
const logEveryMs = 10_000;

/**
 * OTLP over HTTP, without sockets: what to answer to which request.
 *
 * Metrics are taken and not read (each request counts as one item not understood), so that clients which send all
 * three signals go on. Source of the answers: opentelemetry-proto docs/specification.md, "OTLP/HTTP Response".
 */
export function createOtlpHttp(options: OtlpHttpOptions): HttpHandler {
  return new OtlpHttp(options);
}

class OtlpHttp implements HttpHandler {
  readonly #options: OtlpHttpOptions;
  readonly #routes: ReadonlyMap<string, Signal>;
  #loggedAtMs = Number.NEGATIVE_INFINITY;
  #heldBack = 0;

  constructor(options: OtlpHttpOptions) {
    this.#options = options;
    const routes = prefixes.flatMap((prefix) =>
      signals.map((signal) => [`${prefix}/v1/${signal}`, signal] as const),
    );
    this.#routes = new Map(routes);
  }

  /** Each check is cheaper than the next, and all are cheaper than a body. */
  admit(head: RequestHead): Admission {
    const refusal = this.#refusalOf(head);
    if (refusal !== undefined) return { take: false, answer: this.#refuse(head, refusal) };
    const gzip = contentEncoding(head) === 'gzip';
    return {
      take: true,
      encoding: gzip ? 'gzip' : 'identity',
      bytesMax: this.#options.limits.bodyBytesMax,
    };
  }

  handle(head: RequestHead, body: Uint8Array): Answer {
    const signal = this.#routes.get(head.path);
    const encoding = encodingOf(head);
    if (signal === undefined)
      return this.#refuse(head, { reason: 'path', status: 404, message: 'no such path' });
    if (encoding === undefined) return this.#refuse(head, unknownContentType);
    this.#options.meter.add('request_bytes', body.length, { signal });
    if (signal === 'metrics') {
      this.#options.meter.add('not_understood', 1, { signal });
      return this.#answer(signal, successAnswer(encoding));
    }
    return this.#read(head, signal, encoding, body);
  }

  refuse(head: RequestHead, fault: BodyFault): Answer {
    return this.#refuse(head, this.#refusalOfBody(fault));
  }

  #read(head: RequestHead, signal: 'traces' | 'logs', encoding: OtlpEncoding, body: Uint8Array): Answer {
    const { reader, clock } = this.#options;
    const read = signal === 'traces' ? reader.readTraces : reader.readLogs;
    const receivedMs = clock.nowMs();
    this.#options.onRequest?.(receivedMs);
    const result = read(body, encoding, receivedMs, this.#visitSafely);
    if (!result.ok) {
      const status = result.fault === 'too_large' ? 413 : 400;
      return this.#refuse(head, { reason: result.fault, status, message: result.message });
    }
    this.#count(signal, result.counts);
    return this.#answer(signal, successAnswer(encoding, result.counts, signal));
  }

  /** A fault of our own costs one item, not the request: the sender would only send it again. */
  readonly #visitSafely = (item: Item): boolean => {
    try {
      return this.#options.visit(item);
    } catch (error) {
      this.#options.meter.add('internal_errors', 1, { stage: 'normalise' });
      this.#logSeldom('an item could not be taken in', { error: String(error) });
      return false;
    }
  };

  #count(signal: Signal, counts: ReadCounts): void {
    const { meter } = this.#options;
    if (counts.items > 0) meter.add('items', counts.items, { signal });
    if (counts.notUnderstood > 0) meter.add('not_understood', counts.notUnderstood, { signal });
    if (counts.rejected > 0) {
      meter.add('rejected', counts.rejected, { reason: 'bad_id' });
      this.#logSeldom('items refused', { signal, items: counts.rejected, why: counts.rejectedMessage });
    }
    for (const [reason, count] of Object.entries(counts.malformed)) {
      if (count > 0) meter.add('malformed_values', count, { reason });
    }
  }

  #refusalOf(head: RequestHead): Refusal | undefined {
    if (!this.#routes.has(head.path)) {
      return { reason: 'path', status: 404, message: 'no such path; OTLP is taken at /v1/traces, /v1/logs' };
    }
    if (head.method !== 'POST') return { reason: 'method', status: 405, message: 'only POST is taken here' };
    if (encodingOf(head) === undefined) return unknownContentType;
    const encoding = contentEncoding(head);
    if (encoding !== 'gzip' && encoding !== 'identity') {
      return { reason: 'encoding', status: 415, message: 'send Content-Encoding gzip or none' };
    }
    // `NaN > max` is false: a length that is no number is left to the parser of HTTP.
    if (Number(head.headers['content-length']) > this.#options.limits.bodyBytesMax) {
      return this.#refusalOfBody('too_large');
    }
    const state = this.#options.state();
    if (state === 'open') return undefined;
    return { reason: state, status: 503, message: state === 'busy' ? 'busy, try again' : 'stopping' };
  }

  #refusalOfBody(fault: BodyFault): Refusal {
    switch (fault) {
      case 'too_large': {
        const { bodyBytesMax } = this.#options.limits;
        const message = `the body is larger than ${bodyBytesMax} bytes; send smaller batches`;
        return { reason: 'too_large', status: 413, message };
      }
      case 'bad_encoding':
        return { reason: 'malformed', status: 400, message: 'the body is no valid gzip' };
      case 'cut':
        return { reason: 'malformed', status: 400, message: 'the body is cut off' };
      case 'busy':
        return { reason: 'busy', status: 503, message: 'busy, try again' };
    }
  }

  #refuse(head: RequestHead, refusal: Refusal): Answer {
    const { meter } = this.#options;
    meter.add('rejected', 1, { reason: refusal.reason });
    if (refusal.reason === 'malformed') this.#logSeldom('a request was refused', { why: refusal.message });
    return this.#answer(this.#routes.get(head.path) ?? 'other', answerStatus(refusal, encodingOf(head)));
  }

  #answer(signal: Signal | 'other', answer: Answer): Answer {
    this.#options.meter.add('requests', 1, { signal, status: String(answer.status) });
    return answer;
  }

  #logSeldom(event: string, fields: Readonly<Record<string, unknown>>): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#loggedAtMs < logEveryMs) {
      this.#heldBack++;
      return;
    }
    this.#loggedAtMs = nowMs;
    this.#options.log.warn(event, { ...fields, heldBack: this.#heldBack });
    this.#heldBack = 0;
  }
}

type Refusal = StatusAnswer & { readonly reason: RefusalReason };

const unknownContentType: Refusal = {
  reason: 'content_type',
  status: 415,
  message: 'send Content-Type application/x-protobuf or application/json',
};

/** Parameters such as `charset` are allowed and ignored: both forms are UTF-8. */
function encodingOf(head: RequestHead): OtlpEncoding | undefined {
  const [type = ''] = (head.headers['content-type'] ?? '').split(';', 1);
  return contentTypes.get(type.trim().toLowerCase());
}

function contentEncoding(head: RequestHead): string {
  const encoding = (head.headers['content-encoding'] ?? '').trim().toLowerCase();
  return encoding === '' ? 'identity' : encoding;
}
