import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import PostalMime from 'postal-mime';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { createMailSender } from '../../../agent/adapters/nodemailer-mail.ts';
import type { Mail, MailSender, MailServer } from '../../../core/ports.ts';
import { Secret } from '../../../core/secret.ts';
import { expiredCertificate, otherNameCertificate, testCertificate, testKey } from './certificates.ts';

let sender: MailSender;
beforeAll(async () => {
  sender = await createMailSender();
});

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const mail: Mail = {
  messageId: '<inc-01ABC.1.firing@kedge.example>',
  from: 'Kedge <kedge@example.com>',
  recipient: 'oncall@example.com',
  to: ['oncall@example.com', 'Risk Team <risk@example.com>'],
  subject: '[MAJOR] credit-risk v17: PSI income 0.41 > 0.25 (größer)',
  text: 'income drifted: größer\n.a line that begins with a dot\n',
  html: '<p>income drifted: gr&ouml;&szlig;er</p>',
  headers: { 'Auto-Submitted': 'auto-generated', 'X-Kedge-Severity': 'major' },
  references: '<inc-01ABC@kedge.example>',
};

interface Sink {
  readonly server: MailServer;
  readonly messages: {
    readonly from: string;
    readonly to: string[];
    readonly raw: string;
    readonly secure: boolean;
  }[];
  readonly logins: string[];
}

/** A real SMTP server that keeps what it accepts. */
async function sink(options: SMTPServerOptions = {}, tls: MailServer['tls'] = 'none'): Promise<Sink> {
  const messages: Sink['messages'] = [];
  const logins: string[] = [];
  const smtp = new SMTPServer({
    logger: false,
    key: testKey,
    cert: testCertificate,
    secure: tls === 'implicit',
    authOptional: true,
    hideSTARTTLS: tls === 'none',
    onAuth: (auth, _session, done) => {
      logins.push(`${auth.username}:${auth.password}`);
      if (auth.password === 'right') done(null, { user: 'kedge' });
      else done(new Error('Invalid username or password'));
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        messages.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map((one) => one.address),
          raw: Buffer.concat(chunks).toString('utf8'),
          secure: session.secure,
        });
        done(null, 'queued as 42');
      });
    },
    ...options,
  });
  smtp.on('error', () => {});
  const listener = smtp.listen(0, '127.0.0.1');
  await new Promise((resolve) => listener.once('listening', resolve));
  cleanups.push(() => new Promise<void>((resolve) => smtp.close(resolve)));
  return { server: serverAt(listener, tls), messages, logins };
}

function serverAt(listener: Server, tls: MailServer['tls']): MailServer {
  return { host: '127.0.0.1', port: (listener.address() as AddressInfo).port, tls };
}

function trust(certificate: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'kedge-mail-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'ca.pem');
  writeFileSync(file, certificate);
  return file;
}

