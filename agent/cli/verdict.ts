import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import type { Registries } from '../../config/schema.ts';
import { decodeJson } from '../../core/json.ts';
import { nodeDigest } from '../adapters/node-digest.ts';
import { readSqliteRecords } from '../adapters/sqlite-reader.ts';
import { registries } from '../agent.ts';
import { type KeptVerdict, summaryOf, verdictPrefix } from '../pipeline/verdict-book.ts';
import { repeatRecord, type VerdictRecord } from '../pipeline/verdict-record.ts';
import { readText } from './read-text.ts';
import { listLine, showText } from './verdict-text.ts';

export interface VerdictArgs {
  readonly config: string;
  /** Admin address of a running agent. */
  readonly url?: string | undefined;
  readonly json?: boolean | undefined;
  readonly model?: string | undefined;
  readonly signal?: string | undefined;
  readonly status?: string | undefined;
}

const askMs = 5_000;
const answerBytesMax = 64 * 1024 * 1024;

/** Where kept verdicts are read: a running agent, or the store of one that does not run. */
interface Source {
  list(): Promise<readonly KeptVerdict[]>;
  /** Undefined: not kept. */
  read(id: string): Promise<unknown>;
}

/** A question that could not be asked; its message says what to do. */
class NotAsked extends Error {}

/** `kedge verdict list`. The exit code: 0, or 2 where nobody could be asked. */
export async function listVerdicts(args: VerdictArgs, write: (text: string) => void): Promise<number> {
  return asked(write, async () => {
    const all = await (await sourceOf(args)).list();
    const wanted = all.filter(
      (one) =>
        (args.model === undefined || one.model === args.model) &&
        (args.signal === undefined || one.signal === args.signal) &&
        (args.status === undefined || one.status === args.status),
    );
    if (args.json) write(JSON.stringify(wanted, null, 2));
    else if (wanted.length === 0) write('no verdict is kept (of this kind)');
    else for (const one of wanted) write(listLine(one));
    return 0;
  });
}

/** `kedge verdict show ID`: prints and repeats it. The exit code: 0; 1 where it does not repeat; 2 where it is not there. */
export async function showVerdict(
  id: string,
  args: VerdictArgs,
  write: (text: string) => void,
): Promise<number> {
  return asked(write, async () => {
    const found = await (await sourceOf(args)).read(id);
    if (found === undefined)
      throw new NotAsked(`no verdict ${id} is kept; \`kedge verdict list\` shows those that are`);
    const detectors = new Map(registries.detectors.map((detector) => [detector.type, detector]));
    const digest = nodeDigest();
    const repeated = repeatRecord(found, detectors, (text) => digest.sha256(text));
    const isReadable = repeated.outcome !== 'refused' || isShowable(found);
    if (args.json) write(JSON.stringify({ record: found, repeated }, null, 2));
    else if (isReadable) write(showText(found as VerdictRecord, repeated));
    else write(`${id}: ${repeated.outcome === 'refused' ? repeated.reason : ''}`);
    return repeated.outcome === 'equal' || isHonestlyBare(found, repeated.outcome) ? 0 : 1;
  });
}

/** An inconclusive verdict has nothing to repeat: that is no fault. */
function isHonestlyBare(found: unknown, outcome: string): boolean {
  const record = found as Partial<VerdictRecord>;
  const reason = repeatRecord(found, new Map(), (text) => nodeDigest().sha256(text));
  return (
    outcome === 'refused' &&
    record.replay === null &&
    'reason' in reason &&
    reason.reason === record.notRepeatable
  );
}

function isShowable(found: unknown): boolean {
  try {
    summaryOf(found as VerdictRecord);
    return true;
  } catch {
    return false;
  }
}

async function asked(write: (text: string) => void, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (fault) {
    write(`kedge: ${fault instanceof Error ? fault.message : 'unknown fault'}`);
    return 2;
  }
}

/** A running agent keeps its store to itself, so it is asked first; where none answers its store is read. */
async function sourceOf(args: VerdictArgs): Promise<Source> {
  if (args.url !== undefined) return agentSource(args.url);
  const config = readConfig(args.config, registries);
  const file = join(config.dataDir, 'kedge.db');
  if (config.admin.port !== 0) {
    const source = agentSource(adminUrl(config));
    if (await source.isThere()) return source;
  }
  if (!existsSync(file))
    throw new NotAsked(
      `no agent answers at ${adminUrl(config)}, and there is no store ${file}: use --url or --config`,
    );
  return storeSource(file);
}

function readConfig(file: string, plugins: Registries): Config {
  const text = readText(file);
  if (text === undefined)
    throw new NotAsked(
      `cannot read ${file}; name the configuration with --config, or a running agent with --url`,
    );
  const io = { env: process.env, readFile: readText, isReadable: existsSync };
  const loaded = loadConfig(text, file, plugins, io);
  if (!loaded.ok)
    throw new NotAsked(`${file} has faults (see \`kedge check\`); name a running agent with --url instead`);
  return loaded.config;
}

/** An agent that listens on every address is asked on this machine's own. */
function adminUrl({ admin }: Config): string {
  const host = admin.host === '0.0.0.0' || admin.host === '::' ? '127.0.0.1' : admin.host;
  return `http://${host.includes(':') ? `[${host}]` : host}:${admin.port}`;
}

function agentSource(base: string): Source & { isThere(): Promise<boolean> } {
  const ask = async (path: string): Promise<unknown> => {
    const answer = await fetchFrom(base, path);
    if (answer.status === 404) return undefined;
    if (!answer.ok)
      throw new NotAsked(`${base}${path} answered ${answer.status}: ${(await answer.text()).slice(0, 300)}`);
    const text = await answer.text();
    if (text.length > answerBytesMax) throw new NotAsked(`${base}${path} answered more than can be read`);
    return JSON.parse(text);
  };
  return {
    isThere: async () => (await fetchFrom(base, '/healthz').catch(() => undefined))?.ok === true,
    list: async () =>
      ((await ask('/api/v1/verdicts')) as { verdicts?: KeptVerdict[] } | undefined)?.verdicts ?? [],
    read: (id) => ask(`/api/v1/verdicts/${encodeURIComponent(id)}`),
  };
}

async function fetchFrom(base: string, path: string): Promise<Response> {
  try {
    return await fetch(new URL(path, base), { signal: AbortSignal.timeout(askMs), redirect: 'error' });
  } catch (fault) {
    throw new NotAsked(`${base} does not answer: give the admin address of a running agent`, {
      cause: fault,
    });
  }
}

function storeSource(file: string): Source {
  const records = readSqliteRecords(file, verdictPrefix).flatMap(([key, bytes]) => {
    try {
      return [[key.slice(verdictPrefix.length), decodeJson<VerdictRecord>(bytes)] as const];
    } catch {
      return [];
    }
  });
  return {
    list: async () =>
      records
        .filter(([, record]) => isShowable(record))
        .map(([, record]) => summaryOf(record))
        .sort((a, b) => (a.end < b.end ? 1 : -1)),
    read: async (id) => new Map<string, unknown>(records).get(id),
  };
}
