import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Admission, Answer, BodyFault, HttpHandler, ListeningServer, RequestHead } from '../http.ts';
import { BodyBuffer, BufferPool, ByteBudget, inflate } from './body-buffer.ts';

export interface HttpServerLimits {
  readonly connectionsMax: number;
  /** Bodies of all requests together, raw and inflated. */
  readonly inflightBytesMax: number;
  readonly requestsInWorkMax: number;
  readonly headerTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Longer than exporters wait between two exports: a connection closed just then costs a request. */
  readonly keepAliveMs: number;
}

export const httpServerLimits: HttpServerLimits = {
  connectionsMax: 512,
  inflightBytesMax: 128 * 1_048_576,
  requestsInWorkMax: 256,
  headerTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveMs: 65_000,
};

export interface HttpServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly handler: HttpHandler;
  /** Those not given are the defaults. */
  readonly limits?: Partial<HttpServerLimits>;
  /** Counted by whoever knows the metrics: a request that never reached the handler, or a fault of our own. */
  readonly onFault: (reason: HttpServerFault) => void;
}

/** `slow`: too slow with head or body; `malformed`: no HTTP; `flood`: too many requests at once on one connection. */
export type HttpServerFault = 'slow' | 'malformed' | 'flood' | 'internal';

const headerBytesMax = 16 * 1_024;
const headersMax = 100;
/** Fresh connections spread over more agents behind one name, and bound what one client can hold on to. */
const requestsPerConnectionMax = 1_000;
/** Requests of one connection under way at once. No exporter pipelines; a flood of them would hold up all others. */
const pipelinedMax = 16;
/** Node looks every 30 s by default, which makes 40 s of a header timeout of 10 s. */
const timeoutCheckMs = 1_000;
/** From this share of the connections on, the one idle for longest is closed for a new one. */
const crowdedShare = 0.8;
/** A refused body up to this size is read, so that the connection can be used again. */
const drainedBytesMax = 64 * 1_024;
/** What a refused sender has under way is read and dropped, up to so much and for so long, so that it sees why. */
const drainBytesMax = 128 * 1_048_576;
const drainMs = 2_000;
/** For requests under way when the server closes. */
const closeWaitMs = 800;

/**
 * Serves a handler on node:http: sockets, bodies, gzip, limits. It knows nothing of what the requests mean.
 * A body is read only after the handler admitted its head. Resolves when it listens; rejects if it cannot.
 */
export async function startHttpServer(options: HttpServerOptions): Promise<ListeningServer> {
  const service = new HttpService(options);
  return service.listen();
}

