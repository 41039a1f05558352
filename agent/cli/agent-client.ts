import { existsSync } from 'node:fs';
import { loadConfig } from '../../config/load.ts';
import { registries } from '../agent.ts';
import { readText } from './read-text.ts';

export interface ClientOptions {
  readonly config: string;
  readonly url?: string;
  readonly tokenFile?: string;
}

/** Why a command could not be done, in one sentence, and its exit code. */
export class ClientProblem extends Error {
  readonly code: 1 | 2;

  constructor(message: string, code: 1 | 2) {
    super(message);
    this.code = code;
  }
}

const root = '/api/v1/references';
const answerMs = 30_000;

/** Asks a running agent about its references over its admin port. */
export class AgentClient {
  readonly #url: string;
  readonly #tokenFile: string | undefined;

  /** Throws a ClientProblem where neither the configuration nor the options say where the agent is. */
  constructor(options: ClientOptions) {
    const admin = options.url === undefined || options.tokenFile === undefined ? adminOf(options) : undefined;
    const url = options.url ?? (admin && `http://${reachable(admin.host)}:${admin.port}`);
    if (url === undefined)
      throw new ClientProblem(`${options.config} cannot be read; name the agent with --config or --url`, 2);
    this.#url = url.replace(/\/+$/, '');
    this.#tokenFile = options.tokenFile ?? admin?.tokenFile;
  }

  async get(path: string, query: Readonly<Record<string, string>> = {}): Promise<unknown> {
    return JSON.parse(await this.text(path, query));
  }

  async text(path: string, query: Readonly<Record<string, string>> = {}): Promise<string> {
    return this.#ask(path, query, {});
  }

  /** With the token; the body is JSON. */
  async post(
    path: string,
    body: string,
    query: Readonly<Record<string, string>> = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    if (this.#tokenFile === undefined)
      throw new ClientProblem(
        'a change needs the token of admin.token_file: give --token-file or --config',
        2,
      );
    const token = readText(this.#tokenFile)?.trim();
    if (token === undefined) throw new ClientProblem(`the token file ${this.#tokenFile} cannot be read`, 2);
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    return JSON.parse(await this.#ask(path, query, { method: 'POST', headers, body })) as Record<
      string,
      unknown
    >;
  }

  async #ask(path: string, query: Readonly<Record<string, string>>, init: RequestInit): Promise<string> {
    const search = new URLSearchParams(query).toString();
    const url = `${this.#url}${root}${path}${search === '' ? '' : `?${search}`}`;
    const answer = await answerOf(url, { ...init, signal: AbortSignal.timeout(answerMs) }, this.#url);
    if (answer.status === 200) return answer.text;
    throw new ClientProblem(saidBy(answer), 1);
  }
}

async function answerOf(url: string, init: RequestInit, agent: string) {
  try {
    const answer = await fetch(url, init);
    return { status: answer.status, text: await answer.text() };
  } catch {
    const said = `no agent answers at ${agent}: it owns the store, so start it, or name another one with --url`;
    throw new ClientProblem(said, 1);
  }
}

function saidBy({ status, text }: { readonly status: number; readonly text: string }): string {
  try {
    const { error } = JSON.parse(text) as { readonly error?: unknown };
    if (typeof error === 'string') return error;
  } catch {
    // Refusals before the body is read are plain text.
  }
  return `the agent answered ${status}: ${text.trim().slice(0, 300)}`;
}

function adminOf({ config }: ClientOptions) {
  const text = readText(config);
  if (text === undefined) return undefined;
  const io = { env: process.env, readFile: readText, isReadable: existsSync };
  const loaded = loadConfig(text, config, registries, io);
  if (!loaded.ok)
    throw new ClientProblem(`${config} has faults: kedge check ${config} shows them; or give --url`, 2);
  return loaded.config.admin;
}

/** An agent that listens everywhere is asked on this machine. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