/** A server made of answers: each line that arrives is answered by the first script entry it begins with. */
async function scripted(
  script: Readonly<Record<string, string | undefined | ((socket: Socket) => void)>>,
): Promise<{ server: MailServer; lines: string[] }> {
  const lines: string[] = [];
  const react = (socket: Socket, name: string) => {
    const answer = name in script ? script[name] : '250 ok';
    if (typeof answer === 'function') answer(socket);
    else if (answer !== undefined) socket.write(`${answer}\r\n`);
  };
  const listener = createServer((socket) => {
    cleanups.push(() => socket.destroy());
    socket.on('error', () => {});
    let inData = false;
    let rest = '';
    react(socket, 'connect');
    socket.on('data', (chunk) => {
      const parts = (rest + String(chunk)).split('\r\n');
      rest = parts.pop() ?? '';
      for (const line of parts) {
        lines.push(line);
        if (inData && line !== '.') continue;
        const name = line === '.' ? 'message' : (line.split(/[ :]/)[0] ?? '').toUpperCase();
        inData = name === 'DATA' && String(script['DATA']).startsWith('354');
        react(socket, name);
      }
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => listener.close());
  return { server: serverAt(listener, 'none'), lines };
}

const polite = { connect: '220 test ESMTP', DATA: '354 go on', QUIT: '221 bye' };
const cut = (socket: Socket) => void socket.destroy();

test('a mail arrives at one recipient, shows all, and reads as it was written', async () => {
  const { server, messages } = await sink();
  const delivery = await sender.send(server, mail, 5_000);
  expect(delivery).toEqual({ outcome: 'sent', receipt: expect.stringContaining('queued as 42') });
  expect(messages).toHaveLength(1);
  const [message] = messages;
  expect(message).toMatchObject({ from: 'kedge@example.com', to: ['oncall@example.com'] });
  const parsed = await PostalMime.parse(message?.raw ?? '');
  expect(parsed.from).toMatchObject({ name: 'Kedge', address: 'kedge@example.com' });
  expect(parsed.to).toMatchObject([
    { address: 'oncall@example.com' },
    { name: 'Risk Team', address: 'risk@example.com' },
  ]);
  expect(parsed.subject).toBe(mail.subject);
  expect(parsed.messageId).toBe(mail.messageId);
  expect(parsed.inReplyTo).toBe(mail.references);
  expect(parsed.references).toBe(mail.references);
  expect(parsed.text?.trimEnd()).toBe(mail.text.trimEnd());
  expect(parsed.html?.trim()).toBe(mail.html);
  const headers = new Map(parsed.headers.map(({ key, value }) => [key, value]));
  expect(headers.get('auto-submitted')).toBe('auto-generated');
  expect(headers.get('x-kedge-severity')).toBe('major');
  expect(parsed.attachments).toEqual([]);
});

test('STARTTLS is used, and the user logs in within it', async () => {
  const { server, messages, logins } = await sink({}, 'starttls_required');
  const trusted = { ...server, caFile: trust(testCertificate), user: 'kedge', password: new Secret('right') };
  expect(await sender.send(trusted, mail, 5_000)).toMatchObject({ outcome: 'sent' });
  expect(messages[0]?.secure).toBe(true);
  expect(logins).toEqual(['kedge:right']);
});

test('TLS from the start is used', async () => {
  const { server, messages } = await sink({}, 'implicit');
  const trusted = { ...server, caFile: trust(testCertificate), serverName: 'localhost' };
  expect(await sender.send(trusted, mail, 5_000)).toMatchObject({ outcome: 'sent' });
  expect(messages[0]?.secure).toBe(true);
});

test('a server that hides STARTTLS gets neither mail nor password', async () => {
  const { server, messages, logins } = await sink({ hideSTARTTLS: true, disabledCommands: ['STARTTLS'] });
  const strict: MailServer = {
    ...server,
    tls: 'starttls_required',
    user: 'kedge',
    password: new Secret('right'),
  };
  const delivery = await sender.send(strict, mail, 5_000);
  expect(delivery).toMatchObject({ outcome: 'failed', failure: 'config' });
  expect(JSON.stringify(delivery)).toContain('starttls_missing');
  expect([messages, logins]).toEqual([[], []]);
});

test.each<[string, string, string | undefined, MailServer['tls'], string]>([
  ['signed by nobody known', testCertificate, undefined, 'starttls_required', 'tls_untrusted'],
  ['signed by nobody known', testCertificate, undefined, 'implicit', 'tls_untrusted'],
  ['for another name', otherNameCertificate, otherNameCertificate, 'starttls_required', 'tls_name'],
  ['for another name', otherNameCertificate, otherNameCertificate, 'implicit', 'tls_name'],
  ['expired', expiredCertificate, expiredCertificate, 'starttls_required', 'tls_expired'],
  ['expired', expiredCertificate, expiredCertificate, 'implicit', 'tls_expired'],
])('a certificate %s is a fault of configuration, nothing is sent', async (_what, cert, ca, tls, word) => {
  const { server, messages } = await sink({ cert }, tls);
  const delivery = await sender.send(
    { ...server, host: 'localhost', ...(ca === undefined ? {} : { caFile: trust(ca) }) },
    mail,
    5_000,
  );
  expect(delivery).toMatchObject({ outcome: 'failed', failure: 'config' });
  expect(JSON.stringify(delivery)).toContain(word);
  expect(messages).toEqual([]);
});

test('the wrong mode is told with a hint', async () => {
  const { server } = await sink();
  const delivery = await sender.send({ ...server, tls: 'implicit' }, mail, 3_000);
  expect(delivery).toMatchObject({ outcome: 'failed', failure: 'config' });
  expect(JSON.stringify(delivery)).toMatch(/tls_mode.*starttls_required/);
});

test('a wrong password is a fault of configuration and is not repeated', async () => {
  const { server } = await sink({}, 'starttls_required');
  const wrong = { ...server, caFile: trust(testCertificate), user: 'kedge', password: new Secret('hunter2') };
  const delivery = await sender.send(wrong, mail, 5_000);
  expect(delivery).toMatchObject({ outcome: 'failed', failure: 'config' });
  expect(JSON.stringify(delivery)).toContain('535');
  expect(JSON.stringify(delivery)).not.toContain('hunter2');
});

test.each<[string, Partial<MailServer>, Partial<Mail>, string]>([
  ['a password without TLS', { user: 'kedge', password: new Secret('right') }, {}, 'config'],
  ['a user without password', { user: 'kedge', tls: 'implicit' }, {}, 'config'],
  ['a ca_file that is not there', { tls: 'implicit', caFile: '/nonexistent/ca.pem' }, {}, 'config'],
  ['a sender that is no address', {}, { from: 'kedge' }, 'config'],
  ['a second recipient', {}, { recipient: 'a@example.com, evil@example.com' }, 'recipient'],
  [
    'a line break in the recipient',
    {},
    { recipient: 'a@example.com>\r\nRCPT TO:<evil@example.com' },
    'recipient',
  ],
  ['a line break in To', {}, { to: ['a@example.com\r\nBcc: evil@example.com'] }, 'config'],
])('%s is refused before any connection', async (_what, serverChanges, mailChanges, failure) => {
  const { server, lines } = await scripted(polite);
  const delivery = await sender.send({ ...server, ...serverChanges }, { ...mail, ...mailChanges }, 3_000);
  expect(delivery).toMatchObject({ outcome: 'failed', failure });
  expect(lines).toEqual([]);
});

test('a line break in subject or header does not become a header', async () => {
  const { server, messages } = await sink();
  const evil = {
    ...mail,
    subject: 'a\r\nBcc: evil@example.com',
    headers: { 'X-Note': 'b\r\nX-Injected: yes' },
    messageId: '<id@x>\r\nX-Injected: yes',
  };
  expect(await sender.send(server, evil, 5_000)).toMatchObject({ outcome: 'sent' });
  const parsed = await PostalMime.parse(messages[0]?.raw ?? '');
  expect(parsed.headers.map(({ key }) => key)).not.toContain('x-injected');
  expect(parsed.bcc ?? []).toEqual([]);
  expect(messages[0]?.to).toEqual(['oncall@example.com']);
});

test('text that names a file or URL stays text', async () => {
  const { server, messages } = await sink();
  const html = '<img src="file:///etc/passwd"><img src="http://127.0.0.1:1/x.png">';
  expect(await sender.send(server, { ...mail, html }, 5_000)).toMatchObject({ outcome: 'sent' });
  const parsed = await PostalMime.parse(messages[0]?.raw ?? '');
  expect(parsed.html?.trim()).toBe(html);
  expect(parsed.attachments).toEqual([]);
});

test.each<[string, Parameters<typeof scripted>[0], Record<string, unknown>]>([
  ['421 as greeting', { connect: '421 come later' }, { failure: 'transient' }],
  ['554 as greeting', { connect: '554 go away' }, { failure: 'config' }],
  ['550 at MAIL FROM', { MAIL: '550 who are you' }, { failure: 'config' }],
  ['530 at MAIL FROM', { MAIL: '530 log in first' }, { failure: 'config' }],
  ['451 at MAIL FROM', { MAIL: '451 busy' }, { failure: 'transient', retryAfterMs: 60_000 }],
  ['450 at RCPT', { RCPT: '450 greylisted' }, { failure: 'transient', retryAfterMs: 60_000 }],
  ['452 at RCPT', { RCPT: '452 too many' }, { failure: 'transient' }],
  ['550 at RCPT', { RCPT: '550 no such user' }, { failure: 'recipient' }],
  ['553 at RCPT', { RCPT: '553 not allowed' }, { failure: 'recipient' }],
  ['554 at DATA', { DATA: '554 no' }, { failure: 'payload' }],
  ['552 after DATA', { message: '552 too large' }, { failure: 'payload' }],
  ['554 after DATA', { message: '554 looks like spam' }, { failure: 'payload' }],
  ['451 after DATA', { message: '451 try again' }, { failure: 'transient', retryAfterMs: 60_000 }],
  ['a cut at the greeting', { connect: cut }, { failure: 'transient' }],
  ['a cut at MAIL FROM', { MAIL: cut }, { failure: 'transient' }],
  ['a cut after DATA', { message: cut }, { failure: 'ambiguous' }],
  ['garbage as greeting', { connect: 'HTTP/1.1 400 Bad Request' }, { failure: 'transient' }],
])('%s is what it is', async (_what, faults, expected) => {
  const { server, lines } = await scripted({ ...polite, ...faults });
  const delivery = await sender.send(server, mail, 5_000);
  expect(delivery).toMatchObject({ outcome: 'failed', ...expected });
  if (!('retryAfterMs' in expected)) expect(delivery).not.toHaveProperty('retryAfterMs');
  // One try is one session.
  expect(lines.filter((line) => line.startsWith('EHLO')).length).toBeLessThanOrEqual(1);
});

test.each<[string, Parameters<typeof scripted>[0], string]>([
  ['never greets', { connect: undefined }, 'transient'],
  ['hangs at MAIL FROM', { MAIL: undefined }, 'transient'],
  ['hangs after DATA', { message: undefined }, 'ambiguous'],
  [
    'trickles its greeting',
    {
      connect: (socket) => {
        const timer = setInterval(() => socket.write('2'), 30);
        socket.on('close', () => clearInterval(timer));
      },
    },
    'transient',
  ],
])('a server that %s is given up at the deadline', async (_what, faults, failure) => {
  const { server } = await scripted({ ...polite, ...faults });
  const started = performance.now();
  const delivery = await sender.send(server, mail, 250);
  expect(performance.now() - started).toBeLessThan(1_500);
  expect(delivery).toMatchObject({ outcome: 'failed', failure });
  expect(JSON.stringify(delivery)).toContain('250 ms');
});

test('a server that takes its time for QUIT does not hold up what was accepted', async () => {
  const { server } = await scripted({ ...polite, message: '250 queued', QUIT: undefined });
  const started = performance.now();
  expect(await sender.send(server, mail, 5_000)).toMatchObject({ outcome: 'sent', receipt: '250 queued' });
  expect(performance.now() - started).toBeLessThan(1_500);
});

test('nobody listening is transient', async () => {
  const { server } = await scripted(polite);
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  await new Promise((resolve) => listener.close(resolve));
  const delivery = await sender.send({ ...server, port }, mail, 3_000);
  expect(delivery).toMatchObject({ outcome: 'failed', failure: 'transient' });
  expect(JSON.stringify(delivery)).toContain('ECONNREFUSED');
});
