import { createHmac, hash } from 'node:crypto';
import type { Digest } from '../../core/ports.ts';

/** SHA-256 by OpenSSL. */
export function nodeDigest(): Digest {
  return {
    sha256: (data) => hash('sha256', data, 'hex'),
    hmacSha256: (key, data) => Uint8Array.from(createHmac('sha256', key).update(data).digest()),
  };
}
