import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAddressJudge } from '../../../agent/adapters/denied-addresses.ts';
import {
  type ClosableHttpSender,
  createHttpSender,
  type HttpSenderOptions,
} from '../../../agent/adapters/https-client.ts';
import { type HttpRequest, NoAnswer } from '../../../core/ports.ts';
import { expiredCertificate, otherNameCertificate, testCertificate, testKey } from './certificates.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function listen<T extends Server>(server: T): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    received.push({ method: request.method, url: request.url, headers: request.headers, body });
    answer(request, response);
  });
  return { url: `http://127.0.0.1:${await listen(server)}/hook`, received };
}

async function open(options: HttpSenderOptions = {}): Promise<ClosableHttpSender> {
  const sender = await createHttpSender(options);
  cleanups.push(() => sender.close());
  return sender;
}

function post(url: string, changes: Partial<HttpRequest> = {}): HttpRequest {
  return {
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json' },
    body: new TextEncoder().encode('{"id":"msg_1"}'),
    deadlineMs: 5_000,
    answerBytesMax: 65_536,
    ...changes,
  };
}

async function failureOf(sender: ClosableHttpSender, request: HttpRequest): Promise<NoAnswer> {
  const error = await sender.send(request).then(
    (answer) => expect.fail(`answered ${answer.status}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(NoAnswer);
  return error as NoAnswer;
}

test('a request arrives as it was given, and the answer comes back whole', async () => {
  const { url, received } = await serve((_request, response) => {
    response.writeHead(201, { 'X-Reply': 'yes', 'set-cookie': ['a=1', 'b=2'] }).end('thanks');
  });
  const sender = await open();
  const answer = await sender.send(
    post(url, { headers: { 'webhook-id': 'msg_1', 'content-type': 'text/plain' } }),
  );
  expect(answer.status).toBe(201);
  expect(answer.headers).toMatchObject({ 'x-reply': 'yes', 'set-cookie': 'a=1, b=2' });
  expect(new TextDecoder().decode(answer.body)).toBe('thanks');
  expect(received).toHaveLength(1);
  expect(received[0]).toMatchObject({ method: 'POST', url: '/hook', body: '{"id":"msg_1"}' });
  expect(received[0]?.headers).toMatchObject({ 'webhook-id': 'msg_1', 'content-length': '14' });
});

test.each([200, 204, 301, 307, 400, 404, 429, 500, 503])(
  '%i is an answer: no retry, no redirect',
  async (status) => {
    const { url, received } = await serve((_request, response) => {
      response.writeHead(status, { location: '/elsewhere', 'retry-after': '7' }).end();
    });
    const answer = await (await open()).send(post(url));
    expect([answer.status, answer.headers['retry-after']]).toEqual([status, '7']);
    expect(received).toHaveLength(1);
  },
);

test('of a long answer only the first bytes are read', async () => {
  const { url } = await serve((_request, response) => {
    const pour = () => {
      while (!response.destroyed && response.write('x'.repeat(10_000)));
    };
    response.on('drain', pour);
    pour();
  });
  const answer = await (await open()).send(post(url, { answerBytesMax: 25_000 }));
  expect(answer.body).toHaveLength(25_000);
});

test('a receiver that hangs is given up at the deadline; the request may have been read', async () => {
  const { url } = await serve(() => {});
  const error = await failureOf(await open(), post(url, { deadlineMs: 200 }));
  expect(error).toMatchObject({ sent: true, permanent: false });
  expect(error.message).toContain('200 ms');
});

test('a body that drips is given up at the deadline all the same', async () => {
  const { url } = await serve((_request, response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write('x'), 20);
    response.on('close', () => clearInterval(timer));
  });
  const started = performance.now();
  const error = await failureOf(await open(), post(url, { deadlineMs: 300 }));
  expect(error).toMatchObject({ sent: true, permanent: false });
  expect(performance.now() - started).toBeLessThan(2_000);
});

test('a connection cut after the request is ambiguous, one refused before it is not', async () => {
  const { url } = await serve((request) => request.socket.destroy());
  const sender = await open();
  expect(await failureOf(sender, post(url))).toMatchObject({ sent: true, permanent: false });

  const server = createTcpServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  const error = await failureOf(sender, post(`http://127.0.0.1:${port}/`));
  expect(error).toMatchObject({ sent: false, permanent: false });
  expect(error.message).toContain('ECONNREFUSED');
});

test('garbage instead of HTTP is no answer', async () => {
  const port = await listen(createTcpServer((socket) => socket.end('220 mail.example ESMTP\r\n')));
  expect(await failureOf(await open(), post(`http://127.0.0.1:${port}/`))).toMatchObject({ sent: true });
});

test('a name that does not exist is transient and nothing was sent', async () => {
  const sender = await open({
    lookup: ((_name: string, _options: unknown, callback: (error: Error) => void) =>
      callback(Object.assign(new Error('getaddrinfo EAI_AGAIN'), { code: 'EAI_AGAIN' }))) as never,
  });
  const error = await failureOf(sender, post('http://hooks.example/'));
  expect(error).toMatchObject({ sent: false, permanent: false });
  expect(error.message).toContain('EAI_AGAIN');
});

test.each(['not a url', 'ftp://127.0.0.1/', 'http://user:secret@127.0.0.1/', 'file:///etc/passwd'])(
  '%j is refused for good, and its parts are not repeated',
  async (url) => {
    const error = await failureOf(await open(), post(url));
    expect(error).toMatchObject({ sent: false, permanent: true });
    expect(error.message).not.toContain('secret');
  },
);

test('a header that is none is refused for good', async () => {
  const { url, received } = await serve((_request, response) => response.end());
  const error = await failureOf(await open(), post(url, { headers: { 'x-a': 'line\r\nbreak: 1' } }));
  expect(error).toMatchObject({ sent: false, permanent: true });
  expect(received).toHaveLength(0);
});

test('close cuts what is under way and is safe twice', async () => {
  const { url } = await serve(() => {});
  const sender = await open();
  const hanging = failureOf(sender, post(url));
  await sender.close();
  await sender.close();
  await hanging;
  await failureOf(sender, post(url));
});

describe('TLS', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kedge-tls-'));
    cleanups.push(() => rmSync(folder, { recursive: true }));
  });

  const trusting = async (certificate: string) => {
    const caFile = join(folder, 'ca.pem');
    writeFileSync(caFile, certificate);
    return open({ caFile });
  };
  const serveTls = async (cert: string) => {
    const server = createTlsServer({ key: testKey, cert }, (_request, response) => response.end('private'));
    return listen(server as unknown as Server);
  };

  test('a server of a trusted authority is talked to, by name and by address', async () => {
    const port = await serveTls(testCertificate);
    const sender = await trusting(testCertificate);
    for (const host of ['localhost', '127.0.0.1']) {
      const answer = await sender.send(post(`https://${host}:${port}/`));
      expect(new TextDecoder().decode(answer.body)).toBe('private');
    }
  });

  test.each([
    ['signed by nobody known', testCertificate, undefined, 'tls_untrusted'],
    ['for another name', otherNameCertificate, otherNameCertificate, 'tls_name'],
    ['expired', expiredCertificate, expiredCertificate, 'tls_expired'],
  ])('a certificate that is %s is refused for good, and nothing is sent', async (_what, cert, ca, word) => {
    const port = await serveTls(cert);
    const sender = ca === undefined ? await open() : await trusting(ca);
    const error = await failureOf(sender, post(`https://localhost:${port}/`));
    expect(error).toMatchObject({ sent: false, permanent: true });
    expect(error.message).toContain(word);
  });

  test('https to a server without TLS says so', async () => {
    const { url } = await serve((_request, response) => response.end());
    const error = await failureOf(await open(), post(url.replace('http:', 'https:')));
    expect(error).toMatchObject({ sent: false, permanent: true });
    expect(error.message).toContain('tls_mode');
  });
});

