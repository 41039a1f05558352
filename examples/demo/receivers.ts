import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { Webhook } from 'standardwebhooks';

export interface MailCatcher {
  readonly port: number;
  readonly mails: readonly Email[];
  stop(): Promise<void>;
}

/** A real SMTP server that keeps what it gets. */
export async function startMailCatcher(): Promise<MailCatcher> {
  const mails: Email[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData: (stream, _session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        PostalMime.parse(Buffer.concat(chunks)).then(
          (mail) => {
            mails.push(mail);
            done();
          },
          (fault: unknown) => done(fault as Error),
        );
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return { port, mails, stop: () => new Promise((resolve) => server.close(() => resolve())) };
}

export interface Received {
  readonly path: string;
  /** The signature was checked with the official library and was right. */
  readonly verified: boolean;
  readonly headers: IncomingMessage['headers'];
  readonly event: { readonly type: string; readonly data: Record<string, unknown> };
}

export interface HookCatcher {
  readonly port: number;
  readonly received: readonly Received[];
  stop(): Promise<void>;
}

/** Receives signed webhooks on every path, verifies and keeps them. */
export async function startHookCatcher(
  secret: string,
  onReceived: (received: Received) => void,
): Promise<HookCatcher> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const one: Received = {
        path: request.url ?? '',
        verified: isSigned(secret, body, request.headers),
        headers: request.headers,
        event: JSON.parse(body) as Received['event'],
      };
      received.push(one);
      response.writeHead(one.verified ? 204 : 401).end();
      onReceived(one);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { port, received, stop: () => new Promise((resolve) => server.close(() => resolve())) };
}

function isSigned(secret: string, body: string, headers: IncomingMessage['headers']): boolean {
  try {
    new Webhook(secret).verify(body, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}
