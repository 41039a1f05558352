import { encodeJson } from '../../core/json.ts';
import type { Labels } from '../../core/labels.ts';
import type { Answer } from '../http.ts';
import type { ReadCounts } from './wire/reader.ts';
import { ProtobufWriter } from './wire/writer.ts';

export type OtlpEncoding = 'protobuf' | 'json';

/** Values of the label `reason` of the metric `rejected` that a request as a whole can have. */
export type RefusalReason =
  | 'malformed'
  | 'too_large'
  | 'content_type'
  | 'encoding'
  | 'busy'
  | 'stopping'
  | 'method'
  | 'path';

export interface StatusAnswer {
  readonly status: 400 | 404 | 405 | 413 | 415 | 503;
  /** For the sender's log: English, what to do. */
  readonly message: string;
}

const headers: Readonly<Record<OtlpEncoding, Labels>> = {
  protobuf: { 'content-type': 'application/x-protobuf' },
  json: { 'content-type': 'application/json' },
};

/** An empty Export…ServiceResponse: everything was taken. */
const success: Readonly<Record<OtlpEncoding, Answer>> = {
  protobuf: { status: 200, headers: headers.protobuf, body: new Uint8Array(0) },
  json: { status: 200, headers: headers.json, body: encodeJson({}) },
};

/** google.rpc.Code for each HTTP status. */
const codes: Readonly<Record<StatusAnswer['status'], number>> = {
  400: 3, // INVALID_ARGUMENT
  404: 12, // UNIMPLEMENTED
  405: 12,
  413: 8, // RESOURCE_EXHAUSTED
  415: 12,
  503: 14, // UNAVAILABLE
};

/** More than this a client need not wait: below 5 s JavaScript exporters try again within their budget. */
const retryAfterSeconds = '1';

/** 200; with a partial success where items were refused, so that the sender knows, and does not send them again. */
export function successAnswer(
  encoding: OtlpEncoding,
  counts?: ReadCounts,
  signal?: 'traces' | 'logs',
): Answer {
  if (counts === undefined || counts.rejected === 0) return success[encoding];
  const body = encoding === 'json' ? jsonPartial(counts, signal) : protobufPartial(counts);
  return { status: 200, headers: headers[encoding], body };
}

/** A `google.rpc.Status`, in the encoding of the request; JSON where that is not known. */
export function answerStatus({ status, message }: StatusAnswer, encoding: OtlpEncoding = 'json'): Answer {
  const code = codes[status];
  return {
    status,
    headers: { ...headers[encoding], ...extraHeaders(status) },
    body: encoding === 'json' ? encodeJson({ code, message }) : protobufStatus(code, message),
  };
}

function extraHeaders(status: StatusAnswer['status']): Labels {
  if (status === 405) return { allow: 'POST' };
  return status === 503 ? { 'retry-after': retryAfterSeconds } : {};
}

/** 64-bit integers are text in protobuf's JSON. */
function jsonPartial(counts: ReadCounts, signal: 'traces' | 'logs' | undefined): Uint8Array {
  const rejected = String(counts.rejected);
  const errorMessage = counts.rejectedMessage;
  const partialSuccess =
    signal === 'logs'
      ? { rejectedLogRecords: rejected, errorMessage }
      : { rejectedSpans: rejected, errorMessage };
  return encodeJson({ partialSuccess });
}

/** Field numbers are the same for spans and log records. */
function protobufPartial(counts: ReadCounts): Uint8Array {
  const writer = new ProtobufWriter();
  writer.open(1);
  writer.int(1, counts.rejected);
  writer.textBytes(2, counts.rejectedMessage);
  writer.close();
  return writer.bytes().slice();
}

function protobufStatus(code: number, message: string): Uint8Array {
  const writer = new ProtobufWriter();
  writer.int(1, code);
  writer.textBytes(2, message);
  return writer.bytes().slice();
}