describe('forbidden addresses', () => {
  test.each([
    '169.254.169.254',
    '2852039166',
    '0xa9.0xfe.0xa9.0xfe',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '168.63.129.16',
    '100.100.100.200',
    '[::]',
    '[fe80::1]',
    '[ff02::1]',
    '[fd00:ec2::254]',
    '[::ffff:169.254.169.254]',
    '[::ffff:a9fe:a9fe]',
    '[::a9fe:a9fe]',
    '[::ffff:0:a9fe:a9fe]',
    '[64:ff9b::a9fe:a9fe]',
    '[2002:a9fe:a9fe::1]',
    'metadata.google.internal',
    'METADATA.google.internal.',
  ])('%s is refused before any connection', async (host) => {
    let connections = 0;
    const port = await listen(
      createTcpServer((socket) => {
        connections++;
        socket.destroy();
      }),
    );
    const error = await failureOf(await open(), post(`http://${host}:${port}/latest/meta-data`));
    expect(error).toMatchObject({ sent: false, permanent: true });
    expect(error.message).toContain('ESSRF');
    expect(connections).toBe(0);
  });

  test('a name is judged by every address it has, when connecting', async () => {
    const { url, received } = await serve((_request, response) => response.end());
    const { port } = new URL(url);
    const answers = [
      [{ address: '127.0.0.1', family: 4 }],
      [
        { address: '127.0.0.1', family: 4 },
        { address: '169.254.169.254', family: 4 },
      ],
      [{ address: '::ffff:169.254.169.254', family: 6 }],
    ];
    const rebinding = (_name: string, _options: unknown, callback: (error: null, found: unknown) => void) =>
      callback(null, answers.shift());
    const sender = await open({ lookup: rebinding as never });
    const request = post(`http://hooks.example:${port}/`, { headers: { connection: 'close' } });
    expect((await sender.send(request)).status).toBe(200);
    for (let i = 0; i < 2; i++) {
      const error = await failureOf(sender, request);
      expect(error).toMatchObject({ sent: false, permanent: true });
      expect(error.message).toContain('ESSRF');
    }
    expect(received).toHaveLength(1);
  });

  test('an exempt host is called all the same', async () => {
    const { url } = await serve((_request, response) => response.end());
    // The first address answers, so that no other is tried.
    const found = [
      { address: '127.0.0.1', family: 4 },
      { address: '169.254.0.1', family: 4 },
    ];
    const lookup = (_name: string, _options: unknown, callback: (error: null, found: unknown) => void) =>
      callback(null, found);
    const request = post(`http://hooks.example:${new URL(url).port}/`);
    expect((await failureOf(await open({ lookup: lookup as never }), request)).message).toContain('ESSRF');
    const sender = await open({ exemptHosts: ['hooks.example'], lookup: lookup as never });
    expect((await sender.send(request)).status).toBe(200);
  });

  test.each([
    '127.0.0.1',
    '10.0.0.1',
    '192.168.1.1',
    '172.16.0.1',
    '8.8.8.8',
    '::1',
    'fd00::1',
    '2001:db8::1',
  ])('%s is allowed: channels live there', (address) => {
    expect(createAddressJudge().deniesAddress(address)).toBe(false);
  });

  test.each(['64:ff9b::808:808', '2002:808:808::1', '::ffff:10.0.0.1', '::1'])(
    '%s carries an address that is allowed',
    (address) => {
      expect(createAddressJudge().deniesAddress(address)).toBe(false);
    },
  );

  test('what is no address is denied; a zone does not hide one', () => {
    const judge = createAddressJudge();
    expect(judge.deniesAddress('nonsense')).toBe(true);
    expect(judge.deniesAddress('')).toBe(true);
    expect(judge.deniesAddress('fe80::1%eth0')).toBe(true);
  });
});
