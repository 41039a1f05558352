import type { Config } from '../../config/config.ts';
import { type HttpSender, type MailSender, NoAnswer } from '../../core/ports.ts';
import { createHttpSender } from '../adapters/https-client.ts';
import { createMailSender } from '../adapters/nodemailer-mail.ts';

export interface Senders {
  readonly http: HttpSender;
  readonly mail: MailSender;
  close(): Promise<void>;
}

const notLoaded = 'no channel of this kind is configured';

/** Loads what the configured channels send with, and no more: an HTTP client and a mail library are 50 MB together. */
export async function createSenders(config: Config): Promise<Senders> {
  const types = config.alerting.channels.map((channel) => channel.type);
  const needsMail = types.includes('email');
  const needsHttp = config.rollback.targets.length > 0 || types.some((type) => type !== 'email');
  const http = needsHttp ? await createHttpSender() : undefined;
  return {
    http: http ?? { send: () => Promise.reject(new NoAnswer(notLoaded, { sent: false, permanent: true })) },
    mail: needsMail
      ? await createMailSender()
      : { send: () => Promise.resolve({ outcome: 'failed', failure: 'config', detail: notLoaded }) },
    close: async () => http?.close(),
  };
}