class HttpService {
  readonly #options: HttpServerOptions;
  readonly #limits: HttpServerLimits;
  readonly #server: Server;
  readonly #pool = new BufferPool();
  readonly #budget: ByteBudget;
  /** Connections without a request, the one idle for longest first. */
  readonly #idle = new Set<Socket>();
  readonly #requestsOf = new WeakMap<Socket, number>();
  #connections = 0;
  #inWork = 0;
  #closing: Promise<void> | undefined;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    const limits = { ...httpServerLimits, ...options.limits };
    this.#limits = limits;
    this.#budget = new ByteBudget(limits.inflightBytesMax);
    this.#server = createServer({
      headersTimeout: limits.headerTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: timeoutCheckMs,
      maxHeaderSize: headerBytesMax,
      noDelay: true,
    });
    this.#server.maxHeadersCount = headersMax;
    this.#server.maxRequestsPerSocket = requestsPerConnectionMax;
    this.#server.maxConnections = limits.connectionsMax;
    this.#server.on('connection', (socket) => this.#connected(socket));
    this.#server.on('request', (request, response) => this.#requested(request, response, 'now'));
    this.#server.on('checkContinue', (request, response) =>
      this.#requested(request, response, 'on_continue'),
    );
    this.#server.on('clientError', (error, socket) => this.#clientFault(error, socket as Socket));
  }

  listen(): Promise<ListeningServer> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject);
        // A listening socket may fail later (out of descriptors): that costs a connection, not the process.
        this.#server.on('error', () => this.#options.onFault('internal'));
        const address = this.#server.address() as AddressInfo;
        resolve({ host: address.address, port: address.port, close: () => this.#close() });
      });
    });
  }

  #connected(socket: Socket): void {
    this.#connections++;
    this.#idle.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#connections--;
      this.#idle.delete(socket);
    });
    if (this.#connections <= this.#limits.connectionsMax * crowdedShare) return;
    const [oldest] = this.#idle;
    if (oldest !== undefined && oldest !== socket) oldest.destroy();
  }

  #requested(request: IncomingMessage, response: ServerResponse, body: BodyTime): void {
    const { socket } = request;
    const underWay = (this.#requestsOf.get(socket) ?? 0) + 1;
    if (underWay > pipelinedMax) {
      this.#options.onFault('flood');
      socket.destroy();
      return;
    }
    this.#requestsOf.set(socket, underWay);
    this.#idle.delete(socket);
    response.on('error', () => socket.destroy());
    response.once('close', () => {
      this.#requestsOf.set(socket, (this.#requestsOf.get(socket) ?? 1) - 1);
      if (!socket.destroyed) this.#idle.add(socket);
    });
    const exchange: Exchange = { request, response, head: headOf(request) };
    this.#serve(exchange, body).catch(() => {
      this.#options.onFault('internal');
      send(exchange, internalFault);
    });
  }

  async #serve(exchange: Exchange, body: BodyTime): Promise<void> {
    const { handler } = this.#options;
    const { head, request, response } = exchange;
    const admission = handler.admit(head);
    if (!admission.take) return this.#refuse(exchange, admission.answer, body);
    if (!hasBody(request)) {
      request.resume();
      return send(exchange, await handler.handle(head, new Uint8Array(0)));
    }
    const announced = Number(request.headers['content-length'] ?? 0);
    const raw = new BodyBuffer(this.#pool, this.#budget);
    if (this.#inWork >= this.#limits.requestsInWorkMax || !raw.reserve(announced)) {
      return this.#refuse(exchange, handler.refuse(head, 'busy'), body);
    }
    this.#inWork++;
    try {
      if (body === 'on_continue') response.writeContinue();
      await this.#take(exchange, admission, raw);
    } finally {
      this.#inWork--;
      raw.release();
    }
  }

  async #take(exchange: Exchange, admission: Admission & { take: true }, raw: BodyBuffer): Promise<void> {
    const { handler } = this.#options;
    const { head } = exchange;
    const fault = await receive(exchange.request, raw, admission.bytesMax);
    // Nobody is there to be answered.
    if (fault === 'cut' && exchange.request.socket.destroyed) return;
    if (fault !== undefined) return this.#refuse(exchange, handler.refuse(head, fault), 'now');
    if (admission.encoding === 'identity') return send(exchange, await handler.handle(head, raw.bytes()));
    const inflated = new BodyBuffer(this.#pool, this.#budget);
    try {
      const gzipFault = await inflate(raw.bytes(), inflated, admission.bytesMax);
      raw.release();
      const answer = gzipFault
        ? handler.refuse(head, gzipFault)
        : await handler.handle(head, inflated.bytes());
      send(exchange, answer);
    } finally {
      inflated.release();
    }
  }

  /**
   * Answers before the body was read. A small body is read and dropped, and the connection stays. A sender of more
   * would get a reset instead of the answer if the connection closed at once, so what it sends is dropped for a while.
   */
  #refuse(exchange: Exchange, answer: Answer, body: BodyTime): void {
    const { request, response } = exchange;
    const isSmall = body === 'now' && Number(request.headers['content-length']) <= drainedBytesMax;
    if (isSmall || request.complete || !hasBody(request)) {
      request.resume();
      send(exchange, answer);
      return;
    }
    if (response.headersSent || response.destroyed) return;
    // Ending the response would make Node close the socket with what is still on its way unread: the sender would see a
    // reset. So the answer is written, and ended when the sender is done.
    response.setHeader('connection', 'close');
    response.writeHead(answer.status, { ...answer.headers, 'content-length': String(answer.body.length) });
    response.write(answer.body);
    request.once('end', () => response.end());
    const { socket } = request;
    const timer = setTimeout(() => socket.destroy(), drainMs);
    let left = drainBytesMax;
    request.on('data', (chunk: Uint8Array) => {
      left -= chunk.length;
      if (left < 0) socket.destroy();
    });
    socket.once('close', () => clearTimeout(timer));
    request.resume();
  }

  /** What was not even HTTP, or took too long: Node gives no response object for it. */
  #clientFault(error: NodeJS.ErrnoException, socket: Socket): void {
    const isSlow = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
    if (error.code !== 'ECONNRESET') this.#options.onFault(isSlow ? 'slow' : 'malformed');
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    let status = isSlow ? '408 Request Timeout' : '400 Bad Request';
    if (error.code === 'HPE_HEADER_OVERFLOW') status = '431 Request Header Fields Too Large';
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    socket.destroySoon();
  }

  #close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      const timer = setTimeout(() => this.#server.closeAllConnections(), closeWaitMs);
      this.#server.close(() => {
        clearTimeout(timer);
        resolve();
      });
      for (const socket of this.#idle) socket.destroy();
    });
    return this.#closing;
  }
}

/** Whether the sender sends its body at once, or waits for the go-ahead. */
type BodyTime = 'now' | 'on_continue';

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly head: RequestHead;
}

const internalFault: Answer = { status: 500, headers: {}, body: new Uint8Array(0) };

function headOf(request: IncomingMessage): RequestHead {
  const [path = '', ...query] = (request.url ?? '').split('?');
  // Only `set-cookie` comes as a list, and never in a request that means anything to us.
  const headers = request.headers as Readonly<Record<string, string | undefined>>;
  return { method: request.method ?? '', path, headers, query: query.join('?') };
}

function hasBody(request: IncomingMessage): boolean {
  const length = request.headers['content-length'];
  return request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

/** Reads the body to its end; undefined if all of it came. */
function receive(
  request: IncomingMessage,
  into: BodyBuffer,
  bytesMax: number,
): Promise<BodyFault | undefined> {
  return new Promise((resolve) => {
    const onData = (chunk: Uint8Array): void => {
      if (into.length + chunk.length > bytesMax) stop('too_large');
      else if (!into.append(chunk)) stop('busy');
    };
    const stop = (fault: BodyFault | undefined): void => {
      request.off('data', onData);
      resolve(fault);
    };
    request.on('data', onData);
    request.once('end', () => stop(undefined));
    request.once('error', () => stop('cut'));
    request.once('close', () => stop('cut'));
  });
}

function send({ request, response }: Exchange, answer: Answer): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(answer.status, { ...answer.headers, 'content-length': String(answer.body.length) });
  // Without a body the head is one write, and most answers to OTLP have none.
  if (request.method === 'HEAD' || answer.body.length === 0) response.end();
  else response.end(answer.body);
}
