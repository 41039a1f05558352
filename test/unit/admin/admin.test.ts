import { describe, expect, test } from 'vitest';
import { memoryMeter } from '../../../agent/adapters/memory-meter.ts';
import { type AdminOptions, createAdmin } from '../../../agent/admin/admin.ts';
import { isTrustedHost } from '../../../agent/admin/hosts.ts';
import type { Answer, HttpHandler, RequestHead } from '../../../agent/http.ts';

const meter = memoryMeter();
const options: AdminOptions = {
  renderMetrics: async (accept) => ({ contentType: `text/plain; for=${accept}`, text: 'kedge_ready 1\n' }),
  health: () => ({ uptimeSeconds: 5 }),
  ready: () => ({ ready: true, reasons: [] }),
  status: () => ({ models: [{ model: 'credit-risk' }] }),
  verdicts: () => [{ id: 'vrd_1' }],
  verdict: async (id) => (id === 'vrd_1' ? { format: 1, id } : undefined),
  allowedHosts: ['kedge.monitoring.svc'],
  meter,
};

const head = (path: string, changes: Partial<RequestHead> = {}): RequestHead => ({
  method: 'GET',
  path,
  headers: { host: '127.0.0.1:9464' },
  ...changes,
});

/** What a client gets, as the adapter serves it. */
async function ask(admin: HttpHandler, request: RequestHead): Promise<Answer & { text: string }> {
  const admission = admin.admit(request);
  const answer = admission.take ? await admin.handle(request, new Uint8Array()) : admission.answer;
  return { ...answer, text: new TextDecoder().decode(answer.body) };
}

test('/metrics is rendered for who asks', async () => {
  const request = head('/metrics', { headers: { accept: 'application/openmetrics-text' } });
  const answer = await ask(createAdmin(options), request);
  expect(answer).toMatchObject({ status: 200, text: 'kedge_ready 1\n' });
  expect(answer.headers['content-type']).toBe('text/plain; for=application/openmetrics-text');
});

test('/healthz is 200 whatever else is wrong', async () => {
  const admin = createAdmin({ ...options, ready: () => ({ ready: false, reasons: ['store'] }) });
  const answer = await ask(admin, head('/healthz'));
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text)).toEqual({ status: 'ok', uptimeSeconds: 5 });
});

test('/readyz says why not', async () => {
  const reasons = ['the store cannot be written'];
  const admin = createAdmin({ ...options, ready: () => ({ ready: false, reasons }) });
  const answer = await ask(admin, head('/readyz'));
  expect(answer.status).toBe(503);
  expect(JSON.parse(answer.text)).toEqual({ ready: false, reasons });
  expect((await ask(createAdmin(options), head('/readyz'))).status).toBe(200);
});

test('/api/v1/status is JSON, and / lists what there is', async () => {
  const admin = createAdmin(options);
  const status = await ask(admin, head('/api/v1/status'));
  expect(status.headers['content-type']).toBe('application/json');
  expect(JSON.parse(status.text)).toEqual({ models: [{ model: 'credit-risk' }] });
  const index = await ask(admin, head('/'));
  const paths = [...index.text.matchAll(/^\/\S+/gm)].map(([path]) => path);
  expect(paths).toEqual(['/metrics', '/healthz', '/readyz', '/api/v1/verdicts', '/api/v1/status']);
  for (const path of paths) expect((await ask(admin, head(path))).status).toBe(200);
});

test.each(['/', '/metrics', '/healthz', '/readyz', '/api/v1/status', '/nowhere'])(
  '%s is guarded by headers, and HEAD gets them without a body',
  async (path) => {
    const admin = createAdmin(options);
    const got = await ask(admin, head(path));
    expect(got.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'cache-control': 'no-store',
    });
    if (got.status !== 200) return;
    const headed = await ask(admin, head(path, { method: 'HEAD' }));
    expect(headed).toMatchObject({ status: 200, headers: got.headers, text: '' });
  },
);

test.each(['/nowhere', '/metrics/', '/api/v1', '/api/v1/status/x', '//metrics', '/%6detrics', ''])(
  'the path %j is not found',
  async (path) => {
    const answer = await ask(createAdmin(options), head(path));
    expect(answer.status).toBe(404);
  },
);

test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'get', 'TRACE'])('%s is not allowed', async (method) => {
  const answer = await ask(createAdmin(options), head('/metrics', { method }));
  expect(answer.status).toBe(405);
  expect(answer.headers['allow']).toBe('GET, HEAD');
});

test('a request with a body is refused', () => {
  const admin = createAdmin(options);
  expect(admin.admit(head('/metrics'))).toEqual({ take: true, encoding: 'identity', bytesMax: 0 });
  expect(admin.refuse(head('/metrics'), 'too_large').status).toBe(413);
});

test('a fault of ours is a 500 without detail, counted', async () => {
  const broken = () => {
    throw new Error('SELECT password FROM inside');
  };
  const admin = createAdmin({ ...options, status: broken, renderMetrics: async () => broken() });
  for (const path of ['/api/v1/status', '/metrics']) {
    const answer = await ask(admin, head(path));
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('password');
  }
  expect(meter.value('internal_errors', { stage: 'admin' })).toBe(2);
});

describe('the API', () => {
  test.each([
    'evil.example',
    'evil.example:9464',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'user@127.0.0.1',
    '127.0.0.1:9464:1',
    ' 127.0.0.1',
    '',
    undefined,
  ])('is not shown under the name %j', async (host) => {
    const admin = createAdmin(options);
    const answer = await ask(admin, head('/api/v1/status', { headers: { host } }));
    expect(answer.status).toBe(421);
    expect(answer.text).not.toContain('credit-risk');
    // Scrapers and probes come under any name, and what they see is no secret.
    expect((await ask(admin, head('/metrics', { headers: { host } }))).status).toBe(200);
  });

  test.each([
    'localhost',
    'LOCALHOST:9464',
    'kedge.localhost',
    '127.0.0.1',
    '10.1.2.3:9464',
    '[::1]:9464',
    'kedge.monitoring.svc:9464',
    'Kedge.Monitoring.svc.',
  ])('is shown under %j', (host) => {
    expect(isTrustedHost(host, ['kedge.monitoring.svc'])).toBe(true);
  });
});

test('kept verdicts are listed, and one is given whole', async () => {
  const admin = createAdmin(options);
  expect(JSON.parse((await ask(admin, head('/api/v1/verdicts'))).text)).toEqual({
    verdicts: [{ id: 'vrd_1' }],
  });
  expect(JSON.parse((await ask(admin, head('/api/v1/verdicts/vrd_1'))).text)).toEqual({
    format: 1,
    id: 'vrd_1',
  });
  const unknown = await ask(admin, head('/api/v1/verdicts/vrd_2'));
  expect(unknown.status).toBe(404);
  expect(unknown.text).toContain('/api/v1/verdicts lists');
  const foreign = { headers: { host: 'evil.example.com' } };
  expect((await ask(admin, head('/api/v1/verdicts/vrd_1', foreign))).status).toBe(421);
});
