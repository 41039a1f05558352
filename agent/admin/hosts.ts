/**
 * Whether a request reached us under a name that is ours. A web page can make its own name resolve to our
 * address and then read our answers as its own (DNS rebinding); the Host header still tells its name. An
 * address as Host cannot come about that way, so addresses are trusted, as are loopback names and the
 * configured ones.
 */
export function isTrustedHost(host: string | undefined, allowedHosts: readonly string[]): boolean {
  const name = nameOf(host ?? '');
  if (name === undefined) return false;
  if (isAddress(name) || name === 'localhost' || name.endsWith('.localhost')) return true;
  return allowedHosts.some((allowed) => nameOf(allowed) === name);
}

/** Lower-case, without port and final dot; undefined when it is no host. */
function nameOf(host: string): string | undefined {
  const [, name] = /^(\[[0-9a-fA-F:.]+\]|[^:[\]/\s]+)(?::\d{1,5})?$/.exec(host) ?? [];
  return name?.toLowerCase().replace(/\.$/, '');
}

function isAddress(name: string): boolean {
  return name.startsWith('[') || /^\d{1,3}(\.\d{1,3}){3}$/.test(name);
}
