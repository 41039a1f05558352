import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { formatFault, loadConfig } from '../../config/load.ts';
import type { Store } from '../../core/ports.ts';
import type { Reference } from '../../core/reference.ts';
import { Secret } from '../../core/secret.ts';
import { scheduleCron } from '../adapters/cron.ts';
import { openFileBlobs } from '../adapters/file-blobs.ts';
import { type HttpServerFault, startHttpServer } from '../adapters/http-server.ts';
import { type JsonLog, jsonLog } from '../adapters/json-log.ts';
import { nodeDigest } from '../adapters/node-digest.ts';
import { startSelfTelemetry } from '../adapters/otel-self.ts';
import { watchProcess } from '../adapters/process-vitals.ts';
import { createPromMeter, type PromMeter } from '../adapters/prom-meter.ts';
import { openSqliteStore } from '../adapters/sqlite-store.ts';
import { StoreUnusable } from '../adapters/store-errors.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { systemRandom } from '../adapters/system-random.ts';
import { createAdmin } from '../admin/admin.ts';
import { createReferencesApi, tokenCharactersMin } from '../admin/references-api.ts';
import { type Agent, createAgent, registries, type Trace } from '../agent.ts';
import { type Cleanups, createCleanups } from '../cleanup.ts';
import type { ListeningServer } from '../http.ts';
import { decodeRecord } from '../pipeline/references.ts';
import { readReferences } from './read-references.ts';
import { readText } from './read-text.ts';
import { createSenders } from './senders.ts';
import { agentVersion } from './version.ts';

/** Exit codes of `serve`. */
const asked = 0;
const ourFault = 1;
const configuration = 2;

/** After a fault that no stage caught, this long for saving what can be saved. */
const faultCleanupMs = 2_000;
/** What still holds the process once all is cleaned up, such as a mail server that never answers, is left behind. */
const lingerMs = 250;

/** The admin port serves a few readers, not a fleet of exporters. */
const adminLimits = { connectionsMax: 128, requestsInWorkMax: 64, inflightBytesMax: 4_194_304 };

interface Running {
  readonly config: Config;
  readonly log: JsonLog;
  readonly meter: PromMeter;
  readonly cleanups: Cleanups;
}

/** Runs the agent until it is told to stop; resolves with the exit code. */
export async function serve(args: { readonly file: string }): Promise<number> {
  const signal = nextSignal();
  const fault = nextFault();
  const config = readConfig(args.file);
  if (config === undefined) return configuration;
  const clock = systemClock();
  const meter = await createPromMeter();
  const log = jsonLog({ clock, meter, level: config.log.level });
  const cleanups = createCleanups(clock, log);
  cleanups.add('log', () => log.flush(1_000), 1_500);
  let cleanupMs = Number.POSITIVE_INFINITY;
  try {
    await Promise.race([start({ config, log, meter, cleanups }), fault]);
    const ending = await Promise.race([fault, signal]);
    if ('signal' in ending) {
      log.info('stopping', ending);
      return asked;
    }
    cleanupMs = faultCleanupMs;
    log.error('a fault that no stage caught: the process ends', ending);
    return ourFault;
  } catch (error) {
    if (isConfigurationFault(error)) {
      process.stderr.write(`kedge: ${error.message}\n`);
      return configuration;
    }
    cleanupMs = faultCleanupMs;
    log.error('the start failed', { fault: error });
    return ourFault;
  } finally {
    await runWithin(cleanups, cleanupMs);
    setTimeout(() => process.exit(), lingerMs).unref();
  }
}

async function runWithin(cleanups: Cleanups, ms: number): Promise<void> {
  if (ms === Number.POSITIVE_INFINITY) return cleanups.run();
  await Promise.race([cleanups.run(), new Promise((resolve) => setTimeout(resolve, ms).unref())]);
}

function readConfig(file: string): Config | undefined {
  const text = readText(file);
  if (text === undefined) {
    process.stderr.write(`kedge: cannot read ${file}; name another file with --config\n`);
    return undefined;
  }
  const loaded = loadConfig(text, file, registries, {
    env: process.env,
    readFile: readText,
    isReadable: existsSync,
  });
  for (const warning of loaded.warnings) process.stderr.write(`warning: ${formatFault(warning, text)}\n`);
  if (loaded.ok) return loaded.config;
  for (const fault of loaded.faults) process.stderr.write(`${formatFault(fault, text)}\n`);
  process.stderr.write(`kedge: ${file} has ${loaded.faults.length} faults; nothing was started\n`);
  return undefined;
}

async function start(running: Running): Promise<void> {
  const { config, log, meter, cleanups } = running;
  const clock = systemClock();
  meter.set('build_info', 1, { version: agentVersion, node: process.version });
  meter.set('start_time', clock.nowMs() / 1_000);
  const store = await openSqliteStore({ file: join(config.dataDir, 'kedge.db'), log, meter });
  cleanups.add('store', () => store.close(), 2_000);
  const senders = await createSenders(config);
  cleanups.add('senders', () => senders.close(), 1_000);
  const digest = nodeDigest();
  const agent = await createAgent({
    config,
    ports: {
      clock,
      random: systemRandom(),
      digest,
      store,
      blobs: await openFileBlobs(config.dataDir, meter),
      http: senders.http,
      mail: senders.mail,
      log,
      meter,
    },
    references: await readReferences(config, clock, digest, log, await storedReferences(store)),
    identity: { name: 'kedge', version: agentVersion },
    trace: await startTracing(running),
    isRollbackDisabled: () =>
      process.env['KEDGE_ROLLBACK_DISABLED'] === '1' || existsSync(join(config.dataDir, 'rollback.disabled')),
  });
  cleanups.add('agent', () => agent.stop(), 12_000);
  const nightly = await scheduleCron(config.store.maintenanceCron, 'UTC', () => agent.maintain(), log);
  cleanups.add('maintenance', () => nightly.stop(), 500);
  await listen(agent, running);
  agent.start();
  log.info('ready', { version: agentVersion, node: process.version });
}

