import { expect, test } from 'vitest';
import { recordOnly } from '../../../agent/adapters/record-only.ts';
import { type HttpRequest, type Mail, type MailServer, NoAnswer } from '../../../core/ports.ts';

const request: HttpRequest = {
  method: 'POST',
  url: 'http://hooks.example/',
  headers: {},
  body: new TextEncoder().encode('body'),
  deadlineMs: 1_000,
  answerBytesMax: 1_000,
};
const server: MailServer = { host: 'mail.example', port: 25, tls: 'none' };
const mail: Mail = {
  messageId: '<1@kedge>',
  from: 'a@example.com',
  recipient: 'b@example.com',
  to: ['b@example.com'],
  subject: 's',
  text: 't',
  html: 'h',
  headers: {},
  references: '',
};

test('nothing is sent, all is kept, and everything succeeds unless told otherwise', async () => {
  const world = recordOnly();
  expect((await world.http.send(request)).status).toBe(200);
  expect(await world.mail.send(server, mail, 1_000)).toMatchObject({ outcome: 'sent' });
  expect(world.requests.map((one) => one.request.url)).toEqual([request.url]);
  expect(world.mails.map((one) => one.mail.recipient)).toEqual(['b@example.com']);
  request.body.fill(0);
  expect(new TextDecoder().decode(world.requests[0]?.request.body)).toBe('body');
});

test('answers are programmable, failures too, and are kept with what they answered', async () => {
  let calls = 0;
  const world = recordOnly({
    http: () =>
      ++calls === 1
        ? new NoAnswer('lost', { sent: true, permanent: false })
        : { status: 503, headers: { 'retry-after': '1' }, body: new Uint8Array() },
    mail: ({ recipient }) => ({ outcome: 'failed', failure: 'recipient', detail: recipient }),
  });
  await expect(world.http.send(request)).rejects.toThrow(NoAnswer);
  expect((await world.http.send(request)).status).toBe(503);
  expect(await world.mail.send(server, mail, 1_000)).toMatchObject({ detail: 'b@example.com' });
  expect(world.requests.map(({ outcome }) => (outcome instanceof Error ? 'lost' : outcome.status))).toEqual([
    'lost',
    503,
  ]);
});

test('what is kept is bounded, what is counted is not', async () => {
  const world = recordOnly();
  for (let i = 0; i < 100_010; i++) await world.mail.send(server, mail, 1_000);
  expect(world.mails.length).toBe(100_000);
  expect(world.total().mails).toBe(100_010);
});
