import { assert } from '../../core/assert.ts';
import type { BlobStore } from '../../core/ports.ts';
import { isBlobName } from './blob-name.ts';

/** `files` is the disk: a second store over the same map is the restart of a process. */
export function createMemoryBlobs(files = new Map<string, Uint8Array>()): BlobStore {
  return {
    async write(name, bytes) {
      assert(isBlobName(name), 'a blob has a short name of a-z, 0-9, _ and -');
      files.set(name, bytes.slice());
    },
    async read(name) {
      return files.get(name)?.slice();
    },
  };
}
