import { z } from 'zod';
import type { NotificationKind } from '../../core/notification.ts';
import type { MailServer } from '../../core/ports.ts';
import { defineChannel, type Envelope } from '../channel.ts';
import { renderMail } from '../mail-body.ts';
import { addressOption, hasControl, secretOption } from '../options.ts';
import { cleanText } from '../render.ts';

const recipientsMax = 50;
const deadlineMs = 30_000;
const loopbackHost = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i;
const plainText = (text: string) => !hasControl(text);

const smtp = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .max(255)
      .refine(plainText, 'expected a host name')
      .describe('Name or address of the server.'),
    port: z
      .int()
      .min(1)
      .max(65_535)
      .default(587)
      .describe('587 is usual with starttls_required, 465 with implicit.'),
    tls: z
      .enum(['starttls_required', 'implicit', 'none'])
      .default('starttls_required')
      .describe('How the connection is encrypted. `none` only to a server on this machine.'),
    user: z
      .string()
      .min(1)
      .max(255)
      .refine(plainText, 'expected a user name')
      .optional()
      .describe('Without it, no login.'),
    password: secretOption('Password of the user.').optional(),
    ca_file: z
      .string()
      .min(1)
      .max(4_096)
      .optional()
      .describe('Authorities that the server is trusted by, in PEM.'),
    server_name: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe('Name on the certificate, where it is not `host`.'),
  })
  .refine(({ tls, host }) => tls !== 'none' || loopbackHost.test(host), {
    path: ['tls'],
    message:
      'expected starttls_required or implicit: without TLS, mail goes only to a server on this machine',
  })
  .refine(({ user, password }) => user === undefined || password !== undefined, {
    path: ['password'],
    message: 'expected a password for the user: password_file: PATH',
  })
  .refine(({ user, tls }) => user === undefined || tls !== 'none', {
    path: ['user'],
    message: 'expected no user: a password is never sent without TLS',
  });

const options = z.strictObject({
  smtp: smtp.describe('The server that takes the mail.'),
  from: addressOption('Address of the sender.'),
  to: z
    .array(addressOption('An address.'))
    .min(1)
    .max(recipientsMax)
    .refine((to) => new Set(to).size === to.length, 'expected each address once')
    .describe('Who gets the mail. Each is tried on its own; all are shown.'),
});
type Options = z.infer<typeof options>;

export const email = defineChannel<Options>({
  type: 'email',
  title: 'E-mail',
  stability: 'beta',
  description:
    'Mail by SMTP: text that is complete by itself, and HTML. All mails of an incident are one thread. Not for paging: mail may be late, and nobody is woken by it.',
  options,
  // A mail server that is slow to greet would keep as many sessions busy.
  concurrencyMax: 1,
  recipients: ({ to }) => to,
  render: (view) => JSON.stringify(renderMail(view)),
  async send(payload, envelope, { smtp, from, to }, ports) {
    const { subject, text, html } = readPayload(payload);
    const thread = threadOf(envelope);
    return ports.mail.send(
      serverOf(smtp),
      {
        messageId: `<${thread}.${envelope.seq}.${envelope.kind}@kedge>`,
        from,
        recipient: envelope.recipient ?? to[0] ?? '',
        to,
        subject,
        text,
        html,
        headers: headersOf(envelope),
        // No mail has this id: every message of the incident answers the same virtual root, whatever order they come in.
        references: `<${thread}@kedge>`,
      },
      deadlineMs,
    );
  },
  examples: [
    {
      smtp: { host: 'smtp.example.com', user: 'kedge', password: 'not-a-real-password' },
      from: 'kedge@example.com',
      to: ['ml-team@example.com', 'on-call@example.com'],
    },
    {
      smtp: { host: '127.0.0.1', port: 1025, tls: 'none' },
      from: 'kedge@example.com',
      to: ['you@example.com'],
    },
  ],
});

function serverOf(smtp: Options['smtp']): MailServer {
  const { host, port, tls, user, password, ca_file: caFile, server_name: serverName } = smtp;
  return {
    host,
    port,
    tls,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(caFile === undefined ? {} : { caFile }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

interface MailText {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** A payload is what `render` made, or a plain body without HTML, or whatever else: then that is the text. */
function readPayload(payload: string): MailText {
  const read = parseObject(payload);
  const textOf = (value: unknown, otherwise: string) => (typeof value === 'string' ? value : otherwise);
  return {
    subject: cleanText(textOf(read['subject'], '[KEDGE] message')),
    text: textOf(read['text'], payload),
    html: textOf(read['html'], ''),
  };
}

function parseObject(payload: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(payload);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** `inc-01JD8Z…`, fit for a message id whatever the incident is called. */
function threadOf({ incident }: Envelope): string {
  return incident.replace(/[^A-Za-z0-9]+/g, '-').slice(0, 100);
}

function headersOf({ id, incident, kind, severity }: Envelope) {
  const isUrgent = kind === 'firing' && (severity === 'critical' || severity === 'major');
  return {
    'Auto-Submitted': 'auto-generated',
    'X-Auto-Response-Suppress': 'All',
    Precedence: 'bulk',
    'List-Id': 'Kedge alerts <alerts.kedge>',
    'X-Kedge-Id': cleanText(id),
    'X-Kedge-Incident': cleanText(incident),
    'X-Kedge-Status': statusOf(kind),
    'X-Kedge-Severity': severity,
    ...(isUrgent ? { Importance: 'High' } : {}),
  };
}

function statusOf(kind: NotificationKind): string {
  return kind === 'fired_and_resolved' ? 'resolved' : kind;
}
