/**
 * Why a TLS handshake failed, and what to do about it. Each is a fault of configuration: a retry alone will
 * not help.
 */
const faults: readonly (readonly [pattern: RegExp, sentence: string])[] = [
  [
    /CERT_HAS_EXPIRED|certificate has expired/,
    "tls_expired: the server's certificate has expired: renew it on the server",
  ],
  [
    /CERT_NOT_YET_VALID|certificate is not yet valid/,
    "tls_expired: the server's certificate is not valid yet",
  ],
  [
    /ERR_TLS_CERT_ALTNAME_INVALID|does not match certificate/,
    "tls_name: the server's certificate is for another name: use that name, or set server_name",
  ],
  [
    /SELF_SIGNED|self[- ]signed|UNABLE_TO_(?:GET|VERIFY)|unable to (?:get|verify)|CERT_UNTRUSTED/,
    "tls_untrusted: the server's certificate is signed by nobody known: set ca_file to its authority",
  ],
  [
    /WRONG_VERSION_NUMBER|wrong version number|packet length too long|\bEPROTO\b/,
    'tls_mode: the server does not speak TLS on this port: check the port and the TLS setting',
  ],
  [
    /ERR_SSL|ERR_TLS|handshake failure|unsupported protocol/,
    'tls_failed: the TLS handshake failed: check that the server speaks TLS 1.2 or newer',
  ],
];

/** How deep causes are followed: libraries wrap a few times. */
const causesMax = 5;

/** A sentence with what to do when the error, or one it wraps, is a TLS fault; else undefined. */
export function describeTlsFault(error: unknown): string | undefined {
  const text = describeChain(error);
  return faults.find(([pattern]) => pattern.test(text))?.[1];
}

function describeChain(error: unknown): string {
  const parts: string[] = [];
  let link = error;
  for (let depth = 0; depth < causesMax && link instanceof Error; depth++) {
    for (const name of ['code', 'originalCode'] as const) {
      if (name in link) parts.push(String((link as unknown as Record<string, unknown>)[name]));
    }
    parts.push(link.message);
    link = link.cause;
  }
  return parts.join(' ');
}
