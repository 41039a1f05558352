import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { findMarks, type Marks, stamp } from './stamps.ts';
import { answerRequests } from './worker.ts';

export type LoadRequest =
  | { readonly type: 'open'; readonly port: number; readonly path: string; readonly files: readonly string[] }
  | { readonly type: 'run'; readonly ms: number };

export interface LoadResult {
  readonly requests: number;
  /** Answers other than 200. */
  readonly refused: number;
}

const connections = 4;

/** Head and body of one request in one piece, ready to be written. */
interface Prepared {
  readonly bytes: Uint8Array;
  readonly body: Uint8Array;
  readonly marks: Marks;
}

let senders: Sender[] = [];
/** Counts the sendings of this process, so that no two carry the same ids. */
let turn = 0;

answerRequests((request: LoadRequest) => (request.type === 'open' ? open(request) : run(request.ms)));

function open({ port, path, files }: LoadRequest & { readonly type: 'open' }): void {
  const prepared = files.map((file) => prepare(new Uint8Array(readFileSync(file)), path));
  senders = Array.from(
    { length: connections },
    (_, i) =>
      new Sender(
        port,
        prepared.filter((_, at) => at % connections === i),
      ),
  );
}

function prepare(body: Uint8Array, path: string): Prepared {
  const head = Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-protobuf\r\nContent-Length: ${body.length}\r\n\r\n`,
  );
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  const part = bytes.subarray(head.length);
  return { bytes, body: part, marks: findMarks(part) };
}

/** A closed loop: each connection sends its next request when the last one is answered. */
async function run(ms: number): Promise<LoadResult> {
  const until = performance.now() + ms;
  const results = await Promise.all(senders.map((sender) => sender.sendUntil(until)));
  return {
    requests: results.reduce((sum, { requests }) => sum + requests, 0),
    refused: results.reduce((sum, { refused }) => sum + refused, 0),
  };
}

/** One kept-alive connection and the bodies it sends in rotation. */
class Sender {
  readonly #port: number;
  readonly #prepared: readonly Prepared[];
  #socket: Socket | undefined;
  #next = 0;

  constructor(port: number, prepared: readonly Prepared[]) {
    this.#port = port;
    this.#prepared = prepared;
  }

  async sendUntil(untilMs: number): Promise<LoadResult> {
    let requests = 0;
    let refused = 0;
    while (performance.now() < untilMs) {
      requests++;
      if ((await this.#send()) !== 200) refused++;
    }
    return { requests, refused };
  }

  async #send(): Promise<number> {
    const { bytes, body, marks } = this.#prepared[this.#next++ % this.#prepared.length] as Prepared;
    // The last answer has come, so the socket holds on to none of these bytes any more.
    stamp(body, marks, turn++, Date.now());
    this.#socket ??= await connected(this.#port);
    const answer = answered(this.#socket);
    this.#socket.write(bytes);
    const { status, closes } = await answer;
    if (closes) {
      this.#socket.destroy();
      this.#socket = undefined;
    }
    return status;
  }
}

function connected(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true }, () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/** The next answer as a whole; the agent always states its length. */
function answered(socket: Socket): Promise<{ readonly status: number; readonly closes: boolean }> {
  return new Promise((resolve, reject) => {
    let text = '';
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      const headEnd = text.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const head = text.slice(0, headEnd).toLowerCase();
      const length = Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0);
      if (text.length < headEnd + 4 + length) return;
      stopListening();
      resolve({ status: Number(head.slice(9, 12)), closes: head.includes('\r\nconnection: close') });
    };
    const onFault = (): void => {
      stopListening();
      reject(new Error('the agent closed a connection instead of answering'));
    };
    const stopListening = (): void => {
      socket.off('data', onData);
      socket.off('error', onFault);
      socket.off('close', onFault);
    };
    socket.on('data', onData);
    socket.on('error', onFault);
    socket.on('close', onFault);
  });
}
