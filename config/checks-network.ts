import { defaults } from './defaults.ts';
import type { Examination } from './examination.ts';
import type { Path } from './yaml-source.ts';

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i;
const everyAddress = /^(0\.0\.0\.0|\[?::\]?)$/;

/**
 * What the agent listens on and whom it calls: ports, its own telemetry, plain http, secrets in the file
 * itself.
 */
export function checkEgress(examination: Examination): void {
  checkPorts(examination);
  checkOwnTelemetry(examination);
  for (const list of [
    ['alerting', 'channels'],
    ['rollback', 'targets'],
  ]) {
    for (const i of examination.indices(list))
      checkOptions(examination, [...list, i], examination.at([...list, i]));
  }
}

interface Listener {
  readonly key: Path;
  readonly host: string;
  readonly port: number;
}

function listeners(examination: Examination): readonly Listener[] {
  const listener = (key: Path, port: number): Listener => ({
    key,
    host: examination.text([...key, 'host']) ?? '127.0.0.1',
    port: examination.number([...key, 'port']) ?? port,
  });
  return [listener(['receivers', 'otlp_http'], defaults.otlpPort), listener(['admin'], defaults.adminPort)];
}

function checkPorts(examination: Examination): void {
  const [first, second] = listeners(examination);
  if (first === undefined || second === undefined || first.port === 0 || first.port !== second.port) return;
  const path = [...second.key, 'port'];
  const written = examination.at(path) === undefined ? [...first.key, 'port'] : path;
  examination.refuse(written, `port ${first.port} is taken twice, by receivers.otlp_http and by admin`);
}

/** Telemetry of its own that comes back in would be telemetry again: a loop. */
function checkOwnTelemetry(examination: Examination): void {
  const path = ['telemetry', 'endpoint'];
  const text = examination.text(path);
  if (text === undefined || !URL.canParse(text)) return;
  const { hostname, port, protocol } = new URL(text);
  const portNumber = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
  const own = listeners(examination).find(
    (each) => each.port === portNumber && isSameHost(hostname, each.host),
  );
  if (own === undefined) return;
  examination.refuse(
    path,
    `this is the agent itself (${own.key.join('.')}); give another collector, or leave it out`,
  );
}

function isSameHost(one: string, listening: string): boolean {
  const isHere = (host: string) => loopback.test(host) || everyAddress.test(host);
  return one === listening || (isHere(one) && isHere(listening));
}

/** Options of a channel or target, at any depth. */
function checkOptions(examination: Examination, path: Path, value: unknown): void {
  if (typeof value === 'string') checkText(examination, path, value);
  if (typeof value !== 'object' || value === null) return;
  const steps = Array.isArray(value) ? value.keys() : Object.keys(value);
  for (const step of steps) checkOptions(examination, [...path, step], examination.at([...path, step]));
}

function checkText(examination: Examination, path: Path, text: string): void {
  if (examination.isInlineSecret(path)) {
    const key = path.findLast((step) => typeof step === 'string');
    examination.noteSecret(path);
    examination.warn(
      path,
      `a secret stands in the file itself; better ${key}_file: PATH, or ${key}: \${NAME}`,
    );
  }
  if (/^http:/i.test(text) && URL.canParse(text) && !loopback.test(new URL(text).hostname)) {
    examination.warn(
      path,
      'plain http to another host: what is sent can be read and changed on the way; use https',
    );
  }
}
