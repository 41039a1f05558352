import type { Meter } from '../../core/ports.ts';
import type { Admission, Answer, HttpHandler, RequestHead } from '../http.ts';
import { isTrustedHost } from './hosts.ts';
import type { ReferencesApi } from './references-api.ts';

export interface AdminOptions {
  renderMetrics(accept: string): Promise<{ readonly contentType: string; readonly text: string }>;
  /** Shown on /healthz. Must know nothing of store, channels or configuration: who answers, lives. */
  health(): Readonly<Record<string, unknown>>;
  ready(): { readonly ready: boolean; readonly reasons: readonly string[] };
  /** Plain JSON without secrets. */
  status(): unknown;
  /** Verdicts kept to be repeated. */
  verdicts(): unknown;
  /** One of them, whole; undefined where it is not kept. */
  verdict(id: string): Promise<unknown>;
  /** Names under which the API may be asked, besides loopback names and addresses. */
  readonly allowedHosts: readonly string[];
  readonly meter: Meter;
  /** Absent: there is nothing below `/api/v1/references`. */
  readonly references?: ReferencesApi;
}

type Route = (head: RequestHead) => Answer | Promise<Answer>;

const encoder = new TextEncoder();

/** For a page that only reads: nothing is guessed, loaded, framed or kept. */
const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

const index = `Kedge
/metrics          metrics of the agent, for Prometheus
/healthz          200 while the process answers
/readyz           200 when it takes telemetry and can store decisions, else 503 with the reasons
/api/v1/verdicts  verdicts that are kept, newest first; /api/v1/verdicts/ID has one with what it was made from
/api/v1/status    models, references, alerts and limits, as JSON
`;

const referencesIndex = `/api/v1/references  every reference, as JSON; one with its checks below its id
`;

/** What the agent shows of itself over HTTP. Only references can be changed here, with a token. */
export function createAdmin(options: AdminOptions): HttpHandler {
  const routes: ReadonlyMap<string, Route> = new Map<string, Route>([
    ['/', () => textAnswer(200, options.references === undefined ? index : index + referencesIndex)],
    ['/metrics', (head) => answerMetrics(options, head)],
    ['/healthz', () => jsonAnswer(200, { status: 'ok', ...options.health() })],
    ['/readyz', () => answerReady(options)],
    ['/api/v1/status', () => jsonAnswer(200, options.status())],
    ['/api/v1/verdicts', () => jsonAnswer(200, { verdicts: options.verdicts() })],
    [verdictPath, (head) => answerVerdict(options, head)],
  ]);
  return {
    admit: (head) => admit(head, routes, options),
    handle: async (head, body) => {
      const { references } = options;
      const route = references?.owns(head.path)
        ? () => references.handle(head, body)
        : routes.get(routeOf(head.path));
      const answer = await answerSafely(route, head, options.meter);
      return head.method === 'HEAD' ? { ...answer, body: new Uint8Array() } : answer;
    },
    refuse: () => textAnswer(413, 'the body is too large, or was cut\n'),
  };
}

function admit(
  head: RequestHead,
  routes: ReadonlyMap<string, Route>,
  { allowedHosts, references }: AdminOptions,
): Admission {
  const isReferences = references?.owns(head.path) ?? false;
  if (!routes.has(routeOf(head.path)) && !isReferences) return refusal(textAnswer(404, 'not found; see /\n'));
  if (!isReferences && head.method !== 'GET' && head.method !== 'HEAD') {
    return refusal(textAnswer(405, 'only GET and HEAD\n', { allow: 'GET, HEAD' }));
  }
  if (head.path.startsWith('/api/') && !isTrustedHost(head.headers['host'], allowedHosts)) {
    return refusal(
      textAnswer(
        421,
        'this name is not known here: use the address, or add the name to admin.allowed_hosts\n',
      ),
    );
  }
  return references?.owns(head.path)
    ? references.admit(head)
    : { take: true, encoding: 'identity', bytesMax: 0 };
}

/** Of all paths below it. */
const verdictPath = '/api/v1/verdicts/';

function routeOf(path: string): string {
  return path.startsWith(verdictPath) ? verdictPath : path;
}

async function answerVerdict(options: AdminOptions, head: RequestHead): Promise<Answer> {
  const record = await options.verdict(head.path.slice(verdictPath.length));
  if (record !== undefined) return jsonAnswer(200, record);
  return textAnswer(404, 'no verdict of this id is kept; /api/v1/verdicts lists those that are\n');
}

function refusal(answer: Answer): Admission {
  return { take: false, answer };
}

/** Own faults end as a 500 that says nothing of the inside; they are counted, and the process goes on. */
async function answerSafely(route: Route | undefined, head: RequestHead, meter: Meter): Promise<Answer> {
  try {
    return route === undefined ? textAnswer(404, 'not found; see /\n') : await route(head);
  } catch {
    meter.add('internal_errors', 1, { stage: 'admin' });
    return textAnswer(500, 'internal error, counted as kedge_internal_errors_total{stage="admin"}\n');
  }
}

async function answerMetrics(options: AdminOptions, head: RequestHead): Promise<Answer> {
  const { contentType, text } = await options.renderMetrics(head.headers['accept'] ?? '');
  return answer(200, contentType, text);
}

function answerReady(options: AdminOptions): Answer {
  const { ready, reasons } = options.ready();
  return jsonAnswer(ready ? 200 : 503, { ready, reasons });
}

function jsonAnswer(status: number, value: unknown): Answer {
  return answer(status, 'application/json', `${JSON.stringify(value)}\n`);
}

function textAnswer(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return answer(status, 'text/plain; charset=utf-8', text, headers);
}

function answer(
  status: number,
  contentType: string,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return {
    status,
    headers: { 'content-type': contentType, ...securityHeaders, ...headers },
    body: encoder.encode(text),
  };
}
