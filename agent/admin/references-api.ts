import type { Secret } from '../../core/secret.ts';
import type { Admission, Answer, RequestHead } from '../http.ts';
import type { Choice, DeskAnswer } from '../pipeline/reference-desk.ts';
import type { PortablePlace } from '../pipeline/reference-portable.ts';

const root = '/api/v1/references';
/** Bytes of an import: some 20,000 references. */
export const importBytesMax = 64 * 1_048_576;
const pinBytesMax = 65_536;
/** A token shorter than this could be guessed. */
export const tokenCharactersMin = 16;

/** What is asked of the references, and decided. */
export interface ReferenceService {
  list(): unknown;
  show(choice: Choice): DeskAnswer<unknown>;
  export(choice: Choice): Promise<DeskAnswer<string>>;
  importFile(text: string, place: PortablePlace, by: string): Promise<DeskAnswer<unknown>>;
  pin(choice: Choice, by: string): Promise<DeskAnswer<unknown>>;
}

export interface ReferencesApiOptions {
  readonly service: ReferenceService;
  /** Whoever changes something must send it; absent: nobody can. */
  readonly token: Secret | undefined;
  readonly sha256: (text: string) => string;
  /** A request for a change came without the right token. */
  readonly onRefused: () => void;
}

/** Routes below `/api/v1/references`; GET reads, POST changes. */
export interface ReferencesApi {
  owns(path: string): boolean;
  admit(head: RequestHead): Admission;
  handle(head: RequestHead, body: Uint8Array): Promise<Answer>;
}

const encoder = new TextEncoder();

export function createReferencesApi(options: ReferencesApiOptions): ReferencesApi {
  return {
    owns: (path) => path === root || path.startsWith(`${root}/`),
    admit: (head) => admit(head, options),
    handle: (head, body) => (head.method === 'POST' ? change(head, body, options) : read(head, options)),
  };
}

function admit(head: RequestHead, options: ReferencesApiOptions): Admission {
  const action = head.path.slice(root.length + 1);
  const isAction = action === 'pin' || action === 'import';
  const allowed = isAction ? ['POST'] : ['GET', 'HEAD'];
  if (!allowed.includes(head.method))
    return refusal(text(405, `only ${allowed.join(' and ')} here\n`, { allow: allowed.join(', ') }));
  if (!isAction) return { take: true, encoding: 'identity', bytesMax: 0 };
  const fault = tokenFault(head, options);
  if (fault !== undefined) {
    options.onRefused();
    return refusal(fault);
  }
  if (!(head.headers['content-type'] ?? '').startsWith('application/json'))
    return refusal(text(415, 'the body is JSON: send content-type: application/json\n'));
  return { take: true, encoding: 'identity', bytesMax: action === 'pin' ? pinBytesMax : importBytesMax };
}

/** Digests are compared, so that how long it takes tells nothing of the token. */
function tokenFault(head: RequestHead, { token, sha256 }: ReferencesApiOptions): Answer | undefined {
  if (token === undefined)
    return text(403, 'this agent takes no changes: give it admin.token_file, a file with a token\n');
  const [, sent = ''] = /^Bearer (.+)$/.exec(head.headers['authorization'] ?? '') ?? [];
  if (sent !== '' && sha256(sent) === sha256(token.reveal())) return undefined;
  return text(401, 'send the token of admin.token_file as "Authorization: Bearer …"\n', {
    'www-authenticate': 'Bearer',
  });
}

async function read(head: RequestHead, { service }: ReferencesApiOptions): Promise<Answer> {
  if (head.path === root) return json(200, service.list());
  const [name = '', what, ...rest] = head.path.slice(root.length + 1).split('/');
  if (rest.length > 0 || (what !== undefined && what !== 'export')) return text(404, 'not found\n');
  const choice = { reference: decoded(name), ...placeOf(head.query ?? '') };
  if (what === undefined) return answerOf(service.show(choice));
  const exported = await service.export(choice);
  return exported.ok ? raw(200, 'application/json', exported.value) : answerOf(exported);
}

async function change(
  head: RequestHead,
  body: Uint8Array,
  { service }: ReferencesApiOptions,
): Promise<Answer> {
  const content = new TextDecoder().decode(body);
  const place = placeOf(head.query ?? '');
  if (head.path === `${root}/import`)
    return answerOf(await service.importFile(content, place, place.by ?? ''));
  const asked = parse(content);
  if (asked === undefined) return text(400, 'expected {"reference": "<id or name>", "by": "<who>"}\n');
  return answerOf(await service.pin(asked, asked.by));
}

function parse(content: string): (Choice & { readonly by: string }) | undefined {
  try {
    const asked = JSON.parse(content) as Partial<Record<string, unknown>> | null;
    const reference = asked?.['reference'];
    if (typeof reference !== 'string' || reference === '') return undefined;
    return {
      reference,
      model: textOf(asked?.['model']),
      environment: textOf(asked?.['environment']),
      by: textOf(asked?.['by']) ?? '',
    };
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function placeOf(query: string) {
  const found = new URLSearchParams(query);
  const get = (key: string) => found.get(key) ?? undefined;
  return { model: get('model'), environment: get('environment'), name: get('name'), by: get('by') };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function answerOf(answer: DeskAnswer<unknown>): Answer {
  if (answer.ok) return json(200, answer.value);
  return json(answer.problem === 'unknown' ? 404 : 422, { error: answer.message });
}

function refusal(answer: Answer): Admission {
  return { take: false, answer };
}

function json(status: number, value: unknown): Answer {
  return raw(status, 'application/json', `${JSON.stringify(value)}\n`);
}

function text(status: number, content: string, headers: Readonly<Record<string, string>> = {}): Answer {
  const answer = raw(status, 'text/plain; charset=utf-8', content);
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

function raw(status: number, type: string, content: string): Answer {
  const headers = {
    'content-type': type,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  };
  return { status, headers, body: encoder.encode(content) };
}
