import type { Delivery } from '../../core/notification.ts';
import type {
  HttpAnswer,
  HttpRequest,
  HttpSender,
  Mail,
  MailSender,
  MailServer,
  NoAnswer,
} from '../../core/ports.ts';

/** What was to be sent, oldest first. */
export interface RecordedRequest {
  readonly request: HttpRequest;
  readonly outcome: HttpAnswer | NoAnswer;
}

export interface RecordedMail {
  readonly server: MailServer;
  readonly mail: Mail;
  readonly outcome: Delivery;
}

/** An answer, or a `NoAnswer` to reject with. */
export type AnswerHttp = (request: HttpRequest) => HttpAnswer | NoAnswer;
export type AnswerMail = (mail: Mail, server: MailServer) => Delivery;

/** Kept of each kind, at most; the oldest go first. `total` counts on. */
const recordsMax = 100_000;

export interface RecordOnly {
  readonly http: HttpSender;
  readonly mail: MailSender;
  readonly requests: readonly RecordedRequest[];
  readonly mails: readonly RecordedMail[];
  total(): { readonly requests: number; readonly mails: number };
}

/**
 * Senders that send nothing and keep all: for simulations, dry runs and replays.
 * They settle within one macrotask, so that a virtual clock never waits for them.
 */
export function recordOnly(
  answers: { readonly http?: AnswerHttp; readonly mail?: AnswerMail } = {},
): RecordOnly {
  const answerHttp = answers.http ?? (() => ({ status: 200, headers: {}, body: new Uint8Array() }));
  const answerMail = answers.mail ?? (() => ({ outcome: 'sent', receipt: 'recorded' }) as const);
  const requests: RecordedRequest[] = [];
  const mails: RecordedMail[] = [];
  const total = { requests: 0, mails: 0 };
  return {
    requests,
    mails,
    total: () => ({ ...total }),
    http: {
      async send(request) {
        const outcome = answerHttp(request);
        total.requests++;
        keep(requests, { request: { ...request, body: request.body.slice() }, outcome });
        if (outcome instanceof Error) throw outcome;
        return outcome;
      },
    },
    mail: {
      async send(server, mail) {
        const outcome = answerMail(mail, server);
        total.mails++;
        keep(mails, { server, mail, outcome });
        return outcome;
      },
    },
  };
}

function keep<T>(records: T[], record: T): void {
  records.push(record);
  if (records.length > recordsMax) records.shift();
}
