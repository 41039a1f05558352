import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type MailComposer from 'nodemailer/lib/mail-composer';
import type SmtpConnection from 'nodemailer/lib/smtp-connection';
import type { Delivery } from '../../core/notification.ts';
import type { Mail, MailSender, MailServer } from '../../core/ports.ts';
import { failed, judgeDeadline, judgeMailError, type MailError, type MailStage } from './mail-faults.ts';

const connectTimeoutMs = 5_000;
const greetingTimeoutMs = 10_000;
const silenceTimeoutMs = 30_000;
/** How long a server may take to answer QUIT; the message is accepted by then. */
const quitMs = 2_000;
const receiptLengthMax = 200;

type Address = Readonly<Record<'name' | 'address', string>>;

interface Library {
  readonly MailComposer: typeof MailComposer;
  readonly SmtpConnection: typeof SmtpConnection;
}

/**
 * SMTP by nodemailer, one session per try: its own pool would retry, and retrying is the outbox's. The
 * session is driven by its steps, as the step that failed decides what a failure means.
 */
export async function createMailSender(): Promise<MailSender> {
  const [composer, connection] = await Promise.all([
    import('nodemailer/lib/mail-composer'),
    import('nodemailer/lib/smtp-connection'),
  ]);
  const library = { MailComposer: composer.default, SmtpConnection: connection.default };
  return {
    async send(server, mail, deadlineMs) {
      try {
        return await sendOnce(library, server, mail, deadlineMs);
      } catch (error) {
        return failed('payload', `the message cannot be made: ${(error as Error).message}`);
      }
    },
  };
}

async function sendOnce(
  library: Library,
  server: MailServer,
  mail: Mail,
  deadlineMs: number,
): Promise<Delivery> {
  const refusal = refuse(server, mail);
  if (refusal !== undefined) return refusal;
  let ca: Buffer | undefined;
  try {
    // Read for every try, so that a replaced file counts without a restart.
    if (server.caFile !== undefined) ca = await readFile(server.caFile);
  } catch (error) {
    return failed('config', `ca_file cannot be read: ${(error as Error).message}`);
  }
  const message = await compose(library, mail);
  return runSession(
    new library.SmtpConnection(connectionOptions(server, ca)),
    server,
    mail,
    message,
    deadlineMs,
  );
}

/** What is wrong before a connection is made. A line break in an address would be a command of its own. */
function refuse(server: MailServer, mail: Mail): Delivery | undefined {
  if (server.user !== undefined && server.tls === 'none') {
    return failed('config', 'a password is never sent without TLS: set tls, or take user and password away');
  }
  if (server.user !== undefined && server.password === undefined) {
    return failed('config', 'user is set, but the password is missing');
  }
  if (parseAddress(mail.from) === undefined) return failed('config', 'from is not a mail address');
  if (parseAddress(mail.recipient) === undefined)
    return failed('recipient', 'the recipient is not a mail address');
  if (mail.to.some((one) => parseAddress(one) === undefined)) {
    return failed('config', 'to holds something that is not a mail address');
  }
  return undefined;
}

/** `name@host` or `Some Name <name@host>`; never a list, never a control character. */
function parseAddress(text: string): Address | undefined {
  if (/\p{Cc}/u.test(text)) return undefined;
  const [, name = '', angle] = /^([^<>]*)<([^<>]+)>$/.exec(text.trim()) ?? [];
  const address = (angle ?? text).trim();
  if (!/^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()\\]+$/u.test(address) || address.length > 254) return undefined;
  return { name: name.trim().replace(/^"(.*)"$/, '$1'), address };
}

function connectionOptions(server: MailServer, ca: Buffer | undefined): SmtpConnection.Options {
  return {
    host: server.host,
    port: server.port,
    secure: server.tls === 'implicit',
    requireTLS: server.tls === 'starttls_required',
    ignoreTLS: server.tls === 'none',
    connectionTimeout: connectTimeoutMs,
    greetingTimeout: greetingTimeoutMs,
    socketTimeout: silenceTimeoutMs,
    dnsTimeout: connectTimeoutMs,
    socketCloseTimeout: 0,
    maxResponseSize: 64 * 1024,
    logger: false,
    tls: {
      minVersion: 'TLSv1.2',
      ...(server.serverName === undefined ? {} : { servername: server.serverName }),
      ...(ca === undefined ? {} : { ca }),
    },
  };
}

/** Addresses go in as objects: nodemailer would parse a string, and a crafted one into other recipients. */
function compose({ MailComposer }: Library, mail: Mail): Promise<Buffer> {
  const oneLine = (text: string) => text.replace(/\p{Cc}+/gu, ' ');
  const headers = Object.entries(mail.headers).map(([key, value]) => ({
    key: oneLine(key),
    value: oneLine(value),
  }));
  const references = oneLine(mail.references);
  const composer = new MailComposer({
    from: parseAddress(mail.from),
    to: mail.to.map(parseAddress).filter((one) => one !== undefined),
    subject: oneLine(mail.subject),
    messageId: oneLine(mail.messageId),
    ...(references === '' ? {} : { references, inReplyTo: references }),
    headers,
    text: mail.text,
    html: mail.html,
    newline: 'win',
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return composer.compile().build();
}

function runSession(
  connection: SmtpConnection,
  server: MailServer,
  mail: Mail,
  message: Buffer,
  deadlineMs: number,
): Promise<Delivery> {
  return new Promise((resolve) => {
    let stage: MailStage = 'connect';
    let over = false;
    const end = (delivery: Delivery) => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      if (delivery.outcome === 'sent') quit(connection);
      else connection.close();
      resolve(delivery);
    };
    const fail = (error: MailError) => end(judgeMailError(error, stage, server));
    const timer = setTimeout(() => end(judgeDeadline(stage, deadlineMs, server)), deadlineMs);
    // Stays on until the socket is gone: an error without a listener would end the process.
    connection.on('error', fail);

    const deliver = () => {
      stage = 'envelope';
      const markData = () => {
        stage = 'data';
      };
      const envelope = { from: addressOf(mail.from), to: [addressOf(mail.recipient)] };
      connection.send(envelope, watchStart(message, markData), (error, info) => {
        if (error !== null) fail(error);
        else if (info.rejected.length > 0) end(failed('recipient', `refused: ${info.response}`));
        else end({ outcome: 'sent', receipt: info.response.slice(0, receiptLengthMax) });
      });
    };
    connection.connect((error) => {
      if (error !== undefined) return fail(error);
      if (server.user === undefined) return deliver();
      stage = 'login';
      const pass = server.password?.reveal();
      return connection.login({ user: server.user, pass }, (refusal) =>
        refusal === null ? deliver() : fail(refusal),
      );
    });
  });
}

function addressOf(text: string): string {
  return parseAddress(text)?.address ?? '';
}

/**
 * The message as a stream that is read only after the server said 354: the moment from which it may have it.
 */
function watchStart(message: Buffer, onStart: () => void): Readable {
  function* read() {
    onStart();
    yield message;
  }
  return Readable.from(read(), { objectMode: false });
}

function quit(connection: SmtpConnection): void {
  setTimeout(() => connection.close(), quitMs).unref();
  connection.quit();
}
