import { expect, test } from 'vitest';
import { memoryMeter } from '../../../agent/adapters/memory-meter.ts';
import { nodeDigest } from '../../../agent/adapters/node-digest.ts';
import { createAdmin } from '../../../agent/admin/admin.ts';
import { createReferencesApi, type ReferenceService } from '../../../agent/admin/references-api.ts';
import type { HttpHandler, RequestHead } from '../../../agent/http.ts';
import { Secret } from '../../../core/secret.ts';

const token = 'a-token-of-24-characters';

/** Checks what it is asked, and remembers it. */
function desk() {
  const asked: unknown[] = [];
  const service: ReferenceService = {
    list: () => ({ references: [] }),
    show: (choice) => {
      asked.push(choice);
      return choice.reference === 'ref_1'
        ? { ok: true, value: { references: [{ id: 'ref_1' }] } }
        : { ok: false, problem: 'unknown', message: 'No reference has that name.' };
    },
    export: async (choice) => {
      asked.push(choice);
      return { ok: true, value: '{"schema":"x"}\n' };
    },
    importFile: async (text, place, by) => {
      asked.push({ text, place, by });
      return { ok: false, problem: 'refused', message: 'The file is refused.' };
    },
    pin: async (choice, by) => {
      asked.push({ ...choice, by });
      return { ok: true, value: { pinned: ['ref_1'] } };
    },
  };
  return { asked, service };
}

function admin(service: ReferenceService) {
  let refused = 0;
  const handler = createAdmin({
    renderMetrics: async () => ({ contentType: '', text: '' }),
    health: () => ({}),
    ready: () => ({ ready: true, reasons: [] }),
    status: () => ({}),
    verdicts: () => [],
    verdict: async () => undefined,
    allowedHosts: [],
    meter: memoryMeter(),
    references: createReferencesApi({
      service,
      token: new Secret(token),
      sha256: (text) => nodeDigest().sha256(text),
      onRefused: () => refused++,
    }),
  });
  return { handler, refused: () => refused };
}

async function ask(handler: HttpHandler, head: Partial<RequestHead> & { path: string }, body = '') {
  const whole = { method: 'GET', ...head, headers: { host: '127.0.0.1:9464', ...head.headers } };
  const admission = handler.admit(whole);
  const answer = admission.take
    ? await handler.handle(whole, new TextEncoder().encode(body))
    : admission.answer;
  return { status: answer.status, text: new TextDecoder().decode(answer.body), taken: admission.take };
}

const post = {
  method: 'POST',
  headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
};
const root = '/api/v1/references';

test('reading needs no token; a name may be narrowed to a model', async () => {
  const { asked, service } = desk();
  const { handler } = admin(service);
  expect(await ask(handler, { path: root })).toMatchObject({ status: 200, text: '{"references":[]}\n' });
  expect((await ask(handler, { path: `${root}/ref_1`, query: 'model=credit' })).status).toBe(200);
  expect((await ask(handler, { path: `${root}/my%20name/export` })).text).toBe('{"schema":"x"}\n');
  expect(asked).toMatchObject([{ reference: 'ref_1', model: 'credit' }, { reference: 'my name' }]);
  expect(await ask(handler, { path: `${root}/other` })).toMatchObject({
    status: 404,
    text: '{"error":"No reference has that name."}\n',
  });
  expect((await ask(handler, { path: `${root}/a/b/c` })).status).toBe(404);
});

test('a change needs the token, before a byte of its body is taken', async () => {
  const { asked, service } = desk();
  const { handler, refused } = admin(service);
  const body = '{"reference":"ref_1","by":"ada"}';
  for (const authorization of [undefined, 'Bearer wrong', `Basic ${token}`, 'Bearer ']) {
    const head = { ...post, path: `${root}/pin`, headers: { ...post.headers, authorization } };
    expect(await ask(handler, head, body)).toMatchObject({ status: 401, taken: false });
  }
  expect(refused()).toBe(4);
  expect(asked).toEqual([]);
  expect((await ask(handler, { ...post, path: `${root}/pin` }, body)).status).toBe(200);
  expect(asked).toMatchObject([{ reference: 'ref_1', by: 'ada' }]);
});

test('without a token configured nothing can be changed, and the answer says what to do', () => {
  const { asked, service } = desk();
  const none = createReferencesApi({
    service,
    token: undefined,
    sha256: (text) => text,
    onRefused: () => undefined,
  });
  const admission = none.admit({ ...post, path: `${root}/pin`, headers: { ...post.headers } });
  expect(admission.take ? '' : new TextDecoder().decode(admission.answer.body)).toContain('admin.token_file');
  expect(admission.take ? 0 : admission.answer.status).toBe(403);
  expect(asked).toEqual([]);
  expect(none.admit({ method: 'GET', path: root, headers: {} }).take).toBe(true);
});

test('what is no request of ours is refused: methods, bodies, hosts', async () => {
  const { service } = desk();
  const { handler } = admin(service);
  expect((await ask(handler, { ...post, path: root })).status).toBe(405);
  expect((await ask(handler, { path: `${root}/pin` })).status).toBe(405);
  expect((await ask(handler, { ...post, path: `${root}/pin` }, 'no json')).status).toBe(400);
  const form = { ...post, headers: { ...post.headers, 'content-type': 'text/plain' } };
  expect((await ask(handler, { ...form, path: `${root}/pin` })).status).toBe(415);
  const foreign = { ...post, headers: { ...post.headers, host: 'evil.example' } };
  expect((await ask(handler, { ...foreign, path: `${root}/pin` })).status).toBe(421);
  expect(await ask(handler, { ...post, path: `${root}/import`, query: 'by=ada&name=n' }, '{}')).toMatchObject(
    {
      status: 422,
      text: '{"error":"The file is refused."}\n',
    },
  );
});
