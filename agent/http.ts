import type { Labels } from '../core/labels.ts';

/** What is known of a request before its body is read. Header names are lower-case. */
export interface RequestHead {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** What follows `?`, as it was sent; absent where nothing does. */
  readonly query?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Labels;
  readonly body: Uint8Array;
}

/** Decided from the head alone, so that a body that would be refused is never read. */
export type Admission =
  | { readonly take: true; readonly encoding: 'identity' | 'gzip'; readonly bytesMax: number }
  | { readonly take: false; readonly answer: Answer };

/** Why a body that was admitted could not be handed over; `busy`: the server's limits of work or memory. */
export type BodyFault = 'too_large' | 'bad_encoding' | 'cut' | 'busy';

/**
 * Requests in, answers out, no sockets: the HTTP adapter serves it, and tests call it directly.
 * `handle` gets the whole, inflated body; the bytes are valid only until it returns (or its promise settles).
 * It never throws; should it, the adapter answers 500 and counts it.
 */
export interface HttpHandler {
  admit(head: RequestHead): Admission;
  handle(head: RequestHead, body: Uint8Array): Answer | Promise<Answer>;
  refuse(head: RequestHead, fault: BodyFault): Answer;
}

/** A listening server. `close` stops taking, lets what is under way finish (bounded), and is safe twice. */
export interface ListeningServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}
