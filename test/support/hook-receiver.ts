import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

/** One request that reached the receiver, accepted or not. */
export interface HookPost {
  readonly id: string;
  readonly type: string;
  readonly signed: boolean;
  /** What the receiver answered; 0: nothing, ever. */
  readonly status: number;
  readonly signals: readonly string[];
}

export interface HookReceiver {
  readonly port: number;
  readonly posts: readonly HookPost[];
  /** Posts that were answered with success. */
  accepted(type?: string): readonly HookPost[];
  /** The answer from now on; 0: take the request and never answer. */
  answer(status: number): void;
  stop(): Promise<void>;
}

/** 32 bytes, as Standard Webhooks asks. */
export const hookSecret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
export const firingType = 'dev.kedge.alert.firing.v1';
export const resolvedType = 'dev.kedge.alert.resolved.v1';

/** A webhook receiver whose answers a test chooses; signatures are checked with the official library. */
export async function startHookReceiver(first = 204): Promise<HookReceiver> {
  const posts: HookPost[] = [];
  const open = new Set<ServerResponse>();
  let status = first;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      posts.push(postOf(Buffer.concat(chunks).toString('utf8'), request.headers, status));
      if (status === 0) open.add(response);
      else response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    posts,
    accepted: (type) =>
      posts.filter((one) => one.status >= 200 && one.status < 300 && (type ?? one.type) === one.type),
    answer: (next) => {
      status = next;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Each id once: what was sent again after a crash has the id it had. */
export function uniqueIds(posts: readonly HookPost[]): readonly string[] {
  return [...new Set(posts.map(({ id }) => id))];
}

function postOf(body: string, headers: IncomingHttpHeaders, status: number): HookPost {
  const event = JSON.parse(body) as { type: string; data: { alerts?: { signal: string }[] } };
  return {
    id: String(headers['webhook-id']),
    type: event.type,
    signed: isSigned(body, headers),
    status,
    signals: (event.data.alerts ?? []).map(({ signal }) => signal),
  };
}

function isSigned(body: string, headers: IncomingHttpHeaders): boolean {
  try {
    new Webhook(hookSecret).verify(body, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}