/** Those in force lend their edges to the files: windows are counted on one scale. */
async function storedReferences(store: Store): Promise<readonly Reference[]> {
  const records = await store.scan('reference/');
  return records.flatMap(([, bytes]) => {
    try {
      const { reference, standing, pinned } = decodeRecord(bytes);
      const isHeld = standing === 'in_force' && reference.series.version === '';
      return isHeld && (reference.kind !== 'file' || pinned !== undefined) ? [reference] : [];
    } catch {
      // The agent counts and logs it when it restores its state.
      return [];
    }
  });
}

async function listen(agent: Agent, { config, log, meter, cleanups }: Running): Promise<void> {
  const startedMs = process.hrtime.bigint();
  const vitals = watchProcess(meter);
  cleanups.add('vitals', () => vitals.stop(), 100);
  const admin = createAdmin({
    renderMetrics: (accept) => {
      agent.measure();
      vitals.refresh();
      return meter.render(accept);
    },
    health: () => ({
      version: agentVersion,
      uptimeSeconds: Number((process.hrtime.bigint() - startedMs) / 1_000_000_000n),
    }),
    ready: () => agent.isReady(),
    status: () => agent.status(),
    verdicts: () => agent.verdicts(),
    verdict: (id) => agent.verdict(id),
    allowedHosts: hostOf(config.externalUrl),
    meter,
    references: createReferencesApi({
      service: agent.references,
      token: readToken(config.admin.tokenFile, log),
      sha256: (text) => nodeDigest().sha256(text),
      onRefused: () => meter.add('rejected', 1, { reason: 'token' }),
    }),
  });
  const onFault = (reason: HttpServerFault): void => {
    if (reason === 'internal') meter.add('internal_errors', 1, { stage: 'receive' });
    meter.add('rejected', 1, { reason });
  };
  const { otlpHttp } = config.receivers;
  const { requestsInWorkMax, inflightBytesMax } = otlpHttp;
  // Stopped in reverse: telemetry is taken no more while the admin port still answers.
  const adminServer = await startHttpServer({
    ...config.admin,
    handler: admin,
    limits: adminLimits,
    onFault,
  });
  cleanups.add('admin', () => adminServer.close(), 3_000);
  const otlpServer = await startHttpServer({
    host: otlpHttp.host,
    port: otlpHttp.port,
    handler: agent.otlp,
    limits: { requestsInWorkMax, inflightBytesMax },
    onFault,
  });
  cleanups.add('otlp', () => otlpServer.close(), 3_000);
  log.info('listening', { otlpHttp: urlOf(otlpServer), admin: urlOf(adminServer) });
}

/** A token that cannot be read, or could be guessed, is none: nothing can be changed then, and the log says why. */
function readToken(file: string | undefined, log: JsonLog): Secret | undefined {
  if (file === undefined) return undefined;
  const token = readText(file)?.trim() ?? '';
  if (token.length >= tokenCharactersMin) return new Secret(token);
  log.error('admin.token_file holds no token: nothing can be changed over the admin port', {
    file,
    todo: `put ${tokenCharactersMin} or more random characters into it and start again`,
  });
  return undefined;
}

function urlOf({ host, port }: ListeningServer): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function hostOf(externalUrl: string): readonly string[] {
  return externalUrl === '' ? [] : [new URL(externalUrl).hostname];
}

/** Our own traces and metrics, where an endpoint is configured; the SDK is not even loaded otherwise. */
async function startTracing({ config, meter, cleanups }: Running): Promise<Trace> {
  const { endpoint } = config.telemetry;
  if (endpoint === undefined) return (_name, work) => work();
  const telemetry = await startSelfTelemetry({
    endpoint,
    serviceVersion: agentVersion,
    readMetric: (key) => meter.total(key),
  });
  cleanups.add('own telemetry', () => telemetry.stop(), 6_000);
  return telemetry.traceTick;
}

/**
 * Registered first thing: as process 1 of a container, Node ignores SIGTERM without a handler. The handlers stay: a
 * second signal must not cut short what the first one began.
 */
function nextSignal(): Promise<{ readonly signal: string }> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve({ signal }));
  });
}

/** A fault outside every stage; rejections that nobody handles are among them. */
function nextFault(): Promise<{ readonly fault: unknown }> {
  return new Promise((resolve) => {
    process.on('uncaughtException', (fault) => resolve({ fault }));
  });
}

/** Faults a person has to mend before a start can succeed. */
function isConfigurationFault(fault: unknown): fault is Error {
  if (fault instanceof StoreUnusable) return true;
  const code = (fault as { code?: unknown } | null)?.code;
  return fault instanceof Error && (code === 'EADDRINUSE' || code === 'EACCES' || code === 'EADDRNOTAVAIL');
}
