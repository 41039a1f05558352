import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { readFileSync } from 'node:fs';
import type { LookupFunction } from 'node:net';
import type { Dispatcher } from 'undici';
import { type HttpAnswer, type HttpRequest, type HttpSender, NoAnswer } from '../../core/ports.ts';
import { type AddressJudge, createAddressJudge } from './denied-addresses.ts';
import { describeTlsFault } from './tls-faults.ts';

export interface HttpSenderOptions {
  readonly connectTimeoutMs?: number;
  /** Authorities trusted instead of the usual ones, in PEM. */
  readonly caFile?: string;
  /** Hosts that may be called although they are metadata services or link-local. */
  readonly exemptHosts?: readonly string[];
  /** Default: the resolver of the operating system. */
  readonly lookup?: typeof dnsLookup;
}

export interface ClosableHttpSender extends HttpSender {
  /** Cuts what is under way. Safe twice. */
  close(): Promise<void>;
}

const defaultConnectTimeoutMs = 5_000;
/** Sockets per receiver: one row per incident is under way, four incidents at once. */
const connectionsMax = 8;

/** Refused before a connection is made. */
class ForbiddenAddress extends Error {
  readonly code = 'ESSRF';
}

/**
 * HTTP by undici, with connections of its own: no redirect, no retry, no proxy, nothing shared with others.
 */
export async function createHttpSender(options: HttpSenderOptions = {}): Promise<ClosableHttpSender> {
  const { Agent, request } = await import('undici');
  const judge = createAddressJudge();
  const exempt = new Set(options.exemptHosts ?? []);
  const agent = new Agent({
    allowH2: false,
    connections: connectionsMax,
    connect: {
      timeout: options.connectTimeoutMs ?? defaultConnectTimeoutMs,
      lookup: createLookup(judge, exempt, options.lookup ?? dnsLookup),
      minVersion: 'TLSv1.2',
      ...(options.caFile === undefined ? {} : { ca: readFileSync(options.caFile) }),
    },
  });
  return {
    send: (outgoing) =>
      sendOnce(request, agent, outgoing, (host) => !exempt.has(host) && judge.deniesHost(host)),
    close: async () => {
      if (!agent.destroyed) await agent.destroy();
    },
  };
}

/** Set when the request is handed to a connected socket: from then on the receiver may have read it. */
interface Progress {
  sent: boolean;
}

async function sendOnce(
  request: typeof import('undici').request,
  agent: Dispatcher,
  outgoing: HttpRequest,
  isDenied: (host: string) => boolean,
): Promise<HttpAnswer> {
  const progress: Progress = { sent: false };
  try {
    const url = checkUrl(outgoing.url, isDenied);
    // One deadline for everything: time-outs between chunks alone would let a body drip on for ever.
    const signal = AbortSignal.timeout(Math.max(1, Math.ceil(outgoing.deadlineMs)));
    const answer = await request(url, {
      dispatcher: agent.compose(watchStart(progress)),
      method: outgoing.method as Dispatcher.HttpMethod,
      headers: outgoing.headers,
      body: outgoing.body.length === 0 ? null : outgoing.body,
      signal,
    });
    const body = await readAtMost(answer.body, outgoing.answerBytesMax);
    return { status: answer.statusCode, headers: flatten(answer.headers), body };
  } catch (error) {
    throw toNoAnswer(error, progress, outgoing.deadlineMs);
  }
}

function checkUrl(text: string, isDenied: (host: string) => boolean): URL {
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new TypeError('the URL must be http or https');
  if (url.username !== '' || url.password !== '')
    throw new TypeError('the URL must not hold a user or password');
  if (isDenied(url.hostname))
    throw new ForbiddenAddress(`${url.hostname} is an address that is never called`);
  return url;
}

function watchStart(progress: Progress): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (request, handler) =>
    dispatch(request, {
      onRequestStart(controller, context) {
        progress.sent = true;
        handler.onRequestStart?.(controller, context);
      },
      onRequestUpgrade: handler.onRequestUpgrade?.bind(handler),
      onResponseStart: handler.onResponseStart?.bind(handler),
      onResponseData: handler.onResponseData?.bind(handler),
      onResponseEnd: handler.onResponseEnd?.bind(handler),
      onResponseError: handler.onResponseError?.bind(handler),
    } as Dispatcher.DispatchHandler);
}

/** Leaving the loop early destroys the body, and with it the connection it would have come over. */
async function readAtMost(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk.subarray(0, bytesMax - size));
    size += chunk.length;
    if (size >= bytesMax) break;
  }
  return Uint8Array.from(Buffer.concat(chunks));
}

function flatten(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const flat: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return { ...flat };
}

/** Judges every address of a name when connecting, so that a name cannot change its mind after a check. */
function createLookup(
  judge: AddressJudge,
  exempt: ReadonlySet<string>,
  resolve: typeof dnsLookup,
): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, []);
      const addresses = found as LookupAddress[];
      const denied = exempt.has(hostname)
        ? undefined
        : addresses.find((one) => judge.deniesAddress(one.address));
      if (denied !== undefined) {
        const reason = `${hostname} is ${denied.address}, an address that is never called`;
        return callback(new ForbiddenAddress(reason), []);
      }
      const first = addresses[0];
      if (options.all === true) return callback(null, addresses);
      if (first === undefined) return callback(new Error(`${hostname} has no address`), []);
      return callback(null, first.address, first.family);
    });
  };
}

function toNoAnswer(error: unknown, { sent }: Progress, deadlineMs: number): NoAnswer {
  const cause = error;
  if (error instanceof ForbiddenAddress) return new NoAnswer(`ESSRF: ${error.message}`, refused(cause));
  const code = codeOf(error);
  if (code === 'ESSRF') return new NoAnswer(`ESSRF: ${(error as Error).message}`, refused(cause));
  const tls = sent ? undefined : describeTlsFault(error);
  if (tls !== undefined) return new NoAnswer(tls, refused(cause));
  if (error instanceof Error && error.name === 'TimeoutError') {
    const where = sent ? 'the request was sent' : 'no connection was made';
    return new NoAnswer(`no answer within ${deadlineMs} ms; ${where}`, { sent, permanent: false, cause });
  }
  // A request that cannot be written: a URL, method or header that is not one.
  const permanent = !sent && (error instanceof TypeError || code === 'UND_ERR_INVALID_ARG');
  const message = error instanceof Error ? error.message || code : String(error);
  return new NoAnswer(code === '' ? message : `${code}: ${message}`, { sent, permanent, cause });
}

function refused(cause: unknown): { sent: boolean; permanent: boolean; cause: unknown } {
  return { sent: false, permanent: true, cause };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
