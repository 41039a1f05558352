import { type Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import type { HttpServerFault, HttpServerLimits } from '../../agent/adapters/http-server.ts';
import { startHttpServer } from '../../agent/adapters/http-server.ts';
import { memoryLog } from '../../agent/adapters/memory-log.ts';
import { memoryMeter } from '../../agent/adapters/memory-meter.ts';
import { systemClock } from '../../agent/adapters/system-clock.ts';
import { createOtlpHttp } from '../../agent/receivers/otlp-http.ts';
import { createReader } from '../../agent/receivers/wire/reader.ts';
import type { Item } from '../../conventions/convention.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface OtlpRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** No Content-Length, as JavaScript's exporters send. */
  readonly chunked?: boolean;
  readonly agent?: Agent;
}

/** The OTLP receiver on a real socket, with what it counted and the items it read. */
export async function startOtlp(
  options: {
    readonly bodyBytesMax?: number;
    readonly limits?: Partial<HttpServerLimits>;
    readonly visit?: (item: Item) => boolean;
    readonly state?: () => 'open' | 'busy' | 'stopping';
  } = {},
) {
  const meter = memoryMeter();
  const log = memoryLog();
  const reader = createReader({ meter });
  const modelKey = reader.keys.key('ml.model.name');
  reader.keys.prefix('ml.');
  const names: string[] = [];
  const faults: HttpServerFault[] = [];
  const visit = (item: Item): boolean => {
    names.push(item.name);
    return item.attributes.kind(modelKey) !== 'absent';
  };
  const handler = createOtlpHttp({
    limits: { bodyBytesMax: options.bodyBytesMax ?? 64 * 1_048_576 },
    reader,
    visit: options.visit ?? visit,
    meter,
    log,
    clock: systemClock(),
    state: options.state ?? (() => 'open'),
  });
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    handler,
    onFault: (reason) => faults.push(reason),
    ...(options.limits ? { limits: options.limits } : {}),
  });
  return {
    port: server.port,
    meter,
    log,
    names,
    faults,
    close: () => server.close(),
    send: (request: OtlpRequest) => send(server.port, request),
    sendRaw: (text: string | Uint8Array) => sendRaw(server.port, text),
  };
}

function send(port: number, request: OtlpRequest): Promise<Reply> {
  const { method = 'POST', path = '/v1/traces', headers = {}, body, chunked = false, agent } = request;
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const length: Record<string, string> =
    bytes === undefined || chunked ? {} : { 'content-length': String(bytes.length) };
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        host: '127.0.0.1',
        port,
        method,
        path,
        headers: { ...headers, ...length },
        ...(agent ? { agent } : {}),
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(parts),
          }),
        );
      },
    );
    outgoing.on('error', reject);
    if (bytes === undefined) {
      outgoing.end();
      return;
    }
    if (!chunked) {
      outgoing.end(bytes);
      return;
    }
    const half = Math.ceil(bytes.length / 2);
    outgoing.write(bytes.subarray(0, half));
    outgoing.end(bytes.subarray(half));
  });
}

/** Bytes as they are, on a connection of their own; everything that came back until the server closed it. */
function sendRaw(port: number, bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(answer));
    socket.write(bytes);
  });
}
