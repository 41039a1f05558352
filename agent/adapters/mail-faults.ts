import type { Delivery, Failure } from '../../core/notification.ts';
import type { MailServer } from '../../core/ports.ts';
import { describeTlsFault } from './tls-faults.ts';

/** How far a session came. From `data` on the server may have the message. */
export type MailStage = 'connect' | 'login' | 'envelope' | 'data';

/** What nodemailer tells of a failure, as far as it is used. */
export interface MailError {
  readonly message: string;
  readonly code?: string | undefined;
  readonly command?: string | undefined;
  readonly responseCode?: number | undefined;
}

type Failed = Extract<Delivery, { outcome: 'failed' }>;

const detailLengthMax = 1_000;
/** Greylisting servers (450, 451) want to be asked again later, and count an early try against the sender. */
const greylistMs = 60_000;

export function failed(failure: Failure, detail: string, retryAfterMs?: number): Failed {
  const cleaned = detail.replace(/\p{Cc}+/gu, ' ').slice(0, detailLengthMax);
  return {
    outcome: 'failed',
    failure,
    detail: cleaned,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** The class of a failed try, by the server's reply and how far the session came. */
export function judgeMailError(error: MailError, stage: MailStage, server: MailServer): Failed {
  const { responseCode, command = '' } = error;
  if (stage !== 'data') {
    const tls = judgeTls(error, server);
    if (tls !== undefined) return tls;
  }
  if (responseCode !== undefined && responseCode >= 400) {
    return judgeReply(responseCode, command, stage, error.message);
  }
  if (stage === 'data') {
    return failed('ambiguous', `no answer after the message was sent: ${error.message}`);
  }
  if (command === 'API') return judgeRefusal(error);
  if (error.code === 'EMESSAGE') return failed('payload', error.message);
  return failed('transient', `${placeOf(server)}: ${error.message}${modeHint(server)}`);
}

/** No answer within the time of a try. */
export function judgeDeadline(stage: MailStage, deadlineMs: number, server: MailServer): Failed {
  if (stage === 'data')
    return failed('ambiguous', `no answer within ${deadlineMs} ms after the message was sent`);
  const doing = { connect: 'connecting', login: 'logging in', envelope: 'naming sender and recipient' }[
    stage
  ];
  return failed(
    'transient',
    `${placeOf(server)}: no answer within ${deadlineMs} ms while ${doing}${modeHint(server)}`,
  );
}

function judgeReply(code: number, command: string, stage: MailStage, message: string): Failed {
  if (code < 500) return failed('transient', message, code === 450 || code === 451 ? greylistMs : undefined);
  // 530 and 535 are about who we are, wherever they come.
  if (code === 530 || code === 535) return failed('config', `${message} (check user and password)`);
  if (stage === 'data' || command === 'DATA') return failed('payload', message);
  if (command === 'RCPT TO') return failed('recipient', message);
  if (command === 'MAIL FROM')
    return failed('config', `${message} (the server refuses the sender: check from)`);
  return failed('config', message);
}

function judgeTls(error: MailError, server: MailServer): Failed | undefined {
  if (error.command === 'STARTTLS' && error.responseCode !== undefined) {
    if (error.responseCode < 500) return failed('transient', `starttls refused for now: ${error.message}`);
    return failed(
      'config',
      `starttls_missing: ${placeOf(server)} offers no STARTTLS, and nothing was sent: ` +
        'use a port that has it, or tls: implicit',
    );
  }
  if (error.message.includes('does not support required STARTTLS')) {
    return failed('config', `starttls_missing: ${placeOf(server)}: ${error.message}`);
  }
  const fault = describeTlsFault(error instanceof Error ? error : new Error(error.message));
  if (fault !== undefined) return failed('config', `${placeOf(server)}: ${fault}${modeHint(server)}`);
  if (error.code !== 'ETLS') return undefined;
  // A handshake that was cut: nobody can say whose fault it is.
  return failed('transient', `${placeOf(server)}: ${error.message}${modeHint(server)}`);
}

/** What nodemailer refused before it sent anything. */
function judgeRefusal(error: MailError): Failed {
  if (error.message.includes('Invalid recipient')) return failed('recipient', error.message);
  if (error.code === 'EAUTH' || error.code === 'EENVELOPE') return failed('config', error.message);
  return failed('payload', error.message);
}

function placeOf({ host, port }: MailServer): string {
  return `${host}:${port}`;
}

/** The usual confusion: one side waits for TLS to begin, the other for a greeting in plain text. */
function modeHint({ port, tls }: MailServer): string {
  if (port === 465 && tls !== 'implicit') return ' (port 465 usually wants tls: implicit)';
  if (port !== 465 && tls === 'implicit') {
    return ' (tls: implicit is usual on port 465 only; 587 and 25 want starttls_required)';
  }
  return '';
}
